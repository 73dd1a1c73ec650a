import { seal } from '../../lib/vod/source-context';
import { bareDeletion, bareUpload, inSeconds, reviewComplete, sample, sampleAbout } from '../support/callbacks';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { SEAL_KEY, startWebhook, type Webhook } from '../support/webhook';

let webhook: Webhook;
let lastId = 0;
const freshId = () => `387702${++lastId}`;

beforeAll(async () => {
  webhook = await startWebhook();
});
beforeEach(() => {
  webhook.lines.length = 0;
  webhook.takeCounts();
});
afterAll(async () => {
  await webhook.stop();
});

describe('the webhook records an event', () => {
  test.each([
    ['new-file-upload', { status: 'uploaded', type: 'mp4' }],
    ['new-file-upload.2.0', { status: 'uploaded', sourceType: 'Upload' }],
    ['new-file-upload.captured-2019', { status: 'uploaded', sourceType: 'Upload' }],
    ['new-file-upload.null-siblings', { status: 'uploaded' }],
    ['new-file-upload.guide-spelling', { status: 'processing', sourceType: 'Upload' }],
    ['new-file-upload.with-procedure', { status: 'processing' }],
    ['procedure-state-changed.adaptive', { status: 'processing' }],
    ['procedure-state-changed.failed.2.0', { status: 'processing' }],
    ['pull-complete', {}],
    ['pull-complete.2.0', {}],
    ['pull-complete.hybrid', {}],
    ['pull-complete.nested', {}],
    ['file-deleted.ids-only', { status: 'uploaded', _news: ['gone'] }],
    ['file-deleted.2.0', { status: 'uploaded', _news: ['gone'] }],
    ['file-deleted.parts', { status: 'uploaded' }],
  ])('%s becomes a pushed row, whether the body is Base64 or not', async (name, expected) => {
    const fileId = freshId();
    const event = sampleAbout(name, fileId);
    expect(await webhook.outcome(event, { base64: true })).toBe('recorded');
    expect(await webhook.outcome(event)).toBe('repeated');
    expect(await webhook.itemOf(fileId)).toMatchObject({ ...expected, trust: 'pushed', version: 1 });
  });

  test('an event through the URL of the function is recorded as one through the HTTP API', async () => {
    const fileId = freshId();
    expect(await webhook.outcome(bareUpload(fileId), { isFunctionUrl: true })).toBe('recorded');
    expect(await webhook.outcome(bareUpload(fileId), { isFunctionUrl: true, base64: true })).toBe('repeated');
    expect(await webhook.itemOf(fileId)).toMatchObject({ status: 'uploaded', trust: 'pushed', version: 1 });
  });

  test('a review event about a file marks its row as processing and decides nothing', async () => {
    const fileId = freshId();
    expect(await webhook.outcome(reviewComplete(fileId))).toBe('recorded');
    const item = await webhook.itemOf(fileId);
    expect(item).toMatchObject({ status: 'processing', trust: 'pushed', _news: ['end:review-1'] });
    expect(item).not.toHaveProperty('review');
  });

  test('an event never sets ready, failed, held, rejected or deleted', async () => {
    const fileId = freshId();
    const task = { taskId: 'task-1' };
    const events = [
      newFileUpload({ fileId, procedureTaskId: 'task-1' }),
      procedureStateChanged({ fileId }, 'FINISH', task),
      procedureStateChanged({ fileId }, 'FINISH', { ...task, failed: true }),
      reviewComplete(fileId),
      bareDeletion([fileId]),
    ];
    for (const event of events) {
      expect(await webhook.status(event)).toBe(200);
      expect((await webhook.itemOf(fileId))?.['status']).toMatch(/^(uploaded|processing)$/);
    }
  });

  test('EventType takes precedence over eventType', async () => {
    const fileId = freshId();
    await webhook.post({ ...bareUpload(fileId), eventType: 'FileDeleted' });
    const item = await webhook.itemOf(fileId);
    expect(item).toMatchObject({ status: 'uploaded' });
    expect(item).not.toHaveProperty('_news');
  });

  test.each(['ClientUpload', 'ServerUpload', 'Upload'])('sourceType %s is stored as Upload', async (sourceType) => {
    const fileId = freshId();
    await webhook.post({ eventType: 'NewFileUpload', data: { fileId, sourceType } });
    expect(await webhook.itemOf(fileId)).toMatchObject({ sourceType: 'Upload' });
  });

  test('H18: a time with an offset is stored as UTC', async () => {
    const fileId = freshId();
    await webhook.post(bareUpload(fileId, { MediaBasicInfo: { CreateTime: '2026-11-22T08:00:00+08:00' } }));
    expect(await webhook.itemOf(fileId)).toMatchObject({ createTime: '2026-11-22T00:00:00Z' });
  });

  test('fields of the wrong type are dropped, the rest is kept', async () => {
    const fileId = freshId();
    const MediaBasicInfo = { Name: {}, MediaUrl: 'u', CreateTime: [] };
    await webhook.post(bareUpload(fileId, { ProcedureTaskId: 7, MediaBasicInfo, MetaData: 'x' }));
    const item = await webhook.itemOf(fileId);
    expect(item).toMatchObject({ status: 'uploaded', url: 'u' });
    expect(item).not.toHaveProperty('name');
    expect(item).not.toHaveProperty('procedureTaskId');
  });
});

