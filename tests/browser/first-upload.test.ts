import { exec } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { listen } from '../../local/server';
import { becomesTrue, launchBrowser } from '../helpers/browser';
import { startTestRun } from '../helpers/local';

const ROOT = resolve(__dirname, '../..');
const FOLDER = '.cache/first-upload';
const TYPES: Readonly<Record<string, string>> = {
  '/first-upload.html': 'text/html',
  '/vod-js-sdk-v6.js': 'text/javascript',
};

/** What `npm run first-upload` serves: it makes the folder before. */
async function makeFolder(): Promise<void> {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const [make = '', serve] = (scripts['first-upload'] ?? '').split(' && esbuild ');
  expect(serve).toBe(`--servedir=${FOLDER} --serve=127.0.0.1:3000`);
  await promisify(exec)(make, { cwd: ROOT });
  expect((await readdir(join(ROOT, FOLDER))).map((name) => `/${name}`)).toEqual(Object.keys(TYPES));
}

test('docs/first-upload.html uploads, or says what went wrong', async () => {
  await makeFolder();
  const run = await startTestRun();
  const browser = await launchBrowser(run.vod.port);
  // The folder, as any static server has it, and the function beside it.
  const site = await listen(async ({ url = '', method = '', headers: { authorization = '' } }, response) => {
    const type = TYPES[url];
    const signed = type === undefined ? await fetch(run.url + url, { method, headers: { authorization } }) : undefined;
    response.writeHead(signed?.status ?? 200, { 'content-type': type ?? 'application/json' });
    response.end(signed ? await signed.text() : await readFile(join(ROOT, FOLDER, url)));
  });
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  const says = (text: string) => becomesTrue(page, `document.querySelector('pre').textContent.includes('${text}')`);
  try {
    await page.goto(`http://localhost:${site.port}/first-upload.html`);
    await page.fill('[name=url]', `http://localhost:${site.port}/upload-signature`);
    await page.setInputFiles('[name=file]', { name: 'cat.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(1000, 7) });
    await page.fill('[name=token]', 'no.such.token');
    await page.click('button');
    await says('not uploaded:  401 Unauthorized');

    const issued = await fetch(`${run.url}/local/token`, { method: 'POST', body: '{"sub":"user-42"}' });
    await page.fill('[name=token]', ((await issued.json()) as { token: string }).token);
    await page.click('button');
    await says('uploaded: fileId ');
    const [, fileId] = /uploaded: fileId (\d+)/.exec((await page.textContent('pre')) ?? '') ?? [];
    let rows: unknown = [];
    for (let waited = 0; waited < 20_000 && String(rows) === ''; waited += 50) {
      await sleep(50);
      rows = await (await fetch(`${run.url}/local/uploads`)).json();
    }
    expect(rows).toEqual([expect.objectContaining({ fileId, uploader: 'user-42', status: 'uploaded' })]);
  } finally {
    await browser.close();
    await site.close();
    await run.stop();
  }
});
