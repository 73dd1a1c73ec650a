import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../local/browser';
import { startLocal } from '../local/run';

// `npm run screenshot`: uploads through the page of a local run with a temporary folder, and writes docs/images/page.png and
// docs/images/page.zh-CN.png. The fonts are those of the machine: the second one needs a Chinese font.

const IMAGES = resolve(__dirname, '../docs/images');
/** Uploaded in this order; the hue is that of the picture, in degrees. */
const VIDEOS = [
  { name: 'harbour-timelapse.webm', hue: 205, procedure: 'LongVideoPreset', status: 'ready' },
  { name: 'city-tour.webm', hue: 265, procedure: 'ReviewPreset', status: 'held for review' },
  { name: 'product-launch.webm', hue: 18, procedure: 'LongVideoPreset', status: 'ready' },
];
/** Is still uploading when the screenshots are taken. */
const LARGE = { name: 'conference-keynote.mp4', bytes: 48e6, bytesPerSecond: 3e6 };

/** Records a landscape at sunset for a second. Returns the video, and its beginning as an image. */
async function recordScene(page: Page, hue: number): Promise<{ video: Buffer; cover: Buffer }> {
  const [video = '', cover = ''] = await page.evaluate<string[]>(`(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const context = canvas.getContext('2d');
    const sky = context.createLinearGradient(0, 0, 0, 360);
    sky.addColorStop(0, 'hsl(${hue} 60% 42%)');
    sky.addColorStop(1, 'hsl(${hue + 40} 85% 76%)');
    const fill = (color, ...rectangle) => {
      context.fillStyle = color;
      context.fillRect(...rectangle);
    };
    const draw = (frame) => {
      fill(sky, 0, 0, 640, 360);
      context.fillStyle = 'hsl(48 100% 88%)';
      context.beginPath();
      context.arc(430, 170 + frame / 2, 46, 0, 7);
      context.fill();
      for (let x = 0; x < 640; x++) fill('hsl(${hue} 45% 26%)', x, 250 - 34 * Math.sin(x / 70), 1, 360);
      for (let x = 0; x < 640; x++) fill('hsl(${hue} 45% 16%)', x, 300 - 34 * Math.sin(x / 110 + 1), 1, 360);
    };
    draw(0);
    const base64 = async (blob) => btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
    const still = await base64(await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.8)));
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' });
    const recorded = new Promise((resolve) => (recorder.ondataavailable = ({ data }) => resolve(data)));
    recorder.start();
    for (let frame = 0; frame < 25; frame++) {
      draw(frame);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    recorder.stop();
    return [await base64(await recorded), still];
  })()`);
  return { video: Buffer.from(video, 'base64'), cover: Buffer.from(cover, 'base64') };
}

async function takeScreenshots(browser: Browser, url: string, largeFile: string): Promise<void> {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await page.goto(url);
  for (const { name, hue, procedure, status } of VIDEOS) {
    const { video, cover } = await recordScene(page, hue);
    await page.setInputFiles('#videos', { name, mimeType: 'video/webm', buffer: video });
    await page.setInputFiles('#cover', { name: 'cover.jpg', mimeType: 'image/jpeg', buffer: cover });
    await page.getByLabel('Procedure', { exact: true }).selectOption(procedure);
    await page.getByRole('button', { name: 'Start upload' }).click();
    await page.locator('#mine-list > li', { hasText: name }).getByText(status, { exact: true }).waitFor();
  }
  await page.reload(); // removes the finished ones from the uploads of the page
  await page.getByLabel('Source context').fill('order 7');
  await page.setInputFiles('#videos', largeFile);
  const network = await context.newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: LARGE.bytesPerSecond };
  await network.send('Network.emulateNetworkConditions', slow);
  await page.getByRole('button', { name: 'Start upload' }).click();
  await page.waitForTimeout(6000);
  for (const [language, file] of Object.entries({ English: 'page.png', 中文: 'page.zh-CN.png' })) {
    await page.getByRole('button', { name: language }).click();
    await page.mouse.move(0, 400); // off the button
    await page.screenshot({ path: join(IMAGES, file) });
  }
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vod-client-upload-'));
  const largeFile = join(folder, LARGE.name);
  await writeFile(largeFile, Buffer.alloc(LARGE.bytes));
  const dataDir = join(folder, 'data');
  const run = await startLocal({ port: 0, vodPort: 0, tablePort: 0, dataDir, log: () => undefined });
  const browser = await launchBrowser(run.vod.port);
  await takeScreenshots(browser, run.url, largeFile).finally(async () => {
    await browser.close();
    await run.stop();
    await rm(folder, { recursive: true });
  });
}

void main();
