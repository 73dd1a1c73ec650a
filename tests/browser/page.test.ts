import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { recordClip } from '../support/clip';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { thoroughTest } from '../support/thorough';

// The page at `/`, used as a person would. Screenshots are written to artifacts/.

const ARTIFACTS = resolve(__dirname, '../../artifacts');

let run: TestRun;
let browser: Browser;
let folder: string;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  ends.push(() => rm(folder, { recursive: true }));
  await mkdir(ARTIFACTS, { recursive: true });
  run = await startTestRun();
  ends.push(() => run.stop());
  browser = await launchBrowser(run.vod.port);
  ends.push(() => browser.close());
  const clip = await recordClip(browser);
  await writeFile(join(folder, 'clip.webm'), clip.video);
  await writeFile(join(folder, 'cover.png'), clip.picture);
  await writeFile(join(folder, 'large.mp4'), randomBytes(24 * 2 ** 20));
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** The page in a profile of its own, and its uncaught errors. */
async function open(url = run.url): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.goto(`${url}/`);
  return { page, errors };
}

/** Uploads files as a user, and waits until each has the status. */
async function upload(page: Page, user: string, files: Parameters<Page['setInputFiles']>[1], status = 'ready') {
  await page.getByLabel('User', { exact: true }).fill(user);
  await page.setInputFiles('#videos', files);
  await page.getByRole('button', { name: 'Start upload' }).click();
  const ended = page.getByText(new RegExp(`^Uploaded as \\d{19} · ${status}$`));
  await ended.nth(Array.isArray(files) ? files.length - 1 : 0).waitFor();
}

test('a video and its cover are uploaded, the row becomes ready, and the video plays', async () => {
  const { page, errors } = await open();
  await page.getByLabel('User', { exact: true }).fill('alice');
  await page.setInputFiles('#videos', join(folder, 'clip.webm'));
  await page.setInputFiles('#cover', join(folder, 'cover.png'));
  await page.getByLabel('Source context').fill('order 7 订单');
  await page.getByLabel('Procedure', { exact: true }).selectOption('LongVideoPreset');
  await page.getByLabel('One-time signatures').check();
  expect(await page.locator('#sign').textContent()).toContain('oneTimeValid: true');
  await page.getByRole('button', { name: 'Start upload' }).click();

  await page.getByText(/^Uploaded as \d{19} · ready$/).waitFor();
  const card = page.locator('#rows > li').first();
  await card.getByText('ready', { exact: true }).waitFor();
  const [row] = await run.rows();
  expect(row).toMatchObject({
    name: 'clip',
    type: 'webm',
    uploader: 'alice',
    sourceContext: 'order 7 订单',
    status: 'ready',
    trust: 'confirmed',
    coverUrl: expect.stringContaining('/media/') as string,
  });
  const shown = (await card.textContent()) ?? '';
  const facts = ['clip.webm', 'alice', 'order 7 订单', row?.['fileId'], row?.['url'], row?.['procedureTaskId']];
  for (const fact of [...facts, 'seal valid', 'confirmed by VOD']) expect(shown).toContain(fact);
  await page.screenshot({ path: join(ARTIFACTS, 'page.png'), fullPage: true });

  await card.getByRole('button', { name: /Play/ }).click();
  await becomesTrue(page, `document.querySelector('video').currentTime > 0.2`);

  await page.setViewportSize({ width: 360, height: 740 });
  await page.getByRole('button', { name: '中文' }).click();
  expect(await page.getAttribute('html', 'lang')).toBe('zh-Hans');
  const chinese = (await card.textContent()) ?? '';
  for (const words of ['就绪', '防篡改签名有效', '已向点播核实']) expect(chinese).toContain(words);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  await page.screenshot({ path: join(ARTIFACTS, 'page-phone-zh.png'), fullPage: true });
  expect(errors).toEqual([]);
  await page.context().close();
});

