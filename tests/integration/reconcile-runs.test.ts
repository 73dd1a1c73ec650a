import { newFileUpload, procedureStateChanged } from '../support/events';
import { HOUR, MINUTE, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { refusal } from '../support/relay';
import { cleanUp, start } from '../support/vod/vod-client';

const DAY = 24 * HOUR;

let world: Reconciliation;
beforeEach(async () => {
  world = await startReconciliation();
});
afterEach(async () => {
  await world.stop();
  await cleanUp();
});

function uploads(count: number): string[] {
  return Array.from({ length: count }, () => world.upload());
}

describe('reconcile with the wrong application id', () => {
  test.each([20, 45])('deletes no row and raises an alarm when the application has none of %i files', async (count) => {
    const ids = uploads(count);
    await world.run();
    const before = await Promise.all(ids.map(world.item));
    const empty = await start();
    world.api.respond = (_, pass) => pass(empty.port);
    await world.checkpoint.write('{}');
    expect(await world.run()).toMatchObject({ deleted: 0, unknown: 0 });
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'error', outcome: 'mass-deletion' }));
    world.services.jitter = Math.random;
    await world.pass(HOUR);
    await world.run();
    expect(await Promise.all(ids.map(world.item))).toEqual(before);
  });

  test('changes no row when no application id is configured and the account requires one', async () => {
    const strict = await startReconciliation({ subAppIds: [1_500_000_007] });
    try {
      const fileId = strict.upload();
      strict.api.subAppId = 1_500_000_007;
      expect(await strict.run()).toMatchObject({ filled: 1 });
      const item = await strict.item(fileId);
      strict.api.subAppId = undefined;
      await strict.checkpoint.write('{}');
      await expect(strict.run()).rejects.toThrow(/Cannot reconcile/);
      expect(await strict.item(fileId)).toEqual(item);
    } finally {
      await strict.stop();
    }
  });

  test('deletes 20 files that really do not exist after the operator accepts it once', async () => {
    const ids = uploads(20);
    await world.run();
    for (const FileId of ids) await world.client.DeleteMedia({ FileId });
    await world.checkpoint.write('{}');
    expect(await world.run()).toMatchObject({ deleted: 0 });
    await world.checkpoint.write('{}');
    expect(await world.run(290_000, { acceptDeletions: true })).toMatchObject({ deleted: 20 });
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ status: 'deleted' });
  });
});

