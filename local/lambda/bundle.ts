import { basename, join } from 'node:path';
import { build, stop, type BuildOptions, type BuildResult } from 'esbuild';
import { moduleOptions } from '../../client/build';
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

/** The bundles of a deployment. */
export interface Bundles {
  /** By the function's key in serverless.yml. */
  readonly functions: ReadonlyMap<string, Bundle>;
  /** The file that loads a function's bundle in a worker thread: instance.ts. */
  readonly instanceFile: string;
}

/**
 * Bundles the functions as serverless-esbuild does for AWS, with the options of `custom.esbuild`, but all in one build:
 * what they share is read once.
 *
 * @throws StartupError with esbuild's message
 */
export async function bundleFunctions(
  config: ServerlessConfig,
  projectDir: string,
  buildDir: string,
): Promise<Bundles> {
  const options = Object.entries(config.custom?.esbuild ?? {}).filter(([option]) => !PLUGIN_OPTIONS.has(option));
  const sources = Object.entries(config.functions).map(([name, { handler }]) => [
    name,
    `./${parseHandler(handler).source}`,
  ]);
  const bundles = bundlesIn(buildDir, config);
  await Promise.all([
    bundle({
      ...Object.fromEntries(options),
      absWorkingDir: projectDir,
      entryPoints: Object.fromEntries(sources) as Record<string, string>,
      outdir: buildDir,
    }),
    bundle({ bundle: true, entryPoints: [join(__dirname, 'instance.ts')], outfile: bundles.instanceFile }),
  ]);
  return bundles;
}

/** The bundles that {@link bundleFunctions} has written into a folder. */
export function bundlesIn(buildDir: string, config: ServerlessConfig): Bundles {
  const functions = Object.entries(config.functions).map(([name, { handler }]) => {
    const { exportName } = parseHandler(handler);
    return [name, { file: join(buildDir, `${name}.js`), exportName }] as const;
  });
  return { functions: new Map(functions), instanceFile: join(buildDir, 'instance.js') };
}

function parseHandler(handler: string): { source: string; exportName: string } {
  const [, source = '', exportName = ''] = /^(.+)\.(\w+)$/.exec(handler) ?? [];
  return { source, exportName };
}

/**
 * Bundles the client package for browsers; returns the text of each ES module by its file name.
 *
 * @throws StartupError with esbuild's message
 */
export async function bundleClient(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles = [] } = await runBuild({ ...moduleOptions(['index', 'zh']), outdir: __dirname, write: false });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}

async function bundle(options: BuildOptions): Promise<void> {
  // For the local Node, which may be older than Lambda's.
  await runBuild({ ...options, platform: 'node', target: `node${process.versions.node}` });
}

let buildsInProgress = 0;

async function runBuild(options: BuildOptions): Promise<BuildResult> {
  buildsInProgress += 1;
  try {
    return await build({ ...options, logLevel: 'silent' });
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : 'esbuild failed');
  } finally {
    buildsInProgress -= 1;
    // Otherwise esbuild's process stays until this one ends, with hundreds of megabytes.
    if (buildsInProgress === 0) await stop();
  }
}