test('an upload shows its progress, is paused, resumed and cancelled by keyboard', async () => {
  const { page, errors } = await open();
  // 6 MB/s, so that there is time to look.
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 6e6 };
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', slow);
  const press = async (button: string) => {
    const target = page.getByRole('button', { name: button });
    await target.focus();
    await page.keyboard.press('Enter');
  };
  const percent = async () =>
    Number(await page.evaluate(`(({ value, max }) => 100 * value / max)(document.querySelector('progress'))`));
  await page.getByLabel('User', { exact: true }).fill('bob');
  await page.setInputFiles('#videos', join(folder, 'large.mp4'));
  await press('Start upload');
  await becomesTrue(page, `document.querySelector('progress').value > 0`);
  await press('Pause: large.mp4');
  await page.getByText(/^Paused at/).waitFor();
  expect(await percent()).toBeLessThan(100);
  await page.screenshot({ path: join(ARTIFACTS, 'page-paused.png'), fullPage: true });
  await press('Resume: large.mp4');
  await page.getByText(/^Uploaded as \d{19} · ready$/).waitFor();
  expect(await percent()).toBe(100);
  await page.locator('#rows > li', { hasText: 'bob' }).waitFor();

  await page.setInputFiles('#videos', join(folder, 'large.mp4'));
  await press('Start upload');
  await press('Cancel: large.mp4');
  await page.getByText('Cancelled', { exact: true }).waitFor();
  // A transfer that went on would arrive in this time.
  await network.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
  await page.waitForTimeout(2_000);
  expect((await run.rows()).filter(({ uploader }) => uploader === 'bob')).toHaveLength(1);
  expect(errors).toEqual([]);
  await page.context().close();
});

thoroughTest('a video that the review blocks is shown as rejected, with the reason', async () => {
  const { page, errors } = await open();
  await page.getByLabel('User', { exact: true }).fill('carol');
  await page.setInputFiles('#videos', join(folder, 'clip.webm'));
  await page.getByLabel('Procedure', { exact: true }).selectOption('BlockingPreset');
  await page.getByRole('button', { name: 'Start upload' }).click();
  await page.getByText(/^Uploaded as \d{19} · rejected$/).waitFor();
  const card = page.locator('#rows > li', { hasText: 'carol' });
  await card.getByText('rejected', { exact: true }).waitFor();
  expect(await card.textContent()).toContain('suggests "block"');
  expect(errors).toEqual([]);
  await page.context().close();
});

test('a user sees their own uploads, plays one by a signed URL, and deletes it', async () => {
  const { page, errors } = await open();
  await upload(page, 'dave', join(folder, 'clip.webm'));
  const mine = page.locator('#mine-list > li');
  await mine.getByText('ready', { exact: true }).waitFor();
  expect(await mine.count()).toBe(1);
  expect(await page.locator('#mine-state').textContent()).toBe('User: dave');

  await mine.getByRole('button', { name: 'Play: clip.webm' }).click();
  await becomesTrue(page, `document.querySelector('#mine-list video').currentTime > 0.2`);
  const source = await mine.locator('video').getAttribute('src');
  expect(source).toMatch(/\?t=[0-9a-f]{8}&sign=[0-9a-f]{32}$/);
  expect((await fetch(source?.replace(/\?.*/, '') ?? '')).status).toBe(403);
  await page.screenshot({ path: join(ARTIFACTS, 'page-my-uploads.png'), fullPage: true });

  page.once('dialog', (dialog) => void dialog.accept());
  await mine.getByRole('button', { name: 'Delete: clip.webm' }).click();
  // VOD may confirm it before the page shows that it was requested.
  await mine
    .getByText(/^(deletion requested|deleted)$/)
    .first()
    .waitFor();
  expect(await mine.locator('video').count()).toBe(0);
  await mine.getByText('deleted', { exact: true }).waitFor();
  expect(await mine.getByRole('button').count()).toBe(0);
  expect(await run.rows()).toContainEqual(expect.objectContaining({ uploader: 'dave', status: 'deleted' }));

  await page.reload();
  await page.getByText('No uploads yet. An upload is listed as soon as VOD has confirmed it.').waitFor();
  expect(errors).toEqual([]);
  await page.context().close();
});

thoroughTest('a user sees a list of several pages, and nothing of another user', async () => {
  const { page, errors } = await open();
  const names = [1, 2, 3, 4, 5, 6, 7].map((number) => `erin-${number}.mp4`);
  await upload(
    page,
    'erin',
    names.map((name) => ({ name, mimeType: 'video/mp4', buffer: randomBytes(100) })),
  );
  await page.reload();
  const mine = page.locator('#mine-list > li');
  await mine.nth(4).waitFor();
  expect(await mine.count()).toBe(5);
  await page.getByRole('button', { name: 'Next page' }).click();
  await mine.nth(6).waitFor();
  expect((await mine.locator('h3').allTextContents()).sort()).toEqual(names);
  expect(await page.getByRole('button', { name: 'Next page' }).count()).toBe(0);

  await page.getByLabel('User', { exact: true }).fill('frank');
  await page.getByLabel('User', { exact: true }).press('Tab');
  await page.getByText('User: frank', { exact: true }).waitFor();
  await page.locator('#mine-empty').waitFor();
  expect(await mine.count()).toBe(0);
  expect(errors).toEqual([]);
  await page.context().close();
});

