import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page, Response } from 'playwright-core';
import type { Snapshot, StoredUpload } from '../../client/src/types';
import { startClientSite, type ClientSite } from '../support/client/site';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { sample } from '../support/thorough';

// The client with the vendor's SDKs as published, in a real browser, against everything that `npm start` starts.

const MIB = 2 ** 20;
const PARTS = 12;
/** Small parts one after the other, and a progress event for each, to stop somewhere in the middle. */
const SLOWLY = { chunkSize: MIB, chunkParallelLimit: 1, progressInterval: 1 };

const files = {
  'small.mp4': randomBytes(100),
  'second.mp4': randomBytes(3 * MIB),
  'third.mp4': randomBytes(2 * MIB),
  'large.mp4': randomBytes(PARTS * MIB),
  'cover.png': randomBytes(5000),
} as const;
type FileName = keyof typeof files;

let run: TestRun;
let site: ClientSite;
let browser: Browser;
let folder: string;
const contexts: BrowserContext[] = [];
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  ends.push(() => rm(folder, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  run = await startTestRun();
  ends.push(() => run.stop());
  site = await startClientSite(run.url);
  ends.push(() => site.close());
  browser = await launchBrowser(run.vod.port);
  ends.push(() => browser.close());
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});

interface Outcome<Value> {
  readonly value?: Value;
  readonly error?: { readonly name: string; readonly code: string; readonly message: string };
}

interface OpenOptions {
  readonly sdk?: string;
  readonly sub?: string;
  readonly sdkOptions?: object;
  readonly page?: Page;
}

/** A page of the app with a user who is logged in. */
async function open({ sdk = '1.8.0', sub = 'user-42', sdkOptions = {}, page }: OpenOptions = {}) {
  const target = page ?? (await newPage());
  await target.goto(site.page(sdk));
  const evaluate = <T>(expression: string) => target.evaluate<T>(expression);
  const login = async (user: string, claims: object = {}) => {
    const token = await run.issuer.token({ sub: user, ...claims });
    await evaluate(`tokens.current = ${JSON.stringify(token)}`);
  };
  await login(sub);
  await evaluate(`open(${JSON.stringify({ sdkOptions })})`);
  return {
    page: target,
    evaluate,
    login,
    choose: (...names: FileName[]) =>
      target.setInputFiles(
        '#files',
        names.map((name) => join(folder, name)),
      ),
    begin: (options: object = {}) => evaluate(`begin(${JSON.stringify(options)})`),
    call: (name: 'pause' | 'resume' | 'cancel' | 'retry', index = 0) => evaluate(`all[${index}].${name}()`),
    until: (condition: string, index = 0) =>
      becomesTrue(target, `(({ state, loaded, total }) => ${condition})(all[${index}].snapshot)`),
    uploaded: (index = 0) => evaluate<Outcome<{ fileId: string }>>(`uploaded(${index})`),
    settled: (index = 0) => evaluate<Outcome<StoredUpload>>(`settled(${index})`),
    states: (index = 0) => evaluate<string[]>(`states(${index})`),
    snapshot: (index = 0) => evaluate<Snapshot>(`all[${index}].snapshot`),
  };
}

async function newPage(): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  contexts.push(context);
  return context.newPage();
}

/** Records the requests of a page from now on. */
function watchRequests(page: Page) {
  const seen = {
    signatures: 0,
    sent: [] as number[],
    arrived: [] as number[],
    /** Which parts the storage has, by its last response. */
    listed: [] as number[],
    actions: [] as string[],
    polls: 0,
  };
  const partOf = (url: URL) => Number(url.searchParams.get('partNumber') ?? 0);
  page.on('request', (request) => {
    const url = new URL(request.url());
    const method = request.method();
    if (method === 'POST' && url.pathname === '/upload-signature') seen.signatures += 1;
    if (method === 'PUT') seen.sent.push(partOf(url));
    if (method === 'GET' && url.pathname.startsWith('/uploads/')) seen.polls += 1;
    const action = url.searchParams.get('Action');
    if (method === 'POST' && action !== null) seen.actions.push(action);
  });
  const readParts = async (response: Response) => {
    const xml = await response.text();
    seen.listed = [...xml.matchAll(/<PartNumber>(\d+)/g)].map(([, number]) => Number(number));
  };
  page.on('response', (response: Response) => {
    const isPart = response.request().method() === 'PUT' && response.status() === 200;
    const url = new URL(response.url());
    if (isPart) seen.arrived.push(partOf(url));
    if (response.request().method() === 'GET' && url.searchParams.has('uploadId')) void readParts(response);
  });
  return seen;
}

