import { VodError } from '../../../lib/vod/api';
import { RefusedRowError } from '../../../lib/uploads/store';
import { procedureStateChanged } from '../../support/events';
import { DAY, filesOf, ids, oldFile, startReconciliation, statuses } from '../../support/unit/reconciliation';
import { endedTask, modelFile, modelTask } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';

describe('reconcile fills and corrects', () => {
  test('a first run adds all files of the library, recent and old ones', async () => {
    const reconciliation = startReconciliation([...filesOf(ids(30)), oldFile('1'), oldFile('2', 3_000)]);
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 32, lostEvents: 0, failed: 0 });
    expect(statuses(reconciliation, [...ids(30), '1', '2'])).toEqual(new Set(['ready']));
  });

  test('a later run counts the files without their events', async () => {
    const reconciliation = startReconciliation();
    await reconciliation.run();
    const CreateTime = new Date(reconciliation.clock.now()).toISOString();
    reconciliation.vod.put(modelFile('7', { basicInfo: { ...modelFile('7').basicInfo, CreateTime } }));
    reconciliation.clock.advance(5 * 60_000);
    expect(await reconciliation.run()).toMatchObject({ filled: 1, lostEvents: 1 });
  });

  test('a run that finds nothing writes nothing', async () => {
    const reconciliation = startReconciliation(filesOf(ids(5)));
    await reconciliation.run();
    const writes = reconciliation.store.writes.length;
    expect(await reconciliation.run()).toMatchObject({ filled: 0, confirmed: 0, corrected: 0, finished: true });
    expect(reconciliation.store.writes).toHaveLength(writes);
  });

  test('the end of a procedure is found without its event', async () => {
    const reconciliation = startReconciliation([modelFile('7', { signed: true, tasks: [modelTask('t')] })]);
    await reconciliation.run();
    expect(reconciliation.row('7').status).toBe('processing');
    reconciliation.vod.put(modelFile('7', { signed: true, tasks: [endedTask('t')] }));
    expect(await reconciliation.run()).toMatchObject({ corrected: 1 });
    expect(reconciliation.row('7').status).toBe('ready');
  });

  test('a file that vanished without an event is deleted after a second look in the same run', async () => {
    const reconciliation = startReconciliation(filesOf(['7', '8']));
    await reconciliation.run();
    reconciliation.vod.remove('7');
    reconciliation.clock.advance(8 * DAY);
    const before = reconciliation.clock.now();
    expect(await reconciliation.run()).toMatchObject({ deleted: 1, finished: true });
    expect(reconciliation.clock.now() - before).toBeGreaterThanOrEqual(10_000);
    expect(statuses(reconciliation, ['7', '8'])).toEqual(new Set(['deleted', 'ready']));
  });

  test('a file that is there again at the second look stays', async () => {
    const reconciliation = startReconciliation(filesOf(['7']));
    await reconciliation.run();
    reconciliation.clock.advance(8 * DAY);
    const callCount = reconciliation.vod.count('DescribeMediaInfos');
    reconciliation.vod.remove('7');
    reconciliation.vod.failWith((action) => {
      // The first response is that VOD does not have it.
      if (action === 'DescribeMediaInfos' && reconciliation.vod.count(action) > callCount + 1) {
        reconciliation.vod.put(modelFile('7'));
      }
    });
    expect(await reconciliation.run()).toMatchObject({ deleted: 0 });
    expect(reconciliation.row('7').status).toBe('ready');
  });

  test('a missing file is not delayed: the run itself looks again', async () => {
    const reconciliation = startReconciliation(filesOf(['7']));
    await reconciliation.run();
    reconciliation.vod.remove('7');
    reconciliation.clock.advance(8 * DAY);
    await reconciliation.run();
    expect(reconciliation.delayed).toEqual([]);
  });
});

