import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { startStore, type Store } from '../helpers/backend';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../helpers/events';
import { context, delivery, signRequest } from '../helpers/lambda';
import { temporaryFolder } from '../helpers/local';
import { metricFilters, metricsOf, type MetricFilter } from '../helpers/metrics';
import { startPulling } from '../helpers/pulling';
import { HOUR, startReconciliation, type Reconciliation } from '../helpers/reconciliation';
import { answer, refusal } from '../helpers/relay';
import { cleanUp } from '../helpers/vod-client';
import { startWebhook, type Webhook } from '../helpers/webhook';

jest.setTimeout(120_000);

const KEYS = { secretId: 'AKIDexample', secretKey: 'secret-key-of-tencent' };

let folder: string;
let webhook: Webhook;
let store: Store;
let filters: readonly MetricFilter[];

beforeAll(async () => {
  folder = await temporaryFolder();
  [webhook, store] = await Promise.all([
    startWebhook({ path: folder }),
    startStore({ '/vod/key': JSON.stringify(KEYS), '/vod/seal': 'seal-key-of-ours' }),
  ]);
  filters = await metricFilters();
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

const metrics = (logGroup: string, lines: readonly object[]) => metricsOf(filters, logGroup, lines);

test('each metric filter is one that CloudWatch takes, and asks for each field that it takes a dimension from', () => {
  expect(filters.length).toBeGreaterThan(0);
  for (const { FilterPattern, MetricTransformations } of filters) {
    const [{ Dimensions = [], DefaultValue }] = MetricTransformations;
    expect(Dimensions.length).toBeLessThanOrEqual(3);
    if (Dimensions.length > 0) expect(DefaultValue).toBeUndefined();
    for (const { Value } of Dimensions) expect(FilterPattern).toContain(`${Value} = "`);
  }
});

test("the webhook's line of each event has its ids, type, outcome and dropped fields", async () => {
  const fileId = '387701';
  const many = { MediaBasicInfo: { Name: 'long'.repeat(1000), Type: 7 }, MetaData: { Size: 1e300 } };
  await webhook.post(newFileUpload({ fileId, procedureTaskId: 'task-1' }));
  await webhook.post({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: fileId, ...many } });
  await webhook.post({ EventType: 'not a name' });
  await webhook.post({ EventType: 'HologramComplete' });
  await webhook.post({ EventType: 'x'.repeat(65) });
  await webhook.post({ EventType: 'PullComplete', PullCompleteEvent: { ErrCode: 1 } });
  await webhook.post(fileDeleted({ fileId }));
  const line = { level: 'info', requestId: expect.any(String) };
  expect(webhook.lines).toEqual([
    { ...line, outcome: 'recorded', eventType: 'NewFileUpload', fileIds: [fileId], taskIds: ['task-1'] },
    {
      ...line,
      ...{ outcome: 'repeated', eventType: 'NewFileUpload', fileIds: [fileId], taskIds: [] },
      droppedFields: ['Name', 'Size'],
    },
    { ...line, outcome: 'ignored', eventType: 'Other', unknownType: 'unreadable', fileIds: [], taskIds: [] },
    { ...line, outcome: 'ignored', eventType: 'Other', unknownType: 'HologramComplete', fileIds: [], taskIds: [] },
    { ...line, outcome: 'ignored', eventType: 'Other', unknownType: 'unreadable', fileIds: [], taskIds: [] },
    { ...line, outcome: 'ignored', eventType: 'PullComplete', fileIds: [], taskIds: [] },
    { ...line, outcome: 'recorded', eventType: 'FileDeleted', fileIds: [fileId], taskIds: [] },
  ]);
});

test('lines of the webhook are counted: events by type and outcome, refusals by code, failed writes', async () => {
  const file = { fileId: '387702' };
  await webhook.post(newFileUpload(file));
  await webhook.post(newFileUpload(file));
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

test('lines of the signing function are counted: signatures, refusals by code, failed refreshes of secrets', async () => {
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

test('lines of the pulling function are counted like those of the webhook, and failed confirmations too', async () => {
  const path = await temporaryFolder();
  const pulling = await startPulling(path);
  try {
    const file = { fileId: '387702' };
    const batches: object[][] = [
      [newFileUpload(file)],
      [newFileUpload(file)],
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

describe('verification and reconciliation', () => {
  let world: Reconciliation;
  beforeEach(async () => {
    world = await startReconciliation();
  });
  afterEach(() => world.stop());

  /** What the lines of `work` are counted as in the log group of upload-changed, or of reconcile. */
  async function counted(group: 'UploadChangedLogGroup' | 'ReconcileLogGroup', work: () => Promise<unknown>) {
    world.lines.length = 0;
    await work();
    return metrics(group, world.lines);
  }

  async function confirmed(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) ids.push(world.upload());
    for (const fileId of ids) await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    return ids;
  }

  test('lines of upload-changed are counted: no answer, unknown files, a failing queue', async () => {
    await world.deliver(newFileUpload({ fileId: '999' }));
    world.api.answering = () => refusal('InternalError');
    expect(await counted('UploadChangedLogGroup', world.verify)).toEqual({ UnansweredVerifications: 1 });
    world.services.queueAnswers = false;
    await world.deliver(newFileUpload({ fileId: '998' }));
    expect(await counted('UploadChangedLogGroup', world.verify)).toEqual({
      UnansweredVerifications: 1,
      FailedWrites: 1,
    });
    world.services.queueAnswers = true;
    world.api.answering = (_, pass) => pass();
    await world.verify();
    expect(await counted('UploadChangedLogGroup', () => world.pass(2 * HOUR))).toEqual({ UnknownFiles: 2 });
  });

  test('a quiet verification counts nothing', async () => {
    const work = () => confirmed(2);
    expect(await counted('UploadChangedLogGroup', work)).toEqual({});
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'info', outcome: 'verified', rows: 2 }));
  });

  test('twenty files that vanish at once are counted as a mass deletion, in both functions', async () => {
    const ids = await confirmed(20);
    for (const FileId of ids) await world.client.DeleteMedia({ FileId });
    expect(await counted('ReconcileLogGroup', world.run)).toEqual({ MassDeletions: 1, FinishedReconciliations: 1 });
    for (const fileId of ids) await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    expect(await counted('UploadChangedLogGroup', world.verify)).toEqual({ MassDeletions: 1 });
  });

  test('a row that the table refuses is counted, in both functions', async () => {
    const fileId = world.upload();
    const name = 'x'.repeat(2_000);
    world.api.answering = async (action, pass) => {
      const answered = await pass();
      if (action !== 'DescribeMediaInfos') return answered;
      return JSON.parse(JSON.stringify(answered).replaceAll('"holiday"', JSON.stringify(name))) as object;
    };
    world.webhook.refuseRowsWith(name);
    await world.deliver(newFileUpload({ fileId }));
    expect(await counted('UploadChangedLogGroup', world.verify)).toEqual({ RefusedRows: 1 });
    const runs = await counted('ReconcileLogGroup', world.run);
    expect(runs).toMatchObject({ FinishedReconciliations: 1 });
    expect(runs['RefusedRows']).toBeGreaterThan(0);
  });

  test('lines of reconcile are counted: that it finished, lost events, unknown files', async () => {
    await world.run();
    world.clock.vod = -5 * 60_000;
    world.upload();
    world.clock.vod = 0;
    await world.deliver(newFileUpload({ fileId: '999' }));
    world.clock.run = 2 * HOUR;
    await world.checkpoint.write(
      JSON.stringify({ recent: { second: Math.floor(Date.now() / 1000) - 600, offset: 0 } }),
    );
    expect(await counted('ReconcileLogGroup', world.run)).toEqual({
      FinishedReconciliations: 1,
      LostEvents: 1,
      UnknownFiles: 1,
    });
    expect(await counted('ReconcileLogGroup', () => world.run(0))).toEqual({});
    expect(world.lines.at(-1)).toMatchObject({ outcome: 'unfinished' });
  });
});
