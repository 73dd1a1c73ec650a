import { describeTasks, IncompleteResponseError } from '../../../lib/vod/tasks';
import type { Task } from '../../../lib/vod/task';
import { endedTask, modelFile, modelTask } from '../../support/unit/service';
import { fakeVod, refusal, vodModel, type ModelTask } from '../../support/unit/vod-model';

const FILE = '7';
const isNeverFinished = () => false;

function findTasks(vod: Parameters<typeof describeTasks>[0], namedIds: readonly string[] = []) {
  return describeTasks(vod, { fileId: FILE, namedIds, isFinished: isNeverFinished });
}

/** A VOD that lists `tasks` of the file and describes each as `detail` says. */
function vodWith(tasks: readonly unknown[], detail: unknown) {
  return fakeVod({
    DescribeTasks: () => ({ TaskSet: tasks, ScrollToken: '' }),
    DescribeTaskDetail: () => {
      if (detail instanceof Error) throw detail;
      return detail;
    },
  });
}

const listed = { TaskId: 't', TaskType: 'Procedure', Status: 'FINISH', CreateTime: '2026-11-22T08:00:02Z' };
const finished: Task = { status: 'FINISH', failed: false, _createTime: '2026-11-22T08:00:02Z' };

describe('describeTasks, tasks that VOD lists', () => {
  const tasks: readonly ModelTask[] = [
    modelTask('waiting', { status: 'WAITING', createTime: '2026-11-22T08:00:01Z' }),
    modelTask('running'),
    endedTask('done', { createTime: '2026-11-22T08:00:03Z' }),
    modelTask('aborted', { status: 'ABORTED', createTime: '2026-11-22T08:00:04Z' }),
    endedTask('reviewed', {
      type: 'ReviewAudioVideo',
      createTime: '2026-11-22T08:00:05Z',
      result: { Output: { Suggestion: 'review' } },
    }),
  ];

  test('are returned by id, the oldest first: running, finished, aborted and reviewed', async () => {
    const found = await findTasks(vodModel([modelFile(FILE, { tasks: [...tasks].reverse() })]).api);
    expect([...found]).toEqual([
      ['waiting', { status: 'PROCESSING', _createTime: '2026-11-22T08:00:01Z' }],
      ['running', { status: 'PROCESSING', _createTime: '2026-11-22T08:00:02Z' }],
      ['done', { status: 'FINISH', failed: false, _createTime: '2026-11-22T08:00:03Z' }],
      ['aborted', expect.objectContaining({ status: 'FINISH', failed: true })],
      [
        'reviewed',
        {
          status: 'FINISH',
          failed: false,
          _kind: 'review',
          _review: { suggestion: 'review' },
          _createTime: '2026-11-22T08:00:05Z',
        },
      ],
    ]);
  });

  test('H18: are returned in the order of their times, whatever offsets VOD writes', async () => {
    const at = (TaskId: string, CreateTime: string) => ({ ...listed, TaskId, Status: 'PROCESSING', CreateTime });
    const order = [
      at('b', '2026-11-22T09:00:00Z'),
      at('a', '2026-11-22T16:30:00+08:00'),
      at('c', '2026-11-22T04:30:00-05:00'),
    ];
    const found = await findTasks(vodWith(order, null));
    expect([...found].map(([id, task]) => [id, task._createTime])).toEqual([
      ['a', '2026-11-22T08:30:00Z'],
      ['b', '2026-11-22T09:00:00Z'],
      ['c', '2026-11-22T09:30:00Z'],
    ]);
  });

  test.each<[string, unknown]>([
    ['null', { TaskSet: null, ScrollToken: '' }],
    ['missing', { ScrollToken: '' }],
    ['an object', { TaskSet: {} }],
    ['in no response at all', null],
  ])('H5: a TaskSet that is %s does not say that there are no tasks', async (_, response) => {
    const vod = fakeVod({ DescribeTasks: () => response });
    await expect(findTasks(vod)).rejects.toThrow(IncompleteResponseError);
  });

  test('H5: an empty TaskSet is a valid response', async () => {
    expect(await findTasks(vodWith([], null))).toEqual(new Map());
  });

  test('cost a call for details only if they have finished and are not final in the row', async () => {
    const vod = vodModel([modelFile(FILE, { tasks })]);
    await describeTasks(vod.api, { fileId: FILE, namedIds: [], isFinished: (taskId) => taskId === 'done' });
    const detailCalls = vod.calls.filter(({ action }) => action === 'DescribeTaskDetail');
    expect(detailCalls.map(({ request }) => request)).toEqual([{ TaskId: 'reviewed' }]);
  });

  test('are dropped if they are of another type, without an id, or of another file', async () => {
    const others = [
      { ...listed, TaskType: 'EditMedia' },
      { ...listed, TaskType: null },
      { ...listed, TaskId: '' },
      { ...listed, FileId: '8' },
      null,
    ];
    expect((await findTasks(vodWith(others, new Error('unexpected call')))).size).toBe(0);
  });

  test.each<[string, unknown]>([
    ['a response without the procedure', { TaskType: 'Procedure', Status: 'FINISH', ProcedureTask: null }],
    ['an empty response', {}],
    ['null', null],
    ['a response that names no file', { TaskType: 'Procedure', ProcedureTask: { MediaProcessResultSet: [] } }],
    ['"no such task", though VOD has just listed it', refusal('DescribeTaskDetail', 'ResourceNotFound')],
  ])('throw IncompleteResponseError if the detail is %s', async (_, detail) => {
    await expect(findTasks(vodWith([listed], detail))).rejects.toThrow(IncompleteResponseError);
  });

  test('an error of VOD is thrown as it is', async () => {
    const error = refusal('DescribeTaskDetail', 'InternalError');
    await expect(findTasks(vodWith([listed], error))).rejects.toBe(error);
  });

  test('H1: ids that are names of Object.prototype are ids like any other', async () => {
    const names = Object.getOwnPropertyNames(Object.prototype);
    const vod = vodModel([modelFile(FILE, { tasks: names.map((name) => endedTask(name)) })]);
    expect([...(await findTasks(vod.api)).keys()].sort()).toEqual(names.sort());
  });
});

