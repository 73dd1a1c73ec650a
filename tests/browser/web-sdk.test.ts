import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import type { Upload } from '../../local/uploads';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { startSite, type Site } from '../support/browser/site';
import { sample } from '../support/thorough';

// The vendor's SDK as published, in a real browser, against all that `npm start` starts. Each capability of the vendor's
// guide is named as the guide names it.

const MIB = 2 ** 20;
const PARTS = 20;
/** Small parts, one after the other, and a word at each: what it takes to stop somewhere in the middle. */
const slowly = { chunkSize: MIB, chunkParallelLimit: 1, progressInterval: 1 };

const files = {
  small: { name: 'small.mp4', bytes: randomBytes(100) },
  empty: { name: 'empty.mp4', bytes: Buffer.alloc(0) },
  large: { name: '长 视频.large.MP4', bytes: randomBytes(PARTS * MIB) },
  cover: { name: 'cover.png', bytes: randomBytes(5000) },
} as const;

let run: TestRun;
let site: Site;
let browser: Browser;
let folder: string;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  ends.push(() => rm(folder, { recursive: true }));
  for (const { name, bytes } of Object.values(files)) await writeFile(join(folder, name), bytes);
  run = await startTestRun({ features: { playback: false } });
  ends.push(() => run.stop());
  site = await startSite(run.url);
  ends.push(() => site.close());
  browser = await launchBrowser(run.vod.port);
  ends.push(() => browser.close());
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const contexts: BrowserContext[] = [];
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

interface Begin {
  readonly wish?: object;
  /** Gives the SDK the signature that `keep` fetched, each time it asks. */
  readonly cached?: boolean;
  readonly when?: { readonly percent: number; readonly call: 'cancel' | 'reload' };
  readonly options?: object;
}

interface Finished {
  readonly result?: {
    readonly fileId: string;
    readonly video: { readonly url: string };
    readonly cover?: { readonly url: string };
  };
  readonly error?: { readonly code: number; readonly message: string };
  readonly signaturesAsked: number;
}

/** A user's page, logged in, in a browser profile of its own. */
async function open(sdk = '1.8.0', sub = 'user-42', inside = browser) {
  const context = await inside.newContext({ ignoreHTTPSErrors: true });
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(site.page(sdk));
  const tell = <T>(call: string, argument?: unknown) =>
    page.evaluate<T>(`${call}(${argument === undefined ? '' : JSON.stringify(argument)})`);
  const login = async (user = sub) => tell('login', await run.issuer.token({ sub: user }));
  await login();
  const choose = (input: 'video' | 'cover', file: keyof typeof files) =>
    page.setInputFiles(`#${input}`, join(folder, files[file].name));
  const begin = (how: Begin = {}) => tell('begin', { wish: {}, ...how });
  const finish = () => tell<Finished>('finish');
  return {
    page,
    login,
    choose,
    begin,
    finish,
    keep: (wish: object) => tell('keepSignature', wish),
    stopped: () => becomesTrue(page, 'window.stoppedAt > 0'),
    upload: async (how?: Begin) => {
      await begin(how);
      return succeeded(await finish());
    },
  };
}

function succeeded({ result, error }: Finished): NonNullable<Finished['result']> {
  if (!result) throw new Error(`The upload failed: ${JSON.stringify(error)}`);
  return result;
}

/** The row of a file as soon as it exists and `is` returns true for it. */
async function row(fileId: string, is: (row: Upload) => boolean = () => true): Promise<Upload> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const found = (await run.rows()).find((upload) => upload['fileId'] === fileId);
    if (found && is(found)) return found;
    await sleep(50);
  }
  throw new Error(`There is no such row of ${fileId}`);
}

const isConfirmed = ({ trust }: Upload): boolean => trust === 'confirmed';

