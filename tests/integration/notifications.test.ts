import { setTimeout as sleep } from 'node:timers/promises';
import type { Notification } from '../../lib/notifications/announcement';
import { seal } from '../../lib/vod/source-context';
import type { Upload } from '../../local/uploads';
import { idOf, startAppServer, verifyWebhook, type AppServer } from '../support/app-server';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../support/events';
import { startTestRun, type TestRun } from '../support/local';
import { apiClient, until } from '../support/vod/vod-client';
import { reviewComplete } from '../support/callbacks';
import { runs } from '../support/thorough';

// From an event to the webhook at the app's server, in a local run: the functions as they are deployed, the table's
// stream and the queues.

const DAY = 24 * 3_600_000;
/** From the upload to the delivered webhook: the half of all uploads, in milliseconds. */
const MAX_P50 = 3_000;

let app: AppServer;
let run: TestRun;
let receivedBefore: number;
beforeAll(async () => {
  app = await startAppServer();
  run = await startTestRun({ features: { notifyUrl: app.url } });
});
beforeEach(() => {
  receivedBefore = app.received.length;
});
afterAll(() => Promise.all([run.stop(), app.stop()]));

/** The webhooks of this test. */
const received = () => app.received.slice(receivedBefore);
const countIds = () => new Set(received().map(idOf)).size;

const sdk = () => {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  return apiClient(run.vod.port, { secretId, secretKey });
};

/** A file with everything that VOD can know of it, so that no question stays open. */
function put(options: { procedure?: string; createTime?: number; name?: string } = {}): string {
  const [key = ''] = run.secrets.sealKey.split(',');
  const sourceContext = seal('order=7', 'user-42', options.procedure !== undefined, key);
  const media = { name: 'clip', type: 'mp4', size: 1_000, duration: 2, width: 4, height: 3 };
  return run.vod.put({ ...media, sourceContext, ...options }).fileId;
}

/** The notifications so far, each verified with the secret that the run prints, by file in the order of their arrival. */
function notifications(fileId: string): Notification[] {
  return received()
    .map((webhook) => verifyWebhook(webhook, run.secrets.notifySecret) as Notification)
    .filter(({ data }) => data.fileId === fileId);
}
const types = (fileId: string) => notifications(fileId).map(({ type }) => type);

const untilTold = (fileId: string, count = 1) => until(() => notifications(fileId).length >= count);

async function post(event: object): Promise<void> {
  const { status } = await fetch(run.callbackUrl, { method: 'POST', body: JSON.stringify(event) });
  expect(status).toBe(200);
}

async function row(fileId: string): Promise<Upload> {
  const found = (await run.rows()).find((one) => one['fileId'] === fileId);
  if (!found) throw new Error(`there is no row of ${fileId}`);
  return found;
}

test('the app receives each outcome once, with the upload as in its row', async () => {
  const files = {
    none: put(),
    succeeds: put({ procedure: 'LongVideoPreset' }),
    fails: put({ procedure: 'FailingPreset' }),
    blocked: put({ procedure: 'BlockingPreset' }),
    reviewed: put({ procedure: 'ReviewPreset' }),
  };
  await until(() => received().length >= 5);
  await sdk().DeleteMedia({ FileId: files.none });
  await untilTold(files.none, 2);
  await run.eventSources.idle();
  expect(Object.values(files).map(types)).toEqual([
    ['upload.ready', 'upload.deleted'],
    ['upload.ready'],
    ['upload.failed'],
    ['upload.rejected'],
    ['upload.held'],
  ]);
  const [succeeded] = notifications(files.succeeds);
  const { version, updatedAt, url } = await row(files.succeeds);
  expect(succeeded).toMatchObject({
    timestamp: updatedAt,
    data: { status: 'ready', version, updatedAt, url, sourceContext: 'order=7', uploader: 'user-42', size: 1_000 },
  });
  expect(succeeded?.data.outputs?.length).toBeGreaterThan(0);
  for (const fileId of [files.blocked, files.reviewed]) {
    expect(JSON.stringify(notifications(fileId))).not.toMatch(/https?:/);
  }
  expect(countIds()).toBe(6);
});

test('a row that becomes rejected and ready again is announced each time, its versions in order', async () => {
  const fileId = put();
  await untilTold(fileId);
  // VOD sends no event of either; whatever event touches the row causes a verification.
  await sdk().ForbidMediaDistribution({ FileIds: [fileId], Operation: 'forbid' });
  await post(reviewComplete(fileId));
  await untilTold(fileId, 2);
  await sdk().ForbidMediaDistribution({ FileIds: [fileId], Operation: 'recover' });
  await post(fileDeleted({ fileId }));
  await untilTold(fileId, 3);
  expect(types(fileId)).toEqual(['upload.ready', 'upload.rejected', 'upload.ready']);
  const versions = notifications(fileId).map(({ data }) => data.version);
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  expect(countIds()).toBe(3);
});

