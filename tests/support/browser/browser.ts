import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Browser, type Page } from 'playwright-core';

const MODULES = resolve(__dirname, '../../../node_modules');

const HOSTS = ['vod2.qcloud.com', 'vod2.dnsv1.com', 'vodreport.qcloud.com', '*.myqcloud.com'] as const;

/**
 * A real Chromium in which the hosts that the SDK has built in are the local VOD's port, the hosts in `unreachable` have
 * no address, and neither has anything else but this machine. `names` are names of it, as after DNS rebinding. Web security
 * is on, as users have it.
 *
 * Its contexts need `ignoreHTTPSErrors`: the local VOD's certificate is its own.
 *
 * @throws Error that says how to get a browser when there is none
 */
export async function launchBrowser(
  vodPort: number,
  unreachable: readonly string[] = [],
  names: readonly string[] = [],
): Promise<Browser> {
  const reachable = HOSTS.filter((host) => !unreachable.includes(host));
  const rules = [
    'EXCLUDE localhost',
    'EXCLUDE 127.0.0.1',
    ...reachable.map((host) => `MAP ${host}:443 127.0.0.1:${vodPort}`),
    `MAP *.myqcloud.com:80 127.0.0.1:${vodPort}`, // what the SDK uses when its page is http
    ...names.map((name) => `MAP ${name} 127.0.0.1`),
    'MAP * ~NOTFOUND',
  ];
  const args = ['--disable-gpu', '--disable-quic', `--host-resolver-rules=${rules.join(', ')}`];
  const failures: string[] = [];
  for (const { executablePath, libraries } of await executables()) {
    try {
      const env = { ...process.env, ...(libraries !== undefined && { LD_LIBRARY_PATH: libraries }) };
      return await chromium.launch({ executablePath, args, env });
    } catch (error) {
      failures.push(`${executablePath}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    [
      'These tests need a Chromium: npm ci installs one on Linux x64, as the optional dependency @sparticuz/chromium.',
      'Elsewhere install Chrome or Chromium, or name an executable in CHROME_PATH.',
      ...failures,
    ].join('\n'),
  );
}

/** Waits until an expression is true. Playwright's own way needs eval, which a CSP refuses. */
export async function becomesTrue(page: Page, expression: string): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 100) {
    if (await page.evaluate<boolean>(expression)) return;
    await sleep(100);
  }
  throw new Error(`Never true: ${expression}`);
}

interface Executable {
  readonly executablePath: string;
  /** Where it finds the shared libraries that the system does not have. */
  readonly libraries?: string;
}

async function executables(): Promise<Executable[]> {
  const chosen = process.env['CHROME_PATH'];
  if (chosen) return [{ executablePath: chosen }];
  const packaged = await packagedChromium();
  const installed = installedOnes().filter((path) => existsSync(path));
  return [...packaged, ...installed.map((executablePath) => ({ executablePath }))];
}

/** Unpacks the Chromium of @sparticuz/chromium, once. Its own code cannot do that in two processes at a time. */
async function packagedChromium(): Promise<Executable[]> {
  const bin = join(MODULES, '@sparticuz/chromium/bin');
  const packed = join(bin, 'chromium.br');
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(packed)) return [];
  const directory = join(MODULES, '.cache');
  const unpacked = join(directory, 'chromium');
  if (!existsSync(unpacked)) {
    await mkdir(directory, { recursive: true });
    const partial = `${unpacked}.${process.pid}`;
    await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(partial, { mode: 0o755 }));
    await rename(partial, unpacked);
  }
  // With the system's libraries, or on a machine with nothing but Node with those that come along.
  const libraries = `${unpacked}-libraries`;
  if (!existsSync(libraries)) {
    const partial = `${libraries}.${process.pid}`;
    await mkdir(partial);
    const archive = join(partial, 'all.tar');
    await pipeline(createReadStream(join(bin, 'al2023.tar.br')), createBrotliDecompress(), createWriteStream(archive));
    await promisify(execFile)('tar', ['-xf', archive, '-C', partial]);
    await rename(partial, libraries).catch(() => rm(partial, { recursive: true })); // another process was faster
  }
  return [{ executablePath: unpacked }, { executablePath: unpacked, libraries: join(libraries, 'lib') }];
}

function installedOnes(): string[] {
  const { env, platform } = process;
  const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser'];
  if (platform === 'darwin') {
    return ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  }
  if (platform === 'win32') {
    const roots = ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'];
    return roots.map((root) => join(env[root] ?? '', 'Google/Chrome/Application/chrome.exe'));
  }
  return (env['PATH'] ?? '').split(delimiter).flatMap((directory) => names.map((name) => join(directory, name)));
}
