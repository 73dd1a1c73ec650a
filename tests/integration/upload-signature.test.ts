import { createHmac, randomInt } from 'node:crypto';
import { parse, verify } from '../../lib/signing/signature';
import { open } from '../../lib/vod/source-context';
import { context, problemOf, signRequest } from '../support/lambda';
import { NOW, SIGNING_KEY, startSigning, type Signing } from '../support/signer';

let signing: Signing;
beforeAll(async () => {
  signing = await startSigning();
});
beforeEach(() => {
  signing.reset();
});
afterAll(async () => {
  await signing.stop();
});

async function sign(body?: unknown, env?: Record<string, string>) {
  const response = await signing.signer(env)(signRequest(body), context());
  expect(response).toMatchObject({ statusCode: 200 });
  const { signature, ...rest } = JSON.parse(response.body ?? '') as { signature: string };
  return { signature, rest, headers: response.headers, parameters: parse(signature).parameters };
}

async function refusal(body: unknown, env?: Record<string, string>, claims?: Record<string, string>) {
  const response = await signing.signer(env)(signRequest(body, claims), context());
  return { status: response.statusCode, problem: problemOf(response), body: response.body };
}

test('returns a signature that VOD accepts, its expiry, and whether it is valid once', async () => {
  const { signature, rest, headers, parameters } = await sign();
  expect(rest).toEqual({ expireTime: 1_795_351_800, oneTimeValid: false });
  expect(headers).toEqual({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  // Checked without our own signer: the MAC is over the bytes that stand behind it.
  const bytes = Buffer.from(signature, 'base64');
  const mac = createHmac('sha1', SIGNING_KEY).update(bytes.subarray(20)).digest();
  expect(bytes.subarray(0, 20)).toEqual(mac);
  expect(parameters).toEqual({
    secretId: 'AKIDexample',
    currentTimeStamp: '1795350000',
    expireTime: '1795351800',
    random: expect.stringMatching(/^\d{1,10}$/),
    sourceContext: expect.stringMatching(/^vcu2:/),
    vodSubAppId: '1500000001',
  });
});

describe('properties of POST /upload-signature', () => {
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
    ['sessionContext of 1000 characters', { sessionContext: 'x'.repeat(1000) }, { sessionContext: 'x'.repeat(1000) }],
    ['sessionContext of 2046 bytes', { sessionContext: '好'.repeat(682) }, { sessionContext: '好'.repeat(682) }],
    ['classId', { classId: 7 }, { classId: '7' }],
    ['storageRegion', { storageRegion: 'ap-chongqing' }, { storageRegion: 'ap-chongqing' }],
    ['validFor, up to the ceiling', { validFor: 86_400 }, { expireTime: '1795436400' }],
  ])('the signature contains %s', async (_, body, expected) => {
    expect((await sign(body)).parameters).toMatchObject(expected);
  });

  test.each([false, 0])('oneTimeValid: %p signs without it', async (oneTimeValid) => {
    const { parameters, rest } = await sign({ oneTimeValid });
    expect(parameters).not.toHaveProperty('oneTimeValid');
    expect(rest).toMatchObject({ oneTimeValid: false });
  });

  test('sourceContext is sealed with the newest key, bound to the caller, and the same for every call of one upload', async () => {
    const first = await sign({ sourceContext: 'order=7' });
    const second = await sign({ sourceContext: 'order=7' });
    const { sourceContext = '' } = first.parameters;
    const opened = { seal: 'valid', uploader: 'user-42', sourceContext: 'order=7', signedProcedure: false };
    expect(open(sourceContext, ['seal-new'])).toEqual(opened);
    expect(second.parameters['sourceContext']).toBe(sourceContext);
  });

  test('the caller alone is sealed if sourceContext is absent or empty', async () => {
    for (const body of [undefined, {}, { sourceContext: '' }]) {
      const { parameters } = await sign(body);
      const opened = { seal: 'valid', uploader: 'user-42', signedProcedure: false };
      expect(open(parameters['sourceContext'] ?? '', ['seal-new'])).toEqual(opened);
    }
  });

  test("sourceContext contains whether a procedure was signed, the caller's or the policy's", async () => {
    const signedProcedure = async (...call: Parameters<typeof sign>) => {
      const { parameters } = await sign(...call);
      return open(parameters['sourceContext'] ?? '', ['seal-new']).signedProcedure;
    };
    expect(await signedProcedure({})).toBe(false);
    expect(await signedProcedure({ procedure: 'LongVideoPreset' })).toBe(true);
    expect(await signedProcedure({}, { DEFAULT_PROCEDURE: 'LongVideoPreset' })).toBe(true);
  });

  test('a sealed sourceContext of exactly 250 bytes is issued; one byte more is refused with the number of bytes allowed', async () => {
    const { errors: [error] = [] } = (await refusal({ sourceContext: '好'.repeat(100) })).problem;
    const maxBytes = Number(/at most (\d+) bytes/.exec(error?.message ?? '')?.[1]);
    expect(error?.path).toBe('/sourceContext');
    const { parameters } = await sign({ sourceContext: 'x'.repeat(maxBytes) });
    expect(Buffer.byteLength(parameters['sourceContext'] ?? '')).toBe(250);
    expect((await refusal({ sourceContext: 'x'.repeat(maxBytes + 1) })).status).toBe(400);
  });
});

