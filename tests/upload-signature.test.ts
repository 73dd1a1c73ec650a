import { createHmac, randomInt } from 'node:crypto';
import { signerConfig, type SignerConfig } from '../lib/platform/env';
import { signUpload } from '../lib/signing/issue';
import { parse, verify } from '../lib/signing/signature';
import { open } from '../lib/vod/source-context';
import { startStore, type Store } from './helpers/backend';
import { context, problemOf, signRequest } from './helpers/lambda';

const NOW = 1_795_350_000_000;
const SECRET_KEY = 'a-secret-key-of-tencent-cloud';

const environment = {
  VOD_KEY_PARAMETER: '/vod/key',
  SEAL_KEY_PARAMETER: '/vod/seal',
  VOD_SUB_APP_ID: '1500000001',
  ONE_TIME_VALID: 'false',
  ONE_TIME_VALID_FIXED: 'false',
  VALID_FOR: '1800',
  VALID_FOR_MAX: '86400',
  PROCEDURES: 'LongVideoPreset, FailingPreset',
  DEFAULT_PROCEDURE: '',
  CLASS_IDS: '',
  STORAGE_REGIONS: '',
  SIGN_RATE_PER_MINUTE: '',
  SIGN_RATE_BURST: '12',
};

let store: Store;
const lines: Record<string, unknown>[] = [];
let time = NOW;

beforeAll(async () => {
  store = await startStore({});
});
beforeEach(() => {
  time = NOW;
  lines.length = 0;
  store.parameters.clear();
  store.parameters.set('/vod/key', JSON.stringify({ secretId: 'AKIDexample', secretKey: SECRET_KEY }));
  store.parameters.set('/vod/seal', 'seal-new, seal-old');
});
afterAll(async () => {
  await store.close();
});

function signer(env: Record<string, string> = {}, random = () => randomInt(2 ** 32)) {
  const config: SignerConfig = signerConfig({ ...environment, ...env });
  const log = (fields: object) => lines.push({ ...fields });
  return signUpload({ config, getParameters: store.getParameters, now: () => time, random, log });
}

async function sign(body?: unknown, env?: Record<string, string>) {
  const answer = await signer(env)(signRequest(body), context());
  expect(answer).toMatchObject({ statusCode: 200 });
  const { signature, ...rest } = JSON.parse(answer.body ?? '') as { signature: string };
  return { signature, rest, headers: answer.headers, parameters: parse(signature).parameters };
}

async function refusal(body: unknown, env?: Record<string, string>, claims?: Record<string, string>) {
  const answer = await signer(env)(signRequest(body, claims), context());
  return { status: answer.statusCode, problem: problemOf(answer), body: answer.body };
}

