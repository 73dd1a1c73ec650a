import { connect } from 'node:tls';
import {
  apply,
  sendRequest,
  cleanUp,
  cos,
  cosAuthorization,
  md5,
  sign,
  start,
  upload,
  VIDEO,
} from '../support/vod/vod-client';

afterEach(cleanUp);

describe('a web page', () => {
  test.each([
    'vod2.qcloud.com',
    'vod2.dnsv1.com',
    'vodreport.qcloud.com',
    'local-vod-1250000001.cos.ap-x.myqcloud.com',
  ])('of any origin may call %s', async (host) => {
    const { port } = await start();
    const headers = {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-md5,content-type,x-cos-security-token',
    };
    const preflight = await sendRequest(port, { method: 'OPTIONS', host, path: '/any', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': headers['access-control-request-headers'],
    });
    for (const method of ['GET', 'PUT', 'POST', 'HEAD', 'DELETE']) {
      expect(preflight.headers['access-control-allow-methods']).toContain(method);
    }
  });

  test('can read the ETag, and errors', async () => {
    const { port } = await start();
    const applied = await apply(port);
    const { headers } = await cos(port, applied, { method: 'PUT', path: applied.video.storagePath });
    expect(headers['access-control-expose-headers']).toMatch(/\bETag\b/);
    const host = 'local-vod-1250000001.cos.ap-guangzhou.myqcloud.com';
    const refused = await sendRequest(port, { host, path: '/' });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, '*']);
  });

  test('can send reports, which are ignored', async () => {
    const { port } = await start();
    const options = { method: 'POST', host: 'vodreport.qcloud.com', path: '/ugcupload_new', body: '{}' };
    expect((await sendRequest(port, options)).status).toBe(200);
  });

  test('can call every service by path without setting Host', async () => {
    const { url } = await start();
    const post = async (host: string, path: string, body: object) =>
      (await fetch(`${url}/${host}${path}`, { method: 'POST', body: JSON.stringify(body) })).json() as Promise<{
        data: Awaited<ReturnType<typeof apply>>;
      }>;
    const { data } = await post('vod2.qcloud.com', '/v3/index.php?Action=ApplyUploadUGC', {
      signature: sign(),
      ...VIDEO,
    });
    const options = { method: 'PUT', path: data.video.storagePath, body: 'abc' };
    const response = await fetch(`${url}/local-vod-1250000001.cos.ap-chongqing.myqcloud.com${options.path}`, {
      method: 'PUT',
      body: 'abc',
      headers: {
        authorization: cosAuthorization(data, options),
        'x-cos-security-token': data.tempCertificate.token,
      },
    });
    expect([response.status, response.headers.get('etag')]).toEqual([200, `"${md5('abc')}"`]);
    expect((await fetch(`${url}/vodreport.qcloud.com/ugcupload_new`, { method: 'POST' })).status).toBe(200);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });
});

test('the port accepts TLS, with a certificate that names the services', async () => {
  const vod = await start();
  for (const servername of [
    'vod2.qcloud.com',
    'local-vod-1250000001.cos.ap-chongqing.myqcloud.com',
    'playvideo.qcloud.com',
    'vod.intl.tencentcloudapi.com',
    'localhost',
  ]) {
    const text = await new Promise<string>((resolve, reject) => {
      let response = '';
      const socket = connect({ port: vod.port, host: '127.0.0.1', servername, ca: vod.certificate }, () => {
        socket.write(`GET /x HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
      });
      socket.on('data', (chunk: Buffer) => (response += chunk.toString()));
      socket.on('close', () => {
        resolve(response);
      });
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 (200|403|404) /);
  }
});

describe('the media server', () => {
  test.each<[string, number, string, string | null]>([
    ['', 200, 'abc', null],
    ['bytes=0-0', 206, 'a', 'bytes 0-0/3'],
    ['bytes=1-', 206, 'bc', 'bytes 1-2/3'],
    ['bytes=-1', 206, 'c', 'bytes 2-2/3'],
    ['bytes=1-99', 206, 'bc', 'bytes 1-2/3'],
    ['bytes=3-', 416, 'Range must be within the 3 bytes of the file\n', 'bytes */3'],
    ['lines=1-2', 200, 'abc', null],
  ])('supports the range header "%s"', async (range, status, text, contentRange) => {
    const { port } = await start();
    const { video } = await upload(port);
    expect(video.url).toMatch(new RegExp(`^http://localhost:${port}/media/.*\\.mp4$`));
    const response = await fetch(video.url, { headers: range ? { range } : {} });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
    if (status !== 416) expect(response.headers.get('content-type')).toBe('video/mp4');
  });

  test('serves committed files only', async () => {
    const { port, url } = await start();
    const applied = await apply(port);
    await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
    expect((await fetch(`${url}/media${applied.video.storagePath}`)).status).toBe(404);
    const { fileId } = await upload(port);
    const cover = await apply(port, sign(), { fileId, coverName: 'c', coverType: 'png', coverSize: 3 });
    await cos(port, cover, { method: 'PUT', path: cover.cover.storagePath, body: 'png' });
    expect((await fetch(`${url}/media${cover.cover.storagePath}`)).status).toBe(404);
    expect((await sendRequest(port, { path: '/media/../../storage-secret' })).status).toBe(404);
    expect((await sendRequest(port, { path: '/media/%zz' })).status).toBe(400);
  });
});