async function stored(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** Numbers of the parts that are sent from now on, those that arrive, and those that the storage says it has. */
function watchParts(page: Page) {
  const parts = { sent: [] as number[], arrived: [] as number[], listed: [] as number[] };
  const partOf = (url: string) => Number(new URL(url).searchParams.get('partNumber') ?? 0);
  page.on('request', (request) => {
    if (request.method() === 'PUT') parts.sent.push(partOf(request.url()));
  });
  const list = async (response: Response) => {
    const url = new URL(response.url());
    if (response.request().method() === 'GET' && url.searchParams.has('uploadId')) {
      const xml = await response.text();
      parts.listed = [...xml.matchAll(/<PartNumber>(\d+)/g)].map(([, number]) => Number(number));
    }
  };
  page.on('response', (response) => {
    const request = response.request();
    if (request.method() === 'PUT' && response.status() === 200) parts.arrived.push(partOf(request.url()));
    void list(response);
  });
  return parts;
}

const allParts = Array.from({ length: PARTS }, (_, i) => i + 1);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

describe.each(sample(['1.8.0', '1.7.0'], 1))('vod-js-sdk-v6 %s uploads', (sdk) => {
  test.each(['small', 'empty', 'large'] as const)('a file that is %s', async (file) => {
    const { choose, upload } = await open(sdk);
    await choose('video', file);
    const { fileId, video } = await upload();
    expect(fileId).toMatch(/^\d{19}$/);
    expect((await stored(video.url)).equals(files[file].bytes)).toBe(true);
    expect(await row(fileId, isConfirmed)).toMatchObject({ url: video.url, uploader: 'user-42', status: 'ready' });
  });

  test('上传时附带封面 (a cover along with the video)', async () => {
    const { choose, upload } = await open(sdk);
    await choose('video', 'small');
    await choose('cover', 'cover');
    const { fileId, video, cover } = await upload();
    expect((await stored(video.url)).equals(files.small.bytes)).toBe(true);
    expect((await stored(cover?.url ?? '')).equals(files.cover.bytes)).toBe(true);
    expect(await row(fileId)).toMatchObject({ url: video.url, coverUrl: cover?.url });
  });

  test('单次有效签名 (one-time signatures): one for each of the SDK’s three calls', async () => {
    const { choose, begin, finish } = await open(sdk);
    await choose('video', 'small');
    await begin({ wish: { oneTimeValid: true } });
    expect(await finish()).toMatchObject({ result: { fileId: expect.any(String) as string }, signaturesAsked: 3 });
  });
});

test('事件通知 (event notification): FileId, URL, SourceType, SourceContext and procedureTaskId are in the row', async () => {
  const sourceContext = 'order=7&note=你好 a+b "x"';
  const { choose, begin, finish } = await open('1.8.0', 'user-事件');
  await choose('video', 'large');
  await begin({ wish: { sourceContext, procedure: 'LongVideoPreset' } });
  const { fileId, video } = succeeded(await finish());
  const completed = performance.now();
  const first = await row(fileId);
  const milliseconds = performance.now() - completed;
  expect(first).toMatchObject({
    fileId,
    url: video.url,
    name: '长 视频.large',
    type: 'mp4',
    size: files.large.bytes.length,
    sourceType: 'Upload',
    sourceContext,
    uploader: 'user-事件',
    seal: 'valid',
    procedureTaskId: expect.stringMatching(/procedure/i) as string,
  });
  expect(milliseconds).toBeLessThan(10_000); // the guarantee is 2 s; a busy machine is not a bug
});

describe('上传时指定任务流 (a procedure at upload)', () => {
  test.each([
    ['LongVideoPreset', 'ready'],
    ['FailingPreset', 'failed'],
  ])('a procedure at upload, %s, ends with the status %s', async (procedure, status) => {
    const { choose, upload } = await open();
    await choose('video', 'small');
    const { fileId } = await upload({ wish: { procedure, sessionContext: 'of the task' } });
    const { procedureTaskId, tasks } = await row(fileId, (found) => found['status'] === status);
    const task = { status: 'FINISH', failed: status === 'failed', sessionContext: 'of the task' };
    expect(tasks).toMatchObject({ [String(procedureTaskId)]: task });
  });
});

describe('单次有效签名 (one-time signatures)', () => {
  const wish = { oneTimeValid: true };
  const options = { retryDelay: 10 };

  test('a one-time signature that is kept is refused at the next upload, which a new one completes', async () => {
    const { choose, begin, finish, keep, upload } = await open();
    await choose('video', 'small');
    await keep(wish);
    await upload({ cached: true });
    await begin({ cached: true, options });
    const { error, signaturesAsked } = await finish();
    expect(error).toMatchObject({ code: 10004, message: expect.stringMatching(/^duplicate vod signature/) as string });
    expect(signaturesAsked).toBe(5); // Prepare, then Apply and its three repetitions
    await upload({ wish });
  });

  test('a one-time signature that is kept cannot resume an upload, a new one can', async () => {
    const { page, choose, begin, finish, keep, stopped, upload } = await open();
    await choose('video', 'large');
    await keep(wish);
    await begin({ cached: true, options: slowly, when: { percent: 0.2, call: 'cancel' } });
    await stopped();
    await begin({ cached: true, options: { ...slowly, ...options } });
    expect((await finish()).error).toMatchObject({ code: 10004 });
    // The SDK has forgotten the session over the refusal, and begins anew.
    const parts = watchParts(page);
    const { video } = await upload({ wish, options: slowly });
    expect(sorted(parts.sent)).toEqual(allParts);
    expect((await stored(video.url)).equals(files.large.bytes)).toBe(true);
  });
});

test('an expired signature is refused with 10010', async () => {
  const { choose, begin, finish, keep } = await open();
  await choose('video', 'small');
  await keep({ validFor: 1 });
  await sleep(2100);
  await begin({ cached: true, options: { retryDelay: 10 } });
  expect((await finish()).error).toMatchObject({ code: 10010 });
});

test('申请上传签名 (asking for a signature): valid for its time and more than once, it uploads several files', async () => {
  const { choose, keep, upload } = await open();
  await keep({});
  await choose('video', 'small');
  const first = await upload({ cached: true });
  await choose('video', 'empty');
  expect((await upload({ cached: true })).fileId).not.toBe(first.fileId);
});

describe('暂停/恢复/取消上传 (pause, resume, cancel)', () => {
  const when = { percent: 0.2, call: 'cancel' } as const;

  test.each([
    ['start() of the same uploader', 'upload.start()'],
    ['a new upload() of the same file', undefined],
  ])('cancel() pauses, %s resumes and sends the missing parts', async (_, resume) => {
    const { page, choose, begin, finish, stopped } = await open();
    const before = watchParts(page);
    await choose('video', 'large');
    await begin({ wish: { sourceContext: 'paused' }, options: slowly, when });
    await stopped();
    await sleep(300);
    const sent = before.sent.length;
    await sleep(200);
    expect(before.sent).toHaveLength(sent); // nothing more while it is paused
    expect(sent).toBeLessThan(PARTS);
    const arrived = [...before.arrived];
    expect(arrived.length).toBeGreaterThan(0);

    const after = watchParts(page);
    if (resume === undefined) await begin({ options: slowly });
    else await page.evaluate(resume);
    const { fileId, video } = succeeded(await finish());
    expect(after.listed).toEqual(expect.arrayContaining(arrived));
    expect(sorted(after.sent)).toEqual(allParts.filter((part) => !after.listed.includes(part)));
    expect((await stored(video.url)).equals(files.large.bytes)).toBe(true);
    expect(await row(fileId)).toMatchObject({ sourceContext: 'paused' });
  });

  test('a cancelled upload leaves no file and no row', async () => {
    const { choose, begin, stopped, page } = await open('1.8.0', 'user-who-cancels');
    await choose('video', 'large');
    await begin({ options: slowly, when });
    await stopped();
    const settled = await page.evaluate('Promise.race([finish(), new Promise((r) => setTimeout(r, 500, "waits"))])');
    expect(settled).toBe('waits'); // the SDK's promise says nothing of a cancelled upload
    expect((await run.rows()).filter(({ uploader }) => uploader === 'user-who-cancels')).toEqual([]);
  });
});

test('断点续传 (resume from the break point): after a reload of the page only the missing parts are sent', async () => {
  const { page, login, choose, begin, finish } = await open();
  const before = watchParts(page);
  await choose('video', 'large');
  const reloaded = page.waitForEvent('load');
  await begin({ wish: { sourceContext: 'before' }, options: slowly, when: { percent: 0.3, call: 'reload' } });
  await reloaded;
  const arrived = [...before.arrived];
  expect(arrived.length).toBeGreaterThan(3);

  const after = watchParts(page);
  await login();
  await choose('video', 'large');
  await begin({ wish: { sourceContext: 'after' }, options: slowly });
  const { fileId, video } = succeeded(await finish());
  expect(after.listed).toEqual(expect.arrayContaining(arrived));
  expect(sorted(after.sent)).toEqual(allParts.filter((part) => !after.listed.includes(part)));
  expect((await stored(video.url)).equals(files.large.bytes)).toBe(true);
  expect(await row(fileId)).toMatchObject({ sourceContext: 'before' }); // that of the upload's first call
});

test('a session is found by name and size: another user of the browser resumes it, but no bytes are mixed up', async () => {
  const { page, login, choose, begin, finish, stopped } = await open('1.8.0', 'first-user');
  const when = { percent: 0.2, call: 'cancel' } as const;
  await choose('video', 'large');
  await begin({ wish: { sourceContext: 'of the first' }, options: slowly, when });
  await stopped();
  const { name, bytes } = files.large;
  const other = Buffer.concat([bytes.subarray(0, MIB), randomBytes(bytes.length - MIB)]);
  await page.setInputFiles('#video', { name, mimeType: 'video/mp4', buffer: other });
  await login('second-user');
  await begin({ wish: { sourceContext: 'of the second' }, options: slowly });
  const { fileId, video } = succeeded(await finish());
  expect((await stored(video.url)).equals(other)).toBe(true);
  expect(await row(fileId)).toMatchObject({ uploader: 'first-user', sourceContext: 'of the first' });
});

test('a cover that is changed later is stored, without an event', async () => {
  const { page, choose, upload } = await open();
  await choose('video', 'small');
  const { fileId } = await upload();
  const before = await row(fileId, isConfirmed);
  await page.setInputFiles('#video', []);
  await choose('cover', 'cover');
  const changed = await upload({ options: { fileId } });
  expect(changed).toMatchObject({ fileId, cover: { url: expect.any(String) as string } });
  expect((await stored(changed.cover?.url ?? '')).equals(files.cover.bytes)).toBe(true);
  await sleep(500);
  expect(await row(fileId)).toEqual(before);
});

test('host failover: without vod2.qcloud.com the upload goes through vod2.dnsv1.com', async () => {
  const without = await launchBrowser(run.vod.port, ['vod2.qcloud.com']);
  try {
    const { page, choose, upload } = await open('1.8.0', 'user-42', without);
    const calls: string[] = [];
    page.on('request', (request) => {
      const { host, searchParams } = new URL(request.url());
      if (request.method() === 'POST' && searchParams.has('Action')) calls.push(host);
    });
    await choose('video', 'small');
    const { fileId } = await upload({ options: { retryDelay: 10 } });
    const main = 'vod2.qcloud.com';
    const backup = 'vod2.dnsv1.com';
    expect(calls).toEqual([main, main, backup, backup]); // Prepare, Apply, Apply again, Commit
    expect(await row(fileId)).toMatchObject({ uploader: 'user-42' });
  } finally {
    await without.close();
  }
});
