import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Browser } from 'playwright-core';

const MODULES = resolve(__dirname, '../node_modules');

/** The hosts that the vendor's SDK has built in. */
const HOSTS = ['vod2.qcloud.com', 'vod2.dnsv1.com', 'vodreport.qcloud.com', '*.myqcloud.com'] as const;

/**
 * Launches a Chromium that reaches nothing but this machine: the hosts that the SDK has built in are the local VOD's port,
 * those in `unreachable` have no address, and `names` are further names of this machine, as after DNS rebinding. Web
 * security is on, as users have it.
 *
 * Its contexts need `ignoreHTTPSErrors` for the local VOD's self-signed certificate.
 *
 * @throws Error that explains how to install a browser if there is none
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
      'No Chromium could be launched: npm ci installs one on Linux x64, as the optional dependency @sparticuz/chromium.',
      'Elsewhere install Chrome or Chromium, or name an executable in CHROME_PATH.',
      ...failures,
    ].join('\n'),
  );
}

interface Executable {
  readonly executablePath: string;
  /** The folder of the shared libraries that the system may not have. */
  readonly libraries?: string;
}

async function executables(): Promise<Executable[]> {
  const chosen = process.env['CHROME_PATH'];
  if (chosen) return [{ executablePath: chosen }];
  const packaged = await packagedChromium();
  const installed = installedPaths().filter((path) => existsSync(path));
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
  // With the system's libraries or, where they are missing, with those of the package.
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

function installedPaths(): string[] {
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
