import { uploadQuota } from '../../lib/signing/quota';
import { uploaderIndex } from '../../lib/uploads/by-uploader';
import type { Limits } from '../../lib/uploads/limits';
import { countingClient, engines, retryDeps, TABLE_NAME } from '../support/backend';
import { HOUR, MINUTE, startReconciliation, type Reconciliation, type WorldOptions } from '../support/reconciliation';
import { refusal } from '../support/relay';
import { cleanUp } from '../support/vod/vod-client';
import { runs, sample } from '../support/thorough';

const ACTIONS = ['DeleteMedia', 'ForbidMediaDistribution'];

let world: Reconciliation;

async function startWorld(options: WorldOptions): Promise<void> {
  world = await startReconciliation(options);
}

afterEach(async () => {
  await world.stop();
  await cleanUp();
});

/** Uploads `count` files, delivers their events and verifies them. */
async function uploadFiles(count: number, uploader = 'user-42'): Promise<string[]> {
  const ids = Array.from({ length: count }, () => world.upload({ uploader }));
  for (const fileId of ids) await world.deliver(...(await world.eventsOf(fileId)));
  await world.verify();
  return ids;
}

const statusesOf = async (ids: readonly string[]) =>
  Promise.all(ids.map(async (fileId) => (await world.item(fileId))['status']));
const actions = () => world.actions.filter((action) => ACTIONS.includes(action));

test.each<[string, Limits, string]>([
  ['MAX_BYTES', { maxBytes: 2 }, 'too-large'],
  ['MAX_SECONDS', { maxSeconds: 1 }, 'too-long'],
  ['ALLOWED_CATEGORIES', { allowedCategories: ['Audio'] }, 'type'],
])('%s rejects a file by what VOD reports about it, and forbids it once', async (_, limits, reason) => {
  await startWorld({ limits: { ...limits, rejectAction: 'forbid' } });
  const [fileId = ''] = await uploadFiles(1);
  expect(await world.item(fileId)).toMatchObject({ status: 'rejected', trust: 'confirmed', rejection: { reason } });
  expect(actions()).toEqual([]);
  await world.pass(10 * MINUTE);
  await world.run();
  expect(actions()).toEqual(['ForbidMediaDistribution']);
  const { MediaInfoSet = [] } = await world.client.DescribeMediaInfos({ FileIds: [fileId] });
  expect(MediaInfoSet[0]?.BasicInfo?.Status).toBe('Forbidden');
  expect(await world.item(fileId)).toMatchObject({ status: 'rejected', rejection: { reason } });

  await world.client.ForbidMediaDistribution({ FileIds: [fileId], Operation: 'recover' });
  const before = actions().length;
  await world.deliver(...(await world.eventsOf(fileId)));
  await world.pass(HOUR);
  await world.run();
  expect(actions()).toHaveLength(before);
});

test('REJECT_ACTION=delete deletes the file in VOD; its row is deleted and keeps the reason', async () => {
  await startWorld({ limits: { maxBytes: 2, rejectAction: 'delete' } });
  const [fileId = ''] = await uploadFiles(1);
  await world.pass(MINUTE);
  expect(actions()).toEqual(['DeleteMedia']);
  expect(await world.item(fileId)).toMatchObject({ status: 'deleted', rejection: { reason: 'too-large' } });
});

test('reconcile applies limits to a new file without an upload event', async () => {
  await startWorld({ limits: { maxBytes: 2, rejectAction: 'forbid' } });
  await world.run();
  const fileId = world.upload();
  await world.run();
  expect(await world.item(fileId)).toMatchObject({ status: 'rejected' });
  await world.pass(MINUTE);
  expect(actions()).toEqual(['ForbidMediaDistribution']);
});

