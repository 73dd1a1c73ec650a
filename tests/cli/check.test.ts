import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import type { Finding } from '../../cli/check/findings';
import { tableOf } from '../../local/config';
import { expectedWebhook } from '../../cli/check/stack';
import { cloudFormation, vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { cleanUp, start as startVod } from '../support/vod/vod-client';

// A deployment on AWS, made of the parts of the local run: the stage is dev, the names are the local run's. The webhook
// requires both the token and the SignKey.

const REGISTERED = '/vod-client-upload/dev/registered';
const SIGN_KEY = 'SignKeyOfTheTests';
const WEBHOOK_TOKEN = 'the-token-of-the-tests';

let dataDir: string;
let run: TestRun;
let stackName: string;
let streamArn: string;
let stack: Awaited<ReturnType<typeof serve>>;
let table: Awaited<ReturnType<typeof serve>>;
/** Changes of the table's description, as if the table were another one; a string is an error's type. */
let described: string | Readonly<Record<string, unknown>> = {};
let timeToLive: string | Readonly<Record<string, unknown>> = {};
let backups: string | Readonly<Record<string, unknown>> = {};
const BACKUPS_ON = { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' } };
const CHECKPOINT = '/vod-client-upload/dev/reconcile-checkpoint';
/** When reconcile's checkpoint was written, in minutes before now, and how often. */
let checkpoint = { minutes: 3, version: 7 };
let ssm: Awaited<ReturnType<typeof serve>>;
/** The error type with which SSM refuses every call, and its message. */
let ssmRefusal: readonly [type: string, message: string] | undefined;
const TTL_ON = { AttributeName: '_expiresAt', TimeToLiveStatus: 'ENABLED' };
let env: Record<string, string>;
let given: [string, string][];
const outputs: Record<string, string> = {};
const awsBefore = { ...process.env };

beforeAll(async () => {
  dataDir = await temporaryFolder();
  run = await startTestRun({ dataDir, givenSecrets: { callbackToken: WEBHOOK_TOKEN, callbackSignKey: SIGN_KEY } });
  stack = await serve(cloudFormation(() => stackName, outputs));
  table = await serve(relayTable);
  ssm = await serve(relayParameters);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SSM: ssm.url,
    AWS_ENDPOINT_URL_DYNAMODB: table.url,
    AWS_ENDPOINT_URL_CLOUDFORMATION: stack.url,
    AWS_ENDPOINT_URL_SQS: run.queues.url,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
  given = [...run.parameterStore.parameters];
  const { Table: description } = await run.table.client.send(
    new DescribeTableCommand({ TableName: tableOf(run.config).TableName }),
  );
  streamArn = description?.LatestStreamArn ?? '';
});

/** The local table, with the changes of a test, and with a TTL, which the local table does not have. */
function relayTable(request: IncomingMessage, response: ServerResponse): void {
  const target = String(request.headers['x-amz-target']);
  const fail = (type: string) => response.writeHead(400).end(JSON.stringify({ __type: type, message: 'refused' }));
  void text(request).then(async (body) => {
    if (target.endsWith('DescribeContinuousBackups')) {
      if (typeof backups === 'string') fail(backups);
      else response.end(JSON.stringify({ ContinuousBackupsDescription: backups }));
      return;
    }
    if (target.endsWith('DescribeTimeToLive')) {
      if (typeof timeToLive === 'string') fail(timeToLive);
      else response.end(JSON.stringify({ TimeToLiveDescription: timeToLive }));
      return;
    }
    if (typeof described === 'string') {
      fail(described);
      return;
    }
    const { authorization = '' } = request.headers;
    const date = String(request.headers['x-amz-date']);
    const headers = {
      'x-amz-target': target,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-date': date,
      authorization,
    };
    const relayed = await fetch(run.table.url, { method: 'POST', body, headers });
    const { Table: description, ...rest } = (await relayed.json()) as { readonly Table?: object };
    const changed = description ? { Table: { ...description, ...described } } : rest;
    response.writeHead(relayed.status).end(JSON.stringify(changed));
  });
}

/** The local parameter store, with modification times, which it does not have. */
function relayParameters(request: IncomingMessage, response: ServerResponse): void {
  void text(request).then(async (body) => {
    if (ssmRefusal) {
      const [type, message] = ssmRefusal;
      response.writeHead(400).end(JSON.stringify({ __type: type, message }));
      return;
    }
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': String(request.headers['x-amz-target']),
    };
    const relayed = await fetch(run.parameterStore.url, { method: 'POST', body, headers });
    const stored = (await relayed.json()) as { readonly Parameters?: readonly { readonly Name: string }[] };
    const LastModifiedDate = Date.now() / 1000 - checkpoint.minutes * 60;
    const withTimes = stored.Parameters?.map((parameter) =>
      parameter.Name === CHECKPOINT ? { ...parameter, LastModifiedDate, Version: checkpoint.version } : parameter,
    );
    response.writeHead(relayed.status).end(JSON.stringify(withTimes ? { ...stored, Parameters: withTimes } : stored));
  });
}

afterAll(async () => {
  process.env = awsBefore;
  await ssm.close();
  await stack.close();
  await table.close();
  await run.stop();
  await rm(dataDir, { recursive: true });
});

afterEach(cleanUp);

beforeEach(async () => {
  stackName = 'vod-client-upload-dev';
  const { parameters } = run.parameterStore;
  parameters.clear();
  for (const [name, value] of given) parameters.set(name, value);
  parameters.set(CHECKPOINT, '{}');
  checkpoint = { minutes: 3, version: 7 };
  ssmRefusal = undefined;
  described = {};
  timeToLive = TTL_ON;
  backups = BACKUPS_ON;
  Object.assign(outputs, {
    VodEventsUrl: `${run.url}/vod-events`,
    UploadsTableName: tableOf(run.config).TableName,
    UploadsTableStreamArn: streamArn,
  });
  env = {
    VOD_API_URL: run.vod.url,
    VOD_KEY_PARAMETER: '/local/vod-key',
    SEAL_KEY_PARAMETER: '/local/seal-key',
    CALLBACK_TOKEN_PARAMETER: '/local/callback-token',
    CALLBACK_SIGN_KEY_PARAMETER: '/local/sign-key',
  };
  expect((await vod(['register'], env)).code).toBe(0);
});

async function check() {
  const { code, out } = await vod(['check', '--json'], env);
  for (const secret of [WEBHOOK_TOKEN, SIGN_KEY, run.secrets.vodSecretKey]) expect(out).not.toContain(secret);
  return { code, ...faultsOf(out) };
}

function faultsOf(out: string) {
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  const those = (status: Finding['status']) => findings.filter((finding) => finding.status === status);
  return { ok, faults: those('fault'), notChecked: those('not-checked').map((finding) => finding.check) };
}

const api = (url = run.vod.url) => {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  const httpProfile = { protocol: 'http://', endpoint: new URL(url).host };
  return new sdk.v20180717.Client({ credential: { secretId, secretKey }, region: '', profile: { httpProfile } });
};

/** Changes SSM; `undefined` deletes. */
function store(name: string, value: string | undefined) {
  const { parameters } = run.parameterStore;
  return value === undefined ? parameters.delete(name) : parameters.set(name, value);
}

/** A webhook that is not ours, registered at VOD. */
async function otherWebhook(status: number, body: string) {
  const server = await serve((_request, response) => response.writeHead(status).end(body));
  outputs['VodEventsUrl'] = `${server.url}/vod-events`;
  await vod(['register'], env);
  return server;
}

test('a deployment that works has no faults', async () => {
  expect(await check()).toEqual({ code: 0, ok: true, faults: [], notChecked: [] });
  const { code, out } = await vod(['check'], env);
  expect(code).toBe(0);
  expect(out).toMatch(/vod-client-upload-dev in ap-southeast-1: no faults$/);
  expect(run.lines.join()).not.toContain('recorded'); // the probe leaves no row
});

test('check --local finds what npm start runs by its data folder', async () => {
  const secrets = { VOD_CALLBACK_TOKEN: WEBHOOK_TOKEN, VOD_CALLBACK_SIGN_KEY: SIGN_KEY };
  const { code, out } = await vod(['check', '--local'], { DATA_DIR: dataDir, ...secrets });
  expect(out).toContain(`npm start at ${run.url}: no faults`);
  expect(code).toBe(0);
  const elsewhere = await vod(['check', '--local'], { DATA_DIR: join(dataDir, 'vod') });
  expect(elsewhere).toMatchObject({ code: 1, err: expect.stringContaining('npm start') });
});

test('parameter names come from .env, or from the stage’s own file in place of it', async () => {
  const folder = await temporaryFolder();
  const { VOD_API_URL = '', ...names } = env;
  const lines = Object.entries(names).map(([name, value]) => `${name}=${value}`);
  await writeFile(join(folder, '.env'), lines.join('\n'));
  expect(await vod(['check'], { VOD_API_URL }, { folder })).toMatchObject({ code: 0 });
  await writeFile(join(folder, '.env.dev'), 'VOD_KEY_PARAMETER=/of/dev');
  expect((await vod(['check'], { VOD_API_URL }, { folder })).out).toMatch(/FAULT +vod-key-secret .*\/of\/dev/);
  await rm(folder, { recursive: true });
});

test('the commands in the findings name the deployment that was checked', async () => {
  await api().ModifyEventConfig({ UploadMediaCompleteEventSwitch: 'OFF' });
  store('/local/seal-key', undefined);
  stackName = 'vod-client-upload-prod';
  const result = await vod(['check', '--stage', 'prod', '--region', 'eu-west-1'], env);
  expect(result.out).toMatch(/FAULT +upload-switch .*`npm run vod -- register --stage prod --region eu-west-1`/);
  expect(result.out).toMatch(
    /FAULT +seal-key-secret .*`npm run vod -- secrets create --stage prod --region eu-west-1`/,
  );
  const secrets = { VOD_CALLBACK_TOKEN: WEBHOOK_TOKEN, VOD_CALLBACK_SIGN_KEY: SIGN_KEY };
  const local = await vod(['check', '--local'], { DATA_DIR: dataDir, ...secrets });
  expect(local.out).toContain('`npm run vod -- register --local`');
  expect((await vod(['register', '--stage', 'prod'], env)).out).toContain('`npm run vod -- check --stage prod`');
  const rotated = await vod(['secrets', 'rotate', 'callback-token', '--step', 'add', '--stage', 'prod'], env);
  expect(rotated.out).toMatch(/register --stage prod, .*secrets rotate callback-token --stage prod --step drop/);
});

type Arrange = () => unknown;

const index = (name: string, hashKey: string, status = 'ACTIVE') => ({
  IndexName: name,
  IndexStatus: status,
  KeySchema: [
    { AttributeName: hashKey, KeyType: 'HASH' },
    { AttributeName: 'sortTime', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'ALL' },
});

const vodHas = (config: Parameters<ReturnType<typeof api>['ModifyEventConfig']>[0]) => () =>
  api().ModifyEventConfig(config);
const keyPair = (secretId: string, secretKey: string) =>
  store('/local/vod-key', JSON.stringify({ secretId, secretKey }));

test.each<[string, Arrange, string, RegExp]>([
  ['the upload switch is off', vodHas({ UploadMediaCompleteEventSwitch: 'OFF' }), 'upload-switch', /register/],
  ['the delete switch is off', vodHas({ DeleteMediaCompleteEventSwitch: 'OFF' }), 'delete-switch', /register/],
  ['another URL', vodHas({ NotificationUrl: 'https://x.example/?token=y' }), 'callback-url', /x\.example.*register/],
  ['no URL', vodHas({ NotificationUrl: '' }), 'callback-url', /none: run .*register/],
  ['PULL', vodHas({ Mode: 'PULL' }), 'mode', /PULL.*push.*register/],
  [
    'another token',
    () => api().ModifyEventConfig({ NotificationUrl: `${run.url}/vod-events?token=another` }),
    'callback-token',
    /sha256:.*not sha256:.*register/,
  ],
  [
    'no token',
    () => api().ModifyEventConfig({ NotificationUrl: `${run.url}/vod-events` }),
    'callback-token',
    /no token.*register/,
  ],
  ['another secretKey', () => keyPair(run.secrets.vodSecretId, 'wrong'), 'vod-key', /secretKey.*SignatureFailure/],
  ['an unknown secretId', () => keyPair('AKIDunknown', 'wrong'), 'vod-key', /secretId.*SecretIdNotFound/],
  ['a key pair that is not JSON', () => store('/local/vod-key', 'AKID:secret'), 'vod-key-secret', /must be JSON/],
  ['a key pair that is empty', () => store('/local/vod-key', ' '), 'vod-key-secret', /must be JSON/],
  ['no key pair', () => store('/local/vod-key', undefined), 'vod-key-secret', /create/],
  ['an empty token', () => store('/local/callback-token', ' , '), 'callback-token-secret', /is empty/],
  ['no token in SSM', () => store('/local/callback-token', undefined), 'callback-token-secret', /create/],
  ['no seal key', () => store('/local/seal-key', undefined), 'seal-key-secret', /create/],
  ['no SignKey in SSM', () => store('/local/sign-key', undefined), 'sign-key-secret', /create/],
  ['a SignKey that VOD cannot have', () => store('/local/sign-key', 'a b'), 'sign-key-secret', /letters and digits/],
  [
    'a SignKey that is not the one registered',
    () => {
      const registered = JSON.parse(run.parameterStore.parameters.get(REGISTERED) ?? '') as object;
      store(REGISTERED, JSON.stringify({ ...registered, signKeyFingerprint: 'sha256:00000000' }));
    },
    'sign-key',
    /given sha256:00000000.*register/,
  ],
  [
    'a SignKey that was never registered',
    () => store(REGISTERED, undefined),
    'sign-key',
    /does not report its own.*register/,
  ],
  ['a memory that is damaged', () => store(REGISTERED, 'x'), 'drift', /delete the parameter/],
  [
    'a change at VOD by other means that fits',
    () => {
      const registered = JSON.parse(run.parameterStore.parameters.get(REGISTERED) ?? '') as object;
      store(REGISTERED, JSON.stringify({ ...registered, url: 'https://before.example/' }));
    },
    'drift',
    /URL changed.*SignKey.*register/,
  ],
  ['no stack', () => store(REGISTERED, undefined) && (stackName = 'another'), 'stack', /does not exist.*deploy/],
  ['a stack without the table’s name', () => delete outputs['UploadsTableName'], 'stack', /UploadsTableName.*deploy/],
  [
    'a stack without the stream',
    () => delete outputs['UploadsTableStreamArn'],
    'stack',
    /UploadsTableStreamArn.*deploy/,
  ],
  [
    'no table',
    () => (described = 'ResourceNotFoundException'),
    'table',
    /does not exist.*restore.*a deploy does not create it/,
  ],
  [
    'no right to describe the table',
    () => (described = 'AccessDeniedException'),
    'table',
    /the AWS credentials lack dynamodb:DescribeTable on .*AccessDeniedException/,
  ],
  ['a table that is not ready', () => (described = { TableStatus: 'UPDATING' }), 'table', /UPDATING: wait/],
  [
    'a table without a stream',
    () => (described = { StreamSpecification: undefined, LatestStreamArn: undefined }),
    'table-stream',
    /off, so no row is verified/,
  ],
  [
    'a stream with keys only',
    () => (described = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } }),
    'table-stream',
    /KEYS_ONLY.*NEW_AND_OLD_IMAGES/,
  ],
  [
    'a stream that the stack’s functions do not read',
    () => (described = { LatestStreamArn: 'arn:aws:dynamodb:x:1:table/t/stream/2' }),
    'table-stream',
    /stream\/2.*uploadChanged/,
  ],
  [
    'no indexes',
    () => (described = { GlobalSecondaryIndexes: [] }),
    'table-indexes',
    /byUploader .* and bySourceContext/,
  ],
  [
    'an index with other keys',
    () =>
      (described = { GlobalSecondaryIndexes: [index('byUploader', 'uploader'), index('bySourceContext', 'fileId')] }),
    'table-indexes',
    /^missing: bySourceContext \(sourceContext, sortTime\);/,
  ],
  [
    'an index that is being built',
    () =>
      (described = {
        GlobalSecondaryIndexes: [
          index('byUploader', 'uploader'),
          index('bySourceContext', 'sourceContext', 'CREATING'),
        ],
      }),
    'table-indexes',
    /bySourceContext is not ACTIVE: wait/,
  ],
  ['no TTL', () => (timeToLive = { TimeToLiveStatus: 'DISABLED' }), 'table-ttl', /DISABLED: enable it on _expiresAt/],
  [
    'a TTL on another attribute',
    () => (timeToLive = { TimeToLiveStatus: 'ENABLED', AttributeName: 'ttl' }),
    'table-ttl',
    /on ttl: enable it on _expiresAt/,
  ],
  ['an unreachable VOD', () => (env['VOD_API_URL'] = 'http://127.0.0.1:9'), 'vod-api', /ECONNREFUSED|bad port/],
])('check reports %s as one fault, with what to do', async (_, arrange, fault, detail) => {
  await arrange();
  expect(await check()).toMatchObject({
    code: 1,
    ok: false,
    faults: [{ check: fault, detail: expect.stringMatching(detail) }],
  });
});

