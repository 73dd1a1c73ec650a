import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser';
import { endAll, onEnd } from '../support/examples/ends';
import { folderOf, runScript, startScript, type Script } from '../support/examples/processes';
import { startStack, type Stack } from '../support/examples/stack';
import { waitUntil } from '../support/examples/wait';

// The React and the Vue example in Chromium, with the Express example as their server, against `npm start`.

const TENCENT_HOSTS = ['vod2.qcloud.com', 'vod2.dnsv1.com', 'vodreport.qcloud.com', '*.myqcloud.com'];

let stack: Stack;
/** Tencent's hosts are the local VOD, as they are Tencent for a deployed app. */
let browser: Browser;
/** Tencent's hosts do not exist: only what `mapHosts` redirects reaches the local VOD. */
let isolatedBrowser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  stack = await startStack();
  const vodPort = Number(new URL(stack.vodUrl).port);
  browser = await launchBrowser(vodPort);
  onEnd(() => browser.close());
  isolatedBrowser = await launchBrowser(vodPort, TENCENT_HOSTS);
  onEnd(() => isolatedBrowser.close());
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(endAll);

const createVideo = (name: string) => ({ name: `${name}.mp4`, mimeType: 'video/mp4', buffer: randomBytes(100_000) });

class App {
  /** Errors of the page and its console: a correct app has none. */
  readonly problems: string[] = [];
  readonly requests: string[] = [];

  constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      // The browser itself reports each status of 4xx.
      const isProblem = ['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load');
      if (isProblem) this.problems.push(message.text());
    });
    page.on('request', (request) => this.requests.push(request.url()));
  }

  static async open(url: string, on = browser): Promise<App> {
    const context = await on.newContext({ ignoreHTTPSErrors: true });
    contexts.push(context);
    const app = new App(await context.newPage());
    await app.page.goto(url);
    return app;
  }

  async logIn(name: string, password = `${name}-demo`): Promise<void> {
    await this.page.getByPlaceholder('Name').fill(name);
    await this.page.getByPlaceholder('Password').fill(password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  async choose(...names: string[]): Promise<void> {
    await this.page.locator('input[type=file]').setInputFiles(names.map(createVideo));
  }

  /** Puts a response in place of the backend's to the next request for a signature. */
  async failSigning(status: number, json: object): Promise<void> {
    const headers = { 'access-control-allow-origin': '*' };
    let isFirst = true;
    await this.page.route('**/upload-signature', (route) => {
      if (!isFirst) return route.continue();
      isFirst = false;
      return route.fulfill({ status, json, headers });
    });
  }

  /** A row of the page: `a.mp4 ready` is an upload, `a: ready` an item of the list. */
  row(text: string): Locator {
    return this.page.locator('p', { hasText: text });
  }

  async click(row: string, button: string): Promise<void> {
    await this.row(row).getByRole('button', { name: button }).click();
  }

  shows(row: string): Promise<void> {
    return this.row(row).first().waitFor();
  }
}

/** Holds the files that are sent to the storage until the returned function is called. */
async function holdFiles({ page }: App): Promise<() => void> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(/myqcloud/, async (route) => {
    if (route.request().method() === 'PUT') await released;
    await route.continue().catch(() => undefined); // the page may have aborted it
  });
  return release;
}

const fileIdsOf = (type: string) =>
  stack.express.lines().flatMap((line) => (line.startsWith(`${type} `) ? [line.split(' ')[1] ?? ''] : []));

const vite = (example: string, script: string) =>
  startScript(example, ['run', script, '--', '--port', '0'], /Local: +(\S+)/, {
    APP_SERVER: stack.express.url,
    VITE_BACKEND_URL: stack.backendUrl,
    VITE_LOCAL_VOD_URL: stack.vodUrl,
  });

