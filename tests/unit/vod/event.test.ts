import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RequestError } from '../../../lib/platform/errors';
import { getString } from '../../../lib/vod/wire';
import { KEPT_EVENTS, parseEvent } from '../../../lib/vod/event';

// The bodies are the vendor's samples and two captured ones; tests/fixtures/events/README.md says where each is from.
const FIXTURES = join(__dirname, '../../fixtures/events');
const fixture = (name: string): unknown => JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'));

const host = 'http://125676836723.vod2.myqcloud.com/xxx/xxx';
const cartoon = { url: `${host}/q1BORBPQH1IA.mp4`, name: '动物世界', sourceType: 'Upload' };
const created = { type: 'mp4', createTime: '2019-01-09T16:36:22Z' };
const pulled = `${host}/xxx.mp4`;

test.each(Object.keys(KEPT_EVENTS))('parseEvent finds the file in the samples of %s', (eventType) => {
  const names = readdirSync(FIXTURES).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));
  const samples = names.filter((name) => getString(fixture(name), 'EventType') === eventType);
  expect(samples).not.toEqual([]);
  // Others are about a URL and not about a file, or are to be refused.
  const isParsed = (name: string) => {
    try {
      return parseEvent(fixture(name)).type === eventType;
    } catch {
      return false;
    }
  };
  expect(samples.filter(isParsed)).not.toEqual([]);
});

describe('parseEvent, the media information of an upload', () => {
  test.each<[string, object]>([
    ['new-file-upload', { ...cartoon, ...created }],
    ['new-file-upload.null-siblings', { ...cartoon, ...created, category: 'Video' }],
    ['new-file-upload.2.0', cartoon],
    [
      'new-file-upload.captured-2019',
      {
        url: 'http://1256768367.vod2.myqcloud.com/xxx/5285890790714697960/TL916EePAC8A.mp4',
        name: '1561433720',
        sourceType: 'Upload',
        size: 1_266_129,
        duration: 4.605999946594238,
        width: 540,
        height: 960,
      },
    ],
    ['new-file-upload.guide-spelling', { url: cartoon.url, sourceType: 'Upload' }],
    [
      'new-file-upload.record.2.0',
      { url: `${host}/f0.flv`, name: '动物世界', coverUrl: `${host}/xxx.jpg`, sourceType: 'Record' },
    ],
    ['pull-complete', { ...cartoon, ...created, url: pulled }],
    ['pull-complete.nested', { ...cartoon, ...created, url: pulled }],
    ['pull-complete.2.0', { url: pulled }],
    ['pull-complete.hybrid', { url: pulled }],
  ])('parseEvent returns the media information of %s', (name, media) => {
    const event = parseEvent(fixture(name));
    expect(event).toMatchObject({ droppedFields: [] });
    expect(event).toHaveProperty('media', media);
  });

  test('V2: new-file-upload.zeros: 0 is unknown, because VOD has not analysed the file yet', () => {
    expect(parseEvent(fixture('new-file-upload.zeros'))).toHaveProperty('media', {
      url: 'http://1500000001.vod2.myqcloud.com/aaaa1500000001/5285890000000000102/f0.mp4',
      name: 'clip',
      type: 'mp4',
      category: 'Video',
      size: 4_372_373,
      createTime: '2026-11-22T11:59:00Z',
      sourceType: 'Upload',
    });
  });
});

describe('parseEvent, source context and tasks of an upload', () => {
  test.each<[string, string | undefined, readonly string[]]>([
    ['new-file-upload', undefined, []],
    ['new-file-upload.captured-2019', '{"sign_type":"post_video"}', []],
    ['new-file-upload.guide-spelling', 'uid=42&note=你好 a+b', ['125676836723-mango-fa2fdf6a0f850d673be119cf51a7603a']],
    [
      'new-file-upload.record.2.0',
      'rtmp://54xx.livepush.myqcloud.com/live?bizid=54xx&record=mp4&xx',
      ['125676836723-mango-fa2fdf6a0f850d673be119cf51a7603a'],
    ],
    ['new-file-upload.2.0', undefined, []],
  ])('parseEvent returns the source context and the tasks of %s', (name, sourceContext, taskIds) => {
    expect(parseEvent(fixture(name))).toMatchObject({ taskIds, ...(sourceContext !== undefined && { sourceContext }) });
    if (sourceContext === undefined) expect(parseEvent(fixture(name))).not.toHaveProperty('sourceContext');
  });

  test("the review's task is returned in addition to the procedure's, and is not the procedure", () => {
    const upload = (tasks: object) => ({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: '1', ...tasks } });
    const both = parseEvent(upload({ ProcedureTaskId: 'p', ReviewAudioVideoTaskId: 'r' }));
    expect(both).toMatchObject({ procedureTaskId: 'p', taskIds: ['p', 'r'] });
    const review = parseEvent(upload({ ProcedureTaskId: '', ReviewAudioVideoTaskId: 'r' }));
    expect(review).toMatchObject({ taskIds: ['r'] });
    expect(review).not.toHaveProperty('procedureTaskId');
  });

  test("2.0's transcodeTaskId is not the task of a procedure", () => {
    const data = { fileId: '1', transcodeTaskId: 'transcode-1' };
    expect(parseEvent({ eventType: 'NewFileUpload', data })).toMatchObject({ taskIds: [] });
  });
});

