import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { buildClient } from '../../client/build';

// The client as an app installs it: built, packed, and installed in an empty project.

jest.setTimeout(180_000); // it compiles and packs, on a machine that may be busy

const NAME = '@vod-client-upload/client';
const ROOT = resolve(__dirname, '../..');
const run = promisify(execFile);

let folder: string;
let app: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vod-client-package-'));
  const built = join(folder, 'built');
  app = join(folder, 'app');
  await mkdir(built);
  await mkdir(app);
  await buildClient(built);
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built });
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true }));
  const tarball = join(folder, 'vod-client-upload-client-0.1.0.tgz');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: app });
  for (const name of ['react', '@types/react', 'csstype', 'vue', '@vue']) {
    const target = join(app, 'node_modules', name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), target);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** A module of the app, bundled and minified as for production. */
async function bundle(contents: string): Promise<Buffer> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: app },
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['vod-js-sdk-v6', 'react', 'vue'],
    write: false,
  });
  return Buffer.from(outputFiles[0]?.contents ?? []);
}

const zipped = (bytes: Buffer) => gzipSync(bytes, { level: 9 }).length;

describe('client package size, minified and gzipped', () => {
  test.each([
    ['the core with English messages', NAME, 'createUploads', 5000],
    ['the React binding', `${NAME}/react`, 'useUpload, useUploads', 1000],
    ['the Vue binding', `${NAME}/vue`, 'useUpload, useUploads', 1000],
  ])('the size of %s is within its bound', async (_, from, names, most) => {
    const bytes = zipped(await bundle(`export { ${names} } from '${from}'`));
    expect(bytes).toBeLessThanOrEqual(most);
    expect(bytes).toBeGreaterThan(200);
  });

  test('an app that uses only the error class gets nothing else', async () => {
    const bytes = await bundle(`import { UploadError } from '${NAME}'; console.log(UploadError)`);
    expect(bytes.length).toBeLessThan(700);
  });

  test('an app with Chinese messages still has one core', async () => {
    const both = await bundle(
      `import { createUploads } from '${NAME}'; import { zh } from '${NAME}/zh'; createUploads({ messages: zh })`,
    );
    expect(zipped(both)).toBeLessThan(6200);
  });
});

const CONSUMER = `
import { createUploads, UploadError, type Snapshot, type Uploads } from '${NAME}';
import { zh } from '${NAME}/zh';
const uploads: Uploads = createUploads({ url: '', token: async ({ refresh }) => String(refresh), messages: zh });
declare const file: File;
const upload = uploads.upload(file, { cover: file, sourceContext: 'order=7', oneTimeValid: true });
upload.subscribe((snapshot: Snapshot) => snapshot.error?.errors[0]?.path);
export const id: Promise<string> = upload.uploaded.then(({ fileId }) => fileId);
export const url: Promise<string | undefined> = upload.settled.then((settled) => settled.url);
export const advice = (error: unknown) => (error instanceof UploadError && error.code === 'network' ? error.advice : '');
// @ts-expect-error a state that does not exist
export const wrong = upload.snapshot.state === 'done';
// @ts-expect-error a property that the backend would refuse
uploads.upload(file, { source: 'order=7' });
`;

const BINDINGS = `
import { createUploads, type Upload } from '${NAME}';
import * as react from '${NAME}/react';
import * as vue from '${NAME}/vue';
const uploads = createUploads({ url: '', token: '' });
declare const upload: Upload;
export const loaded: number = react.useUpload(upload).loaded;
export const state: string | undefined = react.useUpload(undefined)?.state;
export const list: readonly Upload[] = react.useUploads(uploads).current;
export const ref: number = vue.useUpload(upload).value.loaded;
export const maybe: number | undefined = vue.useUpload(() => undefined).value?.loaded;
export const refs: readonly Upload[] = vue.useUploads(uploads).value.current;
export const keys: readonly number[] = list.map(({ id }) => id);
`;

const LOCAL_VOD = `
import { mapHosts } from '${NAME}/local-vod';
export const nothing: void = mapHosts('http://localhost:3443');
// @ts-expect-error it needs to know where the local VOD is
mapHosts();
`;