describe.each(['react', 'vue'])('examples/%s, built with Vite', (example) => {
  const first = `${example}-first`;
  const second = `${example}-second`;
  const third = `${example}-third`;
  const fourth = `${example}-fourth`;
  const fifth = `${example}-fifth`;
  let site: Script;
  beforeAll(async () => {
    await runScript(example, 'build', { VITE_BACKEND_URL: stack.backendUrl });
    site = await vite(example, 'preview');
  });

  const open = async (user = 'alice') => {
    const app = await App.open(site.match);
    await app.logIn(user);
    await app.page.getByText(`${user} Log out`).waitFor();
    return app;
  };

  test('does not contain code that redirects requests to the local VOD', async () => {
    const assets = join(folderOf(example), 'dist/assets');
    for (const name of await readdir(assets)) {
      expect(await readFile(join(assets, name), 'utf8')).not.toContain('XMLHttpRequest.prototype');
    }
  });

  test('logs in and out, and shows why a login failed', async () => {
    const app = await App.open(site.match);
    await app.logIn('alice', 'wrong');
    await app.page.getByText('Wrong name or password').waitFor();
    await app.page.route('**/api/login', (route) => route.fulfill({ status: 502, body: '' }), { times: 1 });
    await app.logIn('alice');
    await app.page.getByText('The server responded with 502').waitFor();
    await app.logIn('alice');
    await app.page.getByRole('button', { name: 'Log out' }).click();
    await app.page.getByRole('button', { name: 'Log in' }).waitFor();
    expect(app.problems).toEqual([]);
  });

  test('uploads two files, shows their confirmed status and lists them', async () => {
    const app = await open();
    await app.choose(first, second);
    for (const name of [first, second]) {
      await app.shows(`${name}.mp4 ready`);
      await app.shows(`${name}: ready`);
      const progress = app.row(`${name}.mp4`).locator('progress');
      expect(await progress.getAttribute('value')).toBe('100000');
      expect(await progress.getAttribute('max')).toBe('100000');
    }
    await app.page.reload();
    await app.shows(`${first}: ready`);
    await app.shows(`${second}: ready`);
    expect(app.problems).toEqual([]);
  });

  test('pauses and resumes an upload', async () => {
    const app = await open();
    const release = await holdFiles(app);
    await app.choose(third);
    await app.click(third, 'Pause');
    await app.shows(`${third}.mp4 paused`);
    release();
    await app.click(third, 'Resume');
    await app.shows(`${third}.mp4 ready`);
    expect(app.problems).toEqual([]);
  });

  test('cancels an upload, and removes its row', async () => {
    const app = await open();
    const release = await holdFiles(app);
    await app.choose('cancelled');
    await app.click('cancelled.mp4', 'Cancel');
    await app.shows('cancelled.mp4 cancelled');
    await app.click('cancelled.mp4', 'Remove');
    await waitUntil(async () => (await app.row('cancelled').count()) === 0);
    release();
    expect(app.problems).toEqual([]);
  });

  test('shows an error with what to do, and retries', async () => {
    const app = await open();
    await app.failSigning(403, { type: 'urn:vod-client-upload:problem:forbidden', detail: 'not today' });
    await app.choose(fourth);
    await app.shows('This is not allowed: not today. Log in again, then retry.');
    await app.click(fourth, 'Retry');
    await app.shows(`${fourth}.mp4 ready`);
    await app.shows(`${fourth}: ready`);
    expect(app.problems).toEqual([]);
  });

  test('gets another token when the backend refuses the last one', async () => {
    const app = await open();
    const tokensBefore = app.requests.filter((url) => url.endsWith('/api/token')).length;
    await app.failSigning(401, { message: 'Unauthorized' });
    await app.choose(fifth);
    await app.shows(`${fifth}.mp4 ready`);
    expect(app.requests.filter((url) => url.endsWith('/api/token'))).toHaveLength(tokensBefore + 1);
    expect(app.problems).toEqual([]);
  });

  test('lists page after page, each upload once', async () => {
    const app = await open();
    await app.page.route('**/uploads?*', (route) =>
      route.continue({ url: route.request().url().replace('limit=20', 'limit=2') }),
    );
    await app.page.reload();
    const rows = app.page.locator('p');
    await waitUntil(async () => (await rows.count()) === 2);
    await app.page.getByRole('button', { name: 'More' }).dblclick(); // requests one page twice
    await waitUntil(async () => (await rows.count()) >= 4);
    const texts = await rows.allInnerTexts();
    const names = [fifth, fourth, third].map((name) => `${name}: ready Delete`);
    expect(texts.slice(0, 3)).toEqual(names);
    expect(new Set(texts).size).toBe(texts.length);
    expect(app.problems).toEqual([]);
  });

  test('deletes an upload', async () => {
    const app = await open();
    await app.click(`${first}: ready`, 'Delete');
    await app.shows(`${first}: deletion requested`);
    await waitUntil(async () => {
      await app.page.reload();
      await app.shows(`${second}: ready`);
      return (await app.row(`${first}:`).count()) === 0;
    });
    expect(app.problems).toEqual([]);
  });

  test('shows an error of a deletion', async () => {
    const app = await open();
    await app.page.route(/uploads\/\d+/, (route) => route.abort());
    await app.click(`${second}: ready`, 'Delete');
    await app.shows('The connection failed');
    await app.shows(`${second}: ready`);
  });

  test('shows nothing of another user', async () => {
    const app = await App.open(site.match);
    const listed = app.page.waitForResponse((response) => response.url().includes('/uploads?') && response.ok());
    await app.logIn('bob');
    expect(await (await listed).json()).toEqual({ uploads: [] });
    expect(await app.page.locator('p').allInnerTexts()).toEqual([]);
  });
});

describe.each(['react', 'vue'])('examples/%s, served by Vite for development', (example) => {
  test('uploads to the local VOD', async () => {
    const site = await vite(example, 'dev');
    const app = await App.open(site.match, isolatedBrowser);
    await app.logIn('bob');
    await app.page.locator('input[type=file]').waitFor();
    await app.choose(`${example}-development`);
    await app.shows(`${example}-development.mp4 ready`);
    await app.click(`${example}-development: ready`, 'Delete');
    await app.shows(`${example}-development: deletion requested`);
    expect(app.requests.filter((url) => /^\w+:\/\/[^/]*(qcloud|dnsv1)/.test(url))).toEqual([]);
    expect(app.requests.filter((url) => url.startsWith(`${stack.vodUrl}/`))).not.toEqual([]);
    expect(app.problems).toEqual([]);
  });
});

test('the Express example recorded the webhook of each upload that became ready or was deleted', async () => {
  await waitUntil(() => fileIdsOf('upload.deleted').length === 4);
  const ready = fileIdsOf('upload.ready');
  expect(new Set(ready).size).toBe(ready.length);
  expect(ready).toHaveLength(12);
  for (const fileId of fileIdsOf('upload.deleted')) expect(ready).toContain(fileId);
});
