import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleFunctions, bundlesIn } from '../../local/lambda/bundle';

const ROOT = resolve(__dirname, '../..');
const CACHE = join(ROOT, '.cache');
/** The sources of this project's bundles; node_modules changes with the lockfile. */
const SOURCES = ['functions', 'lib', 'local/lambda'];

/**
 * As {@link bundleFunctions}, which takes a second of CPU time: the same sources are bundled once, and the other test
 * files and runs use the files. Bundles of another project are not kept.
 */
export const bundleCached: typeof bundleFunctions = async (config, projectDir, buildDir) => {
  if (projectDir !== ROOT) return bundleFunctions(config, projectDir, buildDir);
  const handlers = Object.entries(config.functions).map(([name, { handler }]) => [name, handler]);
  const hash = createHash('sha256').update(JSON.stringify([handlers, config.custom?.esbuild, process.version]));
  for (const file of [...SOURCES.flatMap(filesIn), join(ROOT, 'package-lock.json')]) hash.update(readFileSync(file));
  const folder = join(CACHE, `functions-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) {
    mkdirSync(CACHE, { recursive: true });
    const partial = mkdtempSync(`${folder}.`);
    await bundleFunctions(config, projectDir, partial);
    // Another worker may have been first.
    if (existsSync(folder)) rmSync(partial, { recursive: true });
    else renameSync(partial, folder);
  }
  return bundlesIn(folder, config);
};

function filesIn(path: string): string[] {
  const entries = readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
