import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../local/server';
import { becomesTrue, launchBrowser } from '../support/browser/browser';
import { startTestRun } from '../support/local';

const ROOT = resolve(__dirname, '../..');

/** Starts `npm run first-upload` and returns the URL that it prints. */
async function startScript(env: Record<string, string>, args: readonly string[] = []) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/first-upload.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...env },
  });
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const exited = once(child, 'exit').then(() => child.exitCode);
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, 'line').then(([text]) => String(text)), exited]);
  const url = /http:\S+/.exec(String(line))?.[0] ?? '';
  return { url, exited, err: () => err, stop: () => child.kill() };
}

test('N12: npm run first-upload takes its port from PORT, and names it when it is taken', async () => {
  const { port, close } = await listen(() => Promise.resolve());
  const taken = await startScript({ PORT: String(port) });
  expect(await taken.exited).toBe(1);
  expect(taken.err()).toBe(`Port ${port} is taken: choose another one with PORT\n`);
  await close();
  const script = await startScript({ PORT: String(port) });
  try {
    expect(script.url).toBe(`http://localhost:${port}/first-upload.html`);
    expect((await fetch(script.url)).headers.get('content-type')).toBe('text/html; charset=utf-8');
    for (const path of ['/', '/docs/deploy.md', '/../package.json', '/.env']) {
      expect((await fetch(`http://localhost:${port}${path}`)).status).toBe(404);
    }
  } finally {
    script.stop();
  }
}, 30_000);

test.each([
  [['--port', 'x'], '--port must be a port, a whole number up to 65535 (0 takes a free one), not "x"\n'],
  [['--prot', '1'], "Unknown option '--prot'. Available: --port <port>\n"],
])('N12: npm run first-upload -- %j ends with what would be right', async (args, message) => {
  const script = await startScript({}, args);
  expect([await script.exited, script.err()]).toEqual([1, message]);
});

test('N12: npm run first-upload -- --port takes precedence over PORT', async () => {
  const script = await startScript({ PORT: 'x' }, ['--port', '0']);
  expect(script.url).toMatch(/^http:\/\/localhost:\d+\/first-upload\.html$/);
  script.stop();
});

test('docs/first-upload.html uploads, or says what went wrong', async () => {
  const script = await startScript({ PORT: '0' });
  const run = await startTestRun();
  const browser = await launchBrowser(run.vod.port);
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  const says = (text: string) => becomesTrue(page, `document.querySelector('pre').textContent.includes('${text}')`);
  try {
    await page.goto(script.url);
    await page.fill('[name=url]', `${run.url}/upload-signature`);
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
    const status = expect.stringMatching(/^(uploaded|ready)$/) as string; // VOD may have confirmed it by now
    expect(rows).toEqual([expect.objectContaining({ fileId, uploader: 'user-42', status })]);
  } finally {
    await browser.close();
    script.stop();
    await run.stop();
  }
});
