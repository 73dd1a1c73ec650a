import { createHash, randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { signerConfig } from '../lib/platform/env';
import { signUpload } from '../lib/signing/issue';
import { localConfig, startStore, type Store } from './helpers/backend';
import { fileDeleted, newFileUpload } from './helpers/events';
import { context, delivery, signRequest } from './helpers/lambda';
import { temporaryFolder } from './helpers/local';
import { startPulling } from './helpers/pulling';
import { HOUR, startReconciliation } from './helpers/reconciliation';
import { answer, refusal } from './helpers/relay';
import { cleanUp } from './helpers/vod-client';
import { startWebhook, type Webhook } from './helpers/webhook';

jest.setTimeout(120_000);

interface Filter {
  readonly LogGroupName: { readonly Ref: string };
  readonly FilterPattern: string;
  readonly MetricTransformations: readonly [
    {
      readonly MetricName: string;
      readonly MetricValue: string;
      readonly DefaultValue?: number;
      readonly Dimensions?: readonly { readonly Key: string; readonly Value: string }[];
    },
  ];
}

const KEYS = { secretId: 'AKIDexample', secretKey: 'secret-key-of-tencent' };

let folder: string;
let webhook: Webhook;
let store: Store;
let filters: readonly Filter[];

beforeAll(async () => {
  folder = await temporaryFolder();
  [webhook, store] = await Promise.all([
    startWebhook(folder),
    startStore({ '/vod/key': JSON.stringify(KEYS), '/vod/seal': 'seal-key-of-ours' }),
  ]);
  const { resources } = await localConfig();
  filters = Object.values(resources?.Resources ?? {})
    .filter(({ Type: type }) => type === 'AWS::Logs::MetricFilter')
    .map(({ Properties }) => Properties as unknown as Filter);
});
beforeEach(() => {
  webhook.lines.length = 0;
});
afterEach(cleanUp);
afterAll(async () => {
  await Promise.all([webhook.stop(), store.close()]);
  await rm(folder, { recursive: true });
});

/** The signing function with a log that can be read and a clock that can be set. */
function startSigner(env: Record<string, string> = {}) {
  const config = signerConfig({
    VOD_KEY_PARAMETER: '/vod/key',
    SEAL_KEY_PARAMETER: '/vod/seal',
    ONE_TIME_VALID: 'false',
    ONE_TIME_VALID_FIXED: 'false',
    VALID_FOR: '1800',
    VALID_FOR_MAX: '86400',
    ...env,
  });
  const lines: Record<string, unknown>[] = [];
  const clock = { now: Date.now() };
  const handler = signUpload({
    config,
    getParameters: store.getParameters,
    now: () => clock.now,
    random: () => randomInt(2 ** 32),
    log: (fields) => lines.push({ ...fields }),
  });
  return { lines, clock, sign: (...call: Parameters<typeof signRequest>) => handler(signRequest(...call), context()) };
}

/** CloudWatch's filter patterns, as far as ours go: `{ $.a = "b" }`, `{ $.a > 0 }`, and these in brackets with `&&` or `||`. */
function matches(pattern: string, line: Readonly<Record<string, unknown>>): boolean {
  const [, inner = ''] = /^\{ (.*) \}$/.exec(pattern) ?? [];
  const holds = (clause: string): boolean => {
    const [, counted] = /^\$\.(\w+) > 0$/.exec(clause) ?? [];
    if (counted !== undefined) return typeof line[counted] === 'number' && line[counted] > 0;
    const [, bare, name = bare, text] = /^\(?\$\.((\w+)) = "([\w*-]+)"\)?$/.exec(clause) ?? [];
    if (name === undefined) throw new Error(`Cannot evaluate the filter pattern ${pattern}: extend this test`);
    return typeof line[name] === 'string' && (text === '*' || line[name] === text);
  };
  return inner.split(' || ').some((clauses) => clauses.split(' && ').every(holds));
}

/** How often each metric, with its dimensions, is counted by the lines of a log group. */
function metrics(logGroup: string, lines: readonly object[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines.map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, unknown>)) {
    for (const { LogGroupName, FilterPattern, MetricTransformations } of filters) {
      if (LogGroupName.Ref !== logGroup || !matches(FilterPattern, line)) continue;
      const [{ MetricName, MetricValue, Dimensions = [] }] = MetricTransformations;
      const values = Dimensions.map(({ Value }) => String(line[Value.replace('$.', '')]));
      const metric = [MetricName, ...values].join(' ');
      const count = MetricValue.startsWith('$.') ? line[MetricValue.slice(2)] : MetricValue;
      counts[metric] = (counts[metric] ?? 0) + Number(count);
    }
  }
  return counts;
}