test('an upload that is not confirmed yet is read by its ETag fewer than ten times, and never once it is ready', async () => {
  const { page, errors } = await open();
  const statuses: number[] = [];
  page.on('response', (response) => {
    if (/\/uploads\/\d+$/.test(response.url())) statuses.push(response.status());
  });
  await setFaults({ visibleAfterMs: 3000 });
  try {
    await upload(page, 'grace', join(folder, 'clip.webm'));
    await page.locator('#mine-list').getByText('ready', { exact: true }).waitFor();
  } finally {
    await fetch(`${run.vod.url}/local/faults`, { method: 'DELETE' });
  }
  expect(statuses).toContain(304);
  expect(statuses.length).toBeLessThan(10);
  const count = statuses.length;
  await page.waitForTimeout(3_000);
  expect(statuses).toHaveLength(count); // nothing is unfinished any more
  expect(errors).toEqual([]);
  await page.context().close();
});

test('an upload over a limit is refused at signing or else shown as rejected, with the reason, and does not play', async () => {
  const limited = await startTestRun({ features: { limits: { MAX_BYTES: '1000' } } });
  try {
    const { page, errors } = await open(limited.url);
    await page.getByLabel('User', { exact: true }).fill('heidi');
    await page.setInputFiles('#videos', join(folder, 'clip.webm'));
    await page.getByRole('button', { name: 'Start upload' }).click();
    await page.locator('#running-list').getByText('/fileSize: must be at most 1000 bytes').waitFor();

    // As an app that does not say how large the file is.
    await page.route('**/upload-signature', (route) => route.continue({ postData: '{}' }));
    await page.getByRole('button', { name: 'Try again: clip.webm' }).click();
    await page.getByText(/^Uploaded as \d{19} · rejected$/).waitFor();
    const mine = page.locator('#mine-list > li');
    await mine.getByText('rejected', { exact: true }).waitFor();
    expect(await mine.textContent()).toMatch(/Too large: the file has \d+ bytes, the limit is 1000/);
    expect(await mine.getByRole('button').allTextContents()).toEqual(['Delete']);

    await upload(page, 'heidi', { name: 'small.mp4', mimeType: 'video/mp4', buffer: randomBytes(1000) });
    await mine.first().getByText('ready', { exact: true }).waitFor();
    await page.getByRole('button', { name: '中文' }).click();
    expect(await mine.last().textContent()).toContain('文件过大');
    expect(errors).toEqual([]);
    await page.context().close();
  } finally {
    await limited.stop();
  }
});

thoroughTest('the page plays and refuses deletions in a run without playback and without deletion', async () => {
  const bare = await startTestRun({ features: { playback: false, allowDelete: false } });
  try {
    const { page, errors } = await open(bare.url);
    await upload(page, 'ivan', join(folder, 'clip.webm'));
    const mine = page.locator('#mine-list > li');
    await mine.getByRole('button', { name: 'Play: clip.webm' }).click();
    await becomesTrue(page, `document.querySelector('#mine-list video').currentTime > 0.2`);
    page.once('dialog', (dialog) => void dialog.accept());
    await mine.getByRole('button', { name: 'Delete: clip.webm' }).click();
    await mine.getByText('Deletion is disabled', { exact: false }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  } finally {
    await bare.stop();
  }
});

thoroughTest('an event about a file that VOD does not know is shown as not verified', async () => {
  const { page } = await open();
  const event = { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '5285890000000000077' } };
  await fetch(run.callbackUrl, { method: 'POST', body: JSON.stringify(event) });
  const card = page.locator('#rows > li', { hasText: '5285890000000000077' });
  await card.getByText('uploaded', { exact: true }).waitFor();
  await card.getByText('not verified yet', { exact: true }).waitFor();
  await page.context().close();
});

function setFaults(faults: object) {
  return fetch(`${run.vod.url}/local/faults`, { method: 'PUT', body: JSON.stringify(faults) });
}
