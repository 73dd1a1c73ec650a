import { startTestRun, type TestRun } from '../support/local';

// An app on its own development server, against the routes that serverless.yml declares.

const ORIGIN = 'http://localhost:5173';

let run: TestRun;
beforeAll(async () => {
  run = await startTestRun();
}, 30_000);
afterAll(() => run.stop());

test.each([
  ['POST', '/upload-signature'],
  ['GET', '/uploads'],
  ['GET', '/uploads/5285890784273533167'],
  ['DELETE', '/uploads/5285890784273533167'],
  ['GET', '/uploads/5285890784273533167/playback'],
])('A14: the preflight of %s %s allows the headers that observability tools add', async (method, path) => {
  const names = [
    'authorization',
    'content-type',
    'if-none-match',
    'traceparent',
    'tracestate',
    'baggage',
    'sentry-trace',
  ];
  const response = await fetch(`${run.url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin: ORIGIN,
      'access-control-request-method': method,
      'access-control-request-headers': names.join(','),
    },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  const listed = (name: string) => (response.headers.get(name) ?? '').toLowerCase().split(/\s*,\s*/);
  expect(listed('access-control-allow-headers')).toEqual(expect.arrayContaining(names));
  expect(listed('access-control-allow-methods')).toContain(method.toLowerCase());
});

test('N11: a page can read www-authenticate, retry-after and etag', async () => {
  const response = await fetch(`${run.url}/upload-signature`, { method: 'POST', headers: { origin: ORIGIN } });
  expect(response.status).toBe(401);
  const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase().split(/\s*,\s*/);
  expect(exposed).toEqual(expect.arrayContaining(['www-authenticate', 'retry-after', 'etag']));
});

describe('POST /local/token', () => {
  const send = (origin: string | undefined, method = 'POST') =>
    fetch(`${run.url}/local/token`, {
      method,
      headers: {
        ...(origin !== undefined && { origin }),
        ...(method === 'OPTIONS' && { 'access-control-request-headers': 'content-type,sentry-trace' }),
      },
      ...(method === 'POST' && { body: '{"sub":"user-42"}' }),
    });

  test.each(['http://localhost:5173', 'http://127.0.0.1:8080', 'http://localhost'])(
    'N1: gives tokens to a page of %s, which can read them',
    async (origin) => {
      const preflight = await send(origin, 'OPTIONS');
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type,sentry-trace');
      const response = await send(origin);
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
      expect(await response.json()).toEqual({ token: expect.any(String) });
    },
  );

  test.each(['https://evil.example', 'http://localhost.evil.example', 'https://localhost:5173', 'null'])(
    'H4: gives no token to a page of %s',
    async (origin) => {
      for (const method of ['OPTIONS', 'POST']) {
        const response = await send(origin, method);
        expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      }
    },
  );

  test('gives tokens to programs and to its own page', async () => {
    for (const origin of [undefined, run.url]) expect((await send(origin)).status).toBe(200);
  });
});

describe('H4: the other routes under /local', () => {
  test.each([
    ['GET', '/local/uploads'],
    ['GET', '/local/config'],
    ['GET', '/local/playback-keys'],
    ['GET', '/local/events'],
    ['GET', '/local/vod'],
    ['DELETE', '/local/faults'],
    ['GET', '/local/issuer/.well-known/jwks.json'],
    ['POST', '/local/run/reconcile'],
  ])('%s %s is for programs and its own page only', async (method, path) => {
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${run.url}${path}`, { method, headers })).status;
    expect(await status({})).toBe(200);
    expect(await status({ origin: run.url, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await status({ 'sec-fetch-site': 'none' })).toBe(200); // typed into the address bar
    expect(await status({ origin: ORIGIN })).toBe(403);
    expect(await status({ origin: 'null' })).toBe(403);
    expect(await status({ 'sec-fetch-site': 'same-site' })).toBe(403); // an image of another port of localhost
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  });
});