const fileIdOf = ({ value, error }: Outcome<{ fileId: string }>): string => {
  if (!value) throw new Error(`The upload failed: ${JSON.stringify(error)}`);
  return value.fileId;
};

/** The bytes that the page's user gets when playing a file. */
async function playedBytes(page: Page, fileId: string): Promise<Buffer> {
  const { url } = await page.evaluate<{ url: string }>(`uploads.playback(${JSON.stringify(fileId)})`);
  const response = await fetch(url);
  return Buffer.from(await response.arrayBuffer());
}

const allParts = Array.from({ length: PARTS }, (_, index) => index + 1);
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const without = (parts: readonly number[], arrived: readonly number[]) =>
  parts.filter((part) => !arrived.includes(part));

describe.each(sample(['1.8.0', '1.7.0'], 1))('client with vod-js-sdk-v6 %s', (sdk) => {
  test('three files at once each become ready with one signature', async () => {
    const { page, choose, begin, settled, uploaded, states } = await open({ sdk });
    const requests = watchRequests(page);
    await choose('small.mp4', 'second.mp4', 'third.mp4');
    await begin({ sourceContext: 'order=7' });
    const results = [await settled(0), await settled(1), await settled(2)];
    expect(results).toMatchObject(
      ['small', 'second', 'third'].map((name) => ({ value: { status: 'ready', name, sourceContext: 'order=7' } })),
    );
    const fileIds = [await uploaded(0), await uploaded(1), await uploaded(2)].map(fileIdOf);
    expect(new Set(fileIds).size).toBe(3);
    expect(requests.signatures).toBe(3);
    expect(await states(1)).toEqual(['waiting', 'preparing', 'uploading', 'finishing', 'processing', 'ready']);
  });

  test('one-time signatures: a fresh one for each of the three calls of the SDK', async () => {
    const { page, choose, begin, settled } = await open({ sdk });
    const requests = watchRequests(page);
    await choose('small.mp4');
    await begin({ oneTimeValid: true });
    expect(await settled()).toMatchObject({ value: { status: 'ready' } });
    expect(requests.signatures).toBe(3);
  });

  test('pause, reload, resume: only the missing parts are sent', async () => {
    const first = await open({ sdk, sdkOptions: SLOWLY });
    const before = watchRequests(first.page);
    await first.choose('large.mp4');
    await first.begin({ sourceContext: 'kept' });
    await first.until(`loaded > ${3 * MIB}`);
    await first.call('pause');
    await sleep(300);
    const paused = await first.snapshot();
    const sent = before.sent.length;
    await sleep(300);
    expect(before.sent).toHaveLength(sent);
    expect(await first.snapshot()).toEqual(paused);
    expect(paused).toMatchObject({ state: 'paused', total: PARTS * MIB });
    const arrived = [...before.arrived];
    expect(arrived.length).toBeGreaterThanOrEqual(2);

    const second = await open({ sdk, sdkOptions: SLOWLY, page: first.page });
    const after = watchRequests(second.page);
    await second.choose('large.mp4');
    await second.begin({ sourceContext: 'kept' });
    const fileId = fileIdOf(await second.uploaded());
    expect(after.listed).toEqual(expect.arrayContaining(arrived));
    expect(sorted(after.sent)).toEqual(without(allParts, after.listed));
    expect(await second.settled()).toMatchObject({ value: { status: 'ready', sourceContext: 'kept' } });
    expect((await playedBytes(second.page, fileId)).equals(files['large.mp4'])).toBe(true);
  });

  test('pause and resume in one page: only the missing parts are sent', async () => {
    const { page, choose, begin, until, call, uploaded, states } = await open({ sdk, sdkOptions: SLOWLY });
    const requests = watchRequests(page);
    await choose('large.mp4');
    await begin();
    await until(`loaded > ${3 * MIB}`);
    await call('pause');
    await sleep(300);
    const arrived = [...requests.arrived];
    requests.sent.length = 0;
    await call('resume');
    fileIdOf(await uploaded());
    expect(requests.listed).toEqual(expect.arrayContaining(arrived));
    expect(sorted(requests.sent)).toEqual(without(allParts, requests.listed));
    expect(requests.signatures).toBe(1);
    expect((await states()).slice(0, 7)).toEqual([
      'waiting',
      'preparing',
      'uploading',
      'paused',
      'waiting',
      'preparing',
      'uploading',
    ]);
  });

  test.each([
    ['before Apply', `state === 'preparing'`],
    ['while parts are sent', `loaded > ${2 * MIB}`],
  ])('cancel %s: AbortError, no row, and nothing is sent any more', async (_, condition) => {
    const sub = `canceller-${sdk}-${condition.length}`;
    const { page, choose, begin, until, call, uploaded, settled, snapshot } = await open({
      sdk,
      sub,
      sdkOptions: SLOWLY,
    });
    const requests = watchRequests(page);
    await choose('large.mp4');
    await begin();
    await until(condition);
    await call('cancel');
    const error = { name: 'AbortError', code: 'cancelled' };
    expect(await uploaded()).toMatchObject({ error });
    expect(await settled()).toMatchObject({ error });
    await sleep(500);
    const sent = requests.sent.length;
    await sleep(500);
    expect(requests.sent).toHaveLength(sent);
    expect(requests.actions).not.toContain('CommitUploadUGC');
    expect(await snapshot()).toMatchObject({ state: 'cancelled' });
    expect((await run.rows()).filter(({ uploader }) => uploader === sub)).toEqual([]);
  });

  test('cancel during Commit rejects with AbortError at once, whatever VOD returns', async () => {
    const { page, choose, begin, until, call, uploaded, states } = await open({ sdk });
    await page.route(/Action=CommitUploadUGC/, async (route) => {
      await sleep(1000);
      await route.continue();
    });
    await choose('small.mp4');
    await begin();
    await until(`state === 'finishing'`);
    await call('cancel');
    expect(await uploaded()).toMatchObject({ error: { name: 'AbortError' } });
    await sleep(1500);
    expect((await states()).slice(-2)).toEqual(['finishing', 'cancelled']);
  });

  test('a token that expires in mid-upload is refreshed once, and the upload continues', async () => {
    const { page, evaluate, login, choose, begin, until, uploaded } = await open({ sdk, sdkOptions: SLOWLY });
    const requests = watchRequests(page);
    await choose('large.mp4');
    await begin({ oneTimeValid: true });
    await until(`loaded > ${2 * MIB}`);
    const now = Math.floor(Date.now() / 1000);
    await evaluate(`tokens.fresh = tokens.current`);
    await login('user-42', { iat: now - 7200, exp: now - 3600 });
    fileIdOf(await uploaded());
    expect(await evaluate('refreshes.length')).toBe(1);
    expect(sorted(requests.sent)).toEqual(allParts);
  });

  test('a Commit that fails with the token is retried without sending a part again', async () => {
    const { page, evaluate, login, choose, begin, until, uploaded, call } = await open({ sdk, sdkOptions: SLOWLY });
    const requests = watchRequests(page);
    await choose('large.mp4');
    await begin({ oneTimeValid: true });
    await until(`loaded > ${2 * MIB}`);
    const now = Math.floor(Date.now() / 1000);
    const good = await evaluate<string>(`tokens.current`);
    await login('user-42', { iat: now - 7200, exp: now - 3600 });
    const failed = await uploaded();
    expect(failed).toMatchObject({ error: { name: 'UploadError', code: 'unauthorized' } });
    expect(failed.error?.message).toMatch(/expired/);
    await evaluate(`tokens.current = ${JSON.stringify(good)}`);
    const sent = requests.sent.length;
    await call('retry');
    fileIdOf(await uploaded());
    expect(requests.sent).toHaveLength(sent);
    expect(requests.actions.filter((action) => action === 'CommitUploadUGC')).toHaveLength(1);
  });

  test('offline for 10 s: the upload continues by itself', async () => {
    const { page, choose, begin, until, uploaded } = await open({ sdk, sdkOptions: SLOWLY });
    const requests = watchRequests(page);
    await choose('large.mp4');
    await begin();
    await until(`loaded > ${2 * MIB}`);
    const arrived = [...requests.arrived];
    await page.context().setOffline(true);
    await sleep(10_000);
    requests.sent.length = 0;
    await page.context().setOffline(false);
    fileIdOf(await uploaded());
    for (const part of arrived) expect(requests.sent).not.toContain(part);
  });
});