describe('a mass of files that vanish', () => {
  async function emptied() {
    const reconciliation = startReconciliation(filesOf(ids(45)));
    await reconciliation.run();
    for (const fileId of ids(45)) reconciliation.vod.remove(fileId);
    reconciliation.clock.advance(8 * DAY);
    return reconciliation;
  }

  test('changes no row, not even those outside the full batches of twenty, and raises the alarm', async () => {
    const reconciliation = await emptied();
    await reconciliation.run();
    expect(statuses(reconciliation, ids(45))).toEqual(new Set(['ready']));
    expect(reconciliation.outcomes()).toContain('mass-deletion');
  });

  test('is stored only in the run in which the operator accepts it', async () => {
    const reconciliation = await emptied();
    expect(await reconciliation.run(300_000, { acceptDeletions: true })).toMatchObject({ deleted: 45 });
    expect(statuses(reconciliation, ids(45))).toEqual(new Set(['deleted']));
  });

  test('is deleted when VOD still has others of the run, more than twenty at once too', async () => {
    const reconciliation = startReconciliation(filesOf(ids(60)));
    await reconciliation.run();
    const vanished = ids(60).filter((_, index) => index % 2 === 0);
    for (const fileId of vanished) reconciliation.vod.remove(fileId);
    reconciliation.clock.advance(8 * DAY);
    expect(await reconciliation.run()).toMatchObject({ deleted: vanished.length });
    expect(statuses(reconciliation, vanished)).toEqual(new Set(['deleted']));
    expect(reconciliation.outcomes()).not.toContain('mass-deletion');
  });

  test.each([{ acceptDeletions: 'true' }, { acceptDeletions: 1 }, null, 'acceptDeletions'])(
    'is not accepted by the event %j',
    async (event) => {
      const reconciliation = await emptied();
      await reconciliation.run(300_000, event);
      expect(statuses(reconciliation, ids(45))).toEqual(new Set(['ready']));
    },
  );
});

