import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { StartupError } from '../startup-error';
import type { ServerlessConfig } from '../config';

export interface Bundle {
  readonly file: string;
  readonly exportName: string;
}

/**
 * Options of `custom.esbuild` that only serverless-esbuild knows. Also `exclude`: packages that Lambda provides would be
 * missing here.
 */
const PLUGIN_OPTIONS = new Set([
  'concurrency',
  'disposeContext',
  'exclude',
  'installExtraArgs',
  'keepOutputDirectory',
  'nativeZip',
  'nodeExternals',
  'outputBuildFolder',
  'outputFileExtension',
  'outputWorkFolder',
  'packagePath',
  'packager',
  'packagerOptions',
  'skipBuild',
  'skipBuildExcludeFns',
  'skipRebuild',
  'stripEntryResolveExtensions',
  'watch',
  'zipConcurrency',
]);

/**
 * Bundles a function as serverless-esbuild does for AWS, with the options of `custom.esbuild`.
 *
 * @throws StartupError with esbuild's message
 */
export async function bundleFunction(
  config: ServerlessConfig,
  name: string,
  projectDir: string,
  buildDir: string,
): Promise<Bundle> {
  const [, source = '', exportName = ''] = /^(.+)\.(\w+)$/.exec(config.functions[name]?.handler ?? '') ?? [];
  const file = join(buildDir, `${name}.js`);
  const esbuildOptions = Object.entries(config.custom?.esbuild ?? {}).filter(([option]) => !PLUGIN_OPTIONS.has(option));
  await bundle({
    ...Object.fromEntries(esbuildOptions),
    absWorkingDir: projectDir,
    entryPoints: [`./${source}`],
    outfile: file,
  });
  return { file, exportName };
}

/** Bundles instance.ts, which loads a function's bundle in a worker thread; returns the file. */
export async function bundleInstance(buildDir: string): Promise<string> {
  const outfile = join(buildDir, 'instance.js');
  await bundle({ bundle: true, entryPoints: [join(__dirname, 'instance.ts')], outfile });
  return outfile;
}

async function bundle(options: BuildOptions): Promise<void> {
  try {
    // For the local Node, which may be older than Lambda's.
    const target = `node${process.versions.node}`;
    await build({ ...options, platform: 'node', target, logLevel: 'silent' });
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : 'esbuild failed');
  }
}
