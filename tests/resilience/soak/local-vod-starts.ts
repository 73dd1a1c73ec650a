import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isListening } from '../../../local/network/open-port';
import { startLocalVod } from '../../support/vod/local-vod';
import { apply, sendRequest, initiate, putPart, sign } from '../../support/vod/vod-client';

// Starts and stops `npm run local-vod` many times in one data folder, in the middle of an upload, and looks what is left:
// no port, no process, no temporary file. `npm run soak` runs it.

const STARTS = Number(process.env['SOAK_STARTS'] ?? 200);
const MAX_START_MS = 2000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The ports, processes and temporary files that a stopped local VOD left behind. */
async function leftovers(dataDir: string, port: number, pid: number): Promise<string[]> {
  const found: string[] = [];
  for (const host of ['127.0.0.1', '::1']) if (await isListening(port, host)) found.push(`port ${port} on ${host}`);
  if (isRunning(pid)) found.push(`process ${pid}`);
  const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' });
  const isTemporary = (file: string) => /\.new$|\.sock$|^owner\/.|journal\.json$/.test(file.replaceAll('\\', '/'));
  return [...found, ...files.filter(isTemporary)];
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Of the system's folder for temporary files, without the cache of tsx. */
function temporaryFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('tsx-'));
}

/** Starts it, begins an upload, and stops it. Returns how long the start took, and what is left. */
async function startAndStop(dataDir: string, number: number): Promise<{ ms: number; left: string[] }> {
  const began = performance.now();
  const vod = await startLocalVod(dataDir, ['--secret-id', 'AKIDsoak', '--secret-key', 'key']);
  if (vod.port === 0) throw new Error(`Start ${number} failed: ${vod.err()}`);
  await sendRequest(vod.port, { path: '/' });
  const ms = performance.now() - began;
  const applied = await apply(vod.port, sign({ secretId: 'AKIDsoak', procedure: 'LongVideoPreset' }, 'key'));
  await putPart(vod.port, applied, await initiate(vod.port, applied), 1, Buffer.alloc(2 ** 20));
  vod.child.kill(SIGNALS[number % SIGNALS.length]);
  const code = await vod.exited;
  const left = await leftovers(dataDir, vod.port, vod.child.pid ?? 0);
  return { ms, left: code === 0 ? left : [...left, `exit code ${code}: ${vod.err()}`] };
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vod-client-upload-starts-'));
  process.env['TMPDIR'] = folder;
  try {
    const dataDir = join(folder, 'data');
    const times: number[] = [];
    for (let number = 0; number < STARTS; number++) {
      const { ms, left } = await startAndStop(dataDir, number);
      if (left.length > 0) throw new Error(`Start ${number} left behind: ${left.join(', ')}`);
      times.push(Math.round(ms));
    }
    const left = temporaryFiles(folder).filter((name) => name !== 'data');
    if (left.length > 0) throw new Error(`Temporary files are left: ${left.join(', ')}`);
    times.sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)] ?? 0;
    const slowest = times.at(-1) ?? 0;
    console.log(`${STARTS} starts and stops left nothing behind; a start took ${median} ms, at most ${slowest}`);
    if (median > MAX_START_MS) throw new Error(`A start took ${median} ms, over the ${MAX_START_MS} that it may take`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