test('a table whose TTL may not be read has none of the other faults', async () => {
  timeToLive = 'AccessDeniedException';
  expect(await check()).toMatchObject({ code: 0, faults: [], notChecked: ['table-ttl'] });
});

describe('check of webhooks to the app', () => {
  let app: Awaited<ReturnType<typeof serve>>;
  beforeEach(async () => {
    app = await serve((_request, response) => response.writeHead(204).end());
    Object.assign(env, { NOTIFY_URL: app.url, NOTIFY_SECRET_PARAMETER: '/local/notify-secret' });
    // Any queue without messages will do.
    const queueUrl = run.queues.queueUrl('VerificationDeadLetters');
    Object.assign(outputs, { NotifyAppQueueUrl: queueUrl, NotifyAppDeadLettersUrl: queueUrl });
  });
  afterEach(async () => {
    for (const name of ['NotifyAppQueueUrl', 'NotifyAppDeadLettersUrl']) Reflect.deleteProperty(outputs, name);
    await app.close();
  });

  test('webhooks are checked if NOTIFY_URL is set', async () => {
    expect(await check()).toEqual({ code: 0, ok: true, faults: [], notChecked: [] });
    const { out } = await vod(['check'], env);
    expect(out).toMatch(
      /^ok +notify-url +http.*: the receiver returned 204 in \d+ ms\nok +notify-dead-letters +none$/m,
    );
  });

  test('a stack that was deployed without NOTIFY_URL is a fault', async () => {
    for (const name of ['NotifyAppQueueUrl', 'NotifyAppDeadLettersUrl']) Reflect.deleteProperty(outputs, name);
    const detail = 'the stack was deployed without NOTIFY_URL: deploy again';
    expect(await check()).toMatchObject({
      code: 1,
      faults: [{ check: 'notify-url', detail }],
      notChecked: ['notify-dead-letters'],
    });
  });

  test('a stack with webhooks is a fault if .env has no NOTIFY_URL', async () => {
    delete env['NOTIFY_URL'];
    const detail = expect.stringMatching(/NOTIFY_URL is empty here: set NOTIFY_URL here too/);
    expect(await check()).toMatchObject({ code: 1, faults: [{ check: 'notify-url', detail }] });
  });

  test('webhooks are not tested while their secret is missing', async () => {
    store('/local/notify-secret', undefined);
    expect(await check()).toMatchObject({ faults: [{ check: 'notify-secret' }], notChecked: ['notify-url'] });
  });
});