describe('a run of reconcile', () => {
  test('writes nothing without changes, and reads no more than the rows that it looks at', async () => {
    const fileId = world.upload({ procedure: 'LongVideoPreset' });
    await world.processed(fileId);
    uploads(60); // the audit of this number of rows rests for 36 s
    await world.run();
    const item = await world.item(fileId);
    world.webhook.takeCounts();
    const quiet = { filled: 0, confirmed: 0, corrected: 0, deleted: 0, unknown: 0, lostEvents: 0, failed: 0 };
    expect(await world.run()).toMatchObject({ ...quiet, finished: true });
    expect(world.webhook.takeCounts()).toEqual({ BatchGetItem: 2 });
    expect(await world.item(fileId)).toEqual(item);
  });

  test('may run at the same time as two others', async () => {
    const ids = uploads(30);
    const gone = ids[0] ?? '';
    await world.deliver(newFileUpload({ fileId: gone }), newFileUpload({ fileId: '999' }));
    await world.verify();
    await world.client.DeleteMedia({ FileId: gone });
    const runs = await Promise.all([world.run(), world.run(), world.run()]);
    for (const run of runs) expect(run).toMatchObject({ finished: true });
    expect(await world.item(gone)).toMatchObject({ status: 'deleted', version: 3 });
    for (const fileId of ids.slice(1)) {
      expect(await world.item(fileId)).toMatchObject({ status: 'ready', trust: 'confirmed', version: 1 });
    }
    expect(await world.item('999')).toMatchObject({ trust: 'pushed' });
    // No row is counted twice; one whose write was sent again after a timeout may not be counted.
    const filled = runs.reduce((sum, run) => sum + run.filled, 0);
    expect(filled).toBeGreaterThan(0);
    expect(filled).toBeLessThanOrEqual(29);
  });

  test.each(['', '{', '[]', 'null', '{"recent":{"second":1e20,"offset":0}}', '{"recent":{"second":5,"offset":6000}}'])(
    'begins anew with an invalid checkpoint (%s)',
    async (saved) => {
      const fileId = world.upload();
      await world.checkpoint.write(saved);
      expect(await world.run()).toMatchObject({ finished: true, filled: 1 });
      expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    },
  );

  test('reads everything if its checkpoint is in the future', async () => {
    const later = Date.now() + 30 * DAY;
    const second = Math.floor(later / 1000);
    const saved = { recent: { second, offset: 0 }, library: { startedAt: later }, audit: { startedAt: later } };
    await world.checkpoint.write(JSON.stringify(saved));
    world.upload();
    expect(await world.run()).toMatchObject({ filled: 1 });
  });

  test('reports that it is not finished when its time is over, and the next run finds everything', async () => {
    const ids = uploads(3);
    expect(await world.run(0)).toMatchObject({ finished: false });
    expect(await world.run()).toMatchObject({ finished: true });
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
  });

  test('verifies all other files and does not fail when VOD refuses to describe one', async () => {
    const [first = '', broken = '', last = ''] = uploads(3);
    world.api.respond = (action, pass, parameters) => {
      const { FileIds = [] } = parameters as { FileIds?: string[] };
      return action === 'DescribeMediaInfos' && FileIds.includes(broken) ? refusal('InvalidParameterValue') : pass();
    };
    expect(await world.run()).toMatchObject({ finished: true, filled: 2, failed: expect.any(Number) });
    for (const fileId of [first, last]) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    expect(await world.webhook.itemOf(broken)).toBeUndefined();
    expect(world.lines).toContainEqual(expect.objectContaining({ outcome: 'no-response', fileIds: [broken] }));
  });

  test('runs the other phases to their end and fails when VOD does not respond to one', async () => {
    const fileId = world.upload();
    world.api.respond = (action, pass) => (action === 'DescribeTasks' ? refusal('InternalError') : pass());
    await expect(world.run()).rejects.toThrow('Cannot reconcile (tasks)');
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'reconcile-failed', phase: 'tasks' }),
    );
    world.api.respond = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ finished: true });
  });

  test('fails when VOD refuses its key, and leaves the files to the next run', async () => {
    const ids = uploads(2);
    const code = 'AuthFailure.SecretIdNotFound';
    world.api.respond = (action, pass) => (action === 'DescribeMediaInfos' ? refusal(code) : pass());
    await expect(world.run()).rejects.toThrow('Cannot reconcile (recent, library)');
    for (const fileId of ids) expect(await world.webhook.itemOf(fileId)).toBeUndefined();
    world.api.respond = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ finished: true, filled: 2 });
  });

  test('leaves all files to the delay queue when VOD fails for each of them', async () => {
    const ids = uploads(2);
    world.api.respond = (action, pass) => (action === 'DescribeMediaInfos' ? refusal('InternalError') : pass());
    await world.run();
    for (const fileId of ids) expect(await world.webhook.itemOf(fileId)).toBeUndefined();
    world.api.respond = (_, pass) => pass();
    await world.pass(MINUTE);
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
  });

  test('does not write a row that an event changes meanwhile', async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    let isFirst = true;
    world.api.respond = async (action, pass) => {
      const response = await pass();
      if (action === 'DescribeMediaInfos' && isFirst) {
        isFirst = false;
        await world.deliver(procedureStateChanged({ fileId }, 'PROCESSING', { taskId: 'task-1' }));
      }
      return response;
    };
    await world.run();
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready', version: 3 });
  });
});

describe("reading VOD's library", () => {
  const shortened =
    (keep: number) =>
    async (action: string, pass: () => Promise<object>): Promise<object> => {
      const response = (await pass()) as { Response: { MediaInfoSet?: object[] } };
      if (action !== 'SearchMedia') return response;
      return { Response: { ...response.Response, MediaInfoSet: response.Response.MediaInfoSet?.slice(0, keep) } };
    };

  test('short pages are read to the end of the library: TotalCount decides', async () => {
    const ids = uploads(5);
    world.api.respond = shortened(2);
    expect(await world.run()).toMatchObject({ finished: true, filled: 5 });
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
  });

  test('an empty page although TotalCount counts more is an error, and nothing is skipped', async () => {
    uploads(2);
    world.api.respond = shortened(0);
    await expect(world.run()).rejects.toThrow(/Cannot reconcile \(recent, library\)/);
    world.api.respond = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ finished: true, filled: 2 });
  });
});
