import { mkdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { startAppServer, status, type AppServer } from '../support/app-server';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { recordClip } from '../support/clip';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { until } from '../support/vod/vod-client';

// The views of the page except Uploads, in one run and one browser. Screenshots are written to artifacts/.

const ARTIFACTS = resolve(__dirname, '../../artifacts');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = ['uploads', 'events', 'webhooks', 'vod'] as const;
const MAX_RECORDS = 1000;

let run: TestRun;
let app: AppServer;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const errors: string[] = [];
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const folder = await temporaryFolder();
  ends.push(() => rm(folder, { recursive: true }));
  await mkdir(ARTIFACTS, { recursive: true });
  app = await startAppServer();
  ends.push(() => app.stop());
  app.respondWith((response) => response.writeHead(200, { 'x-app': 'demo' }).end('{"ok":true}'));
  run = await startTestRun({
    features: { notifyUrl: `${app.url}?key=of-the-receiver` },
    givenSecrets: { callbackSignKey: 'SignKeyOfTheTest' },
  });
  ends.push(() => run.stop());
  browser = await launchBrowser(run.vod.port);
  ends.push(() => browser.close());
  const { video, picture } = await recordClip(browser);
  await writeFile(join(folder, 'holiday.webm'), video);
  await writeFile(join(folder, 'cover.png'), picture);
  context = await browser.newContext({ locale: 'en-US', permissions: ['clipboard-read', 'clipboard-write'] });
  page = await context.newPage();
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.goto(`${run.url}/`);
  await upload(join(folder, 'holiday.webm'), join(folder, 'cover.png'));
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});
afterEach(() => {
  expect(errors.splice(0)).toEqual([]);
});

/** Fills the library: an upload of the page with a cover, and files with procedures that end differently. */
async function upload(video: string, cover: string): Promise<void> {
  await page.getByLabel('User', { exact: true }).fill('alice');
  await page.getByLabel('User', { exact: true }).press('Tab');
  await page.setInputFiles('#videos', video);
  await page.setInputFiles('#cover', cover);
  await page.getByLabel('Procedure', { exact: true }).selectOption('LongVideoPreset');
  await page.getByRole('button', { name: 'Start upload' }).click();
  await page.getByText(/^Uploaded as \d{19} · ready$/).waitFor();
  const media = { type: 'mp4', size: 7_340_032, sourceContext: '', duration: 61, width: 1920, height: 1080 };
  run.vod.put({ ...media, name: 'lecture', procedure: 'FailingPreset' });
  run.vod.put({ ...media, name: 'trailer', procedure: 'BlockingPreset' });
  run.vod.put({ ...media, name: '发布会回放', sourceContext: 'order=7 订单' });
  await until(() => app.received.length >= 4);
}

async function show(view: string): Promise<void> {
  await page.evaluate(`location.hash = '#${view}'`);
  await page.locator(`#view-${view.split('/')[0] ?? ''}`).waitFor();
}

const view = () => page.locator('.view:not([hidden])');
/** The newest entry with this text; others may come before it later. */
async function entry(text: string): Promise<Locator> {
  const newest = view().locator('.entry', { hasText: text }).first();
  return view().locator(`[data-record-id="${(await newest.getAttribute('data-record-id')) ?? ''}"]`);
}

test('tabs are changed by keyboard, and the URL names the view', async () => {
  await page.locator('#tab-uploads').focus();
  for (const [key, view] of [
    ['ArrowRight', 'events'],
    ['End', 'vod'],
    ['ArrowRight', 'uploads'],
    ['ArrowLeft', 'vod'],
    ['Home', 'uploads'],
    ['ArrowRight', 'events'],
  ] as const) {
    await page.keyboard.press(key);
    await page.locator(`#view-${view}`).waitFor();
    expect(await page.locator('[role="tab"][aria-selected="true"]').getAttribute('id')).toBe(`tab-${view}`);
    expect(await page.locator('[role="tabpanel"]:visible').count()).toBe(1);
    expect(new URL(page.url()).hash).toBe(`#${view}`);
  }
  await page.reload();
  await page.locator('#view-events').waitFor();
  await page.goBack();
  await page.locator('#view-uploads').waitFor();
});

