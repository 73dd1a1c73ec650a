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

describe('the wrong application', () => {
  test.each([20, 45])('that has none of %i files deletes no row and rings an alarm', async (count) => {
    const ids = uploads(count);
    await world.run();
    const before = await Promise.all(ids.map(world.item));
    const empty = await start();
    world.api.answering = (_, pass) => pass(empty.port);
    await world.checkpoint.write('{}');
    expect(await world.run()).toMatchObject({ deleted: 0, unknown: 0 });
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'error', outcome: 'mass-deletion' }));
    world.services.jitter = Math.random;
    await world.pass(HOUR);
    await world.run();
    expect(await Promise.all(ids.map(world.item))).toEqual(before);
  });

  test('with the account that has it, and no id named at all, says nothing about any file', async () => {
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

  test('is overruled once by an operator: 20 files that are really gone are deleted', async () => {
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

describe('a run', () => {
  test('without changes writes nothing and reads no more than the rows that it looks at', async () => {
    const fileId = world.upload({ procedure: 'LongVideoPreset' });
    await world.processed(fileId);
    uploads(60); // the audit of so many rows rests for 36 s
    await world.run();
    const item = await world.item(fileId);
    world.webhook.takeCounts();
    const quiet = { filled: 0, confirmed: 0, corrected: 0, deleted: 0, unknown: 0, lost: 0, failed: 0 };
    expect(await world.run()).toMatchObject({ ...quiet, finished: true });
    expect(world.webhook.takeCounts()).toEqual({ BatchGetItem: 2 });
    expect(await world.item(fileId)).toEqual(item);
  });

  test('beside two others at the same time does no harm', async () => {
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
    'with a checkpoint that cannot be used (%s) begins anew',
    async (saved) => {
      const fileId = world.upload();
      await world.checkpoint.write(saved);
      expect(await world.run()).toMatchObject({ finished: true, filled: 1 });
      expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    },
  );

  test('with a checkpoint of the future holds nothing back', async () => {
    const later = Date.now() + 30 * DAY;
    const second = Math.floor(later / 1000);
    const saved = { recent: { second, offset: 0 }, library: { startedAt: later }, audit: { startedAt: later } };
    await world.checkpoint.write(JSON.stringify(saved));
    world.upload();
    expect(await world.run()).toMatchObject({ filled: 1 });
  });

  test('without time says that it is not finished, and the next run finds everything', async () => {
    const ids = uploads(3);
    expect(await world.run(0)).toMatchObject({ finished: false });
    expect(await world.run()).toMatchObject({ finished: true });
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
  });

  test('with one file that VOD refuses to describe verifies all others and does not fail', async () => {
    const [first = '', broken = '', last = ''] = uploads(3);
    world.api.answering = (action, pass, parameters) => {
      const { FileIds = [] } = parameters as { FileIds?: string[] };
      return action === 'DescribeMediaInfos' && FileIds.includes(broken) ? refusal('InvalidParameterValue') : pass();
    };
    expect(await world.run()).toMatchObject({ finished: true, filled: 2, failed: expect.any(Number) });
    for (const fileId of [first, last]) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    expect(await world.webhook.itemOf(broken)).toBeUndefined();
    expect(world.lines).toContainEqual(expect.objectContaining({ outcome: 'no-answer', fileIds: [broken] }));
  });

  test('with one phase that VOD does not answer runs the others to their end, and fails', async () => {
    const fileId = world.upload();
    world.api.answering = (action, pass) => (action === 'DescribeTasks' ? refusal('InternalError') : pass());
    await expect(world.run()).rejects.toThrow('Cannot reconcile (tasks)');
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'reconcile-failed', phase: 'tasks' }),
    );
    world.api.answering = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ finished: true });
  });

  test('whose key VOD refuses fails, and leaves the files to the next run', async () => {
    const ids = uploads(2);
    const code = 'AuthFailure.SecretIdNotFound';
    world.api.answering = (action, pass) => (action === 'DescribeMediaInfos' ? refusal(code) : pass());
    await expect(world.run()).rejects.toThrow('Cannot reconcile (recent, library)');
    for (const fileId of ids) expect(await world.webhook.itemOf(fileId)).toBeUndefined();
    world.api.answering = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ finished: true, filled: 2 });
  });

  test('in which VOD fails for every file leaves them to the delay queue', async () => {
    const ids = uploads(2);
    world.api.answering = (action, pass) => (action === 'DescribeMediaInfos' ? refusal('InternalError') : pass());
    await world.run();
    for (const fileId of ids) expect(await world.webhook.itemOf(fileId)).toBeUndefined();
    world.api.answering = (_, pass) => pass();
    await world.pass(MINUTE);
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
  });

  test('writes to no row that an event changes meanwhile', async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    let isFirst = true;
    world.api.answering = async (action, pass) => {
      const answered = await pass();
      if (action === 'DescribeMediaInfos' && isFirst) {
        isFirst = false;
        await world.deliver(procedureStateChanged({ fileId }, 'PROCESSING', { taskId: 'task-1' }));
      }
      return answered;
    };
    await world.run();
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready', version: 3 });
  });
});

describe("VOD's library", () => {
  const shortened =
    (keep: number) =>
    async (action: string, pass: () => Promise<object>): Promise<object> => {
      const answered = (await pass()) as { Response: { MediaInfoSet?: object[] } };
      if (action !== 'SearchMedia') return answered;
      return { Response: { ...answered.Response, MediaInfoSet: answered.Response.MediaInfoSet?.slice(0, keep) } };
    };

  test('in short pages is read to its end: TotalCount decides', async () => {
    const ids = uploads(5);
    world.api.answering = shortened(2);
    expect(await world.run()).toMatchObject({ finished: true, filled: 5 });
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
  });

  test('in an empty page although TotalCount counts more is an error, and nothing is skipped', async () => {
    uploads(2);
    world.api.answering = shortened(0);
    await expect(world.run()).rejects.toThrow(/Cannot reconcile \(recent, library\)/);
    world.api.answering = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ finished: true, filled: 2 });
  });
});
