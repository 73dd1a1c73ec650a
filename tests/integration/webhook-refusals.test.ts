import { bareDeletion, bareUpload, inSeconds, sample, signed } from '../support/callbacks';
import { newFileUpload } from '../support/events';
import { problemOf } from '../support/lambda';
import { startWebhook, type Webhook } from '../support/webhook';

const WITH_TOKEN = { CALLBACK_TOKEN_PARAMETER: '/vod/token' };
const WITH_SIGN_KEY = { CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' };
const WITH_BOTH = { ...WITH_TOKEN, ...WITH_SIGN_KEY };

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

describe('the webhook returns 400 and writes nothing', () => {
  const bytes = Buffer.from('{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"\xff"}}', 'latin1');
  test.each<[string, unknown]>([
    ['not JSON', '{"EventType":'],
    ['an empty body', ''],
    ['bytes that are not UTF-8', bytes],
    ['null', 'null'],
    ['an array', '[{"EventType":"NewFileUpload"}]'],
    ['a string', '"NewFileUpload"'],
    ['no event type', sample('no-event-type')],
    ['an event type that is not a string', { EventType: 7, FileUploadEvent: { FileId: '81' } }],
    ['an empty event type', { EventType: '', FileUploadEvent: { FileId: '81' } }],
    ['an upload without file id', sample('missing-file-id')],
    ['a file id that is a number', bareUpload(387702)],
    ['an empty file id', bareUpload('')],
    ['a file id of 41 digits', bareUpload('1'.repeat(41))],
    ['a file id with letters', bareUpload('52858907abc')],
    ['a file id that is not well-formed', '{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"\\ud800"}}'],
    ['an upload without payload', { EventType: 'NewFileUpload' }],
    ['a FileDeleted of no file', bareDeletion([])],
    ['a FileDeleted without its files', { EventType: 'FileDeleted', FileDeleteEvent: {} }],
    ['a FileDeleted without a usable id', bareDeletion(['a', 7])],
  ])('the webhook returns 400 for %s, and writes nothing', async (_, body) => {
    const response = await webhook.post(body, { base64: Buffer.isBuffer(body) });
    expect(response.statusCode).toBe(400);
    expect(problemOf(response)).toMatchObject({ type: 'urn:vod-client-upload:problem:invalid-request', status: 400 });
    expect(webhook.takeCounts()).toEqual({});
  });

  test('the response of 400 names the missing property and its path', async () => {
    expect(problemOf(await webhook.post({})).detail).toBe(
      'Cannot read event: it must be a JSON object with an EventType',
    );
    expect(problemOf(await webhook.post(bareUpload(7))).errors).toEqual([
      { path: '/FileUploadEvent/FileId', message: 'must be string' },
    ]);
  });
});

describe('the webhook returns 401 and writes nothing', () => {
  test.each([
    ['no token', ''],
    ['a wrong token', 'token=token-3'],
    ['an empty token', 'token='],
    ['a wrong token before the right one', 'token=token-3&token=token-1'],
    ['the right token under another name', 'Token=token-1'],
  ])('the webhook returns 401 for %s, and writes nothing', async (_, query) => {
    const fileId = freshId();
    const response = await webhook.post(newFileUpload({ fileId }), { query });
    expect(response.statusCode).toBe(401);
    expect(problemOf(response).detail).toContain('?token=');
    expect(webhook.takeCounts()).toEqual({});
  });

  test('both values of the token are accepted', async () => {
    for (const token of ['token-1', 'token-2']) {
      expect(await webhook.status(newFileUpload({ fileId: freshId() }), { query: `token=${token}` })).toBe(200);
    }
  });

  test.each<[string, object]>([
    ['Sign made with another key', signed(inSeconds(600), 'Other')],
    ['Sign and T that expired', signed(inSeconds(-2))],
    ['T over 15 minutes ahead', signed(inSeconds(1000))],
    ['Sign without T', { Sign: signed(inSeconds(600)).Sign }],
    ['T without Sign', { T: inSeconds(600) }],
    ['no Sign and T', {}],
  ])('the webhook with a SignKey returns 401 for %s, and writes nothing', async (_, sign) => {
    const body = { ...newFileUpload({ fileId: freshId() }), ...sign };
    expect(await webhook.status(body, {}, webhook.handler(WITH_SIGN_KEY))).toBe(401);
    expect(webhook.takeCounts()).toEqual({});
  });

  test('with a SignKey alone a fresh Sign and T are accepted without a token, with hex digits in either case', async () => {
    const to = webhook.handler(WITH_SIGN_KEY);
    const { Sign, T } = signed(inSeconds(600));
    for (const sign of [Sign, Sign.toUpperCase()]) {
      const body = { ...newFileUpload({ fileId: freshId() }), Sign: sign, T };
      expect(await webhook.status(body, { query: '' }, to)).toBe(200);
    }
  });

  test('with a token and a SignKey, a valid credential of one kind alone is refused', async () => {
    const both = webhook.handler(WITH_BOTH);
    const event = newFileUpload({ fileId: freshId() });
    expect(await webhook.status({ ...event, ...signed(inSeconds(600)) }, { query: '' }, both)).toBe(401);
    expect(await webhook.status(event, {}, both)).toBe(401);
    expect(await webhook.status({ ...event, ...signed(inSeconds(600)) }, {}, both)).toBe(200);
  });
});

describe("order of the webhook's checks", () => {
  const big = 'x'.repeat(1024 * 1024 + 1);
  const queryOf = (T: number) => `Sign=${signed(T).Sign}&T=${T}`;

  test.each<[string, unknown, string, number]>([
    ['the token before the size', big, '', 401],
    ['the size before JSON and Sign', big, 'token=token-1', 413],
    ['JSON before Sign', '{', 'token=token-1', 400],
    ['JSON, with Sign and T in the query', '{', `token=token-1&${queryOf(inSeconds(600))}`, 400],
    ['Sign before the schema', bareUpload(7), 'token=token-1', 401],
    ['then the schema', { ...bareUpload(7), ...signed(inSeconds(600)) }, 'token=token-1', 400],
  ])('the webhook checks %s', async (_, body, query, status) => {
    expect(await webhook.status(body, { query }, webhook.handler(WITH_BOTH))).toBe(status);
  });

  test('with a SignKey alone, the webhook returns 413 for a body over 1 MiB with T in the query', async () => {
    const to = webhook.handler(WITH_SIGN_KEY);
    expect(await webhook.status(big, { query: queryOf(inSeconds(600)) }, to)).toBe(413);
  });
});

describe.each([
  ['in Base64', true],
  ['as it is', false],
])('a body %s', (_, base64) => {
  const sized = (bytes: number) => JSON.stringify(bareUpload('9')).padEnd(bytes, ' ');

  test('a body of 1 MiB is read, one byte more returns 413', async () => {
    expect(await webhook.status(sized(1024 * 1024), { base64 })).toBe(200);
    expect(await webhook.status(sized(1024 * 1024 + 1), { base64 })).toBe(413);
  });
});

describe('H7: requests to the webhook without a credential', () => {
  test('H7: requests without a token read no secret', async () => {
    const fresh = webhook.handler(WITH_TOKEN);
    const before = webhook.secretReads();
    for (const query of ['', 'token=', 'Token=token-1', 'x=y']) {
      expect(await webhook.status(newFileUpload({ fileId: freshId() }), { query }, fresh)).toBe(401);
    }
    expect(webhook.secretReads()).toBe(before);
    expect(await webhook.status(newFileUpload({ fileId: freshId() }), { query: 'token=x' }, fresh)).toBe(401);
    expect(webhook.secretReads()).toBe(before + 1);
  });

  test.each([
    ['with a comma', 'token=a,b'],
    ['of blanks', 'token=+%20+'],
    ['with a blank at its end', 'token=token-1+'],
    ['with a line break', 'token=token%0A-1'],
    ['with a NUL', 'token=%00'],
    ['over 4 096 bytes', `token=${'x'.repeat(4_097)}`],
    ['that comes first, before one of the right form', 'token=&token=token-1'],
  ])('H7: requests with a token of the wrong form, %s, read no secret', async (_, query) => {
    const fresh = webhook.handler(WITH_TOKEN);
    const before = webhook.secretReads();
    const response = await webhook.post(newFileUpload({ fileId: freshId() }), { query }, fresh);
    // The same response as for a wrong token of the right form.
    const wrong = await webhook.post(newFileUpload({ fileId: freshId() }), { query: 'token=x' });
    expect(response).toEqual(wrong);
    expect(webhook.secretReads()).toBe(before);
  });

  test.each<[string, object]>([
    ['a Sign that is not an MD5', { Sign: 'x'.repeat(32), T: inSeconds(600) }],
    ['a Sign of 31 digits', { Sign: 'a'.repeat(31), T: inSeconds(600) }],
    ['a T that is past', { Sign: 'a'.repeat(32), T: inSeconds(-2) }],
    ['a T over 15 minutes ahead', { Sign: 'a'.repeat(32), T: inSeconds(1_000) }],
    ['a T that is not a number', { Sign: 'a'.repeat(32), T: 'soon' }],
    ['no Sign', { T: inSeconds(600) }],
  ])('H7: requests with a SignKey alone and %s read no secret', async (_, sign) => {
    const fresh = webhook.handler(WITH_SIGN_KEY);
    const before = webhook.secretReads();
    const body = { ...newFileUpload({ fileId: freshId() }), ...sign };
    expect(await webhook.status(body, { query: '' }, fresh)).toBe(401);
    expect(await webhook.status('{"T":', { query: '' }, fresh)).toBe(400);
    expect(webhook.secretReads()).toBe(before);
  });

  test('H7: requests with a SignKey alone and without T read no secret', async () => {
    const fresh = webhook.handler(WITH_SIGN_KEY);
    const before = webhook.secretReads();
    expect(await webhook.status(newFileUpload({ fileId: freshId() }), { query: '' }, fresh)).toBe(401);
    expect(await webhook.status('', { query: '' }, fresh)).toBe(401);
    expect(webhook.secretReads()).toBe(before);
  });
});
