import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { getField } from '../../lib/platform/json';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { MAX_TASKS } from '../../lib/uploads/row';
import { applySnapshot } from '../../lib/uploads/snapshot';
import { localConfig, startStore, type Store } from '../support/backend';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../support/events';
import { context, delivery, signRequest } from '../support/lambda';
import { temporaryFolder } from '../support/local';
import { metricFilters, metricsOf, type MetricFilter } from '../support/metrics';
import { startPulling } from '../support/pulling';
import { HOUR, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { vodResponse, refusal } from '../support/relay';
import { cleanUp } from '../support/vod/vod-client';
import { startWebhook, type Webhook } from '../support/webhook';

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

test('each metric filter is valid for CloudWatch, and requires each field that is a dimension', () => {
  expect(filters.length).toBeGreaterThan(0);
  for (const { FilterPattern, MetricTransformations } of filters) {
    const [{ Dimensions = [], DefaultValue }] = MetricTransformations;
    expect(Dimensions.length).toBeLessThanOrEqual(3);
    if (Dimensions.length > 0) expect(DefaultValue).toBeUndefined();
    for (const { Value } of Dimensions) expect(FilterPattern).toContain(`${Value} = "`);
  }
});

test("requests that the gateway throttles are counted, and a function's own 429 is not", async () => {
  const { provider } = await localConfig();
  const format = getField(getField(getField(provider, 'logs'), 'httpApi'), 'format');
  // API Gateway writes "-" for a value that a request does not have.
  const line = (values: Readonly<Record<string, string>>) =>
    JSON.parse(String(format).replaceAll(/\$context\.([\w.]+)/g, (_, name: string) => values[name] ?? '-')) as object;
  const lines = [
    line({ status: '429', 'error.responseType': 'THROTTLED' }),
    line({ status: '429' }),
    line({ status: '401', 'error.responseType': 'UNAUTHORIZED' }),
    line({ status: '200' }),
  ];
  expect(metrics('HttpApiLogGroup', lines)).toEqual({ ThrottledRequests: 1 });
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
      outcome: 'repeated',
      eventType: 'NewFileUpload',
      fileIds: [fileId],
      taskIds: [],
      droppedFields: ['Name', 'Size'],
    },
    { ...line, outcome: 'ignored', eventType: 'Other', unknownType: 'unreadable', fileIds: [], taskIds: [] },
    { ...line, outcome: 'ignored', eventType: 'Other', unknownType: 'HologramComplete', fileIds: [], taskIds: [] },
    { ...line, outcome: 'ignored', eventType: 'Other', unknownType: 'unreadable', fileIds: [], taskIds: [] },
    { ...line, outcome: 'ignored', eventType: 'PullComplete', fileIds: [], taskIds: [] },
    { ...line, outcome: 'recorded', eventType: 'FileDeleted', fileIds: [fileId], taskIds: [] },
  ]);
});

describe("H15: the webhook's log line of an unreadable event", () => {
  const line = {
    level: 'warn',
    requestId: expect.any(String),
    outcome: 'refused',
    status: 400,
    code: 'invalid-request',
  };
  const idError = { path: '/FileUploadEvent/FileId', message: expect.any(String) };

  test.each<[string, unknown, object]>([
    [
      'an upload with an unusable file id',
      { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '52858907abc', ProcedureTaskId: '1500000001-p-t0' } },
      { eventType: 'NewFileUpload', fileIds: ['52858907abc'], taskIds: ['1500000001-p-t0'], errors: [idError] },
    ],
    [
      'an upload whose file id is a number',
      { EventType: 'NewFileUpload', FileUploadEvent: { FileId: 387702 } },
      { eventType: 'NewFileUpload', fileIds: ['387702'], taskIds: [], errors: [idError] },
    ],
    [
      'an upload without a file id, in format 2.0',
      { eventType: 'NewFileUpload', data: { procedureTaskId: '1500000001-p-t0' } },
      {
        eventType: 'NewFileUpload',
        fileIds: [],
        taskIds: ['1500000001-p-t0'],
        errors: [{ path: '/FileUploadEvent', message: expect.stringContaining('FileId') }],
      },
    ],
    [
      'a deletion without a usable id',
      { EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: ['1'.repeat(41), 'x', 7.5] } },
      {
        eventType: 'FileDeleted',
        fileIds: ['1'.repeat(41)],
        taskIds: [],
        errors: expect.arrayContaining([{ path: '/FileDeleteEvent/FileIdSet/1', message: expect.any(String) }]),
      },
    ],
    [
      'an event without a type',
      { FileUploadEvent: { FileId: '387702' } },
      { eventType: 'Other', unknownType: 'unreadable', fileIds: ['387702'], taskIds: [], errors: [] },
    ],
  ])('the log line of %s has its type, ids and errors', async (_, body, expected) => {
    expect(await webhook.status(body)).toBe(400);
    expect(webhook.lines).toEqual([{ ...line, ...expected }]);
  });

  test('a body that is not JSON is logged without type, ids and content', async () => {
    expect(await webhook.status('{"EventType":"NewFileUpload","canary')).toBe(400);
    expect(webhook.lines).toEqual([line]);
  });

  test('the log line of an unreadable event contains no text that does not look like an id of VOD', async () => {
    const FileId = 'canary'.repeat(5);
    await webhook.post({ EventType: 'NewFileUpload', FileUploadEvent: { FileId, TaskId: '7 canary', note: 'canary' } });
    expect(webhook.lines).toEqual([expect.objectContaining({ fileIds: [], taskIds: [], errors: [idError] })]);
    expect(JSON.stringify(webhook.lines)).not.toContain('canary');
  });

  test('an unreadable event is counted by its type and as refused', async () => {
    await webhook.post({ EventType: 'NewFileUpload', FileUploadEvent: {} });
    expect(metrics('VodEventsLogGroup', webhook.lines)).toEqual({
      'Events NewFileUpload refused': 1,
      'RefusedEvents invalid-request': 1,
    });
  });
});