describe('describeTasks, tasks that only an event named', () => {
  const detail = { TaskType: 'Procedure', Status: 'FINISH', CreateTime: '2026-11-22T08:00:02Z' };

  test("count when VOD's own detail names the file", async () => {
    const vod = vodWith([], { ...detail, ProcedureTask: { FileId: FILE } });
    expect([...(await findTasks(vod, ['t']))]).toEqual([['t', finished]]);
  });

  test.each<[string, unknown]>([
    ["another file's", { ...detail, ProcedureTask: { FileId: '8' } }],
    ['of another type', { TaskType: 'EditMedia', Status: 'FINISH' }],
    ['unknown to VOD', refusal('DescribeTaskDetail', 'ResourceNotFound')],
    ['refused as an invalid id', refusal('DescribeTaskDetail', 'InvalidParameterValue.TaskId')],
    ['forgotten by VOD', refusal('DescribeTaskDetail', 'InvalidParameterValue')],
  ])('vanish when they are %s', async (_, response) => {
    expect((await findTasks(vodWith([], response), ['t'])).size).toBe(0);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['empty', {}],
    ['without a type', { TaskType: null, ProcedureTask: null }],
    ['without the procedure', { ...detail, ProcedureTask: null }],
    ['without the file', { ...detail, ProcedureTask: {} }],
  ])("stay open when VOD's response is %s: absence proves nothing", async (_, response) => {
    await expect(findTasks(vodWith([], response), ['t'])).rejects.toThrow(IncompleteResponseError);
  });

  test('cost one call each, and none for an empty id or one that VOD lists', async () => {
    const vod = vodModel([modelFile(FILE, { tasks: [modelTask('running')] })]);
    await findTasks(vod.api, ['', 'running', 'named']);
    const detailCalls = vod.calls.filter(({ action }) => action === 'DescribeTaskDetail');
    expect(detailCalls.map(({ request }) => request)).toEqual([{ TaskId: 'named' }]);
  });

  test('are PROCESSING while they run', async () => {
    const vod = vodWith([], { ...detail, Status: 'WAITING', ProcedureTask: { FileId: FILE } });
    expect((await findTasks(vod, ['t'])).get('t')?.status).toBe('PROCESSING');
  });
});

describe('describeTasks, bounds', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => endedTask(`t${index}`));

  test('requests at most 50 details', async () => {
    const vod = vodModel([modelFile(FILE, { tasks: many(60) })]);
    expect((await findTasks(vod.api)).size).toBe(50);
    expect(vod.count('DescribeTaskDetail')).toBe(50);
  });

  test('reads at most 3 pages of 100', async () => {
    const vod = vodModel([modelFile(FILE, { tasks: many(500) })]);
    await findTasks(vod.api);
    expect(vod.count('DescribeTasks')).toBe(3);
  });

  test('all pages are read where there are more than one', async () => {
    const tasks = many(150).map((task): ModelTask => ({ ...task, status: 'PROCESSING' }));
    const vod = vodModel([modelFile(FILE, { tasks })]);
    const finished = new Set(tasks.slice(0, 120).map(({ taskId }) => taskId));
    const found = await describeTasks(vod.api, {
      fileId: FILE,
      namedIds: [],
      isFinished: (taskId) => finished.has(taskId),
    });
    expect(found.size).toBe(30);
  });
});
