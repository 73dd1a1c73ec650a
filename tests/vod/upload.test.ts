import { connect } from 'node:tls';
import {
  apply,
  ask,
  cleanUp,
  complete,
  cos,
  cosAuthorization,
  initiate,
  md5,
  putPart,
  receiver,
  sign,
  start,
  tag,
  ugc,
  upload,
  VIDEO,
} from '../helpers/vod-client';

afterEach(cleanUp);

const MIB = 1024 * 1024;

describe.each([
  ['android', { clientReportId: 'r', clientVersion: '12.4.0.17372' }],
  ['ios', { clientReportId: 'r', clientVersion: '12.4.0.17372', reportId: '' }],
])('the flow of the native SDK for %s', (_, client) => {
  test.each([0, 1])('one signature in Prepare, Apply and Commit, oneTimeValid %i', async (oneTimeValid) => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const signature = sign({ oneTimeValid, sourceContext: 'user 42', vodSubAppId: 1500012345 });

    const prepared = await ugc(port, 'Prepare', { signature, ...client });
    expect(prepared.code).toBe(0);
    const domains = prepared.data.cosRegionList.map(({ domain }) => domain);
    expect(domains.length).toBeGreaterThan(1);
    for (const host of domains) expect((await ask(port, { method: 'HEAD', host, path: '/' })).status).toBe(403);

    const applied = await apply(port, signature, {
      ...VIDEO,
      ...client,
      coverName: 'c',
      coverType: 'jpg',
      coverSize: 3,
    });
    const bytes = Buffer.alloc(MIB, 'v');
    const uploadId = await initiate(port, applied);
    const { headers } = await putPart(port, applied, uploadId, 1, bytes);
    expect(headers.etag).toBe(`"${md5(bytes)}"`);
    expect((await complete(port, applied, uploadId, [md5(bytes)])).status).toBe(200);
    await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'jpg' });

    const { vodSessionKey } = applied;
    const committed = await ugc(port, 'Commit', { signature, vodSessionKey, ...client }, 'vod2.dnsv1.com');
    expect(committed.code).toBe(0);
    const { fileId, video, cover } = committed.data;
    expect(fileId).toMatch(/^\d{19}$/);
    const [event] = await hook.wait(1);
    expect(event?.event).toEqual({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        MediaBasicInfo: expect.objectContaining({
          Name: 'holiday',
          Type: 'mp4',
          MediaUrl: video.url,
          CoverUrl: cover.url,
          SourceInfo: { SourceType: 'Upload', SourceContext: 'user 42' },
        }) as object,
        MetaData: { Size: MIB, Container: 'mp4' },
        ProcedureTaskId: '',
        ReviewAudioVideoTaskId: '',
      },
    });
    expect(Buffer.from(await (await fetch(video.url)).arrayBuffer()).equals(bytes)).toBe(true);
    expect(await (await fetch(cover.url)).text()).toBe('jpg');
  });
});

describe('an upload in parts', () => {
  const parts = [Buffer.alloc(MIB, 1), Buffer.alloc(MIB, 2), Buffer.from('the rest')];

  test('resumes with what had arrived', async () => {
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

  test('lists parts by pages', async () => {
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

  test('keeps the last of two versions of a part', async () => {
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
    ['an ETag that is none', ['not-an-etag'], 'MalformedXML'],
    ['no part', [], 'MalformedXML'],
  ])('refuses to complete with %s', async (name, etags, code) => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    for (const [i, text] of ['a', 'x', 'c'].entries()) {
      await putPart(port, applied, uploadId, i + 1, Buffer.from(name.includes('small') && text === 'x' ? 'b' : text));
    }
    const answer = await complete(port, applied, uploadId, etags);
    expect([answer.status, tag(answer.text, 'Code')]).toEqual([400, [code]]);
  });

  test('can be aborted', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const uploadId = await initiate(port, applied);
    await putPart(port, applied, uploadId, 1, Buffer.from('a'));
    const path = `${applied.video.storagePath}?uploadId=${uploadId}`;
    expect((await cos(port, applied, { method: 'DELETE', path })).status).toBe(204);
    for (const answer of [
      await cos(port, applied, { path }),
      await putPart(port, applied, uploadId, 2, Buffer.from('b')),
      await complete(port, applied, uploadId, [md5('a')]),
      await cos(port, applied, { method: 'DELETE', path }),
    ]) {
      expect([answer.status, tag(answer.text, 'Code')]).toEqual([404, ['NoSuchUpload']]);
    }
  });
});

test('a file of 0 bytes goes by one PUT, and HEAD and GET see it', async () => {
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

test('a Content-MD5 that does not fit is refused and nothing is kept', async () => {
  const { port } = await start();
  const applied = await apply(port);
  const asked = { method: 'PUT', path: applied.video.storagePath, body: 'abc', headers: { 'content-md5': 'AAAA' } };
  expect(tag((await cos(port, applied, asked)).text, 'Code')).toEqual(['BadDigest']);
  expect((await cos(port, applied, { method: 'HEAD', path: asked.path })).status).toBe(404);
});

describe('the storage lets nobody in', () => {
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
  ])('%s', async (_, status, change) => {
    const { port } = await start();
    const applied = await apply(port);
    const asked = { method: 'PUT', path: applied.video.storagePath, body: 'abc' };
    const headers = {
      'x-cos-security-token': applied.tempCertificate.token,
      ...change(cosAuthorization(applied, asked)),
    };
    const host = `${applied.storageBucket}-${applied.storageAppId}.cos.ap-chongqing.myqcloud.com`;
    expect((await ask(port, { host, ...asked, headers })).status).toBe(status);
  });

  test('to the files of another upload, or with an expired key', async () => {
    let now = Date.now();
    const { port } = await start({ now: () => now });
    const [mine, other] = [await apply(port), await apply(port)];
    const asked = { method: 'PUT', path: other.video.storagePath, body: 'abc' };
    expect(tag((await cos(port, mine, asked)).text, 'Code')).toEqual(['AccessDenied']);
    now += 3 * 60 * 60 * 1000;
    expect(tag((await cos(port, other, asked)).text, 'Message')).toEqual(['Request has expired']);
  });

  test('but verifies signed headers, the host among them', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const host = `${applied.storageBucket}-${applied.storageAppId}.cos.ap-chongqing.myqcloud.com`;
    const headers = { host, 'x-cos-meta-note': 'a b/c' };
    expect((await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, headers })).status).toBe(200);
  });
});