describe('client in a browser', () => {
  test('two users of one browser never share a session (N10)', async () => {
    const { page, login, choose, begin, until, call, uploaded, settled } = await open({
      sub: 'first',
      sdkOptions: SLOWLY,
    });
    const requests = watchRequests(page);
    await choose('large.mp4');
    await begin({ sourceContext: 'same' });
    await until(`loaded > ${3 * MIB}`);
    await call('pause');
    await sleep(300);
    requests.sent.length = 0;
    await login('second');
    await begin({ sourceContext: 'same' });
    const fileId = fileIdOf(await uploaded(1));
    expect(sorted(requests.sent)).toEqual(allParts);
    expect(await settled(1)).toMatchObject({ value: { status: 'ready' } });
    const row = (await run.rows()).find((candidate) => candidate['fileId'] === fileId);
    expect(row).toMatchObject({ uploader: 'second', sourceContext: 'same' });
    await login('first');
    await call('resume');
    expect(fileIdOf(await uploaded(0))).not.toBe(fileId);
  });

  test('one file in two tabs of one user: both uploads succeed', async () => {
    const first = await open({ sub: 'two-tabs', sdkOptions: SLOWLY });
    const second = await open({ sub: 'two-tabs', sdkOptions: SLOWLY, page: await first.page.context().newPage() });
    for (const tab of [first, second]) await tab.choose('large.mp4');
    await first.begin();
    await first.until(`loaded > ${2 * MIB}`);
    await second.begin();
    const fileIds = [fileIdOf(await first.uploaded()), fileIdOf(await second.uploaded())];
    for (const fileId of fileIds) {
      await second.until('true');
      expect(await second.evaluate(`settled(0)`)).toMatchObject({ value: { status: 'ready' } });
      expect((await playedBytes(first.page, fileId)).equals(files['large.mp4'])).toBe(true);
    }
  });

  test('a Commit that was interrupted by a reload is repeated without the parts', async () => {
    const first = await open({ sub: 'reloads' });
    await first.page.route(/Action=CommitUploadUGC/, (route) => route.abort());
    await first.choose('second.mp4');
    await first.begin();
    await first.until(`state === 'finishing'`);
    const second = await open({ sub: 'reloads', page: first.page });
    await first.page.unroute(/Action=CommitUploadUGC/);
    const requests = watchRequests(second.page);
    await second.choose('second.mp4');
    await second.begin();
    const fileId = fileIdOf(await second.uploaded());
    expect(requests.actions).toEqual(['CommitUploadUGC']);
    expect(requests.sent).toEqual([]);
    expect(await second.settled()).toMatchObject({ value: { status: 'ready' } });
    expect((await playedBytes(second.page, fileId)).equals(files['second.mp4'])).toBe(true);
  });

  test('a cover goes along, and the upload is listed, read, played and deleted', async () => {
    const { page, evaluate, choose, begin, settled } = await open({ sub: 'owner' });
    await page.setInputFiles('#cover', join(folder, 'cover.png'));
    await choose('small.mp4');
    await begin({ sourceContext: 'order=7&8', procedure: 'LongVideoPreset' });
    const { value } = await settled();
    expect(value).toMatchObject({ status: 'ready', sourceContext: 'order=7&8' });
    const fileId = String(value?.fileId);
    const list = `uploads.list({ sourceContext: 'order=7&8', limit: 5, cursor: undefined })`;
    expect(await evaluate(list)).toMatchObject({ uploads: [{ fileId }] });
    expect(await evaluate(`uploads.get('${fileId}')`)).toMatchObject({ fileId, status: 'ready' });
    expect(await evaluate(`uploads.playback('${fileId}')`)).toMatchObject({
      fileId,
      url: expect.any(String) as string,
    });
    expect((await playedBytes(page, fileId)).equals(files['small.mp4'])).toBe(true);
    expect(await evaluate(`uploads.delete('${fileId}')`)).toMatchObject({ fileId });
    expect(await evaluate(`outcome(uploads.get('1'))`)).toMatchObject({ error: { code: 'not-found' } });
  });

  test('the status of an upload is read fewer than twelve times while a procedure runs', async () => {
    const { page, choose, begin, settled } = await open();
    const requests = watchRequests(page);
    await choose('small.mp4');
    await begin({ procedure: 'LongVideoPreset' });
    expect(await settled()).toMatchObject({ value: { status: 'ready' } });
    expect(requests.polls).toBeGreaterThan(0);
    expect(requests.polls).toBeLessThan(12);
  });

  test('a refusal of the backend is an error with errors[]', async () => {
    const { choose, begin, uploaded } = await open();
    await choose('small.mp4');
    await begin({ procedure: 'NotOnTheList' });
    expect(await uploaded()).toMatchObject({
      error: { code: 'invalid-request', errors: [{ path: '/procedure' }], advice: 'Choose another file.' },
    });
  });
});
