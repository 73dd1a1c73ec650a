import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sdkLines } from '../../local/vod-command/sdk-lines';
import type { Vod } from '../../local/vod/server';
import { cleanUp, eventOf, md5, receiver, sign, start, temporaryDirectory, until } from '../support/vod/vod-client';
import { installWx } from '../support/wx';

// The vendor's SDK for mini programs (vod-wx-sdk-v2), as published, against the local VOD.

interface Progress {
  readonly percent: number;
}

interface Finished {
  readonly fileId: string;
  readonly videoName: string;
  readonly videoUrl: string;
}

interface Uploader {
  readonly pause: () => void;
  readonly restart: () => void;
}

interface Sdk {
  readonly start: (options: {
    readonly mediaFile: { readonly tempFilePath: string; readonly size: number };
    readonly mediaName: string;
    readonly getSignature: (callback: (signature: string) => void) => void;
    readonly progress: (progress: Progress) => void;
    readonly finish: (result: Finished) => void;
    readonly error: (error: unknown) => void;
    readonly chunkSize?: number;
    readonly chunkParallelLimit?: number;
    readonly progressInterval?: number;
  }) => Uploader;
}

const MIB = 1024 * 1024;

let vod: Vod;
const wx = installWx(() => vod.port);
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it reads `wx` while it is loaded
const sdk = require('vod-wx-sdk-v2') as Sdk;

beforeEach(() => {
  jest.spyOn(console, 'log').mockImplementation(); // the SDK prints every URL and report
});
afterAll(() => {
  wx.uninstall();
});
afterEach(async () => {
  await until(() => wx.pending() === 0); // its reports
  await cleanUp();
  jest.restoreAllMocks();
  wx.requests.splice(0);
  wx.storage.clear();
});

/** A file as `wx.chooseMedia` returns it. */
function temporaryFile(bytes: Buffer, type: string) {
  const folder = join(temporaryDirectory(), 'tmp');
  mkdirSync(folder);
  const tempFilePath = join(folder, `${randomBytes(16).toString('hex')}.${type}`);
  writeFileSync(tempFilePath, bytes);
  return { tempFilePath, size: bytes.length };
}

interface UploadOptions {
  readonly signature: () => string;
  readonly progress?: (progress: Progress, uploader: Uploader) => void;
  readonly chunkSize?: number;
  /** In milliseconds between two calls of `progress`. */
  readonly progressInterval?: number;
}

function upload(mediaFile: { tempFilePath: string; size: number }, { signature, progress, ...rest }: UploadOptions) {
  return new Promise<{ finished?: Finished; error?: unknown }>((resolve) => {
    const uploader: Uploader = sdk.start({
      mediaFile,
      mediaName: '小程序',
      getSignature: (callback) => {
        callback(signature());
      },
      progress: (info) => progress?.(info, uploader),
      finish: (finished) => {
        resolve({ finished });
      },
      error: (error) => {
        resolve({ error });
      },
      chunkParallelLimit: 1,
      ...rest,
    });
  });
}

const bytesOf = async (url = '') => Buffer.from(await (await fetch(url)).arrayBuffer());
const partUploads = () => wx.requests.filter(({ path }) => path.includes('partNumber=')).length;
const applied = () => wx.requests.filter(({ path }) => path.includes('Action=ApplyUploadUGC')).map(({ data }) => data);
const codesOf = (action: string) =>
  wx.requests
    .filter(({ path }) => path.includes(`Action=${action}`))
    .map(({ text }) => (JSON.parse(text) as { code: number }).code);

