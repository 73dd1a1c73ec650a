import {
  apply,
  sendRequest,
  cleanUp,
  complete,
  cos,
  cosAuthorization,
  initiate,
  md5,
  putPart,
  sign,
  start,
  tag,
  ugc,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const MIB = 1024 * 1024;

describe('a multipart upload', () => {
  const parts = [Buffer.alloc(MIB, 1), Buffer.alloc(MIB, 2), Buffer.from('the rest')];

  test('resumes with the parts that were stored', async () => {
    const { port } = await start();
    const first = await apply(port);
    const path = first.video.storagePath;
    const uploadId = await initiate(port, first);
    for (const [i, part] of parts.slice(0, 2).entries()) await putPart(port, first, uploadId, i + 1, part);

    const { vodSessionKey } = first;
    const again = await apply(port, sign(), { vodSessionKey });
    expect(again.video.storagePath).toBe(path);
    const uploads = await cos(port, again, { path: `/?uploads&prefix=${encodeURIComponent(path.slice(1))}` });
    expect([tag(uploads.text, 'Key'), tag(uploads.text, 'UploadId')]).toEqual([[path.slice(1)], [uploadId]]);
    const listed = await cos(port, again, { path: `${path}?uploadId=${uploadId}` });
    expect(tag(listed.text, 'PartNumber')).toEqual(['1', '2']);
    expect(tag(listed.text, 'ETag')).toEqual(parts.slice(0, 2).map((part) => `&quot;${md5(part)}&quot;`));
    expect(tag(listed.text, 'Size')).toEqual([String(MIB), String(MIB)]);

    await putPart(port, again, uploadId, 3, parts[2] ?? Buffer.alloc(0));
    const done = await complete(port, again, uploadId, parts.map(md5));
    const whole = md5(Buffer.from(parts.map(md5).join(''), 'hex'));
    expect(tag(done.text, 'ETag')).toEqual([`&quot;${whole}-3&quot;`]);
    const { data } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey });
    const stored = Buffer.from(await (await fetch(data.video.url)).arrayBuffer());
    expect(stored.equals(Buffer.concat(parts))).toBe(true);
    const after = await cos(port, again, { path: `/?uploads&prefix=${encodeURIComponent(path.slice(1))}` });
    expect(tag(after.text, 'UploadId')).toEqual([]);
  });

  test('lists its parts in pages', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    for (const [i, part] of parts.entries()) await putPart(port, applied, uploadId, i + 1, part);
    const page = (more: string) =>
      cos(port, applied, { path: `${applied.video.storagePath}?uploadId=${uploadId}${more}` });
    const first = await page('&max-parts=2');
    expect([tag(first.text, 'PartNumber'), tag(first.text, 'IsTruncated')]).toEqual([['1', '2'], ['true']]);
    expect(tag(first.text, 'NextPartNumberMarker')).toEqual(['2']);
    expect(tag((await page('&part-number-marker=2')).text, 'PartNumber')).toEqual(['3']);
  });

  test('keeps the latest version of a part', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    await putPart(port, applied, uploadId, 1, Buffer.from('old'));
    await putPart(port, applied, uploadId, 1, Buffer.from('new'));
    const listed = await cos(port, applied, { path: `${applied.video.storagePath}?uploadId=${uploadId}` });
    expect(tag(listed.text, 'ETag')).toEqual([`&quot;${md5('new')}&quot;`]);
    expect(tag((await complete(port, applied, uploadId, [md5('old')])).text, 'Code')).toEqual(['InvalidPart']);
    expect((await complete(port, applied, uploadId, [md5('new')])).status).toBe(200);
  });

  test.each([
    ['an ETag of another part', [md5('b')], 'InvalidPart'],
    ['a small part that is not the last', [md5('a'), md5('b'), md5('c')], 'EntityTooSmall'],
    ['an invalid ETag', ['not-an-etag'], 'MalformedXML'],
    ['no part', [], 'MalformedXML'],
  ])('is not completed with %s', async (name, etags, code) => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    for (const [i, text] of ['a', 'x', 'c'].entries()) {
      await putPart(port, applied, uploadId, i + 1, Buffer.from(name.includes('small') && text === 'x' ? 'b' : text));
    }
    const response = await complete(port, applied, uploadId, etags);
    expect([response.status, tag(response.text, 'Code')]).toEqual([400, [code]]);
  });

  test('does not exist after it was aborted', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    await putPart(port, applied, uploadId, 1, Buffer.from('a'));
    const path = `${applied.video.storagePath}?uploadId=${uploadId}`;
    expect((await cos(port, applied, { method: 'DELETE', path })).status).toBe(204);
    for (const response of [
      await cos(port, applied, { path }),
      await putPart(port, applied, uploadId, 2, Buffer.from('b')),
      await complete(port, applied, uploadId, [md5('a')]),
      await cos(port, applied, { method: 'DELETE', path }),
    ]) {
      expect([response.status, tag(response.text, 'Code')]).toEqual([404, ['NoSuchUpload']]);
    }
  });
});