describe('V2: zeros of a file that VOD has not analysed yet', () => {
  const zeros = { MetaData: { Size: 0, Duration: 0, Width: 0, Height: 0 } };
  const figures = { MetaData: { Size: 3, Duration: 60.5, Width: 1920, Height: 1080 } };

  test.each([
    ['before', [zeros, figures]],
    ['after', [figures, zeros]],
  ])('zeros that arrive %s the real figures do not replace them', async (_, order) => {
    const fileId = freshId();
    for (const more of order) expect(await webhook.status(bareUpload(fileId, more))).toBe(200);
    expect(await webhook.itemOf(fileId)).toMatchObject({ size: 3, duration: 60.5, width: 1920, height: 1080 });
  });

  test('zeros alone are not stored', async () => {
    const fileId = freshId();
    await webhook.post(bareUpload(fileId, zeros));
    for (const name of ['size', 'duration', 'width', 'height']) {
      expect(await webhook.itemOf(fileId)).not.toHaveProperty(name);
    }
  });
});

describe('source context of an upload event', () => {
  const contextOf = async (sourceContext: string) => {
    const fileId = freshId();
    await webhook.post(newFileUpload({ fileId, sourceContext }));
    const { seal: opened, sourceContext: text, uploader } = (await webhook.itemOf(fileId)) ?? {};
    return { seal: opened, text, uploader };
  };

  test('a seal of the newest or the previous key gives the text and the caller', async () => {
    for (const key of [SEAL_KEY, 'seal-old']) {
      const opened = { seal: 'valid', text: 'order=7', uploader: 'user-42' };
      expect(await contextOf(seal('order=7', 'user-42', false, key))).toEqual(opened);
    }
  });

  test('a seal for the caller alone gives the uploader and no text', async () => {
    const opened = { seal: 'valid', text: undefined, uploader: 'user-42' };
    expect(await contextOf(seal('', 'user-42', true, SEAL_KEY))).toEqual(opened);
  });

  test('a text without a seal is stored, without an uploader', async () => {
    expect(await contextOf('uid=42')).toEqual({ seal: 'none', text: 'uid=42', uploader: undefined });
  });

  test('a seal of another key is stored as raw text, without an uploader', async () => {
    const forged = seal('order=7', 'user-42', false, 'my own key');
    expect(await contextOf(forged)).toEqual({ seal: 'broken', text: forged, uploader: undefined });
  });

  test("the guide's misprint SourceCopntext is read where the real name is absent", async () => {
    const misprint = freshId();
    const both = freshId();
    const at = (fileId: string, SourceInfo: object) => bareUpload(fileId, { MediaBasicInfo: { SourceInfo } });
    await webhook.post(at(misprint, { SourceCopntext: 'order=7' }));
    await webhook.post(at(both, { SourceCopntext: 'order=7', SourceContext: 'order=8' }));
    expect(await webhook.itemOf(misprint)).toMatchObject({ sourceContext: 'order=7' });
    expect(await webhook.itemOf(both)).toMatchObject({ sourceContext: 'order=8' });
  });

  test('a second event does not add to the source context of the first one', async () => {
    const fileId = freshId();
    await webhook.post(newFileUpload({ fileId, sourceContext: seal('', 'alice', false, SEAL_KEY) }));
    await webhook.post(newFileUpload({ fileId, sourceContext: 'order=666' }));
    const item = await webhook.itemOf(fileId);
    expect(item).toMatchObject({ seal: 'valid', uploader: 'alice' });
    expect(item).not.toHaveProperty('sourceContext');
  });
});

describe('a repeated event, or one that contains nothing new', () => {
  test('returns 200 and writes nothing, in either format and with another envelope', async () => {
    const file = { fileId: freshId(), procedureTaskId: 'task-1' };
    const finish = procedureStateChanged(file, 'FINISH', { taskId: 'task-1' });
    expect(await webhook.outcome(newFileUpload(file))).toBe('recorded');
    expect(await webhook.outcome(finish)).toBe('recorded');
    const before = await webhook.itemOf(file.fileId);
    for (const event of [finish, newFileUpload(file), { ...finish, Sign: 'other', T: inSeconds(500) }]) {
      expect(await webhook.outcome(event)).toBe('repeated');
    }
    expect(await webhook.itemOf(file.fileId)).toEqual(before);
  });

  test('V4: a later delivery with another cover, name or URL is not an alarm and changes nothing', async () => {
    const fileId = freshId();
    const body = (more: object) =>
      bareUpload(fileId, { MediaBasicInfo: { Name: 'a', MediaUrl: 'u', CoverUrl: 'c', ...more } });
    await webhook.post(body({}));
    const before = await webhook.itemOf(fileId);
    for (const more of [{ CoverUrl: 'made by the procedure' }, { Name: 'renamed' }, { MediaUrl: 'new domain' }]) {
      expect(await webhook.outcome(body(more))).toBe('repeated');
    }
    expect(await webhook.itemOf(fileId)).toEqual(before);
    expect(new Set(webhook.lines.map(({ level }) => level))).toEqual(new Set(['info']));
  });
});

