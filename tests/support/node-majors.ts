import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The Node that Lambda runs, by major. */
const VERSIONS = { 22: '22.23.3', 24: '24.21.0' } as const;
export type Major = keyof typeof VERSIONS;
export const MAJORS: readonly Major[] = [22, 24];

/** Not tracked: what the benchmark and the rehearsal download and build, and `npm ci` does not. */
export const CACHE = resolve(__dirname, '../../.cache');

/** The registry's package for this kind of machine, which contains only the executable. */
const PACKAGE = `node-${process.platform}-${process.arch}`;

/** Where {@link fetchNode} puts the executable. */
export function nodeOf(major: Major): string {
  return join(CACHE, `node${VERSIONS[major]}/node_modules`, PACKAGE, 'bin/node');
}

/**
 * Fetches Node from the registry the first time (190 MB), and returns its path.
 *
 * @throws Error that says which package could not be installed
 */
export async function fetchNode(major: Major): Promise<string> {
  const executable = nodeOf(major);
  if (existsSync(executable)) return executable;
  const directory = join(CACHE, `node${VERSIONS[major]}`);
  const partial = `${directory}.${process.pid}`;
  const name = `${PACKAGE}@${VERSIONS[major]}`;
  await mkdir(partial, { recursive: true });
  try {
    await writeFile(join(partial, 'package.json'), '{"private":true}');
    const args = ['install', name, '--ignore-scripts', '--no-audit', '--no-fund'];
    await promisify(execFile)('npm', args, { cwd: partial, timeout: 120_000 });
    await rename(partial, directory);
  } catch (error) {
    // Else another process was faster.
    if (!existsSync(executable))
      throw new Error(`Cannot fetch Node ${major}: npm has to install ${name}`, { cause: error });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return executable;
}