test('each metric filter is one that CloudWatch takes, and asks for each field that it takes a dimension from', () => {
  expect(filters.length).toBeGreaterThan(0);
  for (const { FilterPattern, MetricTransformations } of filters) {
    const [{ Dimensions = [], DefaultValue }] = MetricTransformations;
    expect(Dimensions.length).toBeLessThanOrEqual(3);
    if (Dimensions.length > 0) expect(DefaultValue).toBeUndefined();
    for (const { Value } of Dimensions) expect(FilterPattern).toContain(`${Value} = "`);
  }
});

test('what the event function logs is counted: events by type and outcome, refusals by code, contradictions, failed writes', async () => {
  const file = { fileId: '387702', url: 'http://example.com/cat.mp4' };
  await webhook.post(newFileUpload(file));
  await webhook.post(newFileUpload(file));
  await webhook.post(newFileUpload({ ...file, url: 'http://example.com/dog.mp4' }));
  await webhook.post(fileDeleted({ fileId: '387703' }));
  for (const EventType of ['TranscodeComplete', 'HologramComplete', 'not a name']) await webhook.post({ EventType });
  await webhook.post({ EventType: 'PullComplete', PullCompleteEvent: { ErrCode: 1 } });
  await webhook.post(newFileUpload(file), { query: 'token=wrong' });
  await webhook.post('{');
  await webhook.post('x'.repeat(1024 * 1024 + 1));
  await webhook.table.kill();
  await webhook.handler()(delivery(newFileUpload(file)), context(2_200));
  await webhook.table.restart();

  expect(metrics('VodEventsLogGroup', webhook.lines)).toEqual({
    'Events NewFileUpload recorded': 1,
    'Events NewFileUpload repeated': 1,
    'Events NewFileUpload contradicted': 1,
    Contradictions: 1,
    'Events FileDeleted recorded': 1,
    'Events Other ignored': 3,
    'Events PullComplete ignored': 1,
    'Events NewFileUpload write-failed': 1,
    FailedWrites: 1,
    'RefusedEvents unauthorized': 1,
    'RefusedEvents invalid-request': 1,
    'RefusedEvents too-large': 1,
  });
});

test('what the signing function logs is counted: signatures, refusals by code, failed refreshes of secrets', async () => {
  const { sign, lines, clock } = startSigner({ SIGN_RATE_PER_MINUTE: '1', SIGN_RATE_BURST: '3' });
  for (const body of [undefined, '{', 'x'.repeat(16_385), undefined]) await sign(body);
  await sign(undefined, {});
  clock.now += 600_000;
  store.parameters.delete('/vod/key');
  await sign();
  store.parameters.set('/vod/key', JSON.stringify(KEYS));
  expect(metrics('UploadSignatureLogGroup', lines)).toEqual({
    Signatures: 2,
    'RefusedSignatures invalid-request': 1,
    'RefusedSignatures too-large': 1,
    'RefusedSignatures too-many-requests': 1,
    'RefusedSignatures forbidden': 1,
    FailedSecretRefreshes: 1,
  });
});

test('what the pulling function logs is counted as where events are pushed: events, refusals, contradictions, failed writes', async () => {
  const path = await temporaryFolder();
  const pulling = await startPulling(path);
  try {
    const file = { fileId: '387702', url: 'http://example.com/cat.mp4' };
    const batches: object[][] = [
      [newFileUpload(file)],
      [newFileUpload(file)],
      [newFileUpload({ ...file, url: 'http://example.com/dog.mp4' })],
      [fileDeleted({ fileId: '387703' }), { EventType: 'HologramComplete' }, { EventType: 'NewFileUpload' }, {}],
    ];
    let refusals = 0;
    const queue = await pulling.queue((action) => {
      if (action === 'ConfirmEvents') return refusals-- > 0 ? refusal('InvalidParameterValue') : answer();
      return answer({ EventSet: (batches.shift() ?? []).map((event) => ({ EventHandle: 'handle-1', ...event })) });
    });
    await queue.run();
    expect(metrics('PullEventsLogGroup', queue.lines)).toEqual({
      'Events NewFileUpload recorded': 1,
      'Events NewFileUpload repeated': 1,
      'Events NewFileUpload contradicted': 1,
      Contradictions: 1,
      'Events FileDeleted recorded': 1,
      'Events Other ignored': 1,
      'Events NewFileUpload refused': 1,
      'Events Other refused': 1,
      'RefusedEvents invalid-request': 2,
    });

    queue.lines.length = 0;
    refusals = 1;
    batches.push([newFileUpload(file)]);
    await queue.run();
    expect(metrics('PullEventsLogGroup', queue.lines)).toEqual({
      'Events NewFileUpload repeated': 1,
      FailedWrites: 1,
    });

    queue.lines.length = 0;
    batches.push([newFileUpload(file)]);
    await pulling.table.kill();
    await expect(queue.run().finally(pulling.table.restart)).rejects.toThrow('Cannot record 1 of 1 events');
    expect(metrics('PullEventsLogGroup', queue.lines)).toEqual({
      'Events NewFileUpload write-failed': 1,
      FailedWrites: 1,
    });
  } finally {
    await pulling.stop();
    await rm(path, { recursive: true });
  }
});

