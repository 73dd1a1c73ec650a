import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, fetchNode, type Major } from '../tests/support/node-majors';

export const ROOT = resolve(__dirname, '..');

/** Fetches Lambda's Node and the peers, which are not in the project's own lock file. Needs the registry once. */
export async function fetchWhatIsMissing(majors: readonly Major[]): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Cannot run the bench here: it measures on Linux x64, for which the registry has Lambda’s Node');
  }
  for (const major of majors) await fetchNode(major);
  const lockfile = join(ROOT, 'bench/peers/package-lock.json');
  const installed = join(CACHE, 'peers/package-lock.json');
  const isInstalled =
    existsSync(join(CACHE, 'peers/node_modules')) && readFileSync(lockfile, 'utf8') === readFileSync(installed, 'utf8');
  cpSync(join(ROOT, 'bench/peers'), join(CACHE, 'peers'), { recursive: true });
  if (!isInstalled) await npm(join(CACHE, 'peers'), 'ci');
}

/** Measured processes run on the second core, where there is one; see {@link stayOn}. */
export const pin: readonly string[] =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0 ? ['taskset', '-c', '1'] : [];

/** Binds this process, and what it starts from then on, to these cores; a {@link pin}ned process leaves them. */
export function stayOn(cores: string): void {
  if (pin.length > 0) spawnSync('taskset', ['-acp', cores, String(process.pid)]);
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  console.log(`npm ${args.join(' ')}`);
  await promisify(execFile)('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd });
}
