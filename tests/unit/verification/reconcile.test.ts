import { RefusedRowError } from '../../../lib/uploads/store';
import { procedureStateChanged } from '../../helpers/events';
import { startReconciliation, type Reconciliation } from '../support/reconciliation';
import { HOUR } from '../support/rows';
import { CREATED, endedTask, modelFile, modelTask } from '../support/service';
import { refusal } from '../support/vod-model';

const DAY = 24 * HOUR;
const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
const filesOf = (fileIds: readonly string[]) => fileIds.map((fileId) => modelFile(fileId));
/** A file that was made long before the first run. */
const old = (fileId: string, days = 400) => {
  const CreateTime = new Date(Date.parse(CREATED) - days * DAY).toISOString().replace('.000', '');
  return modelFile(fileId, { basicInfo: { ...modelFile(fileId).basicInfo, CreateTime } });
};
const statuses = (reconciliation: Reconciliation, fileIds: readonly string[]) =>
  new Set(fileIds.map((fileId) => reconciliation.store.get(fileId)?.status));

describe('reconcile fills and corrects', () => {
  test('files whose events were lost, recent and old: a first run fills the whole library', async () => {
    const reconciliation = startReconciliation([...filesOf(ids(30)), old('1'), old('2', 3_000)]);
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 32, lost: 0, failed: 0 });
    expect(statuses(reconciliation, [...ids(30), '1', '2'])).toEqual(new Set(['ready']));
  });

  test('a later run counts the files whose events were lost', async () => {
    const reconciliation = startReconciliation();
    await reconciliation.run();
    const CreateTime = new Date(reconciliation.clock.now()).toISOString();
    reconciliation.vod.put(modelFile('7', { basicInfo: { ...modelFile('7').basicInfo, CreateTime } }));
    reconciliation.clock.advance(5 * 60_000);
    expect(await reconciliation.run()).toMatchObject({ filled: 1, lost: 1 });
  });

  test('a run that finds nothing writes nothing', async () => {
    const reconciliation = startReconciliation(filesOf(ids(5)));
    await reconciliation.run();
    const writes = reconciliation.store.writes.length;
    expect(await reconciliation.run()).toMatchObject({ filled: 0, confirmed: 0, corrected: 0, finished: true });
    expect(reconciliation.store.writes).toHaveLength(writes);
  });

  test('a procedure whose end was lost', async () => {
    const reconciliation = startReconciliation([modelFile('7', { signed: true, tasks: [modelTask('t')] })]);
    await reconciliation.run();
    expect(reconciliation.row('7').status).toBe('processing');
    reconciliation.vod.put(modelFile('7', { signed: true, tasks: [endedTask('t')] }));
    expect(await reconciliation.run()).toMatchObject({ corrected: 1 });
    expect(reconciliation.row('7').status).toBe('ready');
  });

  test('a file that vanished without an event, after a second look in the same run', async () => {
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
    const asked = reconciliation.vod.count('DescribeMediaInfos');
    reconciliation.vod.remove('7');
    reconciliation.vod.failWith((action) => {
      // The first answer is that VOD does not have it.
      if (action === 'DescribeMediaInfos' && reconciliation.vod.count(action) > asked + 1) {
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

  test('changes no row, not even those beside the full twenties, and rings the alarm', async () => {
    const reconciliation = await emptied();
    await reconciliation.run();
    expect(statuses(reconciliation, ids(45))).toEqual(new Set(['ready']));
    expect(reconciliation.outcomes()).toContain('mass-deletion');
  });

  test('is believed once the operator accepts it, in that run alone', async () => {
    const reconciliation = await emptied();
    expect(await reconciliation.run(300_000, { acceptDeletions: true })).toMatchObject({ deleted: 45 });
    expect(statuses(reconciliation, ids(45))).toEqual(new Set(['deleted']));
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

describe('what fails stays alone', () => {
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

  test('a row that the table refuses, an id that VOD refuses and one that always fails hold up no other', async () => {
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

  test('a delay queue that refuses is logged, and the run goes on', async () => {
    const reconciliation = startReconciliation([modelFile('7', { metaData: null }), modelFile('8')]);
    reconciliation.failQueueWith(new Error('Cannot queue messages'));
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 2 });
    expect(reconciliation.outcomes()).toContain('delay-failed');
  });

  test('when VOD answers nothing at all, no place in the checkpoint moves behind what was not verified', async () => {
    const reconciliation = startReconciliation(filesOf(ids(5)));
    reconciliation.vod.failWith((action) => {
      if (action === 'DescribeMediaInfos') throw refusal(action, 'InternalError');
    });
    await expect(reconciliation.run()).rejects.toThrow(/Cannot reconcile \(recent, .*library/);
    reconciliation.vod.failWith(() => undefined);
    await reconciliation.run();
    expect(statuses(reconciliation, ids(5))).toEqual(new Set(['ready']));
  });
});

describe('a forged end of a task on an old confirmed row', () => {
  test('leaves nothing behind, also when the checkpoint is lost', async () => {
    const reconciliation = startReconciliation([old('7')]);
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

describe('phases resume and share the time', () => {
  /** Each page of ended tasks takes `pageTime` milliseconds of the run. */
  function withSlowPages(pages: number, pageTime: number) {
    const files = Array.from({ length: pages }, (_, page) =>
      modelFile(String(10_000 + page), { signed: true, tasks: [endedTask(`t${page}`)] }),
    );
    const reconciliation = startReconciliation(files, 1);
    reconciliation.vod.failWith((action, request) => {
      if (action === 'DescribeTasks' && 'FinishTime' in request) reconciliation.clock.advance(pageTime);
    });
    return reconciliation;
  }

  test('200 pages of ended tasks, with time for 50 in each run, are read in 5 runs, and the audit is served', async () => {
    const reconciliation = withSlowPages(200, 4_900);
    const finished: boolean[] = [];
    while (finished.length < 6 && finished.at(-1) !== true) {
      // 250 s of work, beside the reserve of 30 s.
      finished.push((await reconciliation.run(280_000)).finished);
      expect(JSON.parse(reconciliation.checkpoint)).toHaveProperty('audit');
    }
    expect(finished.at(-1)).toBe(true);
    expect(finished.length).toBeLessThanOrEqual(5);
  });

  test('the phase that had no time comes first in the next run', async () => {
    const reconciliation = withSlowPages(40, 20_000);
    await reconciliation.run(280_000);
    expect(JSON.parse(reconciliation.checkpoint)).toMatchObject({ first: 'tasks' });
    const before = reconciliation.vod.calls.length;
    await reconciliation.run(280_000);
    expect(reconciliation.vod.calls[before]).toMatchObject({ action: 'DescribeTasks' });
  });

  test('a long audit resumes behind the last row it looked at', async () => {
    const reconciliation = startReconciliation(filesOf(ids(1_200)));
    await reconciliation.run();
    reconciliation.clock.advance(8 * DAY);
    const before = reconciliation.vod.calls.length;
    const audited = () =>
      reconciliation.vod.calls
        .slice(before)
        .flatMap(({ action, request }) =>
          action === 'DescribeMediaInfos' && 'FileIds' in request ? request.FileIds : [],
        );
    reconciliation.vod.failWith((action) => {
      if (action === 'DescribeMediaInfos') reconciliation.clock.advance(4_000);
    });
    const runs: boolean[] = [];
    while (runs.length < 10 && runs.at(-1) !== true) runs.push((await reconciliation.run(130_000)).finished);
    expect(runs.at(-1)).toBe(true);
    expect(runs.length).toBeGreaterThan(1);
    // Each row once: no page was looked at again.
    expect(audited()).toHaveLength(1_200);
    expect(new Set(audited()).size).toBe(1_200);
  });

  test('the pages of one window of ended tasks ask for the same window in every run', async () => {
    const reconciliation = withSlowPages(120, 4_900);
    await reconciliation.run(280_000);
    await reconciliation.run(280_000);
    const windows = reconciliation.vod.calls.flatMap(({ action, request }) =>
      action === 'DescribeTasks' && 'FinishTime' in request ? [JSON.stringify(request.FinishTime)] : [],
    );
    expect(windows.length).toBeGreaterThan(90);
    expect(new Set(windows).size).toBe(1);
  });

  test('a long pass through the library resumes where it ended', async () => {
    const reconciliation = startReconciliation(
      Array.from({ length: 1_000 }, (_, index) => old(String(10_000 + index), 1_500 - index)),
    );
    const begins: string[] = [];
    reconciliation.vod.failWith((action, request) => {
      if (action !== 'SearchMedia' || !('CreateTime' in request)) return;
      const { After } = request.CreateTime as { readonly After: string };
      // The recent files are those of the last hour.
      if (Date.parse(After) < reconciliation.clock.now() - DAY) begins.push(After);
      reconciliation.clock.advance(20_000);
    });
    const runs: boolean[] = [];
    while (runs.length < 10 && runs.at(-1) !== true) runs.push((await reconciliation.run(100_000)).finished);
    expect(runs.at(-1)).toBe(true);
    expect(runs.length).toBeGreaterThan(1);
    expect(begins).toEqual([...begins].sort());
    expect(new Set(begins).size).toBe(begins.length);
    expect(reconciliation.store.ids()).toHaveLength(1_000);
  });

  test('a run ends in its time, whatever is left', async () => {
    const reconciliation = withSlowPages(200, 7_000);
    const before = reconciliation.clock.now();
    expect((await reconciliation.run(120_000)).finished).toBe(false);
    expect(reconciliation.clock.now() - before).toBeLessThan(120_000);
  });

  test('the checkpoint is saved after every 50 pages, for a run that is cut off', async () => {
    const reconciliation = withSlowPages(120, 1_000);
    await reconciliation.run();
    expect(reconciliation.checkpoints.length).toBeGreaterThanOrEqual(2);
    expect(JSON.parse(reconciliation.checkpoints[0] ?? '')).toHaveProperty('tasks.scrollToken');
  });
});

describe('a checkpoint that is lost, old or damaged costs time only', () => {
  const damaged = [
    '',
    '{',
    'null',
    '[]',
    '{"recent":{"second":-1,"offset":0}}',
    '{"recent":{"second":1e20,"offset":0},"library":7}',
    '{"tasks":{"after":"x","before":1,"scrollToken":7}}',
    '{"audit":{"startedAt":9e15,"rows":-1,"fileId":"%%%"},"first":"constructor"}',
    '{"tasks":{"after":1,"before":2,"scrollToken":"Z29uZQ"}}',
  ];

  test.each(damaged)('such as %j', async (checkpoint) => {
    const reconciliation = startReconciliation([...filesOf(ids(3)), old('7')]);
    await reconciliation.run();
    reconciliation.checkpoint = checkpoint;
    reconciliation.vod.remove('7');
    expect((await reconciliation.run()).failed).toBeLessThanOrEqual(1);
    reconciliation.vod.put(old('8'));
    reconciliation.clock.advance(8 * DAY);
    expect(await reconciliation.run()).toMatchObject({ finished: true });
    expect(reconciliation.row('8').status).toBe('ready');
    expect(reconciliation.row('7').status).toBe('deleted');
  });

  test('a page token that VOD no longer takes begins the window anew', async () => {
    const reconciliation = startReconciliation([modelFile('7', { signed: true, tasks: [endedTask('t')] })]);
    const seconds = Math.floor(reconciliation.clock.now() / 1000);
    const scrollToken = Buffer.from('expired').toString('base64url');
    reconciliation.checkpoint = JSON.stringify({ tasks: { after: seconds - 3_600, before: seconds, scrollToken } });
    reconciliation.vod.failWith((action, request) => {
      if ('ScrollToken' in request) throw refusal(action, 'InvalidParameterValue.ScrollToken');
    });
    expect(await reconciliation.run()).toMatchObject({ finished: true, looked: { tasks: 1 } });
  });

  test('the library is read anew after 7 days, and not before', async () => {
    const reconciliation = startReconciliation([old('1')]);
    await reconciliation.run();
    reconciliation.vod.put(old('2'));
    reconciliation.clock.advance(6 * DAY);
    await reconciliation.run();
    expect(reconciliation.store.get('2')).toBeUndefined();
    reconciliation.clock.advance(1 * DAY);
    await reconciliation.run();
    expect(reconciliation.row('2').status).toBe('ready');
  });

  test('an empty page of the library does not end it: the next run reads on', async () => {
    const reconciliation = startReconciliation([old('1'), old('2')]);
    const { SearchMedia } = reconciliation.vod.api;
    let isEmpty = true;
    Object.assign(reconciliation.vod.api, {
      SearchMedia: async (request: Parameters<typeof SearchMedia>[0]) => {
        const answer = await SearchMedia(request);
        return isEmpty ? { ...answer, MediaInfoSet: [] } : answer;
      },
    });
    await expect(reconciliation.run()).rejects.toThrow(/library/);
    isEmpty = false;
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 2 });
  });
});

test('a second of which VOD does not show all files is reported, and the run goes on behind it', async () => {
  const reconciliation = startReconciliation([old('1', 10), old('2', 9)]);
  const [crowd, later] = [old('1', 10), old('2', 9)].map(({ fileId, basicInfo }) => ({
    FileId: fileId,
    BasicInfo: basicInfo,
  }));
  const isLater = (time: string | undefined) => Date.parse(time ?? '') > Date.parse(crowd?.BasicInfo.CreateTime ?? '');
  Object.assign(reconciliation.vod.api, {
    SearchMedia: ({ CreateTime, Limit = 10 }: Parameters<typeof reconciliation.vod.api.SearchMedia>[0]) =>
      Promise.resolve(
        isLater(CreateTime?.After)
          ? { TotalCount: 1, MediaInfoSet: [later] }
          : { TotalCount: 5_000, MediaInfoSet: Array<typeof crowd>(Limit).fill(crowd) },
      ),
  });
  const summary = await reconciliation.run();
  expect(summary).toMatchObject({
    finished: true,
    hidden: [new Date(crowd?.BasicInfo.CreateTime ?? '').toISOString()],
  });
  expect(statuses(reconciliation, ['1', '2'])).toEqual(new Set(['ready']));
  expect(reconciliation.lines.at(-1)).toMatchObject({ level: 'warn', outcome: 'reconciled' });
});
