import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The Node that Lambda runs, by major: the packages of the registry that hold nothing but its executable. */
const VERSIONS = { 22: '22.23.3', 24: '24.21.0' } as const;
export type Major = keyof typeof VERSIONS;
export const MAJORS: readonly Major[] = [22, 24];

/** Not tracked: what scripts fetch for themselves, and `npm ci` for nobody. */
export const CACHE = resolve(__dirname, '../.cache');

/**
 * The path of a Node executable of this major, fetched from the registry the first time (190 MB).
 *
 * @throws Error that says why there is none
 */
export async function nodeOf(major: Major): Promise<string> {
  const { platform, arch } = process;
  const name = `node-${platform}-${arch}`;
  const directory = join(CACHE, `node-${VERSIONS[major]}-${platform}-${arch}`);
  const executable = join(directory, 'node_modules', name, 'bin/node');
  if (existsSync(executable)) return executable;
  const partial = `${directory}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  try {
    await writeFile(join(partial, 'package.json'), '{"private":true}');
    const args = ['install', `${name}@${VERSIONS[major]}`, '--ignore-scripts', '--no-audit', '--no-fund'];
    await promisify(execFile)('npm', args, { cwd: partial, timeout: 120_000 });
    await rename(partial, directory);
  } catch (error) {
    if (existsSync(executable)) return executable; // another process was faster
    throw new Error(`Cannot fetch Node ${major}: npm install ${name}@${VERSIONS[major]} has to work`, { cause: error });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return executable;
}
