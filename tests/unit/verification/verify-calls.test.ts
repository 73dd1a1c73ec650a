import { newFileUpload, procedureStateChanged } from '../../support/events';
import { HOUR } from '../../support/unit/rows';
import { CREATED, endedTask, modelFile, modelTask, startService } from '../../support/unit/service';

describe('verify, calls for tasks', () => {
  async function callsFor(file: Parameters<typeof modelFile>[1], events: readonly object[] = [], after = 0) {
    const service = startService([modelFile('7', file)]);
    for (const event of events) await service.receive(event);
    service.clock.advance(after);
    await service.verify(['7']);
    return service.vod.count('DescribeTasks') + service.vod.count('DescribeTaskDetail');
  }

  test('makes no call for tasks of an upload that was signed without a procedure', async () => {
    expect(await callsFor({})).toBe(0);
    expect(await callsFor({}, [newFileUpload({ fileId: '7' })])).toBe(0);
  });

  test('lists tasks once where a procedure was signed, or an event names a task', async () => {
    expect(await callsFor({ signed: true })).toBe(1);
    const begun = procedureStateChanged({ fileId: '7' }, 'PROCESSING', { taskId: 't' });
    expect(await callsFor({ tasks: [modelTask('t')] }, [begun])).toBe(1);
  });

  test('lists tasks once for a file without a seal, while VOD still keeps its tasks', async () => {
    const basicInfo = { CreateTime: CREATED, SourceInfo: { SourceContext: 'uid=1' } };
    expect(await callsFor({ basicInfo })).toBe(1);
    expect(await callsFor({ basicInfo }, [], 72 * HOUR)).toBe(0);
  });

  test('makes no call for a confirmed row after all tasks have ended, and lists them once while one runs', async () => {
    for (const [task, calls] of [
      [endedTask('t'), 0],
      [modelTask('t'), 1],
    ] as const) {
      const service = startService([modelFile('7', { signed: true, tasks: [task] })]);
      await service.verify(['7']);
      const before = service.vod.calls.length;
      await service.verify(['7']);
      expect(service.vod.calls.slice(before).filter(({ action }) => action !== 'DescribeMediaInfos')).toHaveLength(
        calls,
      );
    }
  });

  /** The calls of VOD after the end of the task `t`, whose row is as VOD's first response made it. */
  async function callsAtTheEnd(first: readonly ReturnType<typeof modelTask>[], then: typeof first) {
    const service = startService([modelFile('7', { signed: true, tasks: first })]);
    await service.verify(['7']);
    service.vod.put(modelFile('7', { signed: true, tasks: then }));
    await service.receive(procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: 't' }));
    const before = service.vod.calls.length;
    await service.verify(['7']);
    return { actions: service.vod.calls.slice(before).map(({ action }) => action), row: service.row('7') };
  }

  test('makes one call for details and none for a list at the end of a task that VOD has listed', async () => {
    const { actions, row } = await callsAtTheEnd([modelTask('t')], [endedTask('t')]);
    expect(actions.sort()).toEqual(['DescribeMediaInfos', 'DescribeTaskDetail']);
    expect(row).toMatchObject({ status: 'ready', trust: 'confirmed', news: [], procedureTaskId: 't' });
  });

  test('lists tasks while another one runs that no event named, and where the ended one is new', async () => {
    const other = endedTask('other');
    const both = await callsAtTheEnd([modelTask('t'), modelTask('other')], [endedTask('t'), other]);
    expect(both.actions).toContain('DescribeTasks');
    expect(both.row.tasks.get('other')).toMatchObject({ status: 'FINISH' });
    const unlisted = await callsAtTheEnd([], [endedTask('t'), other]);
    expect(unlisted.actions).toContain('DescribeTasks');
    expect([...unlisted.row.tasks.keys()].sort()).toEqual(['other', 't']);
  });

  test('lists tasks where VOD does not have the ended one any more', async () => {
    const { actions, row } = await callsAtTheEnd([modelTask('t')], []);
    expect(actions).toContain('DescribeTasks');
    expect(row).toMatchObject({ trust: 'confirmed', news: [] });
  });

  test('makes at most 50 calls for details and 3 for lists of a row, whatever events and VOD contain', async () => {
    const tasks = Array.from({ length: 400 }, (_, index) => endedTask(`t${index}`));
    const service = startService([modelFile('7', { signed: true, tasks })]);
    for (let index = 0; index < 60; index++) {
      await service.receive(procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: `forged-${index}` }));
    }
    await service.verify(['7']);
    expect(service.vod.count('DescribeTaskDetail')).toBe(50);
    expect(service.vod.count('DescribeTasks')).toBe(3);
    expect(service.row('7').tasks.size).toBe(50);
  });

  test('a flood of 1 000 forged tasks costs at most 21 calls', async () => {
    const service = startService([modelFile('7')]);
    await service.verify(['7']);
    for (let index = 0; index < 1_000; index++) {
      await service.receive(procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: `forged-${index}` }));
    }
    await service.verify(['7']);
    expect(service.vod.count('DescribeTasks') + service.vod.count('DescribeTaskDetail')).toBeLessThanOrEqual(21);
    expect(service.row('7')).toMatchObject({ trust: 'confirmed', tasks: new Map(), news: [] });
  });
});

describe('verify, open questions after a response was stored', () => {
  test.each<[string, Parameters<typeof modelFile>[1], string | undefined]>([
    ['a ready file', {}, undefined],
    ['a held file', { reviewInfo: { MediaReviewInfo: { Suggestion: 'review' } } }, 'held'],
    ['a file with a signed procedure that VOD does not show yet', { signed: true }, 'procedure'],
    ['a file with a procedure that runs: its end is an event', { signed: true, tasks: [modelTask('t')] }, undefined],
    ['a file without media information', { metaData: null }, 'analysis'],
    ['a file with media information of zero', { metaData: { Size: 0, Duration: 0 } }, 'analysis'],
  ])('verify leaves the right question open about %s', async (_, file, question) => {
    const service = startService([modelFile('7', file)]);
    const [verified] = await service.verify(['7']);
    expect(verified?.outcome).toBe('written');
    expect(verified?.openQuestion).toBe(question);
  });

  test('media information is not requested when the file is over an hour old', async () => {
    const service = startService([modelFile('7', { metaData: null })]);
    service.clock.advance(HOUR);
    expect((await service.verify(['7']))[0]?.openQuestion).toBeUndefined();
  });

  test('a file without media information is ready, and gets it later without a change of status', async () => {
    const service = startService([modelFile('7', { metaData: null })]);
    await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'ready' });
    service.vod.put(modelFile('7'));
    await service.verify(['7'], { openQuestion: 'analysis' });
    expect(service.row('7')).toMatchObject({ status: 'ready', media: { size: 10, duration: 2.5 } });
  });
});
