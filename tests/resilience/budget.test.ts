import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build, type BuildOptions } from 'esbuild';
import { verify } from '../../lib/signing/signature';
import type { ServerlessConfig } from '../../local/config';
import { certificateFor } from '../../local/vod/certificate';
import { localConfig } from '../support/backend';
import { signRequest } from '../support/lambda';
import { copyExampleTo, copyOfTheProject, type Copy } from '../support/deploy/packaged';
import { entriesOf } from '../support/zip';

// Most of a cold start is loading code. Times differ between machines (npm run bench measures them); sizes and contents do
// not.

jest.setTimeout(120_000);

const ROOT = resolve(__dirname, '../..');
/** Kilobytes of the zip without its source map, by file; `others` are the functions that no caller waits for. */
const BUDGETS: Readonly<Record<string, number>> = {
  'upload-signature': 20,
  'upload-signature-with-quota': 20,
  uploads: 20,
  playback: 20,
  'vod-events': 20,
  'notify-app': 10,
  others: 130,
};

let copy: Copy;
let config: ServerlessConfig;
/** The files of functions, without folder and ending. */
let functions: string[];
/**
 * The entries of each function's zip, by its file. A deploy has one of the two functions that receive events and one of the
 * files that sign, so two are packaged.
 */
const packages = new Map<string, ReturnType<typeof entriesOf>>();

beforeAll(async () => {
  config = await localConfig();
  functions = (await readdir(join(ROOT, 'functions'))).map((file) => file.replace('.ts', '')).sort();
  copy = await copyOfTheProject();
  await copyExampleTo(copy.directory);
  for (const mode of [
    [
      'EVENT_MODE=push',
      'NOTIFY_URL=https://app.example.com/hooks',
      'ALLOW_DELETE=true',
      'VOD_WRITE_KEY_PARAMETER=/vod/write-key',
      'URL_KEY_PARAMETER=/vod/url-key',
      'PLAYBACK_APP_ID=1500000001',
    ],
    ['EVENT_MODE=pull', 'VOD_API_KEY_PARAMETER=/vod/api-key', 'UPLOADS_PER_DAY=20'],
  ]) {
    const { code, stdout } = await copy.serverless(['package', ...mode.flatMap((one) => ['--param', one])]);
    if (code !== 0) throw new Error(`Cannot package: ${stdout}`);
    const files = await readdir(join(copy.directory, '.serverless'));
    for (const file of files.filter((name) => name.endsWith('.zip'))) {
      const entries = entriesOf(await readFile(join(copy.directory, '.serverless', file)));
      packages.set(/^functions\/([\w-]+)\.js$/.exec(entries[0]?.name ?? '')?.[1] ?? file, entries);
    }
  }
});
afterAll(() => copy.remove());

/** Bundles a function with the options of serverless.yml, but for the Node that runs here; returns the files that are in it. */
async function bundle(source: string, outfile?: string) {
  const { minify, format, mainFields } = (config.custom?.esbuild ?? {}) as Required<BuildOptions>;
  const { metafile } = await build({
    minify,
    format,
    mainFields,
    bundle: true,
    platform: 'node',
    target: `node${process.versions.node}`,
    absWorkingDir: ROOT,
    entryPoints: [source],
    metafile: true,
    logLevel: 'silent',
    ...(outfile === undefined ? { write: false, outdir: '.esbuild' } : { outfile }),
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {});
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([name]) => name);
}

