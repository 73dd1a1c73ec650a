import { resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(__dirname, '../..');

test('npm run local-vod loads files of local/ and modules of Node only: no functions, no lib, no package', async () => {
  const { metafile } = await build({
    entryPoints: ['local/vod-command/start.ts'],
    absWorkingDir: ROOT,
    bundle: true,
    metafile: true,
    packages: 'external',
    platform: 'node',
    write: false,
  });
  const files = Object.keys(metafile.inputs);
  expect(files).toContain('local/vod/upload-signature.ts');
  expect(files.filter((file) => !/^local\/(vod|vod-command|network)\/|^local\/[\w-]+\.ts$/.test(file))).toEqual([]);
  const packages = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports.filter(({ external }) => external === true))
    .map(({ path }) => path);
  expect(packages).toContain('node:crypto');
  expect(packages.filter((path) => !path.startsWith('node:'))).toEqual([]);
});
