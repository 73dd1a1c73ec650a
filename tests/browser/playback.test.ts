import type { Browser } from 'playwright-core';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { recordClip } from '../support/clip';
import { cleanUp, start } from '../support/vod/vod-client';
import { APP_ID, hexSeconds, keyUrl, PLAYER_KEY, psignOf, uploadWithCover, URL_KEY } from '../support/vod/vod-playback';

// Playback as an app's page has it: a <video> in Chromium, and the local VOD with Key hotlink protection.

const HOUR = 3_600_000;
const begin = Date.now();
let now = begin;
let port: number;
let browser: Browser;
let fileId: string;
let videoUrl: string;

beforeAll(async () => {
  ({ port } = await start({ playerKey: PLAYER_KEY, urlKey: URL_KEY, now: () => now }));
  browser = await launchBrowser(port);
  const { video } = await recordClip(browser, { width: 160, height: 90 });
  const uploaded = await uploadWithCover(port, video, { type: 'webm' });
  ({ fileId } = uploaded);
  videoUrl = uploaded.video.url;
});
beforeEach(() => {
  now = begin;
});
afterAll(async () => {
  await browser.close();
  await cleanUp();
});

interface Played {
  /** Of the <video>: its size in pixels, and the code of its MediaError. */
  readonly size: readonly [width: number, height: number];
  readonly error: number | undefined;
  /** Of a fetch of the same URL by the page: a <video> does not tell why it failed. */
  readonly status: number;
}

/** Gives the URL to a <video>, and waits until it plays or fails. */
async function play(url: string): Promise<Played> {
  // A context of its own, so that nothing comes from a cache.
  const context = await browser.newContext();
  const page = await context.newPage();
  const attributes = JSON.stringify({ muted: true, autoplay: true, src: url });
  await page.evaluate(`document.body.append(Object.assign(document.createElement('video'), ${attributes}))`);
  await becomesTrue(page, `(({ currentTime, error }) => currentTime > 0.2 || error)(document.querySelector('video'))`);
  const played = await page.evaluate<Played>(`(async ({ videoWidth, videoHeight, error }) => ({
    size: [videoWidth, videoHeight],
    error: error?.code,
    status: (await fetch('${url}')).status,
  }))(document.querySelector('video'))`);
  await context.close();
  return played;
}

async function expectPlaying(url: string): Promise<void> {
  expect(await play(url)).toEqual({ size: [160, 90], error: undefined, status: 200 });
}

async function expectRefused(url: string): Promise<void> {
  const MEDIA_ERR_SRC_NOT_SUPPORTED = 4;
  expect(await play(url)).toEqual({ size: [0, 0], error: MEDIA_ERR_SRC_NOT_SUPPORTED, status: 403 });
}

test('a signed URL plays', () => expectPlaying(keyUrl(videoUrl, { t: hexSeconds(begin + HOUR), us: 'a1' })));

test('a URL without a sign does not play', () => expectRefused(videoUrl));

test.each(['t', 'us', 'sign'])('a signed URL with one changed character in %s does not play', async (name) => {
  const url = new URL(keyUrl(videoUrl, { t: hexSeconds(begin + HOUR), us: 'a1' }));
  const value = url.searchParams.get(name) ?? '';
  url.searchParams.set(name, value.slice(0, -1) + (value.endsWith('0') ? '1' : '0'));
  await expectRefused(url.href);
});

test('a signed URL plays until it expires', async () => {
  const url = keyUrl(videoUrl, { t: hexSeconds(begin + HOUR) });
  now = begin + HOUR - 60_000;
  await expectPlaying(url);
  now = begin + HOUR + 1000;
  await expectRefused(url);
});

test('a page of another origin gets a signed URL with a psign, and the URL plays', async () => {
  const urlAccessInfo = { t: hexSeconds(begin + HOUR) };
  const psign = await psignOf(fileId, begin, { urlAccessInfo });
  const page = await browser.newPage();
  const address = `http://localhost:${port}/playvideo.qcloud.com/getplayinfo/v4/${APP_ID}/${fileId}?psign=${psign}`;
  const url = await page.evaluate<string>(
    `fetch('${address}').then((response) => response.json()).then(({ media }) => media.originalInfo.url)`,
  );
  await page.close();
  await expectPlaying(url);
});
