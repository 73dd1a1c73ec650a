import { fileDeleted, newFileUpload } from '../../support/events';
import { seal } from '../../../lib/vod/source-context';
import { CREATED, modelFile, SEAL_KEY, startService } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';
import { userRoutes } from '../../support/unit/users';

/** A file of this caller, with the app's own text in its source context. */
function fileOf(fileId: string, caller: string, text = '', createTime = CREATED) {
  const file = modelFile(fileId);
  const SourceInfo = { SourceType: 'Upload', SourceContext: seal(text, caller, false, SEAL_KEY) };
  return { ...file, basicInfo: { ...file.basicInfo, CreateTime: createTime, SourceInfo } };
}

async function serviceWith(...files: ReturnType<typeof fileOf>[]) {
  const service = startService(files);
  await service.verify(files.map(({ fileId }) => fileId));
  return { service, routes: userRoutes(service) };
}

const idsIn = (body: Record<string, unknown> | undefined) =>
  (body?.['uploads'] as readonly { readonly fileId: string }[]).map(({ fileId }) => fileId);

describe('GET /uploads/{fileId}', () => {
  test("returns the caller's own upload with its version as ETag", async () => {
    const { routes } = await serviceWith(fileOf('7', 'user-42', 'order=7'));
    const { status, headers, body } = await routes.read('user-42', { fileId: '7' });
    expect({ status, headers }).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'private, no-cache', etag: '"1"' },
    });
    expect(body).toMatchObject({
      fileId: '7',
      status: 'ready',
      version: 1,
      sourceContext: 'order=7',
      url: 'http://v/7/f0.mp4',
    });
    expect(Object.keys(body ?? {}).filter((name) => /^(_|uploader|seal|trust|notice)/.test(name))).toEqual([]);
  });

  test.each(['"1"', 'W/"1"', '"0", "1"', '*'])(
    'returns 304 without a body for If-None-Match: %s',
    async (ifNoneMatch) => {
      const { routes } = await serviceWith(fileOf('7', 'user-42'));
      const response = await routes.read('user-42', { fileId: '7', ifNoneMatch });
      expect(response).toMatchObject({ status: 304, body: undefined, headers: { etag: '"1"' } });
    },
  );

  test('returns 200 for the ETag of an earlier version', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    await service.receive(fileDeleted({ fileId: '7' }));
    expect(await routes.read('user-42', { fileId: '7', ifNoneMatch: '"1"' })).toMatchObject({ status: 200 });
  });

  test.each([
    ["another caller's upload", 'user-43', '7'],
    ['a file that does not exist', 'user-42', '8'],
    ['a text that is not a FileId', 'user-42', '__proto__'],
    ['an empty FileId', 'user-42', ''],
  ])('returns the same 404 for %s', async (_, caller, fileId) => {
    const { routes } = await serviceWith(fileOf('7', 'user-42'));
    const response = await routes.read(caller, { fileId });
    expect(response).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } });
    expect(response.body?.['detail']).toBe('Cannot read upload: the caller has no upload with this FileId');
  });

  test.each([
    ['without a seal', { SourceType: 'Upload', SourceContext: 'user-42' }],
    ['with a broken seal', { SourceType: 'Upload', SourceContext: 'vcu2:AAAAAAAAAAAAAAAAAAAAAA:7:user-42:' }],
  ])('returns 404 for a file %s', async (_, SourceInfo) => {
    const file = modelFile('7');
    const { routes } = await serviceWith({ ...file, basicInfo: { ...file.basicInfo, SourceInfo } });
    expect(await routes.read('user-42', { fileId: '7' })).toMatchObject({ status: 404 });
  });

  test('returns only the identity of an upload that VOD has not confirmed', async () => {
    const service = startService();
    const sourceContext = seal('order=7', 'user-42', false, SEAL_KEY);
    await service.receive(newFileUpload({ fileId: '7', sourceContext }));
    const { body } = await userRoutes(service).read('user-42', { fileId: '7' });
    expect(body).toEqual({ fileId: '7', status: 'uploaded', version: 1, sourceContext: 'order=7' });
  });

  test('returns no URL where a URL key is configured', async () => {
    const { service } = await serviceWith(fileOf('7', 'user-42'));
    const { body } = await userRoutes(service, false).read('user-42', { fileId: '7' });
    expect(body).toMatchObject({ status: 'ready' });
    expect(JSON.stringify(body)).not.toContain('http://');
  });

  test('returns 403 for a token whose sub cannot be a caller', async () => {
    const { routes } = await serviceWith();
    expect(await routes.read(' ', { fileId: '7' })).toMatchObject({ status: 403 });
  });

  test('returns 503 with Retry-After while the table is unavailable', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    service.store.failWith(() => {
      throw new Error('the table is down');
    });
    const response = await routes.read('user-42', { fileId: '7' });
    expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(JSON.stringify(response.body)).not.toContain('the table is down');
  });
});