describe('POST /upload-signature returns 400 with the property that the schema or the policy refuses', () => {
  const fixed = { ONE_TIME_VALID: 'true', ONE_TIME_VALID_FIXED: 'true' };
  test.each<[string, unknown, string, Record<string, string>?]>([
    ['a property that is unknown', { fileId: '1' }, '/fileId'],
    ["VOD's application id, which is never the caller's", { vodSubAppId: 1 }, '/vodSubAppId'],
    ["random, which is never the caller's", { random: 1 }, '/random'],
    ['a procedure that is not allowed', { procedure: 'Other' }, '/procedure'],
    ['any procedure, where none is allowed', { procedure: 'LongVideoPreset' }, '/procedure', { PROCEDURES: '' }],
    ['taskPriority without a procedure', { taskPriority: 1 }, '/taskPriority'],
    ['taskPriority 11', { procedure: 'LongVideoPreset', taskPriority: 11 }, '/taskPriority'],
    ['taskNotifyMode without a procedure', { taskNotifyMode: 'Change' }, '/taskNotifyMode'],
    ['another taskNotifyMode', { procedure: 'LongVideoPreset', taskNotifyMode: 'Always' }, '/taskNotifyMode'],
    ['a session context of 1001 characters', { sessionContext: 'x'.repeat(1001) }, '/sessionContext'],
    ['a session context of 2049 bytes', { sessionContext: '好'.repeat(683) }, '/sessionContext'],
    ['a classId that is not allowed', { classId: 3 }, '/classId', { CLASS_IDS: '1,2' }],
    ['a negative classId', { classId: -1 }, '/classId'],
    ['a region that is not allowed', { storageRegion: 'ap-x' }, '/storageRegion', { STORAGE_REGIONS: 'ap-chongqing' }],
    ['a validity over the ceiling', { validFor: 86_401 }, '/validFor'],
    ['a validity of 0', { validFor: 0 }, '/validFor'],
    ['a validity that is not an integer', { validFor: 1.5 }, '/validFor'],
    ['oneTimeValid: 2', { oneTimeValid: 2 }, '/oneTimeValid'],
    ['oneTimeValid: false, where it is forced', { oneTimeValid: false }, '/oneTimeValid', fixed],
    ['a text that is not well-formed', '{"sourceContext": "\\ud800"}', '/sourceContext'],
  ])('POST /upload-signature returns 400 and names the property for %s', async (...[, body, path, env]) => {
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

  test.each(['null', '[]', '"x"', '7', '{', 'undefined'])(
    '400 for a body that is not a JSON object: %s',
    async (body) => {
      expect((await refusal(body)).status).toBe(400);
    },
  );

  test('the errors of a hostile body are at most 20, without any of its values', async () => {
    const body = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`m${n}`, 'SECRET-VALUE']));
    const { problem, body: text } = await refusal(body);
    expect(problem.errors).toHaveLength(20);
    expect(text).not.toContain('SECRET-VALUE');
  });
});