test('a thumbnail shows the cover in the rows and in the uploads of the user', async () => {
  await show('uploads');
  for (const list of ['#mine-list', '#rows']) {
    const images = `document.querySelectorAll('${list} img:not([hidden])')`;
    await becomesTrue(page, `[...${images}].some(({ naturalWidth }) => naturalWidth === 320)`);
  }
});

describe('the view of events', () => {
  beforeEach(() => show('events'));

  test('shows each callback with its body, attempts and the response, without the token', async () => {
    const first = await entry('NewFileUpload');
    await first.getByText('200 · accepted').waitFor();
    await first.getByRole('button').first().click();
    await first.getByText('"outcome"').first().waitFor();
    const text = (await first.textContent()) ?? '';
    for (const part of ['200', '"recorded"', 'MediaBasicInfo', 'format 3.0', '"Sign"', ' ms'])
      expect(text).toContain(part);
    const { callbackToken, callbackSignKey } = run.secrets;
    const content = await page.content();
    for (const secret of [callbackToken, callbackSignKey]) expect(content).not.toContain(secret);
    await first.getByRole('button').first().click();
  });

  test('filters by text, type and outcome', async () => {
    const list = page.locator('#events-list > li');
    const all = await list.count();
    const { fileId = '' } = run.vod.callbackLog.get(1) ?? {};
    await page.getByRole('searchbox').fill(fileId);
    expect(await list.count()).toBe(2);
    await page.locator('#events-filter [name=type]').selectOption('ProcedureStateChanged');
    expect(await list.count()).toBe(1);
    await page.getByRole('searchbox').fill('');
    await page.locator('#events-filter [name=outcome]').selectOption('refused');
    await page.getByText('No event matches the filter.').waitFor();
    expect(await page.locator('#events-filter output').textContent()).toBe(`0 of ${all}`);
    await page.locator('#events-filter [name=type]').selectOption('');
    await page.locator('#events-filter [name=outcome]').selectOption('');
    expect(await list.count()).toBe(all);
  });

  test('copies a callback as curl, without the token, and the command is accepted', async () => {
    await show('events/发布会回放');
    const card = await entry('NewFileUpload');
    await card.getByRole('button').first().click();
    await card.getByRole('button', { name: 'Copy as curl' }).click();
    await card.getByRole('button', { name: 'Copied' }).waitFor();
    const command = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(command).toContain(`curl -i "$CALLBACK"`);
    expect(command).not.toContain(run.secrets.callbackToken);
    const [, body = ''] = /--data-raw '(.*)'$/s.exec(command) ?? [];
    const response = await fetch(run.callbackUrl, { method: 'POST', body: body.replaceAll(`'\\''`, "'") });
    expect(response.status).toBe(200);
  });

  test('sends a callback again or forged, and shows the response', async () => {
    await show('events/trailer');
    const card = await entry('NewFileUpload');
    await card.getByRole('button').first().click();
    const result = card.locator('.result');
    await card.getByRole('button', { name: 'Send again' }).click();
    await result.getByText('Send again').waitFor();
    await result.getByText('200', { exact: true }).waitFor();
    for (const [forgery, title, code] of [
      ['wrong-token', 'forged: wrong token', '401'],
      ['wrong-sign', 'forged: wrong Sign', '401'],
      ['other-file', 'forged: other FileId', '200'],
      ['cut', 'broken: truncated JSON', '400'],
    ] as const) {
      await card.getByLabel('Forgery').selectOption(forgery);
      await card.getByRole('button', { name: 'Send forged event' }).click();
      await result.getByText(title).waitFor();
      expect(await result.textContent()).toContain(code);
    }
    await page.screenshot({ path: join(ARTIFACTS, 'events-open.png'), fullPage: true });
    const kinds = run.vod.callbackLog.read('').records.map(({ kind }) => kind);
    expect(kinds.slice(-5)).toEqual(['again', 'wrong-token', 'wrong-sign', 'other-file', 'cut']);
    await page.getByRole('searchbox').fill('');
    await (await entry('broken: truncated JSON')).getByText('400 · refused').waitFor();
  });
});