test('limits do not apply to uploads of the day before the first deploy', async () => {
  await startWorld({ limits: { maxBytes: 2, uploadsPerDay: 1, rejectAction: 'delete' } });
  const ids = [world.upload(), world.upload(), world.upload()];
  await world.run();
  await world.pass(HOUR);
  expect(await statusesOf(ids)).toEqual(['ready', 'ready', 'ready']);
  expect(actions()).toEqual([]);
});

test('the action is taken after an outage of VOD', async () => {
  await startWorld({ limits: { maxBytes: 2, rejectAction: 'delete' } });
  const [fileId = ''] = await uploadFiles(1);
  world.api.respond = () => refusal('InternalError');
  await world.pass(5 * MINUTE);
  expect(await world.item(fileId)).toMatchObject({ status: 'rejected' });
  world.api.respond = (_, pass) => pass();
  await world.pass(HOUR);
  expect(await world.item(fileId)).toMatchObject({ status: 'deleted', rejection: { reason: 'too-large' } });
});

test('limits neither change nor delete 200 files of an existing library, in the first run of reconcile or a later one', async () => {
  await startWorld({ limits: { maxBytes: 1, rejectAction: 'delete' } });
  const old = -30 * 24 * HOUR;
  for (let index = 0; index < 200; index++) {
    const isOld = index % 2 === 0;
    world.clock.vod = isOld ? old : 0;
    world.upload(isOld ? {} : { sourceContext: `console upload ${index}` });
  }
  world.clock.vod = 0;
  await world.run();
  world.clock.run += 8 * 24 * HOUR;
  await world.run();
  const rows = await world.webhook.table.rows();
  expect(rows).toHaveLength(200);
  expect(new Set(rows.map((row) => row['status']))).toEqual(new Set(['ready']));
  expect(new Set(rows.map((row) => row['version']))).toEqual(new Set([1]));
  expect(actions()).toEqual([]);
});

describe.each(sample(engines, 1))('UPLOADS_PER_DAY on %s', (engine) => {
  test('accepts the first 10 of many consecutive uploads for good, and signing returns the time until the next one', async () => {
    await startWorld({ engine, limits: { uploadsPerDay: 10 } });
    const ids: string[] = [];
    while (ids.length < runs(200, 40)) ids.push(...(await uploadFiles(1)));
    const expected = ids.map((_, index) => (index < 10 ? 'ready' : 'rejected'));
    expect(await statusesOf(ids)).toEqual(expected);
    for (const fileId of ids.slice(0, 20)) await world.deliver(...(await world.eventsOf(fileId)));
    await world.verify();
    world.clock.run += 8 * 24 * HOUR;
    await world.run();
    expect(await statusesOf(ids)).toEqual(expected);

    const { dynamodb } = countingClient(world.webhook.table);
    const index = uploaderIndex({ ...retryDeps, dynamodb, tableName: TABLE_NAME });
    const wait = await uploadQuota(index, 10, Date.now)('user-42', Date.now() + 5_000);
    expect(wait).toBeGreaterThan(23 * 3600);
    expect(wait).toBeLessThanOrEqual(24 * 3600);
    expect(await uploadQuota(index, 10, Date.now)('user-43', Date.now() + 5_000)).toBe(0);
    expect(await uploadQuota(index, 10, () => Date.now() + 25 * HOUR)('user-42', Date.now() + 5_000)).toBe(0);
  }, 120_000);

  test('accepts at most 29 uploads when 20 follow at once after 9 that are ready', async () => {
    await startWorld({ engine, limits: { uploadsPerDay: 10 } });
    const ids = [...(await uploadFiles(9)), ...(await uploadFiles(20)), ...(await uploadFiles(5))];
    const ready = (await statusesOf(ids)).filter((status) => status === 'ready').length;
    expect(ready).toBeGreaterThanOrEqual(10);
    expect(ready).toBeLessThanOrEqual(29);
    expect((await statusesOf(ids)).slice(29)).toEqual(Array.from({ length: 5 }, () => 'rejected'));
  });
});