test('断点续传的有效时间为1天 (a session lives one day)', async () => {
  let now = Date.now();
  const { port } = await start({ now: () => now });
  const { vodSessionKey } = await apply(port);
  const nextDay = (seconds: number) => {
    now += seconds * 1000;
    const time = Math.floor(now / 1000);
    return ugc(port, 'Apply', {
      signature: sign({ currentTimeStamp: time, expireTime: time + 60 }),
      vodSessionKey,
    });
  };
  expect((await nextDay(86_390)).code).toBe(0);
  expect((await nextDay(20)).code).toBe(10001);
});

test('a resumed session keeps the source context of its first Apply', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { vodSessionKey } = await apply(port, sign({ sourceContext: 'first' }));
  const applied = await apply(port, sign({ sourceContext: 'second' }), { vodSessionKey });
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  await ugc(port, 'Commit', { signature: sign({ sourceContext: 'third' }), vodSessionKey });
  const [event] = await hook.wait(1);
  expect(event?.event.FileUploadEvent.MediaBasicInfo.SourceInfo.SourceContext).toBe('first');
});

test('Commit without a file is refused; twice, it answers the same and sends one event', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const applied = await apply(port);
  const commit = () => ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect((await commit()).code).toBe(10001);
  expect((await ugc(port, 'Commit', { signature: sign(), vodSessionKey: 'none' })).code).toBe(10001);
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  const answers = await Promise.all([commit(), commit(), commit()]);
  expect(new Set(answers.map(({ data }) => data.fileId)).size).toBe(1);
  await upload(port);
  expect(await hook.wait(2)).toHaveLength(2);
});

test('a cover can be changed later, without an event', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { fileId } = await upload(port);
  const cover = { fileId, coverName: 'new', coverType: 'png', coverSize: 3 };
  const applied = await apply(port, sign(), cover);
  await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'png' });
  const { data } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect([data.fileId, await (await fetch(data.cover.url)).text()]).toEqual([fileId, 'png']);
  const unknown = await ugc(port, 'Apply', { signature: sign(), ...cover, fileId: '5285890000000000000' });
  expect(unknown.code).toBe(10001);
  expect(hook.received).toHaveLength(1);
});

test.each([
  ['the signature', { storageRegion: 'ap-shanghai' }, 'ap-guangzhou', 'ap-shanghai'],
  ['the race', {}, 'ap-guangzhou', 'ap-guangzhou'],
  ['nobody', {}, undefined, 'ap-chongqing'],
])('the region is chosen by %s', async (_, signed, storageRegion, region) => {
  const { port } = await start();
  expect((await apply(port, sign(signed), { ...VIDEO, storageRegion })).storageRegionV5).toBe(region);
});