test('a file of 0 bytes is uploaded by one PUT, and HEAD and GET return it', async () => {
  const { port } = await start();
  const applied = await apply(port);
  const path = applied.video.storagePath;
  expect((await cos(port, applied, { method: 'HEAD', path })).status).toBe(404);
  const put = await cos(port, applied, { method: 'PUT', path });
  expect([put.status, put.headers.etag]).toEqual([200, `"${md5('')}"`]);
  const head = await cos(port, applied, { method: 'HEAD', path });
  expect([head.status, head.headers['content-length'], head.headers.etag]).toEqual([200, '0', `"${md5('')}"`]);
  expect((await cos(port, applied, { path })).bytes).toHaveLength(0);
  const { data } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect((await fetch(data.video.url)).status).toBe(200);
});

test('a wrong Content-MD5 is refused and nothing is stored', async () => {
  const { port } = await start();
  const applied = await apply(port);
  const options = { method: 'PUT', path: applied.video.storagePath, body: 'abc', headers: { 'content-md5': 'AAAA' } };
  expect(tag((await cos(port, applied, options)).text, 'Code')).toEqual(['BadDigest']);
  expect((await cos(port, applied, { method: 'HEAD', path: options.path })).status).toBe(404);
});

describe('the storage signature check', () => {
  test.each<[string, number, (authorization: string) => Record<string, string>]>([
    ['without a signature', 403, () => ({ authorization: '' })],
    [
      'with another signature',
      403,
      (given) => ({ authorization: given.replace(/.$/, (c) => (c === '0' ? '1' : '0')) }),
    ],
    ['with another key id', 403, (given) => ({ authorization: given.replace('q-ak=AKID', 'q-ak=XXXX') })],
    ['with a later end', 403, (given) => ({ authorization: given.replace(/(time=\d+;)\d/g, '$19') })],
    ['with a token of its own', 403, (authorization) => ({ authorization, 'x-cos-security-token': 'a.9999999999.b' })],
    ['with AWS signatures', 501, () => ({ authorization: 'AWS4-HMAC-SHA256 Credential=x' })],
  ])('refuses a request %s', async (_, status, change) => {
    const { port } = await start();
    const applied = await apply(port);
    const options = { method: 'PUT', path: applied.video.storagePath, body: 'abc' };
    const headers = {
      'x-cos-security-token': applied.tempCertificate.token,
      ...change(cosAuthorization(applied, options)),
    };
    const host = `${applied.storageBucket}-${applied.storageAppId}.cos.ap-chongqing.myqcloud.com`;
    expect((await sendRequest(port, { host, ...options, headers })).status).toBe(status);
  });

  test('refuses credentials of another upload, and expired ones', async () => {
    let now = Date.now();
    const { port } = await start({ now: () => now });
    const mine = await apply(port);
    const other = await apply(port);
    const options = { method: 'PUT', path: other.video.storagePath, body: 'abc' };
    expect(tag((await cos(port, mine, options)).text, 'Code')).toEqual(['AccessDenied']);
    now += 3 * 60 * 60 * 1000;
    expect(tag((await cos(port, other, options)).text, 'Message')).toEqual([
      expect.stringMatching(/^Request has expired: q-sign-time is \d+;\d+, the credentials expire at \d+, now is \d+$/),
    ]);
  });

  test('verifies signed headers, including the host', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const host = `${applied.storageBucket}-${applied.storageAppId}.cos.ap-chongqing.myqcloud.com`;
    const headers = { host, 'x-cos-meta-note': 'a b/c' };
    expect((await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, headers })).status).toBe(200);
  });
});
