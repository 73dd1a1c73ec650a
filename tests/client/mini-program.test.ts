import { randomBytes } from 'node:crypto';
import { writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createUploads } from '../../client/src/mini-program';
import type { VodWxSdk } from '../../client/src/wx-sdk';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { installWx } from '../support/wx';

// The client over vod-wx-sdk-v2 as published, against everything that `npm start` starts. `wx` is the helper's.

const MIB = 2 ** 20;

interface Options {
  readonly url: string;
  readonly fail: (error: object) => void;
}

let run: TestRun;
let folder: string;
const wx = installWx(() => run.vod.port);
const platform = globalThis as unknown as { wx: { request: (options: Options) => unknown } };
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it reads `wx` while it is loaded
const sdk = require('vod-wx-sdk-v2') as VodWxSdk;

beforeAll(async () => {
  folder = await temporaryFolder();
  run = await startTestRun({ features: { playback: false } });
});
beforeEach(() => {
  jest.spyOn(console, 'log').mockImplementation(); // the SDK prints every URL and report
  wx.requests.splice(0);
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  wx.uninstall();
  await run.stop();
  await rm(folder, { recursive: true });
});

async function temporaryFile(bytes: Buffer) {
  const tempFilePath = join(folder, `${randomBytes(16).toString('hex')}.mp4`);
  await writeFile(tempFilePath, bytes);
  return { tempFilePath, size: bytes.length, name: '假日.mp4' };
}

async function createClient(sub = 'user-42') {
  const token = await run.issuer.token({ sub });
  return createUploads({
    url: run.url,
    token,
    sdk,
    sdkOptions: { chunkSize: MIB, chunkParallelLimit: 1, progressInterval: 1 },
  });
}

const partsSent = () => wx.requests.filter(({ path }) => path.includes('partNumber=')).length;
const called = (action: string) => wx.requests.filter(({ path }) => path.includes(`Action=${action}`));
const mediaOf = async (fileId: string) => {
  const row = (await run.rows()).find((candidate) => candidate['fileId'] === fileId);
  return Buffer.from(await (await fetch(String(row?.['url']))).arrayBuffer());
};

test.each([false, true])(
  'client/mini-program > an upload becomes ready with one signature, oneTimeValid %s',
  async (oneTimeValid) => {
    const uploads = await createClient();
    const bytes = randomBytes(3 * MIB);
    const upload = uploads.upload(await temporaryFile(bytes), { sourceContext: 'order=7', oneTimeValid });
    const states: string[] = [];
    upload.subscribe(({ state }) => {
      if (state !== states.at(-1)) states.push(state);
    });
    const settled = await upload.settled;
    expect(settled).toMatchObject({ status: 'ready', name: '假日', sourceContext: 'order=7' });
    expect((await mediaOf(settled.fileId)).equals(bytes)).toBe(true);
    expect(states).toEqual(['preparing', 'uploading', 'finishing', 'processing', 'ready']);
    expect(wx.requests.filter(({ path }) => path === '/upload-signature')).toHaveLength(1);
  },
);

test('client/mini-program > a paused upload resumes with the missing parts', async () => {
  const uploads = await createClient();
  const bytes = randomBytes(8 * MIB);
  const upload = uploads.upload(await temporaryFile(bytes));
  await new Promise<void>((resolve) => {
    const unsubscribe = upload.subscribe(({ loaded }) => {
      if (loaded < 3 * MIB) return;
      unsubscribe();
      upload.pause();
      resolve();
    });
  });
  expect(upload.snapshot.state).toBe('paused');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const sent = partsSent();
  expect(sent).toBeLessThan(7);
  upload.resume();
  const { fileId } = await upload.uploaded;
  expect(partsSent() - sent).toBeLessThanOrEqual(8 - sent + 1);
  expect((await upload.settled).status).toBe('ready');
  expect((await mediaOf(fileId)).equals(bytes)).toBe(true);
  expect(called('ApplyUploadUGC').map(({ data }) => 'vodSessionKey' in (data as object))).toEqual([false, true]);
});

test('client/mini-program > a cancelled upload rejects with AbortError and sends no Commit', async () => {
  const uploads = await createClient('canceller');
  const upload = uploads.upload(await temporaryFile(randomBytes(8 * MIB)));
  upload.subscribe(({ state }) => {
    if (state === 'uploading') upload.cancel();
  });
  await expect(upload.uploaded).rejects.toMatchObject({ name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(called('CommitUploadUGC')).toEqual([]);
  expect((await run.rows()).filter(({ uploader }) => uploader === 'canceller')).toEqual([]);
});

test('client/mini-program > a Commit that fails is repeated without the parts', async () => {
  const uploads = await createClient();
  const { request } = platform.wx;
  let isBroken = true;
  platform.wx.request = (options) => {
    if (!isBroken || !options.url.includes('CommitUploadUGC')) return request(options);
    isBroken = false;
    setTimeout(() => {
      options.fail({ errMsg: 'request:fail timeout' });
    });
    return undefined;
  };
  const upload = uploads.upload(await temporaryFile(randomBytes(2 * MIB)));
  await upload.uploaded;
  platform.wx.request = request;
  expect(partsSent()).toBe(2);
  expect(called('ApplyUploadUGC')).toHaveLength(1);
});

test('client/mini-program > a refusal of VOD is an error with its code', async () => {
  const uploads = await createClient();
  const file = await temporaryFile(randomBytes(10));
  const upload = uploads.upload({ ...file, tempFilePath: file.tempFilePath.replace(/mp4$/, 'txt') });
  await expect(upload.uploaded).rejects.toMatchObject({ code: 'refused', vodCode: 10001 });
});

test('client/mini-program > a stored session that VOD does not know any more is replaced by a new one', async () => {
  const uploads = await createClient('returning');
  const upload = uploads.upload(await temporaryFile(randomBytes(8 * MIB)));
  await new Promise<void>((resolve) => {
    const unsubscribe = upload.subscribe(({ loaded }) => {
      if (loaded < 2 * MIB) return;
      unsubscribe();
      upload.pause();
      resolve();
    });
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await fetch(`${run.vod.url}/local/reset`, { method: 'POST', body: '{}' });
  upload.resume();
  expect((await upload.settled).status).toBe('ready');
});

test('client/mini-program > an upload succeeds where the storage of the mini program is full', async () => {
  const failing = () => {
    throw new Error('setStorageSync:fail exceed storage max size');
  };
  const storage = platform as unknown as { wx: { setStorageSync: () => void } };
  const { setStorageSync } = storage.wx;
  storage.wx.setStorageSync = failing;
  const upload = (await createClient()).upload(await temporaryFile(randomBytes(MIB)));
  await upload.uploaded;
  storage.wx.setStorageSync = setStorageSync;
});
