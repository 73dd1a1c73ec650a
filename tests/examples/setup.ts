import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildClient } from '../../client/build';
import teardown from './teardown';

const ROOT = resolve(__dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');
/** Files in an example's folder that remain after a developer has tried it. */
const LEFTOVERS = new Set(['node_modules', 'dist', 'miniprogram_npm', 'package-lock.json', 'private-key.pem', '.env']);
const run = promisify(execFile);

/**
 * Installs each example as a consumer does: copied to an empty folder, with the packed client and the packages of the npm
 * registry. The environment variable EXAMPLES_FOLDER names that folder for the tests.
 */
export default async function setup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vod-client-upload-examples-'));
  process.env['EXAMPLES_FOLDER'] = folder;
  try {
    const filter = (source: string) => !LEFTOVERS.has(basename(source));
    await cp(EXAMPLES, join(folder, 'examples'), { recursive: true, filter });
    await packClient(folder);
    // One after the other is as fast on two cores.
    for (const example of await readdir(EXAMPLES)) await install(join(folder, 'examples', example));
  } catch (error) {
    await teardown(); // jest calls it only after a setup that succeeded
    throw error;
  }
}

async function packClient(folder: string): Promise<void> {
  const built = join(folder, 'client');
  await mkdir(built);
  await buildClient(built);
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built });
}

async function install(example: string): Promise<void> {
  try {
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: example });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`npm install failed in examples/${basename(example)}:\n${stderr}`, { cause: error });
  }
}