test('deletion protection is checked in prod only', async () => {
  stackName = 'vod-client-upload-prod';
  described = { DeletionProtectionEnabled: false };
  const prod = await vod(['check', '--stage', 'prod'], env);
  expect(prod.out).toMatch(/^FAULT +table-protection +deletion protection is off/m);
  described = { DeletionProtectionEnabled: true };
  expect((await vod(['check', '--stage', 'prod'], env)).out).toMatch(/^ok +table-protection/m);
  stackName = 'vod-client-upload-dev';
  expect((await vod(['check'], env)).out).not.toContain('table-protection');
});

describe('A13: check of a table that was restored from a backup', () => {
  const RESTORED = {
    StreamSpecification: undefined,
    LatestStreamArn: undefined,
    GlobalSecondaryIndexes: undefined,
    DeletionProtectionEnabled: false,
  };

  test('a restored table has one fault for each of stream, indexes, TTL, point-in-time recovery and, in prod, protection', async () => {
    described = RESTORED;
    timeToLive = { TimeToLiveStatus: 'DISABLED' };
    backups = { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' } };
    expect((await check()).faults.map((fault) => fault.check)).toEqual([
      'table-stream',
      'table-indexes',
      'table-ttl',
      'table-backups',
    ]);
    stackName = 'vod-client-upload-prod';
    const { out } = await vod(['check', '--stage', 'prod', '--region', 'eu-west-1'], env);
    for (const part of ['stream', 'indexes', 'ttl', 'backups', 'protection']) {
      expect(out).toMatch(new RegExp(`^FAULT +table-${part} `, 'm'));
    }
    const name = tableOf(run.config).TableName ?? '';
    expect(out).toContain(
      `(aws dynamodb update-continuous-backups --region eu-west-1 --table-name ${name} --point-in-time-recovery-specification`,
    );
    expect(out).toContain(
      `(aws dynamodb update-table --region eu-west-1 --table-name ${name} --deletion-protection-enabled)`,
    );
  });

  test('an index that lacks the attributes of serverless.yml is a fault', async () => {
    const keysOnly = { ...index('byUploader', 'uploader'), Projection: { ProjectionType: 'KEYS_ONLY' } };
    described = { GlobalSecondaryIndexes: [keysOnly, index('bySourceContext', 'sourceContext')] };
    const detail = expect.stringMatching(/^missing: byUploader \(uploader, sortTime, with sourceContext\);/);
    expect((await check()).faults).toEqual([{ check: 'table-indexes', status: 'fault', detail }]);
  });

  test('a table without permission to read its recovery is not checked for it, and the permission is named', async () => {
    backups = 'AccessDeniedException';
    const { out } = await vod(['check'], env);
    expect(out).toMatch(
      /^not checked table-backups +the AWS credentials lack dynamodb:DescribeContinuousBackups on \S+: add it .* \(AccessDenied/m,
    );
  });
});

describe('H15: check of reconcile', () => {
  test.each([
    [0, 7, 'ok', /^ran 0 min ago$/],
    [14, 7, 'ok', /^ran 14 min ago$/],
    [
      15,
      7,
      'fault',
      /^no run has ended since 20\d\d-.* \(15 min\), so lost events are not recovered: read the log of the function/,
    ],
    [3000, 2, 'fault', /\(3000 min\)/],
    [2, 1, 'ok', /^deployed just now, the first run starts within five minutes$/],
    [16, 1, 'fault', /, when it was deployed \(16 min\)/],
  ])('a checkpoint written %i min ago, in version %i, is: %s', async (minutes, version, status, detail) => {
    checkpoint = { minutes, version };
    const { out } = await vod(['check', '--json'], env);
    const { findings } = JSON.parse(out) as { readonly findings: Finding[] };
    expect(findings).toContainEqual({ check: 'reconcile', status, detail: expect.stringMatching(detail) });
  });

  test('a missing checkpoint is a fault', async () => {
    store(CHECKPOINT, undefined);
    const detail = expect.stringMatching(/checkpoint \/vod-client-upload\/dev\/reconcile-checkpoint does not exist/);
    expect((await check()).faults).toEqual([{ check: 'reconcile', status: 'fault', detail }]);
  });
});

describe('H15: check explains errors of AWS', () => {
  const WHO = 'User: arn:aws:sts::111122223333:assumed-role/ops/me is not authorized to perform: ';

  test('AccessDenied of the stack names the missing permission', async () => {
    const denied = await serve((_request, response) => {
      const message = `${WHO}cloudformation:DescribeStacks on resource: arn:aws:cloudformation:x:1:stack/s/* because no policy`;
      response.writeHead(403, { 'content-type': 'text/xml' });
      response.end(
        `<ErrorResponse><Error><Code>AccessDenied</Code><Message>${message}</Message></Error></ErrorResponse>`,
      );
    });
    const { AWS_ENDPOINT_URL_CLOUDFORMATION: before } = process.env;
    process.env['AWS_ENDPOINT_URL_CLOUDFORMATION'] = denied.url;
    const { faults } = await check();
    process.env['AWS_ENDPOINT_URL_CLOUDFORMATION'] = before;
    await denied.close();
    expect(faults).toContainEqual({
      check: 'stack',
      status: 'fault',
      detail: expect.stringMatching(
        /^Cannot read the stack vod-client-upload-dev: the AWS credentials lack cloudformation:DescribeStacks on arn:aws:cloudformation:x:1:stack\/s\/\*: add it to their IAM policy \(AccessDenied: /,
      ),
    });
  });

  test.each([
    ['of SSM', 'ssm:GetParameters', 'arn:aws:ssm:x:1:parameter/local/vod-key'],
    ['of the KMS key behind it', 'kms:Decrypt', 'arn:aws:kms:x:1:key/2'],
  ])('AccessDenied %s names the missing permission', async (_, action, resource) => {
    ssmRefusal = ['AccessDeniedException', `${WHO}${action} on resource: ${resource} because no policy allows it`];
    const found = await check();
    expect(found.faults[0]).toEqual({
      check: 'vod-key-secret',
      status: 'fault',
      detail: expect.stringContaining(
        `Cannot read secrets: the AWS credentials lack ${action} on ${resource}: add it to their IAM policy (AccessDeniedException: `,
      ),
    });
    const { out } = await vod(['check'], env);
    expect(out).not.toContain('does not respond');
    expect(out).toMatch(/^not checked seal-key-secret +requires readable secrets, see "vod-key-secret" or "stack"$/m);
  });

  test.each([
    ['expired credentials', 'ExpiredTokenException', /have expired: log in again/],
    ['credentials that AWS does not know', 'UnrecognizedClientException', /AWS does not accept the AWS credentials/],
    ['any other error', 'InternalServerError', /AWS returned InternalServerError: refused/],
  ])('AccessDenied is distinguished from %s', async (_, type, detail) => {
    ssmRefusal = [type, 'refused'];
    process.env['AWS_MAX_ATTEMPTS'] = '1';
    const { faults } = await check();
    delete process.env['AWS_MAX_ATTEMPTS'];
    expect(faults[0]).toEqual({ check: 'vod-key-secret', status: 'fault', detail: expect.stringMatching(detail) });
  });
});

test('H15: a call that AWS throttles is not checked, and is not a fault of the deployment', async () => {
  ssmRefusal = ['ThrottlingException', 'Rate exceeded'];
  process.env['AWS_MAX_ATTEMPTS'] = '1';
  const { out } = await vod(['check'], env);
  delete process.env['AWS_MAX_ATTEMPTS'];
  expect(out).toMatch(/^not checked vod-key-secret +Cannot read secrets: AWS is busy \(ThrottlingException\)/m);
});

test('H15: a finding is one line, whatever line ends a server puts into its message', async () => {
  ssmRefusal = ['SomeException', 'first\nFAULT       webhook   forged\r\n\u2028third'];
  const { out } = await vod(['check'], env);
  expect(out).not.toMatch(/^FAULT +webhook +forged/m);
  expect(out).toMatch(/^FAULT +vod-key-secret +.*first FAULT +webhook +forged third/m);
});

test('H16: no control or bidirectional character of VOD’s configuration reaches the terminal', async () => {
  const real = api();
  const config = await real.DescribeEventConfig({});
  const hostile = await serve((_request, response) => {
    const Response = { ...config, Mode: 'PU\u202ESH\u001b[2J\n', UploadMediaCompleteEventSwitch: '\u200bOFF\u0007' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ Response }));
  });
  for (const args of [['check'], ['check', '--json'], ['register', '--dry-run']]) {
    const { out, err } = await vod(args, { ...env, VOD_API_URL: hostile.url });
    expect(`${out}${err}`).toContain('\\u202e');
    expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  await hostile.close();
});

test.each([
  ['RequestLimitExceeded', 'not-checked', 'vod-key', /throttled the call.*not a fault of the deployment: run check/],
  ['RequestLimitExceeded.UinLimitExceeded', 'not-checked', 'vod-key', /not a fault of the deployment/],
  [
    'InternalError',
    'not-checked',
    'vod-key',
    /is unavailable \(InternalError\), which is not a fault.*run check again/,
  ],
  ['InternalError.DBError', 'not-checked', 'vod-key', /not a fault of the deployment/],
  ['FailedOperation.InvalidVodUser', 'fault', 'sub-application', /VOD is not activated.*activate VOD.*VOD_SUB_APP_ID/],
  ['FailedOperation.InvalidAccount', 'fault', 'sub-application', /refuses the account.*overdue payment, suspension/],
  ['InvalidAccount', 'fault', 'sub-application', /refuses the account/],
  ['AuthFailure.TokenFailure', 'fault', 'vod-key', /temporary key.*store a permanent key pair/],
  ['TokenFailure', 'fault', 'vod-key', /temporary key/],
])('check explains the refusal %s of VOD', async (refusal, status, name, detail) => {
  const refusing = await serve((_request, response) => {
    const body = JSON.stringify({ Response: { Error: { Code: refusal, Message: 'refused' }, RequestId: 'r-1' } });
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  const { code, out } = await vod(['check', '--json'], { ...env, VOD_API_URL: refusing.url });
  const { findings } = JSON.parse(out) as { readonly findings: Finding[] };
  expect(findings).toContainEqual({ check: name, status, detail: expect.stringMatching(detail) });
  expect(findings.filter((finding) => finding.status === 'fault')).toHaveLength(status === 'fault' ? 1 : 0);
  expect(code).toBe(status === 'fault' ? 1 : 0);
  await refusing.close();
});

test('check does not count a VOD that returns 502 as a fault of the deployment', async () => {
  const broken = await serve((_request, response) => response.writeHead(502).end());
  const { out } = await vod(['check', '--json'], { ...env, VOD_API_URL: broken.url });
  const { ok, faults, notChecked } = faultsOf(out);
  expect([ok, faults]).toEqual([true, []]);
  expect(notChecked).toEqual(expect.arrayContaining(['vod-key', 'sub-application', 'mode', 'upload-switch']));
  expect(out).toContain('VOD is unavailable (502');
  await broken.close();
});

test.each([
  ['returns 500', 500, '{}', 'webhook', 'returns 500'],
  ['refuses every caller', 401, '{}', 'webhook', 'returns 401 to the secrets'],
  ['accepts everything', 200, '{"outcome":"ignored"}', 'webhook-token', 'any caller can post'],
])('check reports a webhook that %s as one fault', async (_, status, body, fault, detail) => {
  const server = await otherWebhook(status, body);
  expect(await check()).toMatchObject({ code: 1, faults: [{ check: fault, detail: expect.stringContaining(detail) }] });
  await server.close();
});

test('check reports a webhook that cannot be reached as one fault', async () => {
  const server = await otherWebhook(200, '');
  await server.close();
  const found = await check();
  expect(found.faults).toEqual([expect.objectContaining({ check: 'webhook' })]);
  expect(found.faults[0]?.detail).toMatch(/ECONNREFUSED/);
  expect([found.code, found.notChecked]).toEqual([1, ['webhook-token']]);
});

test.each([
  ['no id', '', 'missing'],
  ['the id of another account', '1500000009', '1500000009'],
])('check reports %s as a fault of an account that requires an application id', async (_, id, detail) => {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  const { url } = await startVod({ secretId, secretKey, subAppIds: [1500000001] });
  Object.assign(env, { VOD_API_URL: url, VOD_SUB_APP_ID: '1500000001' });
  expect((await vod(['register'], env)).code).toBe(0);
  expect(await check()).toMatchObject({ code: 0, faults: [] });
  env['VOD_SUB_APP_ID'] = id;
  const found = await check();
  expect(found.faults).toEqual([
    { check: 'sub-application', status: 'fault', detail: expect.stringContaining(detail) },
  ]);
  expect(found.notChecked).toEqual(expect.arrayContaining(['mode', 'callback-url', 'upload-switch', 'sign-key']));
});

test('check tests the separate key for the server API', async () => {
  env['VOD_API_KEY_PARAMETER'] = '/vod/api-key';
  store('/vod/api-key', run.parameterStore.parameters.get('/local/vod-key'));
  expect(await check()).toMatchObject({ code: 0, faults: [] });
  store('/vod/api-key', '{"secretId":"AKIDunknown","secretKey":"x"}');
  expect(await check()).toMatchObject({ code: 1, faults: [{ check: 'vod-api-key' }] });
});

test.each([
  ['the signing key', '/local/vod-key'],
  ['the key for the server API', '/vod/api-key'],
])('check reports %s of another account as a fault', async (_, name) => {
  const own = run.parameterStore.parameters.get('/local/vod-key') ?? '';
  const other = JSON.stringify({ secretId: 'AKIDother', secretKey: 'of-another-account' });
  // Two accounts behind one address: each has its key, and its application.
  const [ours, theirs] = await Promise.all([
    startVod({ secretId: run.secrets.vodSecretId, secretKey: run.secrets.vodSecretKey, subAppIds: [1500000001] }),
    startVod({ secretId: 'AKIDother', secretKey: 'of-another-account', subAppIds: [1500000002] }),
  ]);
  const both = await serve((request, response) => {
    const isTheirs = request.headers.authorization?.includes('AKIDother') === true;
    const { host = '', ...headers } = request.headers;
    const { port } = new URL(isTheirs ? theirs.url : ours.url);
    const forward = httpRequest(
      { port, host: '127.0.0.1', method: request.method, path: request.url, headers: { ...headers, host } },
      (relayed) => relayed.pipe(response.writeHead(relayed.statusCode ?? 500, relayed.headers)),
    );
    request.pipe(forward);
  });
  Object.assign(env, { VOD_API_URL: both.url, VOD_API_KEY_PARAMETER: '/vod/api-key', VOD_SUB_APP_ID: '1500000001' });
  store('/vod/api-key', own);
  expect((await vod(['register'], env)).code).toBe(0);
  expect(await check()).toMatchObject({ code: 0, faults: [] });
  store(name, other);
  const detail = expect.stringContaining(`account of the key in ${name}`);
  expect(await check()).toMatchObject({ code: 1, faults: [{ check: 'sub-application', detail }] });
  await both.close();
});

test('pulled events need neither a URL nor its secrets', async () => {
  for (const name of ['callback-token', 'sign-key']) store(`/local/${name}`, undefined);
  env['EVENT_MODE'] = 'pull';
  const asPushed = await check();
  expect(asPushed.faults.map((fault) => fault.check)).toEqual(['stack', 'mode']);
  expect(asPushed.faults[0]?.detail).toContain('deployed with EVENT_MODE=push');
  delete outputs['VodEventsUrl'];
  expect((await check()).faults).toEqual([expect.objectContaining({ check: 'mode' })]);
  expect((await vod(['register'], env)).code).toBe(0);
  const { NotificationUrl: url } = await api().DescribeEventConfig({});
  expect(url).toContain(`${run.url}/vod-events`);
  expect(await check()).toMatchObject({ code: 0, notChecked: ['callback-url', 'webhook', 'webhook-token'] });
  expect((await vod(['register', '--url', 'https://x.example/'], env)).code).toBe(2);
  expect((await vod(['send', 'FileDeleted', '--stage', 'dev'], env)).err).toContain(
    'EVENT_MODE is pull, so this deployment has no webhook',
  );
});

describe('check of a custom domain', () => {
  /** The deployed function behind another address. */
  async function domain() {
    const server = await serve((request, response) => {
      const { url = '', method = '' } = request;
      void text(request)
        .then((body) => fetch(run.url + url, { method, body, headers: { 'content-type': 'application/json' } }))
        .then(async (relayed) => response.writeHead(relayed.status).end(await relayed.text()));
    });
    return { ...server, webhook: `${server.url}/vod-events` };
  }

  test('a registered custom domain is accepted and tested, also with --url', async () => {
    const own = await domain();
    expect((await vod(['register', '--url', own.webhook], env)).code).toBe(0);
    expect(await check()).toEqual({ code: 0, ok: true, faults: [], notChecked: [] });
    const { out } = await vod(['check'], env);
    expect(out).toContain(`${own.webhook}, as registered `);
    expect(out).toContain(`the stack's own is ${run.url}/vod-events`);
    expect(out).toContain(`${own.webhook} accepts events`);
    const given = await vod(['check', '--url', own.webhook], env);
    expect([given.code, given.out]).toEqual([0, expect.stringContaining(`${own.webhook}, as given by --url`)]);
    // The advice keeps the custom domain.
    await api().ModifyEventConfig({ UploadMediaCompleteEventSwitch: 'OFF', NotificationUrl: 'https://x.example/' });
    const advice = expect.stringContaining(`register --url ${own.webhook} --stage dev\``);
    expect(await check()).toMatchObject({
      faults: [
        { check: 'callback-url', detail: advice },
        { check: 'upload-switch', detail: advice },
      ],
    });
    await own.close();
    expect((await check()).faults).toContainEqual({
      check: 'webhook',
      status: 'fault',
      detail: expect.stringMatching(/as registered.*DNS/),
    });
  });

  test.each([
    [
      'https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/vod-events',
      'https://new.lambda-url.eu-west-1.on.aws/vod-events',
    ],
    [
      'https://old.lambda-url.eu-west-1.on.aws/vod-events',
      'https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/vod-events',
    ],
    ['https://old.lambda-url.eu-west-1.on.aws/vod-events', 'https://new.lambda-url.eu-west-1.on.aws/vod-events'],
  ])('the URL of the stack before EVENTS_ENDPOINT changed (%s) is not a custom domain', (url, webhookUrl) => {
    const registered = { mode: 'PUSH', url, at: '2026-11-26T08:00:00.000Z' } as const;
    expect(expectedWebhook({ webhookUrl, tableName: 't' }, { registered }, undefined)).toMatchObject({
      url: webhookUrl,
    });
  });

  test('a custom domain that VOD does not call yet is a fault with the command that registers it', async () => {
    const own = await domain();
    const { code, out } = await vod(['check', '--url', own.webhook], env);
    expect([code, out]).toEqual([1, expect.stringContaining(`register --url ${own.webhook} --stage dev\``)]);
    await own.close();
    expect((await vod(['check', '--url', 'own.example'], env)).code).toBe(2);
    expect((await vod(['check', '--url', own.webhook], { ...env, EVENT_MODE: 'pull' })).code).toBe(2);
  });
});

test('a rotation in its first five minutes is not a fault', async () => {
  store('/local/callback-token', `new,${WEBHOOK_TOKEN}`);
  expect(await check()).toMatchObject({ code: 0, faults: [] });
});

// The vendor's SDK takes the time from the machine, so this needs a machine of its own.
test.each([
  ['ten minutes ahead', 600_000, 'ahead', ['vod-key', 'mode', 'webhook']],
  ['ten minutes behind', -600_000, 'behind', ['vod-key', 'mode', 'webhook']],
  ['two minutes ahead', 120_000, 'ahead', ['webhook']],
])('check reports a clock that is %s as the only fault', async (_, skew, detail, notChecked) => {
  const folder = join(__dirname, '..', '..');
  const clock = pathToFileURL(join(folder, 'tests/support/cli/skewed-clock.mjs')).href;
  const args = ['--import', clock, '--import', 'tsx', 'cli/main.ts', 'check', '--json'];
  const options = { cwd: folder, env: { ...process.env, ...env, SKEW_MS: String(skew) } };
  const child = spawn(process.execPath, args, options);
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  const found = faultsOf(out);
  expect(found.faults).toEqual([{ check: 'clock', status: 'fault', detail: expect.stringContaining(detail) }]);
  expect([code, found.notChecked]).toEqual([1, expect.arrayContaining(notChecked)]);
});