test('H15: an event about a task beyond the limit of its row is counted as dropped, not as repeated', async () => {
  const fileId = '387709';
  const tasks = new Map(
    Array.from({ length: MAX_TASKS }, (_, index) => [`task-${index}`, { status: 'FINISH' } as const]),
  );
  const snapshot = { fileId, media: {}, context: undefined, isForbidden: false, tasks };
  await webhook.store.replace(undefined, applySnapshot(undefined, snapshot, Date.now()), Date.now() + 5_000);
  const finish = (taskId: string) => procedureStateChanged({ fileId }, 'FINISH', { taskId });
  expect(await webhook.post(finish('one-more'))).toMatchObject({ statusCode: 200, body: '{"outcome":"ignored"}' });
  expect(await webhook.post(finish('task-0'))).toMatchObject({ statusCode: 200, body: '{"outcome":"repeated"}' });
  expect(webhook.lines).toMatchObject([
    { level: 'info', outcome: 'dropped', fileIds: [fileId], taskIds: ['one-more'] },
    { level: 'info', outcome: 'repeated' },
  ]);
  expect(metrics('VodEventsLogGroup', webhook.lines)).toEqual({
    'Events ProcedureStateChanged dropped': 1,
    'Events ProcedureStateChanged repeated': 1,
  });
});

test('A4: the line of an event that came while secrets cannot be read has its type, ids and the reason', async () => {
  const body = procedureStateChanged({ fileId: '387710' }, 'FINISH', { taskId: '1500000001-p-t0' });
  const seal = webhook.parameters.get('/vod/seal') ?? '';
  webhook.parameters.delete('/vod/seal');
  const response = await webhook.handler()(delivery(body), context());
  webhook.parameters.set('/vod/seal', seal);
  expect(response.statusCode).toBe(500);
  expect(webhook.lines).toEqual([
    {
      level: 'error',
      requestId: expect.any(String),
      outcome: 'error',
      eventType: 'ProcedureStateChanged',
      fileIds: ['387710'],
      taskIds: ['1500000001-p-t0'],
      error: 'ServiceError',
      reason: 'Cannot read secrets: create the SSM parameter /vod/seal as a SecureString',
    },
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
      if (action === 'ConfirmEvents') return refusals-- > 0 ? refusal('InvalidParameterValue') : vodResponse();
      return vodResponse({ EventSet: (batches.shift() ?? []).map((event) => ({ EventHandle: 'handle-1', ...event })) });
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

describe('log lines of verification and reconciliation', () => {
  let world: Reconciliation;
  beforeEach(async () => {
    world = await startReconciliation();
  });
  afterEach(() => world.stop());

  /** The metrics of the lines of `work` in the log group of upload-changed, or of reconcile. */
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

  test('lines of upload-changed are counted: no response of VOD, unknown files, a failing queue', async () => {
    await world.deliver(newFileUpload({ fileId: '999' }));
    world.api.respond = () => refusal('InternalError');
    expect(await counted('UploadChangedLogGroup', world.verify)).toEqual({ FailedVerifications: 1 });
    world.services.isQueueAvailable = false;
    await world.deliver(newFileUpload({ fileId: '998' }));
    expect(await counted('UploadChangedLogGroup', world.verify)).toEqual({
      FailedVerifications: 1,
      FailedWrites: 1,
    });
    world.services.isQueueAvailable = true;
    world.api.respond = (_, pass) => pass();
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
    world.api.respond = async (action, pass) => {
      const response = await pass();
      if (action !== 'DescribeMediaInfos') return response;
      return JSON.parse(JSON.stringify(response).replaceAll('"holiday"', JSON.stringify(name))) as object;
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