describe('a failure affects nothing else', () => {
  test.each([
    ['SearchMedia', ['recent', 'library']],
    ['DescribeTasks', ['tasks']],
  ] as const)('%s: the phases %j fail, the others run, and the run counts as failed', async (failing, phases) => {
    const files = ids(3).map((fileId) => modelFile(fileId, { tasks: [endedTask(`t${fileId}`)] }));
    const reconciliation = startReconciliation(files);
    await reconciliation.run();
    reconciliation.clock.advance(8 * DAY);
    reconciliation.lines.length = 0;
    reconciliation.vod.failWith((action) => {
      if (action === failing) throw refusal(action, 'InternalError');
    });
    await expect(reconciliation.run()).rejects.toThrow(`Cannot reconcile (${phases.join(', ')})`);
    const failed = reconciliation.lines.filter(({ outcome }) => outcome === 'reconcile-failed');
    expect(failed.map(({ phase }) => phase)).toEqual(phases);
    expect(reconciliation.outcomes()).toContain('unfinished');
    expect(JSON.parse(reconciliation.checkpoint)).toMatchObject({ audit: { rows: 3 } });
  });

  test('a table that cannot be scanned fails the audit alone', async () => {
    const reconciliation = startReconciliation(filesOf(ids(3)));
    reconciliation.store.failWith((method) => {
      if (method === 'page') throw new Error('InternalServerError');
    });
    await expect(reconciliation.run()).rejects.toThrow('Cannot reconcile (audit)');
    expect(statuses(reconciliation, ids(3))).toEqual(new Set(['ready']));
  });

  test('H2: a row that the table refuses, an id that VOD refuses and one that always fails do not block the others', async () => {
    const reconciliation = startReconciliation(filesOf([...ids(60), 'constructor']));
    reconciliation.store.failWith((method, fileId) => {
      if (method === 'replace' && fileId === '1005') throw new RefusedRowError('a parameter value is not valid');
    });
    reconciliation.vod.failWith((action, request) => {
      const text = action === 'DescribeMediaInfos' ? JSON.stringify(request) : '';
      if (text.includes('"1023"')) throw refusal(action, 'InvalidParameterValue.FileIds');
      if (text.includes('"1041"')) throw refusal(action, 'InternalError');
    });
    const summary = await reconciliation.run();
    expect(summary.finished).toBe(true);
    const missing = [...ids(60), 'constructor'].filter((fileId) => !reconciliation.store.get(fileId));
    expect(missing).toEqual(['1005', '1023', '1041']);
  });

  test.each([
    'InternalError',
    'FailedOperation',
    'UnauthorizedOperation',
    'InvalidParameterValue.SubAppId',
    'ResourceUnavailable',
    'toString',
  ])('H2: one id that VOD refuses with %s is logged and delayed, and every phase ends', async (code) => {
    const files = ids(60).map((fileId) => modelFile(fileId, { tasks: [endedTask(`t${fileId}`)] }));
    const reconciliation = startReconciliation(files);
    const refuse = (isRefused: (text: string) => boolean) => {
      reconciliation.vod.failWith((action, request) => {
        if (isRefused(JSON.stringify(request))) throw refusal(action, code);
      });
    };
    refuse((text) => text.includes('"1030"') || text.includes('"t1031"'));
    expect(await reconciliation.run()).toMatchObject({ finished: true });
    const confirmed = ids(60).filter((fileId) => reconciliation.store.get(fileId)?.trust === 'confirmed');
    for (const fileId of ids(60)) if (!['1030', '1031'].includes(fileId)) expect(confirmed).toContain(fileId);
    expect(reconciliation.delayed).toContainEqual(expect.objectContaining({ fileId: '1030', question: 'no-response' }));
    expect(reconciliation.lines).toContainEqual(
      expect.objectContaining({ outcome: 'no-response', fileIds: expect.arrayContaining(['1030']) }),
    );
    refuse(() => false);
    reconciliation.clock.advance(8 * DAY);
    expect(await reconciliation.run()).toMatchObject({ finished: true, failed: 0 });
    expect(statuses(reconciliation, ids(60))).toEqual(new Set(['ready']));
  });

  test.each(['constructor', 'toString', '__proto__'])(
    'H2: rows with a task that is called %s stop no run',
    async (taskId) => {
      const reconciliation = startReconciliation(filesOf(ids(3)));
      await reconciliation.run();
      for (const fileId of ids(3))
        await reconciliation.receive(procedureStateChanged({ fileId }, 'FINISH', { taskId }));
      expect(await reconciliation.run()).toMatchObject({ finished: true, failed: 0 });
      expect(statuses(reconciliation, ids(3))).toEqual(new Set(['ready']));
    },
  );

  test('a delay queue that refuses is logged, and the run continues', async () => {
    const reconciliation = startReconciliation([modelFile('7', { metaData: null }), modelFile('8')]);
    reconciliation.failQueueWith(new Error('Cannot queue messages'));
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 1 });
    expect(reconciliation.outcomes()).toContain('delay-failed');
    reconciliation.failQueueWith(undefined);
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 1 });
  });

  test('while VOD does not respond, no position in the checkpoint passes an unverified file', async () => {
    const reconciliation = startReconciliation(filesOf(ids(5)));
    reconciliation.vod.failWith((action) => {
      if (action === 'DescribeMediaInfos') throw new VodError(action, 'VOD did not respond');
    });
    await expect(reconciliation.run()).rejects.toThrow(/Cannot reconcile \(recent, .*library/);
    reconciliation.vod.failWith(() => undefined);
    await reconciliation.run();
    expect(statuses(reconciliation, ids(5))).toEqual(new Set(['ready']));
  });
});

describe('a forged end of a task on an old confirmed row', () => {
  test('leaves nothing behind, also when the checkpoint is lost', async () => {
    const reconciliation = startReconciliation([oldFile('7')]);
    await reconciliation.run();
    const before = reconciliation.row('7');
    await reconciliation.receive(procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: 'toString' }));
    reconciliation.checkpoint = '';
    await reconciliation.run();
    const { version: _, confirmedAt: _at, updatedAt: _on, ...row } = reconciliation.row('7');
    expect(before).toMatchObject(row);
    expect(row.trust).toBe('confirmed');
  });
});
