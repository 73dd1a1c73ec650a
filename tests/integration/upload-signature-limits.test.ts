import { signerConfig } from '../../lib/signing/config';
import { parse } from '../../lib/signing/signature';
import { context, problemOf, signRequest } from '../support/lambda';
import { environment, NOW, startSigning, type Signing } from '../support/signer';

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

describe('secrets of POST /upload-signature', () => {
  test('secrets are read once, used for five minutes and then read again', async () => {
    const handler = signing.signer();
    const secretIdAt = async (at: number) => {
      signing.clock.now = at;
      const { body = '' } = await handler(signRequest(), context());
      return parse((JSON.parse(body) as { signature: string }).signature).parameters['secretId'];
    };
    expect(await secretIdAt(NOW)).toBe('AKIDexample');
    signing.parameters.set('/vod/key', JSON.stringify({ secretId: 'AKIDrotated', secretKey: 'new' }));
    expect(await secretIdAt(NOW + 299_999)).toBe('AKIDexample');
    expect(await secretIdAt(NOW + 300_000)).toBe('AKIDrotated');
  });

  test('secrets keep their last value when they cannot be read again, which is logged', async () => {
    const handler = signing.signer();
    await handler(signRequest(), context());
    signing.parameters.delete('/vod/key');
    signing.clock.now = NOW + 300_000;
    expect(await handler(signRequest(), context())).toMatchObject({ statusCode: 200 });
    expect(signing.lines.find(({ outcome }) => outcome === 'secret-refresh-failed')).toMatchObject({
      level: 'error',
      reason: 'Cannot read secrets: create the SSM parameter /vod/key as a SecureString',
    });
    // Tried again after half a minute, and used as soon as it is there.
    signing.parameters.set('/vod/key', JSON.stringify({ secretId: 'AKIDrotated', secretKey: 'new' }));
    signing.clock.now = NOW + 330_000;
    const { body = '' } = await handler(signRequest(), context());
    const { signature } = JSON.parse(body) as { signature: string };
    expect(parse(signature).parameters['secretId']).toBe('AKIDrotated');
  });

  test.each<[string, Record<string, string>]>([
    ['no key pair', { '/vod/key': '' }],
    ['a key pair that is not JSON', { '/vod/key': 'AKIDexample:hunter2' }],
    ['a key pair without its secretKey', { '/vod/key': '{"secretId":"hunter2"}' }],
    ['an empty secretKey', { '/vod/key': '{"secretId":"hunter2","secretKey":""}' }],
    ['an empty seal key', { '/vod/seal': ' , ' }],
  ])('%s in SSM causes 503 with Retry-After; response and log do not contain the value', async (_, parameters) => {
    for (const [name, value] of Object.entries(parameters)) signing.parameters.set(name, value);
    const response = await signing.signer()(signRequest(), context());
    expect(response).toMatchObject({ statusCode: 503, headers: { 'retry-after': '2' } });
    expect(problemOf(response)).toMatchObject({ type: 'urn:vod-client-upload:problem:unavailable', status: 503 });
    expect(signing.lines).toEqual([
      expect.objectContaining({
        level: 'error',
        outcome: 'secrets-unavailable',
        reason: expect.stringMatching(/\/vod\/(key|seal)/),
      }),
      expect.objectContaining({ outcome: 'refused', status: 503, code: 'unavailable' }),
    ]);
    expect(JSON.stringify([response, signing.lines])).not.toContain('hunter2');
  });

  test('secrets are requested once a second while they cannot be read, however many callers there are', async () => {
    signing.parameters.delete('/vod/seal');
    const before = signing.secretReads();
    const handler = signing.signer();
    const call = async () => (await handler(signRequest(), context())).statusCode;
    expect(new Set(await Promise.all(Array.from({ length: 50 }, call)))).toEqual(new Set([503]));
    signing.clock.now += 999;
    expect([await call(), signing.secretReads() - before]).toEqual([503, 1]);
    signing.parameters.set('/vod/seal', 'seal-new');
    signing.clock.now += 1;
    expect([await call(), signing.secretReads() - before]).toEqual([200, 2]);
  });
});

test('a response of 429 has Retry-After, and the log does not contain the caller', async () => {
  const handler = signing.signer({ SIGN_RATE_PER_MINUTE: '30', SIGN_RATE_BURST: '3' });
  const sign = (body?: unknown, sub = 'user-42') => handler(signRequest(body, { sub }), context());
  // A refused request counts as well.
  for (const body of [undefined, '{', { fileId: '1' }]) await sign(body);
  signing.clock.now += 500;
  const response = await sign();
  expect(response).toMatchObject({ statusCode: 429, headers: { 'retry-after': '2', 'cache-control': 'no-store' } });
  expect(problemOf(response)).toEqual({
    type: 'urn:vod-client-upload:problem:too-many-requests',
    title: 'The rate limit is exceeded',
    status: 429,
    detail: 'Cannot sign upload: rate limit exceeded, retry in 2 s',
  });
  expect(signing.lines.at(-1)).toEqual({
    level: 'warn',
    requestId: expect.any(String),
    outcome: 'refused',
    status: 429,
    code: 'too-many-requests',
  });
  expect(await sign(undefined, 'user-43')).toMatchObject({ statusCode: 200 });
  signing.clock.now += 1_500;
  expect(await sign()).toMatchObject({ statusCode: 200 });
});

test('without a SIGN_RATE_PER_MINUTE a caller is not limited', async () => {
  const handler = signing.signer();
  const responses = await Promise.all(Array.from({ length: 200 }, () => handler(signRequest(), context())));
  expect(new Set(responses.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
});

test('each request is logged in one line, without body, signature or secret', async () => {
  await signing.call({ sourceContext: 'order=7', sessionContext: 'hunter2' });
  await signing.call({ hunter2: 'hunter2' });
  expect(signing.lines).toEqual([
    { level: 'info', requestId: expect.any(String), outcome: 'signed', oneTimeValid: false, validFor: 1800 },
    { level: 'warn', requestId: expect.any(String), outcome: 'refused', status: 400, code: 'invalid-request' },
  ]);
});

describe('the function does not start with a wrong environment, and names the variable', () => {
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
  ])('the function does not start with %s="%s", and names the variable', (name, value) => {
    expect(() => signerConfig({ ...environment, SIGN_RATE_PER_MINUTE: '30', [name]: value })).toThrow(
      new RegExp(`variable ${name} `),
    );
  });
});