describe('V1: the unmodified mini program SDK', () => {
  test.each([
    ['100 kB', 100_000, 'mp4', 0, 1],
    ['100 kB', 100_000, 'MP4', 1, 1],
    ['9.5 MB', 9_500_000, 'mp4', 1, 2],
    ['9.5 MB', 9_500_000, 'MP4', 0, 2],
  ])('uploads %s (%i bytes) of type %s, oneTimeValid %i', async (_, size, type, oneTimeValid, parts) => {
    const hook = await receiver();
    vod = await start({ callbackUrl: hook.url });
    const bytes = randomBytes(size);
    const signature = sign({ oneTimeValid, sourceContext: 'from the mini program' });
    const { finished, error } = await upload(temporaryFile(bytes, type), { signature: () => signature });
    expect(error).toBeUndefined();
    expect(md5(await bytesOf(finished?.videoUrl))).toBe(md5(bytes));
    const uploaded = eventOf(await hook.wait(1), 'NewFileUpload')?.FileUploadEvent;
    expect(uploaded).toMatchObject({
      FileId: finished?.fileId,
      MediaBasicInfo: {
        Name: '小程序',
        Type: type,
        Category: 'Video',
        SourceInfo: { SourceContext: 'from the mini program' },
      },
      MetaData: { Size: size },
    });

    // Every request to the storage went to the upload service, which forwards it.
    const storage = wx.requests.filter(({ forward }) => forward !== undefined);
    expect(new Set(storage.map(({ host }) => host))).toEqual(new Set(['vod2.qcloud.com']));
    expect(storage.every(({ forward = '' }) => /\.cos\.[a-z-]+\.myqcloud\.com$/.test(forward))).toBe(true);
    expect(partUploads()).toBe(parts);
    expect([...wx.storage.keys()].filter((key) => key.startsWith('wp_ugc_'))).toEqual([]); // no session is left to resume
  });

  test('sends all requests to the local VOD with the line that npm run local-vod prints', async () => {
    vod = await start();
    const line = sdkLines(vod.url).find(({ sdk: name }) => name === 'Mini program')?.line ?? '';
    const { wx: api } = globalThis as unknown as { wx: { request: unknown } };
    const { request } = api;
    globalThis.eval(line);
    try {
      const bytes = randomBytes(100_000);
      const { finished } = await upload(temporaryFile(bytes, 'mp4'), { signature: () => sign() });
      expect(md5(await bytesOf(finished?.videoUrl))).toBe(md5(bytes));
      await until(() => wx.pending() === 0);
    } finally {
      Object.defineProperty(api, 'request', { value: request });
    }
    expect(new Set(wx.requests.map(({ host }) => host))).toEqual(new Set([new URL(vod.url).host]));
    expect(new Set(wx.requests.map(({ path }) => path.split('/')[1]))).toEqual(
      new Set(['vod2.qcloud.com', 'vodreport.qcloud.com']),
    );
  });

  test('pauses and restarts: no part is sent while it is paused, and the file is complete', async () => {
    vod = await start();
    const bytes = randomBytes(9_500_000);
    let paused: Uploader | undefined;
    const done = upload(temporaryFile(bytes, 'mp4'), {
      signature: () => sign(),
      chunkSize: MIB,
      progressInterval: 1,
      progress: ({ percent }, uploader) => {
        if (paused || percent < 0.2) return;
        paused = uploader;
        uploader.pause();
      },
    });
    await until(() => paused !== undefined);
    await sleep(300); // the responses to what had been sent
    const sent = partUploads();
    await sleep(500);
    expect(partUploads()).toBe(sent);
    expect(sent).toBeLessThan(10);
    paused?.restart();
    const { finished, error } = await done;
    expect(error).toBeUndefined();
    expect(md5(await bytesOf(finished?.videoUrl))).toBe(md5(bytes));
  });

  test('reports 10010 after four tries with an expired signature, and uploads with a new one', async () => {
    vod = await start();
    const seconds = Math.floor(Date.now() / 1000);
    const expired = sign({ currentTimeStamp: seconds - 600, expireTime: seconds - 1 });
    const file = temporaryFile(randomBytes(1000), 'mp4');
    const { error } = await upload(file, { signature: () => expired });
    expect(error).toMatchObject({
      statusCode: 200,
      data: { code: 10010, message: expect.stringContaining('signature expired') },
    });
    expect(codesOf('ApplyUploadUGC')).toEqual([10010, 10010, 10010, 10010]);
    expect((await upload(file, { signature: () => sign() })).finished?.fileId).toMatch(/^\d+$/);
  });

  test('resumes the session when the signature expired before Commit', async () => {
    let offset = 0;
    vod = await start({ now: () => Date.now() + offset });
    const file = temporaryFile(randomBytes(3 * MIB), 'mp4');
    const { error } = await upload(file, {
      signature: () => sign(),
      chunkSize: MIB,
      progress: () => (offset = 700_000), // the signature was valid for ten minutes
    });
    expect(error).toMatchObject({ data: { code: 10010 } });
    expect(codesOf('CommitUploadUGC')).toEqual([10010, 10010, 10010, 10010]);

    const { finished } = await upload(file, {
      signature: () => sign({ expireTime: Math.floor(Date.now() / 1000) + 3600 }),
    });
    expect(finished?.fileId).toMatch(/^\d+$/);
    expect(codesOf('ApplyUploadUGC')).toEqual([0, 0]);
    expect(applied()).toMatchObject([{ videoType: 'mp4' }, { vodSessionKey: expect.any(String) }]);
  });

  test('a one-time signature that was used is refused with 10004 after four tries', async () => {
    vod = await start();
    const signature = sign({ oneTimeValid: 1 });
    expect(
      (await upload(temporaryFile(randomBytes(10), 'mp4'), { signature: () => signature })).finished,
    ).toBeDefined();
    const { error } = await upload(temporaryFile(randomBytes(10), 'mp4'), { signature: () => signature });
    expect(error).toMatchObject({ data: { code: 10004 } });
    expect(codesOf('ApplyUploadUGC')).toEqual([0, 10004, 10004, 10004, 10004]);
  });

  test('reports that a file type is not accepted', async () => {
    vod = await start();
    const { error } = await upload(temporaryFile(randomBytes(10), 'exe'), { signature: () => sign() });
    expect(error).toMatchObject({ data: { code: 10001, message: expect.stringContaining('videoType "exe"') } });
  });
});
