import {
  apply,
  sendRequest,
  cleanUp,
  cos,
  cosAuthorization,
  md5,
  receiver,
  sign,
  start,
  ugc,
} from '../support/vod/vod-client';

afterEach(cleanUp);

// The mini program SDK (vod-wx-sdk-v2) sends every storage request to vod2.qcloud.com, with the real host in a header.
const FORWARD = { 'vod-forward-cos': 'local-vod-1250000001.cos.ap-chongqing.myqcloud.com' };

test.each([
  ['by Host', 'vod2.qcloud.com', ''],
  ['by the backup Host', 'vod2.dnsv1.com', ''],
  ['by path', undefined, '/vod2.qcloud.com'],
])(
  'an upload whose storage requests go to the upload service with Vod-Forward-Cos works %s',
  async (_, host, prefix) => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    // That SDK sends no size, and the type as the file has it; Commit has the signature of Apply.
    const signature = sign({ sourceContext: 'mini', oneTimeValid: 1 });
    const applied = await apply(port, signature, { videoName: 'mini', videoType: 'MP4' });
    const { storagePath } = applied.video;
    const send = (method: string, query: string, body = '') => {
      const options = { method, path: `${storagePath}${query}`, body, headers: {} };
      return sendRequest(port, {
        ...options,
        path: `${prefix}${options.path}`,
        ...(host !== undefined && { host }),
        headers: {
          ...FORWARD,
          authorization: cosAuthorization(applied, options),
          'x-cos-security-token': applied.tempCertificate.token,
        },
      });
    };
    const initiated = await send('POST', '?uploads');
    const uploadId = /<UploadId>(\w+)</.exec(initiated.text)?.[1] ?? '';
    const part = await send('PUT', `?partNumber=1&uploadId=${uploadId}`, 'abc');
    expect([part.status, part.headers.etag]).toEqual([200, `"${md5('abc')}"`]);
    const list = `<Part><PartNumber>1</PartNumber><ETag>"${md5('abc')}"</ETag></Part>`;
    const completed = await send(
      'POST',
      `?uploadId=${uploadId}`,
      `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`,
    );
    expect(completed.status).toBe(200);
    const { data } = await ugc(port, 'Commit', { signature, vodSessionKey: applied.vodSessionKey });
    expect(await (await fetch(data.video.url)).text()).toBe('abc');
    const [event] = await hook.wait(1);
    expect(event?.event.FileUploadEvent.MediaBasicInfo.SourceInfo.SourceContext).toBe('mini');
  },
);

test('a signature over the forwarded host is accepted, over the Host of the request it is not', async () => {
  const { port } = await start();
  const applied = await apply(port);
  const path = applied.video.storagePath;
  const put = (signedHost: string) => {
    const options = { method: 'PUT', path, headers: { host: signedHost } };
    const authorization = cosAuthorization(applied, options);
    const headers = { ...FORWARD, authorization, 'x-cos-security-token': applied.tempCertificate.token };
    return sendRequest(port, { method: 'PUT', path, host: 'vod2.qcloud.com', headers, body: 'abc' });
  };
  expect((await put('vod2.qcloud.com')).status).toBe(403);
  expect((await put(FORWARD['vod-forward-cos'])).status).toBe(200);
});

test.each(['evil.example', 'vod.tencentcloudapi.com', ''])(
  'Vod-Forward-Cos: %j is not a storage host and is ignored',
  async (forward) => {
    const { port } = await start();
    const response = await sendRequest(port, {
      method: 'POST',
      host: 'vod2.qcloud.com',
      path: '/v3/index.php?Action=ApplyUploadUGC',
      headers: { 'vod-forward-cos': forward },
      body: JSON.stringify({ signature: sign(), videoName: 'a', videoType: 'mp4' }),
    });
    expect(JSON.parse(response.text)).toMatchObject({ code: 0 });
  },
);

test('Vod-Forward-Cos of another bucket is refused by the storage', async () => {
  const { port } = await start();
  const applied = await apply(port);
  const headers = { 'vod-forward-cos': 'other-1250000001.cos.ap-chongqing.myqcloud.com' };
  const refused = await cos(port, applied, { host: 'vod2.qcloud.com', path: applied.video.storagePath, headers });
  expect([refused.status, refused.text]).toEqual([404, expect.stringContaining('NoSuchBucket')]);
});