/** The folder of each package that has a file among these. */
function packagesOf(inputs: readonly string[]): string[] {
  const found = inputs.map((name) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
  return [...new Set(found.filter((name) => name !== undefined))];
}

test('the zip of every function is within its budget and holds one bundle and its source map', () => {
  // It differs from the smallest one by a file.
  const packaged = functions.filter((name) => name !== 'upload-signature-with-limits');
  expect([...packages.keys()].sort()).toEqual(packaged);
  for (const [name, entries] of packages) {
    const size = entries.filter((entry) => !entry.name.endsWith('.map')).reduce((sum, entry) => sum + entry.size, 0);
    const { [name]: budget = BUDGETS['others'] } = BUDGETS;
    expect(size / 1000).toBeLessThanOrEqual(budget ?? 0);
    expect(entries.map((entry) => entry.name)).toEqual([
      expect.stringMatching(/^functions\/[\w-]+\.js$/),
      expect.stringMatching(/^functions\/[\w-]+\.js\.map$/),
    ]);
  }
});

test('no function compiles a schema at run time or bundles a library twice', async () => {
  for (const name of functions) {
    const inputs = await bundle(`functions/${name}.ts`);
    const ajv = inputs.filter((file) => file.includes('/ajv/') && !file.includes('/ajv/dist/runtime/'));
    const names = packagesOf(inputs).map((path) => path.replace(/^.*node_modules\//, ''));
    const twice = names.filter((one, at) => names.indexOf(one) !== at);
    expect({ name, ajv, twice }).toEqual({ name, ajv: [], twice: [] });
  }
});

test('signing bundles the helpers of ajv, no other package, and no code of events, verification, limits or the table', async () => {
  const inputs = await bundle('functions/upload-signature.ts');
  expect(packagesOf(inputs)).toEqual(['node_modules/ajv']);
  expect(inputs).toContain('lib/signing/issue.ts');
  const others = inputs.filter((file) => /^lib\/(events|uploads|verification)\/|limits/.test(file));
  expect(others).toEqual(['lib/uploads/caller.ts']);
});

test('signing with limits bundles no package but ajv either, and only the quota reads the table', async () => {
  const limited = await bundle('functions/upload-signature-with-limits.ts');
  expect(packagesOf(limited)).toEqual(['node_modules/ajv']);
  expect(limited).toContain('lib/signing/limits.ts');
  const counting = await bundle('functions/upload-signature-with-quota.ts');
  expect(limited).not.toContain('lib/platform/dynamodb.ts');
  expect(counting).toContain('lib/platform/dynamodb.ts');
  const others = [...limited, ...counting].filter((file) => /tencentcloud|^lib\/(events|verification)\//.test(file));
  expect(others).toEqual([]);
});

test('the functions that users wait for bundle neither the client of VOD nor verification, signing or events', async () => {
  for (const name of ['uploads', 'playback']) {
    const inputs = await bundle(`functions/${name}.ts`);
    expect(inputs).toContain('lib/uploads/own-upload.ts');
    expect(inputs.filter((file) => /tencentcloud|^lib\/(events|signing|verification)\//.test(file))).toEqual([]);
  }
});

test('the webhook bundles neither the client of VOD nor verification', async () => {
  const inputs = await bundle('functions/vod-events.ts');
  expect(inputs).toContain('lib/events/webhook.ts');
  expect(inputs.filter((file) => /tencentcloud|^lib\/(verification|signing)\//.test(file))).toEqual([]);
});

test('notifying the app bundles nothing of events, verification, signing, VOD or the table, and no package', async () => {
  const inputs = await bundle('functions/notify-app.ts');
  expect(packagesOf(inputs)).toEqual([]);
  expect(inputs).toContain('lib/notifications/delivery.ts');
  expect(inputs.filter((file) => /^lib\/(events|verification|signing|vod|uploads)\//.test(file))).toEqual([]);
});

test('the bundled signing function reads its secrets over TLS and returns a signature that VOD accepts', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vod-client-upload-'));
  const file = join(directory, 'function.js');
  const authority = join(directory, 'authority.pem');
  await bundle('functions/upload-signature.ts', file);
  const pair = certificateFor(directory, ['localhost'], Date.now());
  await writeFile(authority, pair.cert);
  const parameters = [
    { Name: '/vod/key', Value: '{"secretId":"AKIDexample","secretKey":"a-secret-key"}' },
    { Name: '/vod/seal', Value: 'seal' },
  ];
  const server = createServer(pair, (request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify({ Parameters: parameters })));
  });
  try {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const context = "{ awsRequestId: 'x', getRemainingTimeInMillis: () => 10_000 }";
    const call = `require(${JSON.stringify(file)}).handler(${JSON.stringify(signRequest())}, ${context})`;
    const script = `${call}.then((response) => process.stdout.write(JSON.stringify(response)))`;
    const env = {
      AWS_REGION: 'ap-southeast-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'x',
      AWS_ENDPOINT_URL_SSM: `https://localhost:${(server.address() as AddressInfo).port}`,
      NODE_EXTRA_CA_CERTS: authority,
      VOD_KEY_PARAMETER: '/vod/key',
      SEAL_KEY_PARAMETER: '/vod/seal',
      VALID_FOR: '60',
      VALID_FOR_MAX: '60',
      ONE_TIME_VALID: 'false',
      ONE_TIME_VALID_FIXED: 'false',
    };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
    const [logged = '', result = ''] = stdout.split('\n');
    expect(JSON.parse(logged)).toMatchObject({ outcome: 'signed' });
    const { statusCode, body } = JSON.parse(result) as { statusCode: number; body: string };
    expect(statusCode).toBe(200);
    expect(verify((JSON.parse(body) as { signature: string }).signature, 'a-secret-key')).toBe(true);
  } finally {
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true });
  }
});