test('200: a signature that VOD takes, its expiry, and whether it is valid once', async () => {
  const { signature, rest, headers, parameters } = await sign();
  expect(rest).toEqual({ expireTime: 1_795_351_800, oneTimeValid: false });
  expect(headers).toEqual({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  // Checked without our own signer: the MAC is over the bytes that stand behind it.
  const bytes = Buffer.from(signature, 'base64');
  const mac = createHmac('sha1', SECRET_KEY).update(bytes.subarray(20)).digest();
  expect(bytes.subarray(0, 20)).toEqual(mac);
  expect(parameters).toEqual({
    secretId: 'AKIDexample',
    currentTimeStamp: '1795350000',
    expireTime: '1795351800',
    random: expect.stringMatching(/^\d{1,10}$/),
    sourceContext: expect.stringMatching(/^vcu1:/),
    vodSubAppId: '1500000001',
  });
});

describe('each member of the request', () => {
  test.each<[string, object, Record<string, string>]>([
    ['oneTimeValid: true', { oneTimeValid: true }, { oneTimeValid: '1' }],
    ['oneTimeValid: 1, as VOD spells it', { oneTimeValid: 1 }, { oneTimeValid: '1' }],
    ['procedure on the allow-list', { procedure: 'LongVideoPreset' }, { procedure: 'LongVideoPreset' }],
    ['taskPriority with a procedure', { procedure: 'FailingPreset', taskPriority: -10 }, { taskPriority: '-10' }],
    [
      'taskNotifyMode with a procedure',
      { procedure: 'FailingPreset', taskNotifyMode: 'Change' },
      { taskNotifyMode: 'Change' },
    ],
    ['sessionContext of 1000 characters', { sessionContext: '好'.repeat(1000) }, { sessionContext: '好'.repeat(1000) }],
    ['classId', { classId: 7 }, { classId: '7' }],
    ['storageRegion', { storageRegion: 'ap-chongqing' }, { storageRegion: 'ap-chongqing' }],
    ['validFor, up to the ceiling', { validFor: 86_400 }, { expireTime: '1795436400' }],
  ])('%s', async (_, body, expected) => {
    expect((await sign(body)).parameters).toMatchObject(expected);
  });

  test.each([false, 0])('oneTimeValid: %p signs without it', async (oneTimeValid) => {
    const { parameters, rest } = await sign({ oneTimeValid });
    expect(parameters).not.toHaveProperty('oneTimeValid');
    expect(rest).toMatchObject({ oneTimeValid: false });
  });

  test('sourceContext: sealed with the newest key, bound to the caller, the same for every call of one upload', async () => {
    const [first, second] = [await sign({ sourceContext: 'order=7' }), await sign({ sourceContext: 'order=7' })];
    const { sourceContext = '' } = first.parameters;
    expect(open(sourceContext, ['seal-new'])).toEqual({ seal: 'valid', uploader: 'user-42', sourceContext: 'order=7' });
    expect(second.parameters['sourceContext']).toBe(sourceContext);
  });

  test('sourceContext: absent or empty, the caller alone is sealed', async () => {
    for (const body of [undefined, {}, { sourceContext: '' }]) {
      const { parameters } = await sign(body);
      expect(open(parameters['sourceContext'] ?? '', ['seal-new'])).toEqual({ seal: 'valid', uploader: 'user-42' });
    }
  });

  test('sourceContext: a sealed value of exactly 250 bytes is issued; one byte of text more is told what it may have', async () => {
    const { errors: [error] = [] } = (await refusal({ sourceContext: '好'.repeat(100) })).problem;
    const room = Number(/at most (\d+) bytes/.exec(error?.message ?? '')?.[1]);
    expect(error?.path).toBe('/sourceContext');
    const { parameters } = await sign({ sourceContext: 'x'.repeat(room) });
    expect(Buffer.byteLength(parameters['sourceContext'] ?? '')).toBe(250);
    expect((await refusal({ sourceContext: 'x'.repeat(room + 1) })).status).toBe(400);
  });
});

describe('what the schema or the policy refuses is 400, by name', () => {
  const fixed = { ONE_TIME_VALID: 'true', ONE_TIME_VALID_FIXED: 'true' };
  test.each<[string, unknown, string, Record<string, string>?]>([
    ['a member that is unknown', { fileId: '1' }, '/fileId'],
    ["VOD's application id, which is never the caller's", { vodSubAppId: 1 }, '/vodSubAppId'],
    ["random, which is never the caller's", { random: 1 }, '/random'],
    ['a procedure that is not allowed', { procedure: 'Other' }, '/procedure'],
    ['any procedure, where none is allowed', { procedure: 'LongVideoPreset' }, '/procedure', { PROCEDURES: '' }],
    ['taskPriority without a procedure', { taskPriority: 1 }, '/taskPriority'],
    ['taskPriority 11', { procedure: 'LongVideoPreset', taskPriority: 11 }, '/taskPriority'],
    ['taskNotifyMode without a procedure', { taskNotifyMode: 'Change' }, '/taskNotifyMode'],
    ['another taskNotifyMode', { procedure: 'LongVideoPreset', taskNotifyMode: 'Always' }, '/taskNotifyMode'],
    ['a session context of 1001 characters', { sessionContext: 'x'.repeat(1001) }, '/sessionContext'],
    ['a classId that is not allowed', { classId: 3 }, '/classId', { CLASS_IDS: '1,2' }],
    ['a negative classId', { classId: -1 }, '/classId'],
    ['a region that is not allowed', { storageRegion: 'ap-x' }, '/storageRegion', { STORAGE_REGIONS: 'ap-chongqing' }],
    ['a validity over the ceiling', { validFor: 86_401 }, '/validFor'],
    ['a validity of 0', { validFor: 0 }, '/validFor'],
    ['a validity that is no integer', { validFor: 1.5 }, '/validFor'],
    ['oneTimeValid: 2', { oneTimeValid: 2 }, '/oneTimeValid'],
    ['oneTimeValid: false, where it is forced', { oneTimeValid: false }, '/oneTimeValid', fixed],
    ['a text that is not well-formed', '{"sourceContext": "\\ud800"}', '/sourceContext'],
  ])('%s', async (...[, body, path, env]) => {
    const { status, problem } = await refusal(body, env);
    expect(status).toBe(400);
    expect(problem).toMatchObject({
      type: 'urn:vod-client-upload:problem:invalid-request',
      title: expect.any(String),
      status: 400,
      detail: expect.any(String),
    });
    expect(problem.errors?.map((error) => error.path)).toEqual([path]);
  });

  test.each(['null', '[]', '"x"', '7', '{', 'undefined'])('a body that is no JSON object: %s', async (body) => {
    expect((await refusal(body)).status).toBe(400);
  });

  test('a hostile body is told of 20 errors at most, and none of its values come back', async () => {
    const body = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`m${n}`, 'SECRET-VALUE']));
    const { problem, body: text } = await refusal(body);
    expect(problem.errors).toHaveLength(20);
    expect(text).not.toContain('SECRET-VALUE');
  });
});

