import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEvent } from '../lib/vod/event';
import { changes, type Row } from '../lib/uploads/upload';
import { merge } from './helpers/merge';

// The bodies are the vendor's samples and two captured ones; tests/fixtures/events/README.md says where each is from.
const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, 'fixtures/events', `${name}.json`), 'utf8'));

const host = 'http://125676836723.vod2.myqcloud.com/xxx/xxx';
const ours = 'http://1256768367.vod2.myqcloud.com/xxx';
const cartoon = { url: `${host}/q1BORBPQH1IA.mp4`, name: '动物世界', sourceType: 'Upload' };
const media = { name: '动物世界', size: 7_700_180, duration: 60, width: 640, height: 480 };
const pulled = { url: `${host}/xxx.mp4` };

describe('the facts of the file', () => {
  test.each<[string, object]>([
    ['new-file-upload', { ...cartoon, type: 'mp4', createTime: '2019-01-09T16:36:22Z' }],
    ['new-file-upload.null-siblings', { ...cartoon, type: 'mp4', createTime: '2019-01-09T16:36:22Z' }],
    ['new-file-upload.2.0', cartoon],
    [
      'new-file-upload.captured-2019',
      {
        url: `${ours}/5285890790714697960/TL916EePAC8A.mp4`,
        name: '1561433720',
        sourceType: 'Upload',
        sourceContext: '{"sign_type":"post_video"}',
        size: 1_266_129,
        duration: 4.605999946594238,
        width: 540,
        height: 960,
      },
    ],
    [
      'new-file-upload.guide-spelling',
      {
        url: cartoon.url,
        sourceType: 'Upload',
        sourceContext: 'uid=42&note=你好 a+b',
        procedureTaskId: '125676836723-mango-fa2fdf6a0f850d673be119cf51a7603a',
      },
    ],
    [
      'new-file-upload.record.2.0',
      {
        url: `${host}/f0.flv`,
        name: '动物世界',
        coverUrl: `${host}/xxx.jpg`,
        sourceType: 'Record',
        sourceContext: 'rtmp://54xx.livepush.myqcloud.com/live?bizid=54xx&record=mp4&xx',
        procedureTaskId: '125676836723-mango-fa2fdf6a0f850d673be119cf51a7603a',
      },
    ],
    ['procedure-state-changed.finish', { ...media, url: `${ours}/xxx/AtUCmy6gmIYA.mp4` }],
    ['procedure-state-changed.processing', {}],
    ['pull-complete', { ...cartoon, ...pulled, type: 'mp4', createTime: '2019-01-09T16:36:22Z' }],
    ['pull-complete.nested', { ...cartoon, ...pulled, type: 'mp4', createTime: '2019-01-09T16:36:22Z' }],
    ['pull-complete.2.0', pulled],
    ['pull-complete.hybrid', pulled],
  ])('%s', (name, facts) => {
    expect(parseEvent(fixture(name))).toMatchObject({ leftOut: [] });
    expect(parseEvent(fixture(name))).toHaveProperty('facts', facts);
  });

  test('2.0 metadata that stands in the event itself, as older ones have it', () => {
    const data = { fileId: '1', fileSize: 10, duration: 3, width: 4, height: 5 };
    expect(parseEvent({ eventType: 'NewFileUpload', data })).toHaveProperty('facts', {
      size: 10,
      duration: 3,
      width: 4,
      height: 5,
    });
  });
});

describe('the outputs of a task: its first file, wherever its type and format carry it', () => {
  const task = { status: 'FINISH', failed: false };
  const outputs = [
    { type: 'Transcode', definition: 20, url: `${ours}/xxx/v.f20.mp4` },
    { type: 'CoverBySnapshot', definition: 10, url: `${ours}/xxx/xxx.100_0.jpg` },
    { type: 'SampleSnapshot', definition: 10, url: `${ours}/xxx/sample.100_0.jpg` },
    { type: 'ImageSprites', definition: 10, url: `${ours}/xxx/sprite.vtt` },
    { type: 'SnapshotByTimeOffset', definition: 10, url: `${ours}/xxx/offset.100_3000.jpg` },
    { type: 'AnimatedGraphics', definition: 20_001, url: `${ours}/xxx/v.f20001.webp` },
  ];
  const captured = `${ours}/3701925920477195402`;
  test.each<[string, object]>([
    ['procedure-state-changed.finish', { ...task, outputs }],
    ['procedure-state-changed.finish.2.0', { ...task, outputs }],
    [
      'procedure-state-changed.adaptive',
      {
        ...task,
        outputs: [
          { type: 'AdaptiveDynamicStreaming', definition: 10, url: `${ours}/xxx/adp.10.m3u8` },
          { type: 'AdaptiveDynamicStreaming', definition: 20, url: `${ours}/xxx/adp.20.mpd` },
        ],
        sessionContext: 'trace=0001',
      },
    ],
    [
      'procedure-state-changed.captured',
      {
        ...task,
        outputs: [
          { type: 'ImageSprites', definition: 10, url: `${captured}/imageSprite/imageSprite_10.vtt` },
          { type: 'CoverBySnapshot', definition: 10, url: `${captured}/coverBySnapshot/coverBySnapshot_10_0.jpg` },
          { type: 'AdaptiveDynamicStreaming', definition: 10, url: `${captured}/adp.10.m3u8` },
        ],
      },
    ],
    [
      'procedure-state-changed.failed',
      {
        status: 'FINISH',
        failed: true,
        outputs: outputs.slice(0, 1),
        errors: [{ type: 'CoverBySnapshot', definition: 10, code: 40_000, message: 'Invalid parameter' }],
      },
    ],
    [
      'procedure-state-changed.failed-whole',
      { status: 'FINISH', failed: true, errors: [{ code: 60_000, message: 'Source file error' }] },
    ],
  ])('%s', (name, expected) => {
    expect(parseEvent(fixture(name))).toHaveProperty('task', expected);
  });

  test.each(['Url', 'CoverUrl', 'WebVttUrl', 'ImageUrl', 'ImageUrlSet', 'ImageUrls', 'UrlList'])('%s', (name) => {
    for (const value of ['u', ['u', 'v']]) {
      const sub = { taskType: 'Transcode', status: 'SUCCESS', output: { [name]: value } };
      const data = { fileId: '1', vodTaskId: 't', status: 'FINISH', processTaskList: [sub] };
      const event = parseEvent({ eventType: 'ProcedureStateChanged', data });
      expect(event).toHaveProperty('task.outputs', [{ type: 'Transcode', url: 'u' }]);
    }
  });
});

