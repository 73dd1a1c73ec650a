import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { webhookConfig } from '../lib/platform/env';
import { seal } from '../lib/vod/source-context';
import { fileDeleted, newFileUpload, newFileUpload2, procedureStateChanged } from './helpers/events';
import { context, delivery, problemOf } from './helpers/lambda';
import { SEAL_KEY, startWebhook, type Webhook } from './helpers/webhook';

const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures/events', `${name}.json`), 'utf8');
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const inSeconds = (ahead: number) => Math.floor(Date.now() / 1000) + ahead;
const signed = (T: number, key = 'SignKey1') => ({ Sign: md5(`${key}${T}`), T });

let webhook: Webhook;
let folder: string;
let lastId = 0;
const freshId = () => `387702${++lastId}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vod-events-'));
  webhook = await startWebhook(folder);
});
beforeEach(() => {
  webhook.lines.length = 0;
});
afterAll(async () => {
  await webhook.stop();
  rmSync(folder, { recursive: true });
});

const upload = (FileId: unknown, more: object = {}) => ({
  EventType: 'NewFileUpload',
  FileUploadEvent: { FileId, ...more },
});
const deleted = (FileIdSet: unknown, more: object = {}) => ({
  EventType: 'FileDeleted',
  FileDeleteEvent: { FileIdSet, ...more },
});

describe('200, row merged: an event we keep', () => {
  test.each([
    ['new-file-upload', '5285890784273533167', 'uploaded'],
    ['new-file-upload.2.0', '', 'uploaded'],
    ['new-file-upload.captured-2019', '', 'uploaded'],
    ['new-file-upload.null-siblings', '', ''],
    ['new-file-upload.guide-spelling', '', ''],
    ['new-file-upload.with-procedure', '', 'processing'],
    ['procedure-state-changed.captured', '', 'ready'],
    ['procedure-state-changed.adaptive', '', 'ready'],
    ['pull-complete', '', ''],
    ['pull-complete.2.0', '', ''],
    ['pull-complete.hybrid', '', ''],
    ['pull-complete.nested', '', ''],
    ['file-deleted.ids-only', '', 'deleted'],
    ['file-deleted.2.0', '', 'deleted'],
  ])('%s', async (name, id, status) => {
    const [base64, plain] = [await webhook.post(fixture(name), { base64: true }), await webhook.post(fixture(name))];
    expect([base64.statusCode, plain.statusCode]).toEqual([200, 200]);
    const [{ fileIds: [fileId = ''] = [] } = {}] = webhook.lines as { fileIds?: string[] }[];
    if (id) expect(fileId).toBe(id);
    const row = await webhook.rowOf(fileId);
    expect(row).toMatchObject({ fileId, trust: 'pushed' });
    if (status) expect(row?.status).toBe(status);
  });

  test("the guide's misprint SourceCopntext is read like the real name, which wins", async () => {
    const [misprint, both] = [freshId(), freshId()];
    const at = (fileId: string, SourceInfo: object) => upload(fileId, { MediaBasicInfo: { SourceInfo } });
    await webhook.post(at(misprint, { SourceCopntext: 'order=7' }));
    await webhook.post(at(both, { SourceCopntext: 'order=7', SourceContext: 'order=8' }));
    expect(await webhook.rowOf(misprint)).toMatchObject({ sourceContext: 'order=7' });
    expect(await webhook.rowOf(both)).toMatchObject({ sourceContext: 'order=8' });
  });

  test('both formats are read into 3.0 words: ClientUpload and ServerUpload become Upload', async () => {
    for (const sourceType of ['ClientUpload', 'ServerUpload', 'Upload']) {
      const fileId = freshId();
      await webhook.post({ eventType: 'NewFileUpload', data: { fileId, sourceType } });
      expect(await webhook.rowOf(fileId)).toMatchObject({ sourceType: 'Upload' });
    }
  });

  test('EventType wins when both stand', async () => {
    const fileId = freshId();
    await webhook.post({ ...upload(fileId), eventType: 'FileDeleted' });
    expect(await webhook.rowOf(fileId)).toMatchObject({ status: 'uploaded' });
  });

  test('a sealed source context: the text and the caller', async () => {
    const fileId = freshId();
    await webhook.post(newFileUpload({ fileId, sourceContext: seal('order=7', 'user-42', SEAL_KEY) }));
    expect(await webhook.rowOf(fileId)).toMatchObject({ sourceContext: 'order=7', uploader: 'user-42', seal: 'valid' });
  });

  test('a seal of the key before the rotation opens too', async () => {
    const fileId = freshId();
    await webhook.post(newFileUpload({ fileId, sourceContext: seal('order=7', 'user-42', 'seal-old') }));
    expect(await webhook.rowOf(fileId)).toMatchObject({ uploader: 'user-42', seal: 'valid' });
  });

  test('the caller alone was sealed: uploader and no sourceContext', async () => {
    const fileId = freshId();
    await webhook.post(newFileUpload({ fileId, sourceContext: seal('', 'user-42', SEAL_KEY) }));
    const row = await webhook.rowOf(fileId);
    expect(row).toMatchObject({ uploader: 'user-42', seal: 'valid' });
    expect(row).not.toHaveProperty('sourceContext');
  });

  test('text without the marker is kept, without an uploader', async () => {
    const fileId = freshId();
    await webhook.post(newFileUpload({ fileId, sourceContext: 'uid=42' }));
    const row = await webhook.rowOf(fileId);
    expect(row).toMatchObject({ sourceContext: 'uid=42', seal: 'none' });
    expect(row).not.toHaveProperty('uploader');
  });

  test('a seal that is forged is kept raw, without an uploader', async () => {
    const [fileId, sourceContext] = [freshId(), seal('order=7', 'user-42', 'my own key')];
    await webhook.post(newFileUpload({ fileId, sourceContext }));
    const row = await webhook.rowOf(fileId);
    expect(row).toMatchObject({ sourceContext, seal: 'broken' });
    expect(row).not.toHaveProperty('uploader');
  });

  test('members of the wrong type are absent, the rest is kept', async () => {
    const fileId = freshId();
    await webhook.post(
      upload(fileId, {
        ProcedureTaskId: 7,
        MediaBasicInfo: { Name: {}, MediaUrl: 'u', CreateTime: [] },
        MetaData: 'x',
      }),
    );
    const row = await webhook.rowOf(fileId);
    expect(row).toMatchObject({ status: 'uploaded', url: 'u' });
    expect(row).not.toHaveProperty('name');
    expect(row).not.toHaveProperty('procedureTaskId');
  });
});

test('200, row unchanged: the same event again, or an older one after a newer one', async () => {
  const file = { fileId: freshId(), procedureTaskId: 'task-1' };
  const finish = procedureStateChanged(file, 'FINISH', { taskId: 'task-1' });
  await webhook.post(newFileUpload(file));
  await webhook.post(finish);
  const { updatedAt, ...before } = (await webhook.rowOf(file.fileId)) ?? {};
  for (const event of [finish, newFileUpload(file), procedureStateChanged(file, 'PROCESSING', { taskId: 'task-1' })]) {
    expect(await webhook.status(event)).toBe(200);
  }
  expect(await webhook.rowOf(file.fileId)).toMatchObject(before);
});

describe('200, counted, logged, no row', () => {
  test.each<[string, unknown, string]>([
    ['any other event type', fixture('unknown-type'), 'unknown-type'],
    ['one invented tomorrow', { EventType: 'HologramComplete', HologramCompleteEvent: { FileId: 'none-1' } }, 'none-1'],
    ['one named like a property of every object', { EventType: 'constructor', FileId: 'none-2' }, 'none-2'],
    ['__proto__ as event type', '{"EventType":"__proto__","__proto__":{"FileId":"none-3"}}', 'none-3'],
    ['a PullComplete that failed (it has no file)', fixture('pull-complete.failed'), ''],
    [
      'a FileDeleted of parts only',
      deleted(['none-4'], {
        FileDeleteResultInfo: [{ FileId: 'none-4', DeleteParts: [{ Type: 'TranscodeFiles', Definition: 20 }] }],
      }),
      'none-4',
    ],
  ])('%s', async (_, body, fileId) => {
    const answer = await webhook.post(body);
    expect(answer).toMatchObject({ statusCode: 200, body: '{"outcome":"ignored"}' });
    expect(webhook.lines).toEqual([expect.objectContaining({ outcome: 'ignored', fileIds: [] })]);
    if (fileId) expect(await webhook.rowOf(fileId)).toBeUndefined();
  });

  test.each([[[]], [null]])('a FileDeleted of parts only whose FileIdSet is %p', async (FileIdSet) => {
    const FileDeleteResultInfo = [{ FileId: 'none-5', DeleteParts: [{ Type: 'TranscodeFiles' }] }];
    expect(await webhook.post(deleted(FileIdSet, { FileDeleteResultInfo }))).toMatchObject({
      body: '{"outcome":"ignored"}',
    });
  });

  test('a FileDeleted that names one file both in parts and whole', async () => {
    const fileId = freshId();
    const FileDeleteResultInfo = [[{ Type: 'TranscodeFiles' }], []].map((DeleteParts) => ({
      FileId: fileId,
      DeleteParts,
    }));
    expect(await webhook.status(deleted([fileId], { FileDeleteResultInfo }))).toBe(200);
    expect(await webhook.rowOf(fileId)).toMatchObject({ status: 'deleted' });
  });

  test('a FileDeleted of the parts of one file and the whole of another', async () => {
    const [parts, whole] = [freshId(), freshId()];
    const FileDeleteResultInfo = [
      { FileId: parts, DeleteParts: [{ Type: 'TranscodeFiles' }] },
      { FileId: whole, DeleteParts: [] },
    ];
    expect(await webhook.status(deleted([parts, whole], { FileDeleteResultInfo }))).toBe(200);
    expect(await webhook.rowOf(parts)).toBeUndefined();
    expect(await webhook.rowOf(whole)).toMatchObject({ status: 'deleted' });
  });
});

describe('400, nothing written', () => {
  const long = freshId().padEnd(65, '0');
  test.each<[string, unknown, string]>([
    ['not JSON', '{"EventType":', ''],
    ['an empty body', '', ''],
    [
      'bytes that are no UTF-8',
      Buffer.from('{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"\xff"}}', 'latin1'),
      '',
    ],
    ['not an object: null', 'null', ''],
    ['not an object: an array', '[{"EventType":"NewFileUpload"}]', ''],
    ['not an object: a string', '"NewFileUpload"', ''],
    ['no event type', fixture('no-event-type'), ''],
    ['an event type that is no string', { EventType: 7, FileUploadEvent: { FileId: 'bad-1' } }, 'bad-1'],
    ['an empty event type', { EventType: '', FileUploadEvent: { FileId: 'bad-2' } }, 'bad-2'],
    ['a file id that is missing', fixture('missing-file-id'), ''],
    ['a file id that is a number', upload(387702), '387702'],
    ['a file id that is empty', upload(''), ''],
    ['a file id of 65 bytes', upload(long), long],
    ['a file id of 64 characters and 66 bytes', upload('文'.repeat(22)), '文'.repeat(22)],
    ['a file id that is not well-formed', '{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"\\ud800"}}', ''],
    ['no payload', { EventType: 'NewFileUpload' }, ''],
    ['a payload that is null', { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: null }, ''],
    [
      'a task id of 257 bytes',
      procedureStateChanged({ fileId: 'bad-3' }, 'FINISH', { taskId: 'x'.repeat(257) }),
      'bad-3',
    ],
    ['a procedure task id of 257 bytes', upload('bad-4', { ProcedureTaskId: 'x'.repeat(257) }), 'bad-4'],
    ['a FileDeleted of no file', deleted([]), ''],
    ['a FileDeleted without its files', { EventType: 'FileDeleted', FileDeleteEvent: {} }, ''],
    ['a FileDeleted with one id that is no string', deleted(['bad-5', 7]), 'bad-5'],
    ['a FileDeleted of 101 files', deleted(Array.from({ length: 101 }, (_, n) => `bad-6-${n}`)), 'bad-6-0'],
  ])('%s', async (_, body, fileId) => {
    const answer = await webhook.post(body, { base64: Buffer.isBuffer(body) });
    expect(answer.statusCode).toBe(400);
    expect(problemOf(answer)).toMatchObject({ type: 'urn:vod-client-upload:problem:invalid-request', status: 400 });
    if (fileId) expect(await webhook.rowOf(fileId)).toBeUndefined();
  });

  test('a body without an event type is 400, not ignored, and the answer says what is missing', async () => {
    expect(problemOf(await webhook.post({})).detail).toBe(
      'Cannot read event: it must be a JSON object with an EventType',
    );
    expect(problemOf(await webhook.post(upload(7))).errors).toEqual([
      { path: '/FileUploadEvent/FileId', message: 'must be string' },
    ]);
  });

  test('a FileDeleted of 100 files is kept', async () => {
    const ids = Array.from({ length: 100 }, freshId);
    expect(await webhook.status(deleted(ids))).toBe(200);
    for (const id of ids) expect(await webhook.rowOf(id)).toMatchObject({ status: 'deleted' });
  });
});

describe('401, nothing written', () => {
  test.each([
    ['no token', ''],
    ['a wrong token', 'token=token-3'],
    ['an empty token', 'token='],
    ['a wrong token before the right one', 'token=token-3&token=token-1'],
    ["the right token under another name, as of a header's", 'Token=token-1'],
  ])('%s', async (_, query) => {
    const fileId = freshId();
    const answer = await webhook.post(newFileUpload({ fileId }), { query });
    expect(answer.statusCode).toBe(401);
    expect(problemOf(answer).detail).toContain('?token=');
    expect(await webhook.rowOf(fileId)).toBeUndefined();
  });

  test('both values of the token open', async () => {
    for (const token of ['token-1', 'token-2']) {
      expect(await webhook.status(newFileUpload({ fileId: freshId() }), { query: `token=${token}` })).toBe(200);
    }
  });

  const signOnly = { CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' };
  test.each<[string, object]>([
    ['Sign made with another key', signed(inSeconds(600), 'Other')],
    ['Sign and T that expired', signed(inSeconds(-2))],
    ['Sign and T over 15 minutes ahead', signed(inSeconds(1000))],
    ['no Sign and T', {}],
  ])('with a SignKey: %s', async (_, sign) => {
    const fileId = freshId();
    const body = { ...newFileUpload({ fileId }), ...sign };
    expect(await webhook.status(body, {}, webhook.handler(signOnly))).toBe(401);
    expect(await webhook.rowOf(fileId)).toBeUndefined();
  });

  test('with a SignKey alone: a fresh Sign and T open, without a token', async () => {
    const body = { ...newFileUpload({ fileId: freshId() }), ...signed(inSeconds(600)) };
    expect(await webhook.status(body, { query: '' }, webhook.handler(signOnly))).toBe(200);
  });

  test('with both: each alone does not open', async () => {
    const both = webhook.handler({ ...signOnly, CALLBACK_TOKEN_PARAMETER: '/vod/token' });
    const event = newFileUpload({ fileId: freshId() });
    expect(await webhook.status({ ...event, ...signed(inSeconds(600)) }, { query: '' }, both)).toBe(401);
    expect(await webhook.status(event, {}, both)).toBe(401);
    expect(await webhook.status({ ...event, ...signed(inSeconds(600)) }, {}, both)).toBe(200);
  });
});

describe('the checks come in this order', () => {
  const big = 'x'.repeat(1024 * 1024 + 1);
  const both = { CALLBACK_TOKEN_PARAMETER: '/vod/token', CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' };
  const queryOf = (T: number) => `Sign=${signed(T).Sign}&T=${T}`;

  test.each<[string, unknown, string, number]>([
    ['the token before the size', big, '', 401],
    ['the size before JSON and Sign', big, 'token=token-1', 413],
    ['Sign before what is no JSON', '{', 'token=token-1', 401],
    ['no JSON, with Sign and T in the query', '{', `token=token-1&${queryOf(inSeconds(600))}`, 400],
    ['Sign before the schema', upload(7), 'token=token-1', 401],
    ['then the schema', { ...upload(7), ...signed(inSeconds(600)) }, 'token=token-1', 400],
  ])('%s', async (_, body, query, status) => {
    expect(await webhook.status(body, { query }, webhook.handler(both))).toBe(status);
  });
});

describe('413: decoded body over 1 MiB', () => {
  const sized = (bytes: number) => JSON.stringify(upload('sized-1')).padEnd(bytes, ' ');
  test.each([false, true])('base64: %p', async (base64) => {
    expect(await webhook.status(sized(1024 * 1024), { base64 })).toBe(200);
    expect(await webhook.status(sized(1024 * 1024 + 1), { base64 })).toBe(413);
  });
});

describe('the table cannot be written: nothing pretended', () => {
  test('stopped for 10 s while events arrive: all of them are in the table afterwards, none was answered 200 before', async () => {
    const ids = Array.from({ length: 30 }, freshId);
    const events = webhook.handler();
    await events(delivery(newFileUpload({ fileId: freshId() })), context());
    await webhook.table.kill();
    let answered = 0;
    const answers = ids.map(async (fileId, n) => {
      await sleep(n * 300);
      const { statusCode } = await events(delivery(newFileUpload({ fileId })), context(25_000));
      answered++;
      return statusCode;
    });
    await sleep(10_000);
    expect(answered).toBe(0);
    await webhook.table.restart();
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    for (const fileId of ids) expect(await webhook.rowOf(fileId)).toMatchObject({ fileId });
  });

  test('500 when it stays away for as long as the function may run, and the log names what was lost', async () => {
    const fileId = freshId();
    const events = webhook.handler();
    await events(delivery(newFileUpload({ fileId: freshId() })), context());
    await webhook.table.kill();
    const answer = await events(delivery(newFileUpload({ fileId, procedureTaskId: 'task-1' })), context(2_500));
    await webhook.table.restart();
    expect(answer.statusCode).toBe(500);
    expect(webhook.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'write-failed', fileIds: [fileId], taskIds: ['task-1'] }),
    );
  });

  test('a repeated delivery while the table is away does no harm', async () => {
    const fileId = freshId();
    const events = webhook.handler();
    await events(delivery(newFileUpload({ fileId: freshId() })), context());
    await webhook.table.kill();
    const both = [newFileUpload({ fileId }), newFileUpload2({ fileId })].map((body) =>
      events(delivery(body), context()),
    );
    await webhook.table.restart();
    for (const answer of await Promise.all(both)) expect(answer.statusCode).toBe(200);
    expect(await webhook.rowOf(fileId)).not.toHaveProperty('claims');
  });
});

describe('a secret without a value is 500, never 200', () => {
  test.each([
    ['the token', '/vod/token', { CALLBACK_TOKEN_PARAMETER: '/vod/token' }],
    ['the SignKey', '/vod/sign-key', { CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' }],
    ['the seal key', '/vod/seal', { CALLBACK_TOKEN_PARAMETER: '/vod/token' }],
  ])('%s', async (_, name, env) => {
    const before = webhook.store.parameters.get(name) ?? '';
    for (const lose of [() => webhook.store.parameters.delete(name), () => webhook.store.parameters.set(name, ' ')]) {
      lose();
      const body = { ...newFileUpload({ fileId: freshId() }), Sign: md5(`${inSeconds(600)}`), T: inSeconds(600) };
      expect(await webhook.status(body, { query: 'token=' }, webhook.handler(env))).toBe(500);
    }
    webhook.store.parameters.set(name, before);
  });

  test('without a name for either of the two the function does not start', () => {
    expect(() => webhookConfig({ TABLE_NAME: 't', SEAL_KEY_PARAMETER: 's' })).toThrow(/CALLBACK_TOKEN_PARAMETER or/);
  });
});

test('the log has ids, type and outcome of each event, and nothing of its content', async () => {
  const fileId = freshId();
  await webhook.post(newFileUpload({ fileId, procedureTaskId: 'task-1', sourceContext: 'hunter2' }));
  await webhook.post(upload(fileId, { MediaBasicInfo: { Name: 'hunter2'.repeat(1000) }, MetaData: { Size: 1e300 } }));
  await webhook.post({ EventType: 'hunter2 is my password', x: 'hunter2' });
  await webhook.post({ EventType: 'HologramComplete' });
  await webhook.post({ EventType: 'x'.repeat(65) });
  await webhook.post({ EventType: 'PullComplete', PullCompleteEvent: { ErrCode: 1 } });
  await webhook.post(fileDeleted({ fileId }));
  const ids = { level: 'info', requestId: expect.any(String), fileIds: [fileId] };
  expect(webhook.lines).toEqual([
    { ...ids, outcome: 'recorded', eventType: 'NewFileUpload', taskIds: ['task-1'], leftOut: [] },
    { ...ids, outcome: 'repeated', eventType: 'NewFileUpload', taskIds: [], leftOut: ['Name', 'Size'] },
    { ...ids, outcome: 'ignored', eventType: 'Other', unknownType: 'unreadable', fileIds: [], taskIds: [] },
    { ...ids, outcome: 'ignored', eventType: 'Other', unknownType: 'HologramComplete', fileIds: [], taskIds: [] },
    { ...ids, outcome: 'ignored', eventType: 'Other', unknownType: 'unreadable', fileIds: [], taskIds: [] },
    { ...ids, outcome: 'ignored', eventType: 'PullComplete', fileIds: [], taskIds: [] },
    { ...ids, outcome: 'recorded', eventType: 'FileDeleted', taskIds: [] },
  ]);
  expect(JSON.stringify(webhook.lines)).not.toContain('hunter2');
});
