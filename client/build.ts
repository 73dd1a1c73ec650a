import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';

const CLIENT = __dirname;
const ROOT = resolve(CLIENT, '..');
export const ENTRIES = ['index', 'zh', 'react', 'vue', 'mini-program', 'local-vod'] as const;

/**
 * Builds the package into a folder, ready for `npm pack`: one ES module for each entry, the mini program once more as CommonJS, types, package.json, README
 * and license.
 *
 * @throws Error when the types are wrong
 */
export async function buildClient(folder: string): Promise<void> {
  const dist = join(folder, 'dist');
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  await Promise.all([bundle(dist), bundleMiniProgram(join(folder, 'miniprogram_dist')), declareTypes(dist)]);
  if (resolve(folder) !== CLIENT) {
    for (const file of ['package.json', 'README.md', 'LICENSE']) await cp(join(CLIENT, file), join(folder, file));
  }
}

async function bundle(dist: string): Promise<void> {
  await build({ ...moduleOptions(ENTRIES), outdir: dist, outExtension: { '.js': '.mjs' }, logLevel: 'warning' });
}

/** How esbuild makes one ES module of each entry. */
export function moduleOptions(entries: readonly (typeof ENTRIES)[number][]): BuildOptions {
  return {
    entryPoints: entries.map((entry) => join(CLIENT, 'src', `${entry}.ts`)),
    bundle: true,
    format: 'esm',
    target: 'es2021',
    packages: 'external',
  };
}

/** WeChat's developer tools take CommonJS from the folder that package.json names as `miniprogram`. */
async function bundleMiniProgram(folder: string): Promise<void> {
  await build({
    entryPoints: { index: join(CLIENT, 'src/mini-program.ts'), zh: join(CLIENT, 'src/zh.ts') },
    outdir: folder,
    bundle: true,
    format: 'cjs',
    target: 'es2018',
    logLevel: 'warning',
  });
}

/** TypeScript writes imports without an extension; in an ES module they need one. */
async function declareTypes(dist: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vod-client-types-'));
  const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', folder];
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  try {
    await promisify(execFile)(process.execPath, [tsc, '-p', CLIENT, ...options]);
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new Error(`The types of the client are wrong:\n${stdout ?? String(error)}`, { cause: error });
  }
  const types = join(folder, 'src');
  for (const file of await readdir(types)) {
    const text = await readFile(join(types, file), 'utf8');
    const withExtensions = text.replace(/(from |import\()'(\.\/[\w-]+)'/g, "$1'$2.mjs'");
    await writeFile(join(dist, file.replace(/\.d\.ts$/, '.d.mts')), withExtensions);
  }
  await rm(folder, { recursive: true });
}

if (require.main === module) {
  buildClient(CLIENT).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