test('the policy decides what the caller leaves out', async () => {
  const { parameters, rest } = await sign(undefined, {
    ONE_TIME_VALID: 'true',
    ONE_TIME_VALID_FIXED: 'true',
    DEFAULT_PROCEDURE: 'LongVideoPreset',
    VALID_FOR: '60',
    VOD_SUB_APP_ID: '',
  });
  expect(parameters).toMatchObject({ oneTimeValid: '1', procedure: 'LongVideoPreset', expireTime: '1795350060' });
  expect(parameters).not.toHaveProperty('vodSubAppId');
  expect(rest).toMatchObject({ oneTimeValid: true });
});

test("taskPriority goes with the policy's procedure as with the caller's", async () => {
  const { parameters } = await sign({ taskPriority: 5 }, { DEFAULT_PROCEDURE: 'LongVideoPreset' });
  expect(parameters).toMatchObject({ procedure: 'LongVideoPreset', taskPriority: '5' });
});

test('a body that is no UTF-8 is refused, not signed with other characters in it', async () => {
  const request = { ...signRequest(), body: Buffer.from('{"sourceContext":"a\xff"}', 'latin1').toString('base64') };
  expect((await signer()({ ...request, isBase64Encoded: true }, context())).statusCode).toBe(400);
});

test('413: a body over 16 KiB, counted in bytes', async () => {
  const sized = (bytes: number) => `{"sourceContext":"x"}`.padEnd(bytes, ' ');
  expect((await refusal(sized(16_385))).status).toBe(413);
  expect((await signer()(signRequest(sized(16_384)), context())).statusCode).toBe(200);
  expect((await refusal(`"${'好'.repeat(5461)}"`)).status).toBe(413);
});

describe('403: a token that does not say who uploads', () => {
  test.each<[string, Record<string, string>]>([
    ['no sub', {}],
    ['an empty sub', { sub: '' }],
    ['a sub of 129 bytes', { sub: 'é'.repeat(64) + 'x' }],
  ])('%s', async (_, claims) => {
    const { status, problem } = await refusal(undefined, {}, claims);
    expect(status).toBe(403);
    expect(problem.detail).toMatch(/claim "sub" of 1 to 128 bytes/);
  });

  test('a sub of 128 bytes is enough', async () => {
    expect((await signer()(signRequest(undefined, { sub: 'é'.repeat(64) }), context())).statusCode).toBe(200);
  });
});

test('2 000 signatures for one body with the clock held at one second, from one instance: 2 000 distinct ones', async () => {
  // A generator with few values, so that it surely repeats itself.
  const sign = signer({}, () => randomInt(2_048));
  const request = signRequest({ oneTimeValid: true, sourceContext: 'order=7' });
  const answers = await Promise.all(Array.from({ length: 2_000 }, () => sign(request, context())));
  const signatures = answers.map(({ body = '' }) => (JSON.parse(body) as { signature: string }).signature);
  expect(new Set(signatures).size).toBe(2_000);
  expect(signatures.every((signature) => verify(signature, SECRET_KEY))).toBe(true);
});

test('a clock that is set back does not make the randoms of a second available again', async () => {
  const draws = [1, 2, 1, 3];
  const sign = signer({}, () => draws.shift() ?? 9);
  const randoms = [];
  for (const at of [NOW, NOW - 1000, NOW]) {
    time = at;
    const { body = '' } = await sign(signRequest(), context());
    randoms.push(parse((JSON.parse(body) as { signature: string }).signature).parameters['random']);
  }
  expect(randoms).toEqual(['1', '2', '3']);
});