describe('a sub-task that failed makes the task fail', () => {
  const sub = { Status: 'FAIL', ErrCode: 0, ErrCodeExt: 'InvalidInput', Message: 'why' };
  const failure = { type: 'CoverBySnapshot', code: 'InvalidInput', message: 'why' };
  const finish = (results: object) => ({
    EventType: 'ProcedureStateChanged',
    ProcedureStateChangeEvent: { FileId: '1', TaskId: 't', Status: 'FINISH', ...results },
  });
  test.each<[string, object]>([
    [
      'siblings spelled out as null before it',
      { Type: 'CoverBySnapshot', TranscodeTask: null, CoverBySnapshotTask: sub },
    ],
    [
      'siblings spelled out as null behind it',
      { Type: 'CoverBySnapshot', CoverBySnapshotTask: sub, TranscodeTask: null },
    ],
  ])('%s', (_, item) => {
    const event = parseEvent(finish({ MediaProcessResultSet: [item] }));
    expect(event).toHaveProperty('task', { status: 'FINISH', failed: true, errors: [failure] });
  });

  test.each(['AiContentReviewResultSet', 'AiAnalysisResultSet', 'AiRecognitionResultSet'])('in %s', (set) => {
    const event = parseEvent(finish({ [set]: [{ Type: 'Porn', PornTask: { Status: 'SUCCESS', ErrCode: 7 } }] }));
    expect(event).toHaveProperty('task', { status: 'FINISH', failed: true, errors: [{ type: 'Porn', code: 7 }] });
  });
});

test('a deletion or pull that 2.0 calls failed names no file', () => {
  const failed = (eventType: string) => ({
    eventType,
    data: { status: 1, message: 'no', fileInfo: [{ fileId: '1' }] },
  });
  expect(parseEvent(failed('FileDeleted'))).toEqual({ type: 'Ignored', eventType: 'FileDeleted' });
  expect(parseEvent(failed('PullComplete'))).toEqual({ type: 'Ignored', eventType: 'PullComplete' });
});

describe('the two formats of one event make one row, in either order', () => {
  test.each([
    ['new-file-upload', 'new-file-upload.2.0'],
    ['procedure-state-changed.finish', 'procedure-state-changed.finish.2.0'],
    ['procedure-state-changed.failed', 'procedure-state-changed.failed.2.0'],
    ['pull-complete', 'pull-complete.2.0'],
    ['pull-complete', 'pull-complete.hybrid'],
    ['file-deleted.ids-only', 'file-deleted.2.0'],
  ])('%s and %s', (...names) => {
    const now = '2026-11-22T12:00:00.000Z';
    const rowOf = (order: readonly string[]) => {
      const made = order.flatMap((name) => changes(parseEvent(fixture(name)), [], now));
      const same = made.filter(({ fileId }) => fileId === made[0]?.fileId);
      const { sortTime, ...row } =
        same.reduce<Row | undefined>((of, change) => merge(of, change, now), undefined) ?? {};
      return row;
    };
    expect(rowOf(names)).toEqual(rowOf([...names].reverse()));
    expect(rowOf(names)).not.toHaveProperty('claims');
  });

  test('2.0 may round a duration that 3.0 does not: that is no contradiction', () => {
    const file = (MetaData: object) => ({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: '1', MetaData } });
    const rounded = { eventType: 'NewFileUpload', data: { fileId: '1', metaData: { duration: 61 } } };
    const made = [file({ Duration: 60.5 }), rounded].flatMap((body) => changes(parseEvent(body), [], ''));
    const row = made.reduce<Row | undefined>((of, change) => merge(of, change, ''), undefined);
    expect(row).toMatchObject({ duration: 60.5 });
    expect(row).not.toHaveProperty('claims');
  });
});
