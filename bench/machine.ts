import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CACHE, fetchNode, MAJORS } from '../tests/support/node-majors';

export const ROOT = resolve(__dirname, '..');

/** Fetches both Node majors and the peers; nothing of it is in the project's own lock file. Needs the registry once. */
export async function fetchWhatIsMissing(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Cannot run the bench here: it measures on Linux x64, for which the registry has Lambda’s Node');
  }
  for (const major of MAJORS) await fetchNode(major);
  const [wanted, installed] = [join(ROOT, 'bench/peers/package-lock.json'), join(CACHE, 'peers/package-lock.json')];
  const isInstalled =
    existsSync(join(CACHE, 'peers/node_modules')) && readFileSync(wanted, 'utf8') === readFileSync(installed, 'utf8');
  cpSync(join(ROOT, 'bench/peers'), join(CACHE, 'peers'), { recursive: true });
  if (!isInstalled) await npm(join(CACHE, 'peers'), 'ci');
}

/** Measured processes run on the second core, where there is one; see {@link stayOn}. */
export const pin: readonly string[] =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0 ? ['taskset', '-c', '1'] : [];

/** Keeps this process, and what it starts from then on, on these cores; what is {@link pin}ned leaves them. */
export function stayOn(cores: string): void {
  if (pin.length > 0) spawnSync('taskset', ['-acp', cores, String(process.pid)]);
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  console.log(`npm ${args.join(' ')}`);
  await promisify(execFile)('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd });
}
