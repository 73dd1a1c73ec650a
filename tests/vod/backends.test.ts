import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser';
import { killLocalVods, startLocalVod } from '../support/vod/local-vod';
import { findPython, testWithPython } from '../support/python';
import { cleanUp, temporaryDirectory, until, type PostedEvent } from '../support/vod/vod-client';

// Backends of about 40 lines, in Node and in Python, that know nothing of this project. They sign by themselves, a page
// uploads with the vendor's SDK in Chromium, and the events come from `npm run local-vod` alone.

const FIXTURES = resolve(__dirname, '../fixtures/backends');
const SDK = require.resolve('vod-js-sdk-v6/dist/vod-js-sdk-v6.js');
const KEYS = { SECRET_ID: 'AKIDofaforeignbackend', SECRET_KEY: 'its-secret-key', SIGN_KEY: 'itsSignKey' };
const MAX_LINES = 55;

const children: ChildProcess[] = [];
let browser: Browser | undefined;
afterEach(async () => {
  await browser?.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  killLocalVods();
  await cleanUp();
});

/** Starts a backend and returns its URL. */
async function startBackend(command: string, file: string): Promise<string> {
  const env = { PATH: process.env['PATH'], ...KEYS, SDK, PAGE: join(FIXTURES, 'page.html') };
  const child = spawn(command, [join(FIXTURES, file)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return `http://localhost:${port.toString().trim()}`;
}

interface UploadResult {
  readonly fileId: string;
  readonly video: { readonly url: string };
}

async function uploadInBrowser(backend: string, vodPort: number, query: string): Promise<UploadResult> {
  browser = await launchBrowser(vodPort);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${backend}/${query}`);
  await page.setInputFiles('#video', { name: '假期.mp4', mimeType: 'video/mp4', buffer: Buffer.from('abc') });
  return page.evaluate<UploadResult>('upload()');
}

/** Uploads to the backend's page; `withScript`: it loads map-hosts.js, and no host is mapped by the browser. */
async function uploadsAndGetsItsEvents(command: string, file: string, withScript: boolean): Promise<void> {
  const backend = await startBackend(command, file);
  const vod = await startLocalVod(temporaryDirectory(), [
    '--callback',
    `${backend}/callback`,
    '--sign-key',
    KEYS.SIGN_KEY,
    '--step-ms',
    '10',
    '--secret-id',
    KEYS.SECRET_ID,
    '--secret-key',
    KEYS.SECRET_KEY,
  ]);
  // With port 9, which is closed, the browser reaches VOD's hosts by map-hosts.js only.
  const query = withScript ? `?vod=${vod.url}` : '';
  const { fileId, video } = await uploadInBrowser(backend, withScript ? 9 : vod.port, query);
  expect(await (await fetch(video.url)).text()).toBe('abc');
  const events = async () => (await (await fetch(`${backend}/events`)).json()) as PostedEvent[];
  await until(async () => (await events()).length === 2);
  const received = await events();
  expect(received.find(({ EventType }) => EventType === 'NewFileUpload')?.FileUploadEvent).toMatchObject({
    FileId: fileId,
    MediaBasicInfo: { Name: '假期', Type: 'mp4', SourceInfo: { SourceContext: '用户=42&order=a+b' } },
  });
  const task = received.find(({ EventType }) => EventType === 'ProcedureStateChanged')?.ProcedureStateChangeEvent;
  expect(task).toMatchObject({ FileId: fileId, Status: 'FINISH' });
  await vod.stop();
}

test('a Node backend uploads through map-hosts.js and gets its events', async () => {
  await uploadsAndGetsItsEvents(process.execPath, 'backend.mjs', true);
});

const python = findPython();
testWithPython(python, 'install Python 3.8 or newer, or name it in PYTHON')(
  'a Python backend uploads through mapped hosts and gets its events',
  async () => {
    await uploadsAndGetsItsEvents(python ?? '', 'backend.py', false);
  },
);

test.each(['backend.mjs', 'backend.py'])('%s has at most 55 lines', (file) => {
  expect(readFileSync(join(FIXTURES, file), 'utf8').split('\n').length).toBeLessThanOrEqual(MAX_LINES);
});