test('the policy provides the values that the caller omits', async () => {
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

test('H9: the first entry of a list is the value of an omitted property', async () => {
  const lists = { CLASS_IDS: '1024,7', STORAGE_REGIONS: 'ap-chongqing,ap-singapore' };
  expect((await sign({}, lists)).parameters).toMatchObject({ classId: '1024', storageRegion: 'ap-chongqing' });
  // Also with one entry, with another property, and where the class is 0, VOD's own default.
  expect((await sign(undefined, { CLASS_IDS: '1024' })).parameters).toMatchObject({ classId: '1024' });
  expect((await sign({ classId: 7 }, lists)).parameters).toMatchObject({ classId: '7', storageRegion: 'ap-chongqing' });
  expect((await sign({}, { CLASS_IDS: '0,7' })).parameters).toMatchObject({ classId: '0' });
  const chosen = { classId: 7, storageRegion: 'ap-singapore' };
  expect((await sign(chosen, lists)).parameters).toMatchObject({ classId: '7', storageRegion: 'ap-singapore' });
});

test("taskPriority is accepted with the policy's procedure as with the caller's", async () => {
  const { parameters } = await sign({ taskPriority: 5 }, { DEFAULT_PROCEDURE: 'LongVideoPreset' });
  expect(parameters).toMatchObject({ procedure: 'LongVideoPreset', taskPriority: '5' });
});

test('a body that is not UTF-8 is refused, not signed with other characters in it', async () => {
  const request = { ...signRequest(), body: Buffer.from('{"sourceContext":"a\xff"}', 'latin1').toString('base64') };
  expect((await signing.signer()({ ...request, isBase64Encoded: true }, context())).statusCode).toBe(400);
});

test('returns 413 for a body over 16 KiB, counted in bytes', async () => {
  const sized = (bytes: number) => `{"sourceContext":"x"}`.padEnd(bytes, ' ');
  expect((await refusal(sized(16_385))).status).toBe(413);
  expect((await signing.signer()(signRequest(sized(16_384)), context())).statusCode).toBe(200);
  expect((await refusal(`"${'好'.repeat(5461)}"`)).status).toBe(413);
});

describe('POST /upload-signature returns 403 for a token without a usable sub', () => {
  test.each<[string, Record<string, string>]>([
    ['no sub', {}],
    ['an empty sub', { sub: '' }],
    ['a sub of white space', { sub: ' \t\u3000' }],
    ['a sub of 129 bytes', { sub: 'é'.repeat(64) + 'x' }],
  ])('POST /upload-signature returns 403 for %s', async (_, claims) => {
    const { status, problem } = await refusal(undefined, {}, claims);
    expect(status).toBe(403);
    expect(problem.detail).toMatch(/claim "sub" of 1 to 128 bytes/);
  });

  // API Gateway passes all claims as strings: "null", "true", "7", "map[]".
  test.each<[string, unknown, string]>([
    ['null', null, 'null'],
    ['true', true, 'true'],
    ['a number', 7, '7'],
    ['an object', {}, 'map[]'],
    ['a list', ['user-42'], '[user-42]'],
    ['missing in the token', undefined, 'user-42'],
  ])('H17: a sub that is not a string in the token: %s', async (_, sub, claim) => {
    const payload = Buffer.from(JSON.stringify({ iss: 'https://issuer.example.com/', sub })).toString('base64url');
    const event = signRequest(undefined, { sub: claim });
    for (const authorization of [`Bearer e30.${payload}.c2ln`, `e30.${payload}.c2ln`]) {
      const response = await signing.signer()({ ...event, headers: { ...event.headers, authorization } }, context());
      expect(response.statusCode).toBe(403);
    }
  });

  test.each(['null', 'true', '7', 'constructor'])('H17: the string "%s" is a sub like any other', async (sub) => {
    const payload = Buffer.from(JSON.stringify({ sub })).toString('base64url');
    const event = signRequest(undefined, { sub });
    const headers = { ...event.headers, authorization: `Bearer e30.${payload}.c2ln` };
    expect((await signing.signer()({ ...event, headers }, context())).statusCode).toBe(200);
  });

  test('a sub of 128 bytes is accepted', async () => {
    expect((await signing.signer()(signRequest(undefined, { sub: 'é'.repeat(64) }), context())).statusCode).toBe(200);
  });
});

test('2 000 signatures for one body with the clock held at one second, from one instance: 2 000 distinct ones', async () => {
  // A generator with few values, so that it surely repeats itself.
  const sign = signing.signer({}, () => randomInt(2_048));
  const request = signRequest({ oneTimeValid: true, sourceContext: 'order=7' });
  const responses = await Promise.all(Array.from({ length: 2_000 }, () => sign(request, context())));
  const signatures = responses.map(({ body = '' }) => (JSON.parse(body) as { signature: string }).signature);
  expect(new Set(signatures).size).toBe(2_000);
  expect(signatures.every((signature) => verify(signature, SIGNING_KEY))).toBe(true);
});

test('a clock that is set back does not make the randoms of a second available again', async () => {
  const draws = [1, 2, 1, 3];
  const sign = signing.signer({}, () => draws.shift() ?? 9);
  const randoms = [];
  for (const at of [NOW, NOW - 1000, NOW]) {
    signing.clock.now = at;
    const { body = '' } = await sign(signRequest(), context());
    randoms.push(parse((JSON.parse(body) as { signature: string }).signature).parameters['random']);
  }
  expect(randoms).toEqual(['1', '2', '3']);
});
