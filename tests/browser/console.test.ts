import { startTestRun, type TestRun } from '../support/local';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser';
import { startSite, type Site } from '../support/browser/site';

// N12: what a developer sees in the browser's console during an upload to the local VOD.

let run: TestRun;
let site: Site;
let browser: Browser;
beforeAll(async () => {
  run = await startTestRun();
  site = await startSite(run.url);
  browser = await launchBrowser(run.vod.port);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await site.close();
  await run.stop();
});

test.each(['1.8.0', '1.7.0'])(
  'N12: an upload with vod-js-sdk-v6@%s, which compares regions first, leaves no error in the console',
  async (sdk) => {
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    const errors: string[] = [];
    const probes: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('response', (response) => {
      if (response.request().method() === 'HEAD') probes.push(`${response.status()} ${new URL(response.url()).host}`);
    });
    await page.goto(site.page(sdk));
    await page.evaluate(`login(${JSON.stringify(await run.issuer.token({ sub: 'user-42' }))})`);
    await page.setInputFiles('#video', { name: 'cat.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(1000, 7) });
    await page.evaluate('begin({ wish: {} })');
    expect(await page.evaluate('finish()')).toMatchObject({ result: { fileId: expect.stringMatching(/^\d+$/) } });
    expect(probes).toEqual(
      expect.arrayContaining([expect.stringMatching(/^200 local-vod-\d+\.cos\.[a-z-]+\.myqcloud\.com$/)]),
    );
    expect(errors).toEqual([]);
    await page.close();
  },
  60_000,
);
