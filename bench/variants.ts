import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type BuildOptions } from 'esbuild';
import type { ServerlessConfig } from '../local/config';
import { CACHE } from '../tests/support/node-majors';
import { ROOT } from './machine';

/** What is measured, by the name of its source in bench/peers; ours are the functions themselves. */
export const SIGNING = ['ours', 'sign-usual', 'sign-powertools', 'sign-sample', 'sign-sample-and-secret'] as const;
/** Beside these, at a cold start alone: what the secret could be read with, and the other kind of module. */
export const ALTERNATIVES = [
  'sign-sample-own',
  'sign-sample-fetch',
  'sign-sample-sdk',
  'ours-as-esm',
  'nothing',
] as const;
export const WEBHOOK = ['ours', 'events-usual', 'events-powertools'] as const;

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
};

/** One file for each variant, made with the options that serverless.yml has for the functions. */
export async function bundles(config: ServerlessConfig): Promise<Readonly<Record<string, string>>> {
  const {
    minify = true,
    format = 'cjs',
    target = 'node22',
    mainFields = [],
  } = (config.custom?.esbuild ?? {}) as BuildOptions;
  const options: BuildOptions = { bundle: true, platform: 'node', minify, format, target, mainFields };
  const entries = {
    'ours-sign': 'functions/upload-signature.ts',
    'ours-events': 'functions/vod-events.ts',
    'own-work': 'bench/own-work.ts',
    'cold-parts': 'bench/cold-parts.ts',
    ...Object.fromEntries(
      Object.keys(NAMES).flatMap((name) => (name.startsWith('ours') ? [] : [[name, `.cache/peers/${name}.mjs`]])),
    ),
  };
  const files: Record<string, string> = {};
  for (const [name, source] of Object.entries(entries)) {
    const outfile = join(CACHE, 'bundles', `${name}.js`);
    await build({ ...options, absWorkingDir: ROOT, entryPoints: [source], outfile, logLevel: 'error' });
    files[name] = outfile;
  }
  const outfile = join(CACHE, 'bundles', 'ours-as-esm.mjs');
  await build({
    ...options,
    format: 'esm',
    absWorkingDir: ROOT,
    entryPoints: ['functions/upload-signature.ts'],
    outfile,
  });
  files['ours-as-esm'] = outfile;
  return files;
}

/** Kilobytes as they are and compressed, as in a zip. */
export function sizes(file: string): { readonly plain: number; readonly zipped: number } {
  return { plain: statSync(file).size / 1000, zipped: gzipSync(readFileSync(file), { level: 9 }).length / 1000 };
}
