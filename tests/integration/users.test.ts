import { setTimeout as sleep } from 'node:timers/promises';
import { seal } from '../../lib/vod/source-context';
import { startTestRun, type TestRun } from '../support/local';
import { runs } from '../support/thorough';

type Json = Readonly<Record<string, unknown>>;

const FILE = { name: 'holiday', type: 'mp4', size: 3, duration: 1.5, width: 640, height: 360 };
const WITHIN = 15_000;

let run: TestRun;

async function startRun(features: Parameters<typeof startTestRun>[0] = {}): Promise<void> {
  run = await startTestRun(features);
}

afterEach(() => run.stop());

async function tokenOf(sub: string): Promise<string> {
  const response = await fetch(`${run.url}/local/token`, { method: 'POST', body: JSON.stringify({ sub }) });
  return ((await response.json()) as { token: string }).token;
}

interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function call(token: string, path: string, { method = 'GET', headers = {}, body }: Call = {}) {
  const response = await fetch(`${run.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Json };
}

/** Puts a file of this user into VOD, which sends its events. */
function upload(uploader: string, text = ''): string {
  return run.vod.put({ ...FILE, sourceContext: seal(text, uploader, false, run.secrets.sealKey) }).fileId;
}

async function until(token: string, fileId: string, status: string): Promise<Json> {
  const end = Date.now() + WITHIN;
  for (;;) {
    const { body } = await call(token, `/uploads/${fileId}`);
    if (body['status'] === status && body['size'] !== undefined) return body;
    if (Date.now() > end) throw new Error(`the upload ${fileId} is not ${status}: ${JSON.stringify(body)}`);
    await sleep(50);
  }
}

const uploadsIn = ({ body }: { readonly body: Json }) => body['uploads'] as readonly Json[];

test('a user reads, plays and deletes an own upload; another user gets 404, and a request without a token 401', async () => {
  await startRun();
  const alice = await tokenOf('alice');
  const bob = await tokenOf('bob');
  const fileId = upload('alice', 'order=7');
  const ready = await until(alice, fileId, 'ready');
  expect(ready).toMatchObject({ fileId, name: 'holiday', size: 3, sourceContext: 'order=7' });
  expect(JSON.stringify(ready)).not.toContain('http://');

  const one = await call(alice, `/uploads/${fileId}`);
  const etag = one.headers.get('etag') ?? '';
  expect(etag).toBe(`"${String(ready['version'])}"`);
  expect(one.headers.get('cache-control')).toBe('private, no-cache');
  expect(await call(alice, `/uploads/${fileId}`, { headers: { 'if-none-match': etag } })).toMatchObject({
    status: 304,
    body: {},
  });
  expect(uploadsIn(await call(alice, '/uploads'))).toMatchObject([{ fileId }]);

  const playback = await call(alice, `/uploads/${fileId}/playback`);
  expect(playback).toMatchObject({ status: 200, body: { appId: 1500000001, fileId } });
  expect(playback.headers.get('cache-control')).toBe('no-store');

  for (const [method, path] of [
    ['GET', `/uploads/${fileId}`],
    ['GET', `/uploads/${fileId}/playback`],
    ['DELETE', `/uploads/${fileId}`],
  ] as const) {
    expect(await call(bob, path, { method })).toMatchObject({ status: 404 });
    expect((await fetch(`${run.url}${path}`, { method })).status).toBe(401);
  }
  expect(uploadsIn(await call(bob, '/uploads'))).toEqual([]);

  expect(await call(alice, `/uploads/${fileId}`, { method: 'DELETE' })).toMatchObject({ status: 202 });
  await until(alice, fileId, 'deleted');
  expect(run.vod.calls.DeleteMedia).toBe(1);
  expect(uploadsIn(await call(alice, '/uploads'))).toEqual([]);
  expect(await call(alice, `/uploads/${fileId}/playback`)).toMatchObject({ status: 409 });
}, 60_000);

test('VOD accepts the signed URL of the playback route and refuses the plain one of the table', async () => {
  await startRun();
  const alice = await tokenOf('alice');
  const { fileId } = run.vod.put({ ...FILE, sourceContext: seal('', 'alice', false, run.secrets.sealKey) });
  await until(alice, fileId, 'ready');
  const [row] = await run.rows();
  expect((await fetch(String(row?.['url']))).status).toBe(403);
  const { body } = await call(alice, `/uploads/${fileId}/playback`);
  // 404, not 403: VOD accepts the sign, but the file has no bytes because it was not uploaded.
  expect((await fetch(String(body['url']))).status).toBe(404);
});

test('without playback and deletion their routes return 404, and uploads have URLs', async () => {
  await startRun({ features: { playback: false, allowDelete: false } });
  const alice = await tokenOf('alice');
  const fileId = upload('alice');
  expect(await until(alice, fileId, 'ready')).toHaveProperty('url');
  expect(await call(alice, `/uploads/${fileId}/playback`)).toMatchObject({
    status: 404,
    body: { message: 'Not Found' },
  });
  expect(await call(alice, `/uploads/${fileId}`, { method: 'DELETE' })).toMatchObject({ status: 404 });
  expect((await fetch(`${run.url}/local/playback-keys`)).status).toBe(404);
});

test('many requests to GET /uploads, 50 at a time, return the uploads of the right user and no error', async () => {
  const requests = runs(1_000, 200);
  await startRun();
  const users = ['alice', 'bob', 'carol', 'dave'];
  const tokens = await Promise.all(users.map(tokenOf));
  const files = users.map((user) => Array.from({ length: 5 }, () => upload(user)));
  await Promise.all(files.map((ids, index) => Promise.all(ids.map((id) => until(tokens[index] ?? '', id, 'ready')))));
  const expected = files.map((ids) => [...ids].sort());
  let next = 0;
  const work = async () => {
    for (let request = next++; request < requests; request = next++) {
      const user = request % users.length;
      const response = await call(tokens[user] ?? '', '/uploads');
      expect(response.status).toBe(200);
      expect(
        uploadsIn(response)
          .map(({ fileId }) => String(fileId))
          .sort(),
      ).toEqual(expected[user]);
    }
  };
  await Promise.all(Array.from({ length: 50 }, work));
}, 60_000);

test('limits refuse to sign uploads that they would reject, and reject uploads that bypass this check', async () => {
  const limits = { MAX_BYTES: '2', ALLOWED_CATEGORIES: 'Video', UPLOADS_PER_DAY: '2', REJECT_ACTION: 'delete' };
  await startRun({ features: { limits } });
  const alice = await tokenOf('alice');
  const sign = (body: object) => call(alice, '/upload-signature', { method: 'POST', body: JSON.stringify(body) });
  const refused = await sign({ fileName: 'song.mp3', fileSize: 3 });
  expect(refused).toMatchObject({
    status: 400,
    body: {
      errors: [
        { path: '/fileSize', message: 'must be at most 2 bytes' },
        { path: '/fileName', message: 'must be a file of one of the categories: Video' },
      ],
    },
  });
  expect(await sign({ fileName: 'notes.txt' })).toMatchObject({
    status: 400,
    body: { errors: [{ path: '/fileName', message: 'must end with a file type that VOD accepts' }] },
  });
  expect(await sign({ fileName: 'clip.MP4', fileSize: 2 })).toMatchObject({ status: 200 });

  const ids = [upload('alice'), upload('alice')];
  for (const fileId of ids) {
    expect(await until(alice, fileId, 'deleted')).toMatchObject({ rejection: { reason: 'too-large' } });
  }
  expect(run.vod.calls.DeleteMedia).toBe(2);
  const full = await sign({ fileName: 'clip.mp4' });
  expect(full.status).toBe(429);
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(23 * 3600);
  expect(String(full.body['detail'])).toMatch(
    /^Cannot sign upload: the limit of 2 uploads in 24 hours is reached, retry in \d+ s$/,
  );
}, 60_000);

test('CORS allows pages on any port of this machine, with the headers that tracing tools add', async () => {
  await startRun();
  const names = 'authorization,content-type,if-none-match,traceparent,tracestate,baggage,sentry-trace';
  const preflight = (origin: string) =>
    fetch(`${run.url}/uploads/7`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'DELETE', 'access-control-request-headers': names },
    });
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1:8080']) {
    const { headers } = await preflight(origin);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('GET,POST,DELETE');
    expect(headers.get('access-control-allow-headers')).toBe(names);
  }
  for (const origin of ['https://example.com', 'http://localhost.example.com', 'null']) {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
  }
  const response = await fetch(`${run.url}/uploads`, { headers: { origin: 'http://localhost:5173' } });
  expect(response.headers.get('access-control-expose-headers')).toBe('www-authenticate,retry-after,etag');
});