test('what a reconciliation logs is counted: that it finished, and the rows and results that it filled in, corrected or doubts', async () => {
  const world = await startReconciliation();
  try {
    await world.upload();
    await world.upload({ procedure: 'LongVideoPreset' });
    const fileId = await world.upload();
    const forged = 'http://evil.example/a.mp4';
    for (const of of [fileId, '999']) await world.webhook.post(newFileUpload({ fileId: of, url: forged }));
    let ended = false;
    while (!ended) {
      const { TaskSet = [] } = await world.client.DescribeTasks({});
      ended = TaskSet.every(({ Status }) => Status === 'FINISH');
    }
    world.clock.run = 2 * HOUR; // VOD has had its hour to know the file
    await world.run();
    expect(world.lines.at(-1)).toMatchObject({ outcome: 'reconciled' });
    expect(metrics('ReconcileLogGroup', world.lines)).toEqual({
      FinishedReconciliations: 1,
      FilledRows: 2,
      FilledResults: 1,
      CorrectedRows: 1,
      UnconfirmedRows: 1,
    });

    world.lines.length = 0;
    await world.run(0);
    expect(world.lines.at(-1)).toMatchObject({ outcome: 'unfinished' });
    await world.run();
    expect(metrics('ReconcileLogGroup', world.lines)).toEqual({ FinishedReconciliations: 1 });
  } finally {
    await world.stop();
  }
});

test('no line has the body, the token, a secret, the signature or the caller', async () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const T = Math.floor(Date.now() / 1000) + 600;
  const Sign = md5(`SignKey1${T}`);
  const both = webhook.handler({
    CALLBACK_TOKEN_PARAMETER: '/vod/token',
    CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key',
  });
  const events = [
    newFileUpload({ fileId: '387704', sourceContext: 'canary', url: 'http://canary/' }),
    newFileUpload({ fileId: '387704', sourceContext: 'another canary', url: 'http://canary/2' }),
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '387705', canary: 'canary', MetaData: 'canary' } },
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: 'canary'.repeat(20) } },
    { EventType: 'NewFileUpload', FileUploadEvent: { FileId: ['canary'] } },
    { EventType: 'a canary', canary: 'canary' },
    { EventType: ['canary'] },
    '{"canary":',
    `"${'canary'.repeat(200_000)}"`,
    Buffer.from('canary \xff', 'latin1'),
  ];
  for (const event of events) {
    const body = typeof event === 'string' || Buffer.isBuffer(event) ? event : { ...event, Sign, T };
    for (const query of ['token=token-1', 'token=canary', `token=token-2&Sign=${Sign}&T=${T}`, 'canary=canary']) {
      await webhook.post(body, { query, headers: { authorization: 'canary', sign: 'canary', 'x-canary': 'canary' } });
      await webhook.post(body, { query }, both);
    }
  }

  const limited = startSigner({ SIGN_RATE_PER_MINUTE: '1', SIGN_RATE_BURST: '12' });
  const signatures: string[] = [];
  const bodies = [
    undefined,
    { sourceContext: 'canary', sessionContext: 'canary' },
    { sourceContext: 'canary'.repeat(50) },
    { procedure: 'canary' },
    { canary: 'canary' },
    '{"canary":',
    'canary'.repeat(4_000),
    '[]',
  ];
  for (const claims of [{ sub: 'caller-7' }, { sub: '', name: 'caller-7' }, { sub: 'caller-7'.repeat(20) }]) {
    for (const body of [...bodies, ...bodies]) {
      const { body: answer = '' } = await limited.sign(body, claims);
      signatures.push((JSON.parse(answer) as { signature?: string }).signature ?? '');
    }
  }
  store.parameters.set('/vod/key', '{"secretId":"canary"}');
  await startSigner().sign();
  store.parameters.set('/vod/key', JSON.stringify(KEYS));

  const lines = [...webhook.lines, ...limited.lines].map((line) => JSON.stringify(line));
  expect(new Set(limited.lines.map(({ code }) => code))).toEqual(
    new Set([undefined, 'invalid-request', 'too-large', 'too-many-requests', 'forbidden']),
  );
  const secrets = [
    'canary',
    'token-1',
    'token-2',
    'SignKey1',
    Sign,
    'seal-',
    KEYS.secretId,
    KEYS.secretKey,
    'caller-7',
  ];
  for (const secret of [...secrets, ...signatures.filter(Boolean)]) {
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
  }
});
