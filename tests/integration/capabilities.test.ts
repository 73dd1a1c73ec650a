import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { startTestRun, type TestRun } from '../support/local';
import {
  requestSignature,
  FILE,
  hasStatus,
  listed,
  PARTS,
  putParts,
  row,
  rows,
  stored,
  WHOLE,
  type Stack,
} from '../support/stack';
import {
  apply,
  sendRequest,
  complete,
  cos,
  initiate,
  md5,
  ugc,
  type Applied,
  type Committed,
} from '../support/vod/vod-client';

// The capabilities of the vendor's guide (266/9219), under its names, for clients that no test can run here: the calls
// of the Android and iOS SDKs are replayed over HTTP, against all that `npm start` starts. The real Web SDK runs in
// tests/browser.

const COVER = randomBytes(500);

let run: TestRun;
let stack: Stack;
beforeAll(async () => {
  run = await startTestRun({ features: { playback: false } });
  stack = { url: run.url, vodPort: run.vod.port };
});
afterAll(() => run.stop());

describe.each([
  ['Android', { clientReportId: 'r', clientVersion: '12.4.0.17372' }],
  ['iOS', { clientReportId: 'r', clientVersion: '12.4.0.17372', reportId: '' }],
])('%s', (_, client) => {
  /** Apply, as the SDK's publishVideo begins. A given session is resumed. */
  async function begin(signature: string, more: object = {}): Promise<Applied> {
    return apply(stack.vodPort, signature, { ...FILE, ...client, ...more });
  }

  async function finish(signature: string, { vodSessionKey }: Applied): Promise<Committed> {
    const { code, message, data } = await ugc(stack.vodPort, 'Commit', { signature, vodSessionKey, ...client });
    if (code !== 0) throw new Error(`Commit returned ${code} ${message}`);
    return data;
  }

  /** A whole publishVideo: one signature string in Prepare, Apply and Commit. */
  async function publish(signature: string, cover?: Buffer): Promise<Committed> {
    const { vodPort: port } = stack;
    const prepared = await ugc(port, 'Prepare', { signature, ...client });
    for (const { domain: host } of prepared.data.cosRegionList)
      await sendRequest(port, { method: 'HEAD', host, path: '/' });
    const announced = cover && { coverName: 'c', coverType: 'jpg', coverSize: cover.length };
    const applied = await begin(signature, announced);
    const uploadId = await initiate(port, applied);
    await putParts(port, applied, uploadId, [1, 2, 3]);
    expect((await complete(port, applied, uploadId, PARTS.map(md5))).status).toBe(200);
    if (cover) await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: cover });
    return finish(signature, applied);
  }

  test('申请上传签名 (asking for a signature): by default it may be used many times', async () => {
    const signature = await requestSignature(stack);
    const files = [await publish(signature), await publish(signature)];
    expect(new Set(files.map(({ fileId }) => fileId)).size).toBe(2);
    expect((await stored(files[1]?.video.url ?? '')).equals(WHOLE)).toBe(true);
  });

  test.each([
    ['LongVideoPreset', 'ready'],
    ['FailingPreset', 'failed'],
  ])('上传时指定任务流 (a procedure at upload): %s ends with the status %s', async (procedure, status) => {
    const { fileId } = await publish(await requestSignature(stack, { procedure }));
    const { procedureTaskId, tasks } = await row(stack, fileId, hasStatus(status));
    expect(tasks).toMatchObject({ [String(procedureTaskId)]: { status: 'FINISH', failed: status === 'failed' } });
  });

  test.each([
    ['BlockingPreset', 'rejected', { suggestion: 'block' }],
    ['ReviewPreset', 'held', { suggestion: 'review' }],
  ])('审核 (review): %s leads to %s, and never to ready', async (procedure, status, review) => {
    const { fileId } = await publish(await requestSignature(stack, { procedure }));
    const seen = new Set<unknown>();
    const found = await row(stack, fileId, (upload) => {
      seen.add(upload['status']);
      return hasStatus(status)(upload);
    });
    expect(found).toMatchObject({ review });
    expect(seen).not.toContain('ready');
  });

  test('without a procedure the upload is ready by itself, and deleted once it is deleted in VOD', async () => {
    const { fileId, video } = await publish(await requestSignature(stack));
    expect(await row(stack, fileId)).toMatchObject({ status: 'ready', url: video.url, size: WHOLE.length });
    const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
    const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${stack.vodPort}` };
    const client = new sdk.v20180717.Client({ credential: { secretId, secretKey }, profile: { httpProfile } });
    await client.DeleteMedia({ FileId: fileId });
    expect(await row(stack, fileId, hasStatus('deleted'))).toMatchObject({ url: video.url, uploader: 'user-42' });
  });

  test('上传时附带封面 (a cover along with the video)', async () => {
    const { fileId, video, cover } = await publish(await requestSignature(stack), COVER);
    expect((await stored(cover.url)).equals(COVER)).toBe(true);
    expect(await row(stack, fileId)).toMatchObject({ url: video.url, coverUrl: cover.url });
  });

  test('单次有效签名 (a one-time signature): one upload, then a new signature is needed', async () => {
    const signature = await requestSignature(stack, { oneTimeValid: true });
    await publish(signature);
    await expect(publish(signature)).rejects.toThrow('10004 duplicate vod signature');
    await publish(await requestSignature(stack, { oneTimeValid: true }));
  });

  test('a signature must live until Commit; an upload that outlived it takes another one', async () => {
    const signature = await requestSignature(stack, { validFor: 1 });
    const applied = await begin(signature);
    await cos(stack.vodPort, applied, { method: 'PUT', path: applied.video.storagePath, body: WHOLE });
    await sleep(2100);
    await expect(finish(signature, applied)).rejects.toThrow('10010');
    const { fileId } = await finish(await requestSignature(stack), applied);
    expect(await row(stack, fileId)).toMatchObject({ size: WHOLE.length });
  });

  test.each(['断点续传 (resume from the break point), 暂停/恢复上传 (pause and resume)'])(
    '%s: the session resumes with a new signature and the parts that are missing',
    async () => {
      const wish = { oneTimeValid: true, sourceContext: 'paused' };
      const first = await begin(await requestSignature(stack, wish));
      const uploadId = await initiate(stack.vodPort, first);
      await putParts(stack.vodPort, first, uploadId, [1, 3]);

      const { vodSessionKey } = first;
      const signature = await requestSignature(stack, wish);
      const again = await begin(signature, { vodSessionKey });
      expect(again.video.storagePath).toBe(first.video.storagePath);
      expect(await listed(stack.vodPort, again, uploadId)).toEqual([1, 3]);
      await putParts(stack.vodPort, again, uploadId, [2]);
      expect((await complete(stack.vodPort, again, uploadId, PARTS.map(md5))).status).toBe(200);
      const { fileId, video } = await finish(signature, again);
      expect((await stored(video.url)).equals(WHOLE)).toBe(true);
      expect(await row(stack, fileId)).toMatchObject({ sourceContext: 'paused', size: WHOLE.length });
    },
  );

  test('取消上传 (cancel): the sent parts are aborted, and there is no row', async () => {
    const before = (await rows(stack)).length;
    const signature = await requestSignature(stack);
    const applied = await begin(signature);
    const uploadId = await initiate(stack.vodPort, applied);
    await putParts(stack.vodPort, applied, uploadId, [1]);
    const path = `${applied.video.storagePath}?uploadId=${uploadId}`;
    expect((await cos(stack.vodPort, applied, { method: 'DELETE', path })).status).toBe(204);
    await expect(finish(signature, applied)).rejects.toThrow('10001');
    expect(await rows(stack)).toHaveLength(before);
  });

  describe('事件通知 (event notification), 如何识别是哪个客户上传的 (whose upload it was)', () => {
    afterEach(() => {
      run.vod.setFaults(undefined);
    });

    test.each(['3.0', '2.0', 'both'] as const)(
      'in format %s: FileId and URL, SourceType, SourceContext and procedureTaskId are in the row',
      async (format) => {
        run.vod.setFaults({ format });
        const sourceContext = '订单=7&a+b';
        const { fileId, video } = await publish(
          await requestSignature(stack, { sourceContext, procedure: 'LongVideoPreset' }, 'user-安'),
        );
        expect(await row(stack, fileId, hasStatus('ready'))).toMatchObject({
          fileId,
          url: video.url,
          sourceType: 'Upload', // the guide says ServerUpload; 2.0 says ClientUpload, 3.0 Upload
          sourceContext,
          uploader: 'user-安',
          seal: 'valid',
          procedureTaskId: expect.any(String) as string,
        });
      },
    );
  });
});
