import { DAY, filesOf, ids, oldFile, startReconciliation, statuses } from '../../support/unit/reconciliation';
import { endedTask, modelFile } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';

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
      // 250 s of work, in addition to the reserve of 30 s.
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

  test('a long audit resumes behind the last row it examined', async () => {
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

  test('the pages of one window of ended tasks request the same window in every run', async () => {
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
      Array.from({ length: 1_000 }, (_, index) => oldFile(String(10_000 + index), 1_500 - index)),
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

  test('a run ends in its time, however much remains', async () => {
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
    const reconciliation = startReconciliation([...filesOf(ids(3)), oldFile('7')]);
    await reconciliation.run();
    reconciliation.checkpoint = checkpoint;
    reconciliation.vod.remove('7');
    expect((await reconciliation.run()).failed).toBeLessThanOrEqual(1);
    reconciliation.vod.put(oldFile('8'));
    reconciliation.clock.advance(8 * DAY);
    expect(await reconciliation.run()).toMatchObject({ finished: true });
    expect(reconciliation.row('8').status).toBe('ready');
    expect(reconciliation.row('7').status).toBe('deleted');
  });

  test('the window begins again when VOD no longer accepts a page token', async () => {
    const reconciliation = startReconciliation([modelFile('7', { signed: true, tasks: [endedTask('t')] })]);
    const seconds = Math.floor(reconciliation.clock.now() / 1000);
    const scrollToken = Buffer.from('expired').toString('base64url');
    reconciliation.checkpoint = JSON.stringify({ tasks: { after: seconds - 3_600, before: seconds, scrollToken } });
    reconciliation.vod.failWith((action, request) => {
      if ('ScrollToken' in request) throw refusal(action, 'InvalidParameterValue.ScrollToken');
    });
    expect(await reconciliation.run()).toMatchObject({ finished: true, examined: { tasks: 1 } });
  });

  test('the library is read again after 7 days, and not before', async () => {
    const reconciliation = startReconciliation([oldFile('1')]);
    await reconciliation.run();
    reconciliation.vod.put(oldFile('2'));
    reconciliation.clock.advance(6 * DAY);
    await reconciliation.run();
    expect(reconciliation.store.get('2')).toBeUndefined();
    reconciliation.clock.advance(1 * DAY);
    await reconciliation.run();
    expect(reconciliation.row('2').status).toBe('ready');
  });

  test('an empty page of the library does not end it: the next run continues', async () => {
    const reconciliation = startReconciliation([oldFile('1'), oldFile('2')]);
    const { SearchMedia } = reconciliation.vod.api;
    let isEmpty = true;
    Object.assign(reconciliation.vod.api, {
      SearchMedia: async (request: Parameters<typeof SearchMedia>[0]) => {
        const response = await SearchMedia(request);
        return isEmpty ? { ...response, MediaInfoSet: [] } : response;
      },
    });
    await expect(reconciliation.run()).rejects.toThrow(/library/);
    isEmpty = false;
    expect(await reconciliation.run()).toMatchObject({ finished: true, filled: 2 });
  });
});

test('a second with more files than VOD shows is reported, and the run continues after it', async () => {
  const reconciliation = startReconciliation([oldFile('1', 10), oldFile('2', 9)]);
  const [crowd, later] = [oldFile('1', 10), oldFile('2', 9)].map(({ fileId, basicInfo }) => ({
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