describe('the webhook returns 200, logs the event and writes no row', () => {
  const byUrl = (FileId: unknown) => ({
    EventType: 'ProcedureStateChanged',
    ProcedureStateChangeEvent: { TaskId: 'task-1', Status: 'FINISH', FileId, FileUrl: 'http://example.com/a.mp4' },
  });

  test.each<[string, unknown, string]>([
    ['any other event type', sample('unknown-type'), 'unknown-type'],
    ['a type invented tomorrow', { EventType: 'HologramComplete', HologramCompleteEvent: { FileId: '71' } }, '71'],
    ['a type named like a property of every object', { EventType: 'constructor', FileId: '72' }, '72'],
    ['__proto__ as event type', '{"EventType":"__proto__","__proto__":{"FileId":"73"}}', '73'],
    ['a PullComplete that failed and has no file', sample('pull-complete.failed'), ''],
    ['a task of ProcessMediaByUrl without FileId', byUrl(undefined), ''],
    ['a task of ProcessMediaByUrl with an empty FileId', byUrl(''), ''],
    ["a task of ProcessMediaByUrl with the caller's own text as FileId", byUrl('my-video'), 'my-video'],
    ['a task of ProcessMediaByUrl with 41 digits as FileId', byUrl('4'.repeat(41)), '4'.repeat(41)],
    ['a review of a file that is not in VOD', reviewComplete(''), ''],
    ['a task event whose payload is null', { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: null }, ''],
  ])('the webhook returns 200, logs the event and writes no row for %s', async (_, body, fileId) => {
    const response = await webhook.post(body);
    expect(response).toMatchObject({ statusCode: 200, body: '{"outcome":"ignored"}' });
    expect(webhook.lines).toEqual([expect.objectContaining({ level: 'info', outcome: 'ignored', fileIds: [] })]);
    expect(webhook.takeCounts()).toEqual({});
    if (fileId) expect(await webhook.itemOf(fileId)).toBeUndefined();
  });
});

describe('the webhook with FileDeleted', () => {
  const results = (parts: Record<string, object[]>) =>
    Object.entries(parts).map(([FileId, DeleteParts]) => ({ FileId, DeleteParts }));

  test('V7: records a deleted part of a file, and the row keeps its status', async () => {
    const fileId = freshId();
    const original = bareDeletion([fileId], {
      FileDeleteResultInfo: results({ [fileId]: [{ Type: 'OriginalFiles' }] }),
    });
    await webhook.post(newFileUpload({ fileId }));
    expect(await webhook.outcome(original)).toBe('recorded');
    expect(await webhook.outcome(original)).toBe('repeated');
    expect(await webhook.itemOf(fileId)).toMatchObject({ status: 'uploaded', _news: ['parts:OriginalFiles'] });
    const transcoded = results({ [fileId]: [{ Type: 'TranscodeFiles', Definition: 20 }] });
    expect(await webhook.outcome(bareDeletion([fileId], { FileDeleteResultInfo: transcoded }))).toBe('recorded');
  });

  test.each([[[]], [null]])(
    'reads the files of deleted parts from the details when FileIdSet is %p',
    async (FileIdSet) => {
      const fileId = freshId();
      const FileDeleteResultInfo = results({ [fileId]: [{ Type: 'TranscodeFiles' }] });
      expect(await webhook.outcome(bareDeletion(FileIdSet, { FileDeleteResultInfo }))).toBe('recorded');
      expect(await webhook.itemOf(fileId)).toMatchObject({ _news: ['parts:TranscodeFiles'] });
    },
  );

  test('treats a file that is named both in parts and whole as deleted', async () => {
    const fileId = freshId();
    const details = [[{ Type: 'TranscodeFiles' }], []].map((DeleteParts) => ({ FileId: fileId, DeleteParts }));
    await webhook.post(bareDeletion([fileId], { FileDeleteResultInfo: details }));
    expect(await webhook.itemOf(fileId)).toMatchObject({ _news: ['gone'] });
  });

  test('V12: records all of 150 deleted files', async () => {
    const ids = Array.from({ length: 150 }, freshId);
    expect(await webhook.outcome(bareDeletion(ids))).toBe('recorded');
    const items = await Promise.all(ids.map(webhook.itemOf));
    for (const item of items) expect(item).toMatchObject({ trust: 'pushed', _news: ['gone'] });
    expect(webhook.takeCounts()).toEqual({ GetItem: 150, UpdateItem: 150 });
  });

  test('records the other files when one id is invalid', async () => {
    const fileId = freshId();
    expect(await webhook.outcome(bareDeletion([fileId, 7, '', 'x'.repeat(41)]))).toBe('recorded');
    expect(await webhook.itemOf(fileId)).toMatchObject({ _news: ['gone'] });
  });
});