describe('a browser', () => {
  test.each([
    'vod2.qcloud.com',
    'vod2.dnsv1.com',
    'vodreport.qcloud.com',
    'local-vod-1250000001.cos.ap-x.myqcloud.com',
  ])('may call %s from any page', async (host) => {
    const { port } = await start();
    const headers = {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-md5,content-type,x-cos-security-token',
    };
    const preflight = await ask(port, { method: 'OPTIONS', host, path: '/any', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': headers['access-control-request-headers'],
    });
    for (const method of ['GET', 'PUT', 'POST', 'HEAD', 'DELETE']) {
      expect(preflight.headers['access-control-allow-methods']).toContain(method);
    }
  });

  test('sees the ETag, and errors too', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const { headers } = await cos(port, applied, { method: 'PUT', path: applied.video.storagePath });
    expect(headers['access-control-expose-headers']).toMatch(/\bETag\b/);
    const host = 'local-vod-1250000001.cos.ap-guangzhou.myqcloud.com';
    const refused = await ask(port, { host, path: '/' });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, '*']);
  });

  test('reports to nobody', async () => {
    const { port } = await start();
    const asked = { method: 'POST', host: 'vodreport.qcloud.com', path: '/ugcupload_new', body: '{}' };
    expect((await ask(port, asked)).status).toBe(200);
  });

  test('that cannot set Host reaches every service by path', async () => {
    const { url } = await start();
    const post = async (host: string, path: string, body: object) =>
      (await fetch(`${url}/${host}${path}`, { method: 'POST', body: JSON.stringify(body) })).json() as Promise<{
        data: Awaited<ReturnType<typeof apply>>;
      }>;
    const { data } = await post('vod2.qcloud.com', '/v3/index.php?Action=ApplyUploadUGC', {
      signature: sign(),
      ...VIDEO,
    });
    const asked = { method: 'PUT', path: data.video.storagePath, body: 'abc' };
    const answer = await fetch(`${url}/local-vod-1250000001.cos.ap-chongqing.myqcloud.com${asked.path}`, {
      method: 'PUT',
      body: 'abc',
      headers: {
        authorization: cosAuthorization(data, asked),
        'x-cos-security-token': data.tempCertificate.token,
      },
    });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, `"${md5('abc')}"`]);
    expect((await fetch(`${url}/vodreport.qcloud.com/ugcupload_new`, { method: 'POST' })).status).toBe(200);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });
});

test('TLS is on the same port, with a certificate that names the services and is kept', async () => {
  const vod = await start();
  for (const servername of ['vod2.qcloud.com', 'local-vod-1250000001.cos.ap-chongqing.myqcloud.com', 'localhost']) {
    const text = await new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect({ port: vod.port, host: '127.0.0.1', servername, ca: vod.certificate }, () => {
        socket.write(`GET /x HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
      });
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.on('close', () => {
        resolve(answer);
      });
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 (200|403|404) /);
  }
});

describe('the media', () => {
  test.each<[string, number, string, string | null]>([
    ['', 200, 'abc', null],
    ['bytes=0-0', 206, 'a', 'bytes 0-0/3'],
    ['bytes=1-', 206, 'bc', 'bytes 1-2/3'],
    ['bytes=-1', 206, 'c', 'bytes 2-2/3'],
    ['bytes=1-99', 206, 'bc', 'bytes 1-2/3'],
    ['bytes=3-', 416, '', 'bytes */3'],
    ['lines=1-2', 200, 'abc', null],
  ])('answers the range "%s"', async (range, status, text, contentRange) => {
    const { port } = await start();
    const { video } = await upload(port);
    expect(video.url).toMatch(new RegExp(`^http://localhost:${port}/media/.*\\.mp4$`));
    const answer = await fetch(video.url, { headers: range ? { range } : {} });
    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
    if (status !== 416) expect(answer.headers.get('content-type')).toBe('video/mp4');
  });

  test('is only what was committed', async () => {
    const { port, url } = await start();
    const applied = await apply(port);
    await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
    expect((await fetch(`${url}/media${applied.video.storagePath}`)).status).toBe(404);
    const { fileId } = await upload(port);
    const cover = await apply(port, sign(), { fileId, coverName: 'c', coverType: 'png', coverSize: 3 });
    await cos(port, cover, { method: 'PUT', path: cover.cover.storagePath, body: 'png' });
    expect((await fetch(`${url}/media${cover.cover.storagePath}`)).status).toBe(404);
    expect((await ask(port, { path: '/media/../../storage-secret' })).status).toBe(404);
    expect((await ask(port, { path: '/media/%zz' })).status).toBe(400);
  });
});

test('an mp4 is looked into for its duration and size', async () => {
  const box = (name: string, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(body.length + 8);
    head.write(name, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const mvhd = Buffer.alloc(100);
  mvhd.writeUInt32BE(600, 12);
  mvhd.writeUInt32BE(1500, 16);
  const sound = Buffer.alloc(84);
  const picture = Buffer.alloc(84);
  picture.writeUInt16BE(640, 76);
  picture.writeUInt16BE(360, 80);
  const tracks = [sound, picture].map((tkhd) => box('trak', box('tkhd', tkhd)));
  const file = Buffer.concat([
    box('ftyp', Buffer.from('isom')),
    box('mdat', Buffer.alloc(50)),
    box('moov', box('mvhd', mvhd), ...tracks),
  ]);
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const applied = await apply(port);
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: file });
  await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  const [event] = await hook.wait(1);
  expect(event?.event.FileUploadEvent.MetaData).toMatchObject({
    Duration: 2.5,
    Width: 640,
    Height: 360,
    Size: file.length,
  });
});

test.each([
  ['a box that is longer than any file', `0000000166726565${'ff'.repeat(2 ** 23)}`],
  ['boxes without end', '0000000866726565'.repeat(2 ** 20)],
  ['an index of boxes without end', `001000086d6f6f76${'0000000866726565'.repeat(2 ** 17)}`],
])('Commit does not get lost in a file of %s', async (_, hex) => {
  const { port } = await start();
  const applied = await apply(port);
  const body = Buffer.from(hex, 'hex');
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body });
  const began = performance.now();
  const { code } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(5000); // when browsers give up
});
