import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { startClientSite, type ClientSite } from '../support/client/site';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { startTestRun, type TestRun } from '../support/local';

// client/react and client/vue in a real browser: tests/support/client/bindings-page.ts is the app.

let run: TestRun;
let site: ClientSite;
let browser: Browser;
let app: string;
const ends: (() => Promise<void>)[] = [];
beforeAll(async () => {
  run = await startTestRun({ features: { playback: false } });
  ends.push(() => run.stop());
  site = await startClientSite(run.url);
  ends.push(() => site.close());
  browser = await launchBrowser(run.vod.port);
  ends.push(() => browser.close());
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, '../support/client/bindings-page.ts')],
    bundle: true,
    format: 'iife',
    external: ['vod-js-sdk-v6'],
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    write: false,
  });
  app = outputFiles[0]?.text ?? '';
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

test.each(['react', 'vue'])(
  'client/%s > shows each state of an upload, and nothing once it is dismissed',
  async (framework) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => {
      // A status is not a fault: the SDK's probe of the region gets 403, the first reads of a new upload 404.
      const isFault = ['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load');
      if (isFault) errors.push(message.text());
    });
    await page.goto(site.page('1.8.0'));
    await page.addScriptTag({ content: app });
    const token = await run.issuer.token({ sub: `user-of-${framework}` });
    await page.evaluate(`
    document.body.append(Object.assign(document.createElement('div'), { id: 'app' }));
    window.seen = [];
    new MutationObserver(() => {
      const text = document.querySelector('li')?.textContent;
      if (text && text !== seen.at(-1)) seen.push(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    app = startApp(${JSON.stringify(run.url)}, ${JSON.stringify(token)});
    app.render(${JSON.stringify(framework)});
  `);
    const bytes = randomBytes(12 * 2 ** 20);
    await page.setInputFiles('#files', { name: 'a.mp4', mimeType: 'video/mp4', buffer: bytes });
    await becomesTrue(page, `typeof window.begin === 'function'`);
    await page.evaluate(`{ window.upload = begin(document.getElementById('files').files[0]) }`);
    await becomesTrue(page, `document.querySelector('li')?.textContent === 'ready with bytes'`);
    expect(await page.evaluate('seen')).toEqual(
      expect.arrayContaining(['preparing', 'processing with bytes', 'ready with bytes']),
    );

    // The list outlives the component.
    await page.evaluate('app.unmount()');
    expect(await page.evaluate(`document.querySelectorAll('li').length`)).toBe(0);
    await page.evaluate(`app.render(${JSON.stringify(framework)})`);
    await becomesTrue(page, `document.querySelectorAll('li').length === 1`);
    await page.click('li');
    await becomesTrue(page, `document.querySelectorAll('li').length === 0`);
    expect(errors).toEqual([]);
    await context.close();
  },
);