describe('the view of webhooks', () => {
  test('shows each delivery with headers and body as sent, and the response', async () => {
    await show('webhooks');
    const card = await entry('upload.rejected');
    await card.getByText('200 · delivered').waitFor();
    await card.getByRole('button').first().click();
    await card.getByText('Request headers').click();
    await card.getByText('Response headers').click();
    const text = (await card.textContent()) ?? '';
    const webhook = app.received.find(({ body }) => body.includes('upload.rejected'));
    expect(text).toContain(webhook?.body);
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature', 'host']) {
      expect(text).toContain(`${name}: ${String(webhook?.headers[name])}`);
    }
    for (const part of ['x-app: demo', '"ok": true']) expect(text).toContain(part);
    const content = await page.content();
    for (const secret of [run.secrets.notifySecret, 'of-the-receiver']) expect(content).not.toContain(secret);
    await card.getByRole('button').first().click();
  });

  test('shows a failed delivery, and delivers it at once on demand', async () => {
    app.respondWith(status(503));
    run.vod.put({ name: 'unlucky', type: 'mp4', size: 1, sourceContext: '' });
    await show('webhooks/unlucky');
    const card = await entry('upload.ready');
    await card.getByText('503 · failed').waitFor();
    await card.getByRole('button').first().click();
    await card.getByText(/^next attempt in \d+ sec$/).waitFor();
    await page.screenshot({ path: join(ARTIFACTS, 'webhooks-open.png'), fullPage: true });
    app.respondWith(status(204));
    await card.getByRole('button', { name: 'Deliver now' }).click();
    await card.getByText('204 · delivered').waitFor();
    expect(await card.locator('.attempts > li').count()).toBe(2);
    await card.getByRole('button', { name: 'Deliver again' }).waitFor();
    await page.getByRole('searchbox').fill('');
  });

  test('shows how to turn webhooks on when there is no NOTIFY_URL', async () => {
    const other = await context.newPage();
    await other.route('**/local/config', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ json: { ...((await response.json()) as object), notifyUrl: '' } });
    });
    await other.goto(`${run.url}/#webhooks`);
    await other.getByText('NOTIFY_URL=http://localhost:8080/ npm start').waitFor();
    expect(await other.locator('#webhooks-on').isHidden()).toBe(true);
    await other.close();
  });
});

describe('the view of the local VOD', () => {
  beforeEach(() => show('vod'));

  test('shows library, tasks, upload sessions and the event configuration', async () => {
    await page.locator('#vod-files').getByText('发布会回放.mp4').waitFor();
    const text = (await view().textContent()) ?? '';
    for (const part of ['holiday.webm', 'review: block', '1 failed', '3 of 3 sub-tasks', 'committed', 'PUSH']) {
      expect(text).toContain(part);
    }
    expect(text).toContain(`${run.url}/vod-events`);
    expect(await page.content()).not.toContain(run.secrets.callbackToken);
    await page.locator('#vod-files a').first().click();
    await page.locator('#view-events').waitFor();
    await becomesTrue(page, `document.querySelectorAll('#events-list > li').length > 0`);
    await page.getByRole('searchbox').fill('');
  });

  test('switches faults on and off by keyboard', async () => {
    const faults = () => run.vod.inspect().faults;
    const drop = page.getByRole('switch', { name: 'Drop callbacks' });
    await drop.focus();
    await page.keyboard.press('Space');
    await until(() => faults().drop === 0.5);
    const probability = page.getByLabel('Drop callbacks: probability');
    await probability.fill('0.25');
    await probability.press('Enter');
    await until(() => faults().drop === 0.25);
    await probability.fill('7');
    await probability.press('Enter');
    await page.getByText('"drop" must be a number from 0 to 1, not 7').waitFor();
    await page.getByLabel('Callback format').selectOption('both');
    await until(() => faults().format === 'both');
    await page.getByText('2 faults are on').waitFor();
    await page.getByRole('button', { name: 'Reset all' }).click();
    await until(() => faults().drop === 0 && faults().format === '3.0');
    await becomesTrue(page, `!document.querySelector('#fault-drop').checked`);
  });
});