test('forged events, invented files and repeated events are not announced', async () => {
  const fileId = put();
  await untilTold(fileId);
  const invented = '5285890784273533167';
  const events = [
    newFileUpload({ fileId: invented }),
    procedureStateChanged({ fileId: invented }, 'FINISH', { taskId: 't1' }),
    fileDeleted({ fileId: '5285890784273533168' }),
    procedureStateChanged({ fileId }, 'FINISH', { taskId: 'forged', failed: true }),
    reviewComplete(fileId),
    fileDeleted({ fileId }),
    newFileUpload({ fileId, procedureTaskId: 'forged' }),
  ];
  for (const event of [...events, ...events]) await post(event);
  await until(async () => (await row(fileId))['trust'] === 'confirmed');
  await run.eventSources.idle();
  expect((await run.rows()).map(({ fileId: id }) => id)).toContain(invented);
  expect(received()).toHaveLength(1);
  expect(types(fileId)).toEqual(['upload.ready']);
});

test('a file with a name that SQS would refuse is announced, and delays no other file', async () => {
  const odd = put({ name: 'a\uffffb\ufffec' });
  const next = put();
  await Promise.all([untilTold(odd), untilTold(next)]);
  expect(notifications(odd)).toMatchObject([{ data: { name: 'a\uffffb\ufffec' } }]);
});

test('while the notification queue is unavailable, the batch fails before VOD is called, and everything is delivered afterwards', async () => {
  const first = put();
  await untilTold(first);
  run.queues.setAvailable(false);
  const second = put();
  await until(() => run.lines.some((line) => line.includes('"announce-failed"')));
  const third = put();
  await until(async () => (await run.rows()).some(({ fileId }) => fileId === third));
  const calls = run.vod.calls.DescribeMediaInfos;
  const failures = () => run.lines.filter((line) => line.includes('"announce-failed"')).length;
  const failed = failures();
  await until(() => failures() > failed);
  expect(run.vod.calls.DescribeMediaInfos).toBe(calls);
  expect([await row(second), await row(third)]).toMatchObject([
    { status: 'ready', trust: 'confirmed' },
    { status: 'uploaded', trust: 'pushed' },
  ]);
  expect(received()).toHaveLength(1);
  run.queues.setAvailable(true);
  await Promise.all([untilTold(second), untilTold(third)]);
  await run.eventSources.idle();
  expect([second, third].map(types)).toEqual([['upload.ready'], ['upload.ready']]);
}, 120_000);

test('the back-fill announces a new upload, but no old file', async () => {
  run.vod.setFaults({ drop: 1 });
  const old = Array.from({ length: runs(1_000, 200) }, () => put({ createTime: Date.now() - 4 * DAY }));
  run.vod.setFaults(undefined);
  const fresh = put();
  for (let isFinished = false; !isFinished;) {
    const outcome = await run.functions.invoke('reconcile', {});
    if (outcome === 'failed') throw new Error(`reconcile failed: ${run.lines.at(-1) ?? ''}`);
    isFinished = (JSON.parse(outcome.json) as { finished?: boolean }).finished !== false;
  }
  await untilTold(fresh);
  await run.eventSources.idle();
  const rows = new Map((await run.rows()).map((one) => [one['fileId'], one]));
  const confirmed = old.filter((fileId) => rows.get(fileId)?.['trust'] === 'confirmed');
  expect(confirmed).toHaveLength(old.length);
  expect(received()).toHaveLength(1);
  expect(types(fresh)).toEqual(['upload.ready']);
}, 120_000);

test('an upload is announced within three seconds, half of the time', async () => {
  const began = new Map<string, number>();
  for (let count = 0; count < 20; count++) {
    began.set(put(), Date.now());
    await sleep(250);
  }
  await until(() => received().length >= 20);
  const latencies = received().map((webhook) => {
    const { data } = JSON.parse(webhook.body) as Notification;
    return webhook.at - (began.get(data.fileId) ?? NaN);
  });
  latencies.sort((a, b) => a - b);
  const p50 = latencies[10] ?? NaN;
  const longest = latencies[19] ?? NaN;
  process.stderr.write(`from Commit to the delivered upload.ready: p50 ${p50} ms, longest ${longest} ms of 20\n`);
  expect(countIds()).toBe(20);
  expect(p50).toBeLessThan(2 * MAX_P50);
});

test('deliveries that hang do not delay those that the app accepts', async () => {
  app.respondWith((response, { body }) => {
    if (!body.includes('"name":"hang"')) response.writeHead(204).end();
  });
  for (let count = 0; count < 15; count++) put({ name: 'hang' });
  await until(() => received().length >= 15);
  const began = Date.now();
  const accepted = Array.from({ length: 10 }, () => put());
  await Promise.all(accepted.map((fileId) => untilTold(fileId)));
  // A delivery that hangs takes 15 s.
  expect(Date.now() - began).toBeLessThan(7_500);
});
