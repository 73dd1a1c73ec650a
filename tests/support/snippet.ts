import { resolve } from 'node:path';
import { Script } from 'node:vm';
import { build, type Loader } from 'esbuild';

/** The exports of code from a document: bundled with the packages of this project, `globals` by these names in its scope. */
export async function importSnippet<T>(
  code: string,
  globals: Readonly<Record<string, unknown>> = {},
  loader: Loader = 'js',
): Promise<T> {
  const source = await bundleSnippet(code, loader);
  const names = Object.keys(globals);
  const wrapped = new Script(`(function (module, exports, require, ${names.join(', ')}) {${source}\n})`);
  const module = { exports: {} };
  const run = wrapped.runInThisContext() as (...given: unknown[]) => void;
  run(module, module.exports, require, ...Object.values(globals));
  return module.exports as T; // the caller knows what the document exports
}

/** The code as one CommonJS file. */
export async function bundleSnippet(code: string, loader: Loader = 'js'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, loader, resolveDir: resolve(__dirname, '../..') },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
  });
  return outputFiles[0]?.text ?? '';
}