describe('parseEvent, tasks', () => {
  test.each<[string, object]>([
    [
      'procedure-state-changed.processing',
      { fileId: '5285890784246869930', taskId: '1256768367-Procedure-475b72xxxcb177t1', isFinished: false },
    ],
    [
      'procedure-state-changed.finish.2.0',
      { fileId: '5285890784246869930', taskId: '1256768367-Procedure-475b72xxxcb177t1', isFinished: true },
    ],
    [
      'procedure-state-changed.captured',
      {
        fileId: '3701925920477195402',
        taskId: '1256768367-procedurev2-f4c4e73a9b8ff4cba3ee9df5c4608270tt0',
        isFinished: true,
      },
    ],
  ])('parseEvent returns only identifiers, and whether the task ended, of %s', (name, expected) => {
    expect(parseEvent(fixture(name))).toEqual({ type: 'ProcedureStateChanged', ...expected });
  });

  test('review-complete: the file is read from Input', () => {
    expect(parseEvent(fixture('review-complete'))).toEqual({
      type: 'ReviewAudioVideoComplete',
      fileId: '5285890000000000114',
      taskId: '1500000001-ReviewAudioVideo-f5ac8127b3b6b85cdc13f237c6005d8t0',
      isFinished: true,
    });
  });

  test.each(['procedure-state-changed.by-url.empty-id', 'procedure-state-changed.by-url.no-id'])(
    'V5: %s: a task without a VOD file is ignored, not refused',
    (name) => {
      expect(parseEvent(fixture(name))).toEqual({ type: 'Ignored', eventType: 'ProcedureStateChanged' });
    },
  );

  test.each([null, 7, '', 'my-video', '12a', ' 12', '1'.repeat(41), '１２', ['1'], { FileId: '1' }, true])(
    'a task whose FileId is %j is ignored',
    (FileId) => {
      const procedure = { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: { FileId, TaskId: 't' } };
      const review = { EventType: 'ReviewAudioVideoComplete', ReviewAudioVideoCompleteEvent: { Input: { FileId } } };
      expect(parseEvent(procedure)).toEqual({ type: 'Ignored', eventType: 'ProcedureStateChanged' });
      expect(parseEvent(review)).toEqual({ type: 'Ignored', eventType: 'ReviewAudioVideoComplete' });
    },
  );
});

test('H15: a task id that is too long is dropped by name', () => {
  const payload = { FileId: '7', TaskId: 'x'.repeat(257), Status: 'FINISH' };
  expect(parseEvent({ EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: payload })).toEqual({
    type: 'ProcedureStateChanged',
    fileId: '7',
    taskId: '',
    isFinished: true,
    droppedFields: ['TaskId'],
  });
});

describe('parseEvent, deletions', () => {
  const whole = { fileId: '24961954183381008', parts: [] };
  test.each<[string, object[]]>([
    ['file-deleted', [whole]],
    ['file-deleted.2.0', [whole]],
    [
      'file-deleted.ids-only',
      [whole, { ...whole, fileId: '24961954183381009' }, { ...whole, fileId: '24961954183381010' }],
    ],
    ['file-deleted.parts', [{ ...whole, parts: ['TranscodeFiles'] }]],
  ])('parseEvent returns the deleted files and parts of %s', (name, files) => {
    expect(parseEvent(fixture(name))).toEqual({ type: 'FileDeleted', files });
  });

  const deletion = (FileIdSet: unknown, FileDeleteResultInfo?: unknown) =>
    parseEvent({ EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet, FileDeleteResultInfo } });

  test('V12: all 150 files of one event are read', () => {
    const ids = Array.from({ length: 150 }, (_, index) => String(1_000 + index));
    expect(deletion(ids)).toEqual({ type: 'FileDeleted', files: ids.map((fileId) => ({ fileId, parts: [] })) });
  });

  test('a file that is named twice is deleted once', () => {
    expect(deletion(['1', '1', '2'])).toMatchObject({ files: [{ fileId: '1' }, { fileId: '2' }] });
  });

  test('H15: unusable ids are dropped by name where others are usable', () => {
    expect(deletion(['1', '', null, 7, 'x', '1'.repeat(41)])).toEqual({
      type: 'FileDeleted',
      files: [{ fileId: '1', parts: [] }],
      droppedFields: ['FileIdSet'],
    });
  });

  test.each([[[]], [['']], [[7]], [['x']], ['1'], [null]])('a deletion without a usable id is refused: %j', (ids) => {
    expect(() => deletion(ids)).toThrow(RequestError);
  });

  test('reads whole files and parts of others, each part once and in one order', () => {
    const part = (Type: unknown) => ({ Type, Definition: 0 });
    const results = [
      { FileId: '1', DeleteParts: [] },
      { FileId: '2', DeleteParts: [part('TranscodeFiles'), part('OriginalFiles'), part('TranscodeFiles')] },
      { FileId: '3', DeleteParts: null },
      { FileId: '4', DeleteParts: [part('a b'), part(7)] },
    ];
    expect(deletion(['1', '2', '3', '4'], results)).toEqual({
      type: 'FileDeleted',
      files: [
        { fileId: '1', parts: [] },
        { fileId: '2', parts: ['OriginalFiles', 'TranscodeFiles'] },
        { fileId: '3', parts: [] },
        { fileId: '4', parts: ['Unknown'] },
      ],
    });
  });

  test.each([
    ['the whole file first', [[], ['OriginalFiles']]],
    ['a part first', [['OriginalFiles'], []]],
  ])('a file that is named in parts and as a whole is whole: %s', (_, parts) => {
    const results = parts.map((types) => ({ FileId: '1', DeleteParts: types.map((Type) => ({ Type })) }));
    expect(deletion(['1'], results)).toEqual({ type: 'FileDeleted', files: [{ fileId: '1', parts: [] }] });
  });
});