const MINI_PROGRAM = `
import { createUploads } from '${NAME}/mini-program';
const uploads = createUploads({ url: '', token: '', sdk: { start: () => undefined } });
export const upload = uploads.upload({ tempFilePath: 'wxfile://tmp/a.mp4', size: 1 }, { sourceContext: 'order=7' });
`;

describe('client package types', () => {
  const check = async (name: string, text: string, module: string, resolution: string, skipLibCheck = false) => {
    await writeFile(join(app, `${name}.mts`), text);
    const options = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      module,
      moduleResolution: resolution,
      skipLibCheck,
    };
    const config = join(app, `tsconfig.${name}.json`);
    await writeFile(config, JSON.stringify({ compilerOptions: options, files: [`${name}.mts`] }));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', config], { cwd: app }).catch((error: unknown) => ({
      stdout: (error as { stdout: string }).stdout,
    }));
    return stdout;
  };

  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('the core is typed strictly with module %s', async (module, resolution) => {
    expect(await check('consumer', CONSUMER, module, resolution)).toBe('');
  });

  test('the bindings, the local VOD and the mini program are typed', async () => {
    expect(await check('bindings', BINDINGS, 'esnext', 'bundler', true)).toBe('');
    expect(await check('local-vod', LOCAL_VOD, 'nodenext', 'nodenext')).toBe('');
    expect(await check('mini-program', MINI_PROGRAM, 'nodenext', 'nodenext')).toBe('');
  });
});

describe('client package in Node', () => {
  const evaluate = async (code: string, type: string) => {
    const { stdout } = await run(process.execPath, [`--input-type=${type}`, '-e', code], { cwd: app });
    return stdout.trim();
  };

  test('import and require work, and a server may create a client', async () => {
    const use = `createUploads({ url: 'https://api.example', token: '' })`;
    const print = `console.log(Object.keys(${use}).join())`;
    const functions = 'upload,list,get,delete,playback';
    expect(await evaluate(`import { createUploads } from '${NAME}'; ${print}`, 'module')).toBe(functions);
    expect(await evaluate(`const { createUploads } = require('${NAME}'); ${print}`, 'commonjs')).toBe(functions);
  });

  test('local-vod redirects requests from the hosts of Tencent to the local VOD, and no others', async () => {
    const code = `
      import { mapHosts } from '${NAME}/local-vod';
      globalThis.XMLHttpRequest = class { open(method, url) { console.log(method, url); } };
      mapHosts('http://localhost:3443');
      new XMLHttpRequest().open('POST', 'https://vod2.qcloud.com/v3/index.php?Action=ApplyUploadUGC');
      new XMLHttpRequest().open('PUT', 'https://b-1.cos.ap-beijing.myqcloud.com/a.mp4');
      new XMLHttpRequest().open('GET', 'https://api.example.com/uploads');
    `;
    expect((await evaluate(code, 'module')).split('\n')).toEqual([
      'POST http://localhost:3443/vod2.qcloud.com/v3/index.php?Action=ApplyUploadUGC',
      'PUT http://localhost:3443/b-1.cos.ap-beijing.myqcloud.com/a.mp4',
      'GET https://api.example.com/uploads',
    ]);
  });

  test('without the SDK an upload fails with the name of the missing package', async () => {
    const code = `
      import { createUploads } from '${NAME}';
      globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
      const upload = createUploads({ url: '', token: 'x' }).upload(new File(['x'], 'a.mp4'));
      upload.uploaded.catch(({ code, message }) => console.log(code, message));
    `;
    expect(await evaluate(code, 'module')).toMatch(/^sdk The SDK failed to load: .*vod-js-sdk-v6/);
  });
});

test('the package for mini programs is CommonJS', async () => {
  const path = join(app, 'node_modules', NAME, 'miniprogram_dist');
  const code = `
    globalThis.wx = {};
    const { createUploads, UploadError } = require(${JSON.stringify(path)});
    const { zh } = require(${JSON.stringify(join(path, 'zh'))});
    console.log(typeof createUploads, typeof UploadError, zh.cancelled[0]);
  `;
  const { stdout } = await run(process.execPath, ['--no-experimental-require-module', '-e', code]);
  expect(stdout.trim()).toBe('function function 上传已取消');
});
