import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { serve } from '../support/serve';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';

// A command that loses its reader, its disk or its user between two steps that belong together.

const ROOT = join(__dirname, '..', '..');
const REGISTERED = '/vod-client-upload/dev/registered';
const OFF = { UploadMediaCompleteEventSwitch: 'OFF', DeleteMediaCompleteEventSwitch: 'OFF' };
const URL_OPTION = ['--url', 'https://hook.example/vod-events'];

let dataDir: string;
let run: TestRun;
let ssm: Awaited<ReturnType<typeof serve>>;
/** Called with each PutParameter before its response; while it is pending there is no response. */
let beforePut: () => Promise<unknown> = () => Promise.resolve();

beforeAll(async () => {
  dataDir = await temporaryFolder();
  run = await startTestRun({ dataDir });
  ssm = await serve((request, response) => {
    void text(request).then(async (body) => {
      const target = String(request.headers['x-amz-target']);
      if (target.endsWith('PutParameter')) await beforePut();
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
      const stored = await fetch(run.parameterStore.url, { method: 'POST', body, headers });
      response.writeHead(stored.status).end(await stored.text());
    });
  });
});

afterAll(async () => {
  await ssm.close();
  await run.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(async () => {
  beforePut = () => Promise.resolve();
  run.parameterStore.parameters.delete(REGISTERED);
  await api().ModifyEventConfig(OFF);
});

function api() {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${run.vod.port}` };
  return new sdk.v20180717.Client({ credential: { secretId, secretKey }, region: '', profile: { httpProfile } });
}

function start(args: readonly string[], stdio: StdioOptions = 'pipe') {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL_SSM: ssm.url,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    VOD_API_URL: run.vod.url,
    VOD_KEY_PARAMETER: '/local/vod-key',
    SEAL_KEY_PARAMETER: '/local/seal-key',
    CALLBACK_TOKEN_PARAMETER: '/local/callback-token',
    NOTIFY_SECRET_PARAMETER: '/local/notify-secret',
  };
  return spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args], { cwd: ROOT, env, stdio });
}

const registered = () => run.parameterStore.parameters.get(REGISTERED);

async function expectRegistered() {
  expect(await api().DescribeEventConfig({})).toMatchObject({ UploadMediaCompleteEventSwitch: 'ON' });
  expect(JSON.parse(registered() ?? '{}')).toMatchObject({ url: 'https://hook.example/vod-events' });
}

test('A6: register piped to head -1 finishes what it began, and prints no error', async () => {
  const child = start(['register', ...URL_OPTION]);
  const errors = text(child.stderr as NodeJS.ReadableStream);
  child.stdout?.once('data', () => child.stdout?.destroy());
  const [code] = (await once(child, 'close')) as [number];
  expect([code, await errors]).toEqual([0, '']);
  await expectRegistered();
});

test('A6: register with both outputs closed finishes what it began', async () => {
  const child = start(['register', ...URL_OPTION]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  await expectRegistered();
});

test.each([
  [['--help']],
  [['check', '--help']],
  [['secrets', 'show']],
  [['check', '--json']],
  [['notifications', 'failed']],
])('A6: %j into a closed pipe prints no stack trace', async (args) => {
  const child = start(args);
  const errors = text(child.stderr as NodeJS.ReadableStream);
  child.stdout?.destroy();
  await once(child, 'close');
  expect(await errors).not.toMatch(/EPIPE|^ +at /m);
});

(existsSync('/dev/full') ? test : test.skip)('A6: a full disk is an error, after register finished', async () => {
  const child = start(['register', ...URL_OPTION], ['ignore', openSync('/dev/full', 'w'), 'pipe']);
  const errors = text(child.stderr as NodeJS.ReadableStream);
  const [code] = (await once(child, 'close')) as [number];
  expect([code, await errors]).toEqual([1, 'The output is not complete: it could not be written (ENOSPC)\n']);
  await expectRegistered();
});

test('A6: register prints at an interruption what is not done, and the command that completes it', async () => {
  const reached = new Promise<void>((resolve) => {
    beforePut = () => {
      resolve();
      return new Promise(() => undefined);
    };
  });
  const child = start(['register', ...URL_OPTION]);
  const errors = text(child.stderr as NodeJS.ReadableStream);
  await reached;
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  expect([code, await errors]).toEqual([
    130,
    `Interrupted. VOD may be changed already, and ${REGISTERED} not written: run \`npm run vod -- register --url https://hook.example/vod-events --stage dev\` again, which sets VOD and stores it\n`,
  ]);
  expect(registered()).toBeUndefined();
  expect(await api().DescribeEventConfig({})).toMatchObject({ UploadMediaCompleteEventSwitch: 'ON' });
  // The command that it named.
  beforePut = () => Promise.resolve();
  const [again] = (await once(
    start(['register', '--url', 'https://hook.example/vod-events', '--stage', 'dev']),
    'close',
  )) as [number];
  expect(again).toBe(0);
  await expectRegistered();
});