const times = ['08:00:01', '08:00:02', '08:00:03', '08:00:04', '08:00:05'].map((time) => `2026-11-22T${time}Z`);

describe('GET /uploads', () => {
  test("returns the caller's own uploads in pages, newest first", async () => {
    const files = times.map((time, index) => fileOf(String(10 + index), index === 2 ? 'user-43' : 'user-42', '', time));
    const { routes } = await serviceWith(...files);
    const first = await routes.read('user-42', { query: { limit: '3' } });
    expect(idsIn(first.body)).toEqual(['14', '13', '11']);
    const second = await routes.read('user-42', { query: { limit: '3', cursor: String(first.body?.['cursor']) } });
    expect(second.body).toMatchObject({ uploads: [{ fileId: '10' }] });
    expect(second.body).not.toHaveProperty('cursor');
    expect(first.headers['cache-control']).toBe('private, no-cache');
  });

  test('omits deleted and unconfirmed uploads', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'), fileOf('8', 'user-42'));
    service.vod.remove('7');
    await service.receive(fileDeleted({ fileId: '7' }));
    await service.verify(['7']);
    await service.receive(newFileUpload({ fileId: '9', sourceContext: seal('', 'user-42', false, SEAL_KEY) }));
    expect(idsIn((await routes.read('user-42')).body)).toEqual(['8']);
  });

  test('filters by source context', async () => {
    const { routes } = await serviceWith(
      fileOf('7', 'user-42', 'a'),
      fileOf('8', 'user-42', 'b'),
      fileOf('9', 'user-43', 'a'),
    );
    expect(idsIn((await routes.read('user-42', { query: { sourceContext: 'a' } })).body)).toEqual(['7']);
  });

  const cursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  test.each([
    ['/limit', { limit: '0' }],
    ['/limit', { limit: '101' }],
    ['/limit', { limit: '1,2' }],
    ['/limit', { limit: '1e1' }],
    ['/limit', { limit: '' }],
    ['/cursor', { cursor: '' }],
    ['/cursor', { cursor: 'x' }],
    ['/cursor', { cursor: cursor(null) }],
    ['/cursor', { cursor: cursor({ sortTime: CREATED, fileId: '7' }) }],
    ['/cursor', { cursor: cursor([CREATED, 7]) }],
    ['/cursor', { cursor: cursor([CREATED, 'x']) }],
    ['/cursor', { cursor: cursor(['x', '7']) }],
    ['/cursor', { cursor: cursor([CREATED, '7', 'user-43']) }],
    ['/sourceContext', { sourceContext: '' }],
  ])('returns 400 for an invalid %s: %j', async (path, query) => {
    const { routes } = await serviceWith();
    const response = await routes.read('user-42', { query });
    expect(response.status).toBe(400);
    expect(response.body?.['errors']).toMatchObject([{ path }]);
  });

  test("returns only the caller's own uploads for another caller's cursor", async () => {
    const files = times.map((time, index) => fileOf(String(10 + index), index % 2 ? 'user-43' : 'user-42', '', time));
    const { routes } = await serviceWith(...files);
    const foreign = String((await routes.read('user-43', { query: { limit: '1' } })).body?.['cursor']);
    expect(idsIn((await routes.read('user-42', { query: { cursor: foreign } })).body)).toEqual(['12', '10']);
  });
});

test('GET /uploads ends a page before it exceeds what Lambda can return, with a cursor for the next page', async () => {
  const files = times.map((time, index) => fileOf(String(10 + index), 'user-42', '', time));
  const { service, routes } = await serviceWith(...files);
  const outputs = Array.from({ length: 20 }, () => ({ type: 'Transcode', url: `http://v/${'x'.repeat(2_000)}` }));
  const task = { status: 'FINISH' as const, failed: false, outputs };
  const tasks = new Map(Array.from({ length: 25 }, (_, index) => [`t${index}`, task]));
  for (const { fileId } of files) service.store.put({ ...service.row(fileId), tasks });
  const pages = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const { body } = await routes.read('user-42', { query: cursor === undefined ? {} : { cursor } });
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(6_000_000);
    pages.push(idsIn(body));
    cursor = body?.['cursor'] as string | undefined;
  }
  expect(pages.flat()).toEqual(['14', '13', '12', '11', '10']);
  expect(pages.length).toBeGreaterThan(1);
});

