import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';
import type { ServerlessConfig } from '../local/config';
import { CACHE } from '../tests/support/node-majors';
import { ROOT } from './machine';
import { isQuick } from './settings';

/** The functions that are measured, as their files in functions/ are named. */
export const FUNCTIONS = [
  'upload-signature',
  'vod-events',
  'upload-changed',
  'notify-app',
  'uploads',
  'playback',
] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** The usual way to write each of them, called (a), by the name of its source in bench/peers. */
export const USUAL = {
  'upload-signature': 'sign-usual',
  'vod-events': 'events-usual',
  'upload-changed': 'changed-usual',
  'notify-app': 'notify-usual',
  uploads: 'uploads-usual',
  playback: 'playback-usual',
} as const satisfies Record<FunctionName, string>;

export const NAMES: Readonly<Record<string, string>> = {
  ours: 'this project',
  'sign-usual': '(a) SDK client, ajv compiled at start',
  'sign-powertools': '(b) middy and Powertools',
  'sign-sample': "(c) the vendor's sample, bare, key in the code",
  'sign-sample-and-secret': '(c) with one secret read (aws4, node:https)',
  'ours-as-esm': 'this project as an ES module',
  'sign-sample-own': '(c) with one secret read (our own reader)',
  'sign-sample-fetch': '(c) with one secret read (aws4, fetch)',
  'sign-sample-sdk': '(c) with one secret read (SDK client)',
  'sign-limit': '(d) createHmac and Base64 alone',
  nothing: 'a handler that does nothing',
  'events-usual': '(a) SDK clients, lib-dynamodb, ajv compiled at start',
  'events-powertools': '(b) middy and Powertools with idempotency',
  'changed-usual': "(a) SDK clients, lib-dynamodb, the vendor's SDK",
  'notify-usual': '(a) SDK clients, standardwebhooks, fetch',
  'uploads-usual': '(a) lib-dynamodb',
  'playback-usual': '(a) SDK clients, lib-dynamodb, jsonwebtoken',
};

const QUICK_PEERS: readonly string[] = [...Object.values(USUAL), 'sign-sample-and-secret'];

/** Of our own bundles the name is `ours-` and the function. */
export const ours = (name: FunctionName): string => `ours-${name}`;

/**
 * Bundles each variant into one file, with the options that serverless.yml has for the functions, and returns the files by
 * name. Our own have a source map next to them, as they are deployed.
 */
export async function bundleVariants(config: ServerlessConfig): Promise<Readonly<Record<string, string>>> {
  const {
    minify = true,
    format = 'cjs',
    target = 'node22',
    mainFields = [],
    alias = {},
  } = (config.custom?.esbuild ?? {}) as BuildOptions;
  const options: BuildOptions = { bundle: true, platform: 'node', minify, format, target, mainFields, alias };
  const maps: BuildOptions = { sourcemap: 'linked', sourcesContent: false };
  const files: Record<string, string> = {};
  const bundle = async (name: string, source: string, extraOptions: BuildOptions = {}) => {
    const outfile = join(CACHE, 'bundles', `${name}.${extraOptions.format === 'esm' ? 'mjs' : 'js'}`);
    files[name] = outfile;
    await build({
      ...options,
      ...extraOptions,
      absWorkingDir: ROOT,
      entryPoints: [source],
      outfile,
      logLevel: 'error',
    });
  };
  for (const name of FUNCTIONS) await bundle(ours(name), `functions/${name}.ts`, maps);
  const peers = isQuick ? QUICK_PEERS : Object.keys(NAMES).filter((name) => !name.startsWith('ours'));
  for (const name of peers) await bundle(name, `.cache/peers/${name}.mjs`);
  if (isQuick) return files;
  await bundle('ours-as-esm', 'functions/upload-signature.ts', { format: 'esm' });
  await bundle('own-work', 'bench/own-work.ts');
  await bundle('cold-parts', 'bench/cold-parts.ts');
  return files;
}

/** Kilobytes as they are, and compressed as in a zip. */
export function sizes(file: string): { readonly plain: number; readonly zipped: number } {
  return { plain: statSync(file).size / 1000, zipped: gzipSync(readFileSync(file), { level: 9 }).length / 1000 };
}