/** Each view in both languages, light and dark; `check` gets a name for it. */
async function forEachLook(views: readonly string[], check: (name: string) => Promise<void>): Promise<void> {
  for (const [language, button] of [
    ['en', 'English'],
    ['zh', '中文'],
  ] as const) {
    await page.getByRole('button', { name: button }).click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const view of views) {
        await show(view);
        await check(`${view}-${language}-${colorScheme}`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('button', { name: 'English' }).click();
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

test('axe-core finds no violation in any view, in both languages, light and dark', async () => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.evaluate(AXE);
  for (const view of ['events', 'webhooks']) {
    await show(view);
    const head = page.locator(`#${view}-list .entry-head`).first();
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
  }
  const found: string[] = [];
  await forEachLook(VIEWS, async (name) => {
    await page.screenshot({ path: join(ARTIFACTS, `view-${name}.png`) });
    const violations = await page.evaluate<Violation[]>(`axe.run().then(({ violations }) => violations)`);
    found.push(...violations.map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html).join('\n  ')}`));
  });
  expect(found).toEqual([]);
}, 120_000);

/** Visible elements that stick out of the window, unless they are in something that scrolls by itself. */
const CUT = `[...document.querySelectorAll('body *')]
  .filter((element) => element.checkVisibility() && !element.closest('pre, .visually-hidden'))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.outerHTML.slice(0, 100))`;

test('nothing is cut at the width of a phone', async () => {
  await page.setViewportSize({ width: 375, height: 740 });
  const cut: unknown[] = [];
  await forEachLook(VIEWS, async (name) => {
    const widths = `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.documentElement)`;
    const overflow = await page.evaluate<number>(widths);
    const elements = await page.evaluate<string[]>(CUT);
    if (overflow > 0 || elements.length > 0) cut.push([name, overflow, elements]);
    if (name.endsWith('light')) await page.screenshot({ path: join(ARTIFACTS, `phone-${name}.png`), fullPage: true });
  });
  await page.setViewportSize({ width: 1280, height: 900 });
  expect(cut).toEqual([]);
});

/** Milliseconds from an input in the search field to the frame that shows it. */
const INPUT_TO_PAINT = `async (text) => {
  const field = document.querySelector('#events-filter input');
  const begin = performance.now();
  field.value = text;
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await new Promise((painted) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = painted;
    port2.postMessage('');
  }));
  return performance.now() - begin;
}`;

test('with 1000 callbacks the filter paints within 100 ms, and memory stays bounded', async () => {
  run.vod.setFaults({ drop: 1 }); // recorded, but not sent
  for (let number = 0; number < MAX_RECORDS + 100; number++) {
    run.vod.put({ name: `file-${number}`, type: 'mp4', size: number, sourceContext: 'x'.repeat(200) });
  }
  run.vod.setFaults(undefined);
  await show('events');
  await becomesTrue(page, `document.querySelector('#events-filter output').textContent === '1,000 total'`);
  expect(run.vod.callbackLog.size).toBe(MAX_RECORDS);
  const rows = () => page.locator('#events-list > li').count();
  expect(await rows()).toBe(50);
  await page.getByRole('button', { name: 'Show 50 more' }).click();
  expect(await rows()).toBe(100);

  const times: number[] = [];
  for (const text of ['f', 'fi', 'file-1', 'file-10', 'file-1050', 'nothing like it', '', 'x', 'file-9', '', 'mp4']) {
    times.push(await page.evaluate<number>(`(${INPUT_TO_PAINT})(${JSON.stringify(text)})`));
    expect(await rows()).toBeLessThanOrEqual(50);
  }
  const [median = Infinity] = times.sort((a, b) => a - b).slice(times.length / 2);
  process.stdout.write(
    `input to paint with 1000 callbacks: median ${median.toFixed(1)} ms, longest ${(times.at(-1) ?? 0).toFixed(1)} ms\n`,
  );
  expect(median).toBeLessThan(100);
});