describe('DELETE /uploads/{fileId}', () => {
  test('deletes the file in VOD; the row becomes deleted at its next verification', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    const response = await routes.remove('user-42', { fileId: '7' });
    expect(response).toMatchObject({ status: 202, body: { fileId: '7', status: 'ready' } });
    expect(service.row('7')).toMatchObject({ trust: 'pushed', status: 'ready', news: ['gone'] });
    expect(service.vod.calls.at(-1)).toEqual({ action: 'DeleteMedia', request: { FileId: '7' } });
    await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ trust: 'confirmed', status: 'deleted' });
  });

  test('returns 202 each time it is repeated', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    await routes.remove('user-42', { fileId: '7' });
    expect(await routes.remove('user-42', { fileId: '7' })).toMatchObject({ status: 202 });
    await service.verify(['7']);
    const before = service.row('7');
    expect(await routes.remove('user-42', { fileId: '7' })).toMatchObject({ status: 202, body: { status: 'deleted' } });
    expect(service.row('7')).toEqual(before);
  });

  test('returns the current version of the row', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    const { body } = await routes.remove('user-42', { fileId: '7' });
    expect(body?.['version']).toBe(service.row('7').version);
  });

  test('keeps the question "deletion" open until VOD no longer has the file, also for a held row and after events', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    service.store.put({ ...service.row('7'), status: 'held' });
    await routes.remove('user-42', { fileId: '7' });
    service.vod.put(fileOf('7', 'user-42')); // VOD still has it
    for (let count = 0; count < 3; count++) {
      expect(await service.verify(['7'])).toMatchObject([{ openQuestion: 'deletion' }]);
      await service.receive(newFileUpload({ fileId: '7' }));
    }
    service.vod.remove('7');
    await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'deleted', trust: 'confirmed' });
    expect(service.row('7').deletionRequestedAt).toBeUndefined();
  });

  test('drops its request when VOD still has the file after an hour', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    await routes.remove('user-42', { fileId: '7' });
    service.vod.put(fileOf('7', 'user-42'));
    service.clock.advance(3_600_000);
    await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'ready', trust: 'confirmed' });
    expect(service.row('7').deletionRequestedAt).toBeUndefined();
  });

  test('called for 20 uploads makes 20 rows deleted, although VOD has no file of that batch', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => String(100 + index));
    const { service, routes } = await serviceWith(...ids.map((fileId) => fileOf(fileId, 'user-42')));
    for (const fileId of ids) {
      await routes.remove('user-42', { fileId });
      service.vod.put(fileOf(fileId, 'user-42'));
    }
    await service.verify(ids);
    ids.forEach((fileId) => service.vod.remove(fileId));
    await service.verify(ids, { openQuestion: 'deletion' });
    expect(ids.map((fileId) => service.row(fileId).status)).toEqual(ids.map(() => 'deleted'));
  });

  test("returns 404 for another caller's upload, and changes nothing", async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    const before = service.row('7');
    expect(await routes.remove('user-43', { fileId: '7' })).toMatchObject({ status: 404 });
    expect(service.row('7')).toEqual(before);
    expect(service.vod.count('DeleteMedia')).toBe(0);
  });

  test('returns 409 for an upload that VOD has not confirmed', async () => {
    const service = startService();
    await service.receive(newFileUpload({ fileId: '7', sourceContext: seal('', 'user-42', false, SEAL_KEY) }));
    const response = await userRoutes(service).remove('user-42', { fileId: '7' });
    expect(response).toMatchObject({ status: 409, body: { errors: [{ path: '/status', message: 'uploaded' }] } });
    expect(service.vod.count('DeleteMedia')).toBe(0);
  });

  test('returns 503 when VOD refuses it; the row is ready after its next verification', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    service.vod.failWith((action) => {
      if (action === 'DeleteMedia') throw refusal('DeleteMedia', 'InternalError');
    });
    expect(await routes.remove('user-42', { fileId: '7' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
    });
    const [verified] = await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'ready', trust: 'confirmed' });
    expect(verified?.openQuestion).toBe('deletion');
  });
});

describe('GET /uploads/{fileId}/playback', () => {
  test('returns a psign and a signed URL for a ready upload', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    const { status, headers, body } = await routes.play('user-42', { fileId: '7' });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    const expireTime = Math.floor(service.clock.now() / 1000) + 3600;
    expect(body).toMatchObject({ appId: 1500000001, fileId: '7', expireTime });
    expect(body?.['url']).toMatch(new RegExp(`^http://v/7/f0\\.mp4\\?t=${expireTime.toString(16)}&sign=[0-9a-f]{32}$`));
    expect(String(body?.['psign']).split('.')).toHaveLength(3);
  });

  test('returns 200 for a ready upload that is not verified again after an event', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    await service.receive(fileDeleted({ fileId: '7' }));
    expect(await routes.play('user-42', { fileId: '7' })).toMatchObject({ status: 200 });
  });

  test('returns 409 with the status for an upload that is not ready', async () => {
    const { service, routes } = await serviceWith(fileOf('7', 'user-42'));
    service.store.put({ ...service.row('7'), status: 'held' });
    const response = await routes.play('user-42', { fileId: '7' });
    expect(response).toMatchObject({ status: 409, body: { errors: [{ path: '/status', message: 'held' }] } });
  });

  test("returns 404 for another caller's upload", async () => {
    const { routes } = await serviceWith(fileOf('7', 'user-42'));
    expect(await routes.play('user-43', { fileId: '7' })).toMatchObject({ status: 404 });
  });
});