describe('the secrets', () => {
  test('are read once and used for five minutes, then read anew', async () => {
    const handler = signer();
    const secretIdAt = async (at: number) => {
      time = at;
      const { body = '' } = await handler(signRequest(), context());
      return parse((JSON.parse(body) as { signature: string }).signature).parameters['secretId'];
    };
    expect(await secretIdAt(NOW)).toBe('AKIDexample');
    store.parameters.set('/vod/key', JSON.stringify({ secretId: 'AKIDrotated', secretKey: 'new' }));
    expect(await secretIdAt(NOW + 299_999)).toBe('AKIDexample');
    expect(await secretIdAt(NOW + 300_000)).toBe('AKIDrotated');
  });

  test('that cannot be read anew keep their last value, and the log says so', async () => {
    const handler = signer();
    await handler(signRequest(), context());
    store.parameters.delete('/vod/key');
    time = NOW + 300_000;
    expect(await handler(signRequest(), context())).toMatchObject({ statusCode: 200 });
    expect(lines.find(({ outcome }) => outcome === 'secret-refresh-failed')).toMatchObject({
      level: 'error',
      reason: 'Cannot read secrets: create the SSM parameter /vod/key as a SecureString',
    });
    // Tried again after half a minute, and used as soon as it is there.
    store.parameters.set('/vod/key', JSON.stringify({ secretId: 'AKIDrotated', secretKey: 'new' }));
    time = NOW + 330_000;
    const { body = '' } = await handler(signRequest(), context());
    const { signature } = JSON.parse(body) as { signature: string };
    expect(parse(signature).parameters['secretId']).toBe('AKIDrotated');
  });

  test.each<[string, Record<string, string>]>([
    ['no key pair', { '/vod/key': '' }],
    ['a key pair that is no JSON', { '/vod/key': 'AKIDexample:hunter2' }],
    ['a key pair without its secretKey', { '/vod/key': '{"secretId":"hunter2"}' }],
    ['an empty secretKey', { '/vod/key': '{"secretId":"hunter2","secretKey":""}' }],
    ['an empty seal key', { '/vod/seal': ' , ' }],
  ])('%s: 500, and neither the answer nor the log shows the value', async (_, parameters) => {
    for (const [name, value] of Object.entries(parameters)) store.parameters.set(name, value);
    const answer = await signer()(signRequest(), context());
    expect(answer.statusCode).toBe(500);
    expect(problemOf(answer).detail).toMatch(/^Try again; the operator finds the cause in the log/);
    expect(lines).toEqual([
      expect.objectContaining({ outcome: 'error', reason: expect.stringMatching(/\/vod\/(key|seal)/) }),
    ]);
    expect(JSON.stringify([answer, lines])).not.toContain('hunter2');
  });
});

test('429: the refused caller is told when to come again, and the log does not say who it was', async () => {
  const handler = signer({ SIGN_RATE_PER_MINUTE: '30', SIGN_RATE_BURST: '3' });
  const sign = (body?: unknown, sub = 'user-42') => handler(signRequest(body, { sub }), context());
  // A refused request counts as well.
  for (const body of [undefined, '{', { fileId: '1' }]) await sign(body);
  time += 500;
  const answer = await sign();
  expect(answer).toMatchObject({ statusCode: 429, headers: { 'retry-after': '2', 'cache-control': 'no-store' } });
  expect(problemOf(answer)).toEqual({
    type: 'urn:vod-client-upload:problem:too-many-requests',
    title: 'The caller asks too often',
    status: 429,
    detail: 'Cannot sign upload: this caller has asked too often, ask again in 2 s',
  });
  expect(lines.at(-1)).toEqual({
    level: 'warn',
    requestId: expect.any(String),
    outcome: 'refused',
    status: 429,
    code: 'too-many-requests',
  });
  expect(await sign(undefined, 'user-43')).toMatchObject({ statusCode: 200 });
  time += 1_500;
  expect(await sign()).toMatchObject({ statusCode: 200 });
});

test('without a SIGN_RATE_PER_MINUTE a caller is not limited', async () => {
  const handler = signer();
  const answers = await Promise.all(Array.from({ length: 200 }, () => handler(signRequest(), context())));
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
});

test('one line of log for each request, without body, signature or secret', async () => {
  await sign({ sourceContext: 'order=7', sessionContext: 'hunter2' });
  await refusal({ hunter2: 'hunter2' });
  expect(lines).toEqual([
    { level: 'info', requestId: expect.any(String), outcome: 'signed', oneTimeValid: false, validFor: 1800 },
    { level: 'warn', requestId: expect.any(String), outcome: 'refused', status: 400, code: 'invalid-request' },
  ]);
});

describe('the function does not start when its environment is wrong, and says which variable', () => {
  test.each([
    ['VOD_KEY_PARAMETER', ''],
    ['SEAL_KEY_PARAMETER', ''],
    ['VALID_FOR', '0'],
    ['VALID_FOR', '86401'],
    ['VALID_FOR_MAX', '7776001'],
    ['VOD_SUB_APP_ID', 'main'],
    ['ONE_TIME_VALID', ''],
    ['SIGN_RATE_PER_MINUTE', '0'],
    ['SIGN_RATE_PER_MINUTE', '1.5'],
    ['SIGN_RATE_BURST', '2'],
    ['SIGN_RATE_BURST', ''],
  ])('%s = "%s"', (name, value) => {
    expect(() => signerConfig({ ...environment, SIGN_RATE_PER_MINUTE: '30', [name]: value })).toThrow(
      new RegExp(`variable ${name} `),
    );
  });
});
