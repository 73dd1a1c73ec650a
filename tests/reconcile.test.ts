import { setTimeout as sleep } from 'node:timers/promises';
import { newFileUpload, fileDeleted, procedureStateChanged } from './helpers/events';
import { HOUR, startReconciliation, type Reconciliation } from './helpers/reconciliation';
import { cleanUp } from './helpers/vod-client';

let world: Reconciliation;
beforeEach(async () => {
  world = await startReconciliation();
});
afterEach(async () => {
  await world.stop();
  await cleanUp();
});

/** Waits until VOD has ended every procedure of the file. */
async function processed(fileId: string): Promise<void> {
  for (;;) {
    const { TaskSet = [] } = await world.client.DescribeTasks({ FileId: fileId });
    if (TaskSet.every(({ Status }) => Status === 'FINISH')) return;
    await sleep(10);
  }
}

async function mediaOf(fileId: string) {
  const [info] = (await world.client.DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet ?? [];
  if (!info?.BasicInfo) throw new Error('VOD does not know the file');
  return info.BasicInfo;
}

/** A file of five days ago, of whose task an event told and VOD, by the time of the run, has no memory. */
async function withForgottenTask(status: 'PROCESSING' | 'FINISH') {
  world.clock.vod = -5 * 24 * HOUR;
  const fileId = await world.upload({});
  world.clock.vod = 0;
  const { MediaUrl: url = '' } = await mediaOf(fileId);
  await world.webhook.post(procedureStateChanged({ fileId, url }, status, { taskId: 'task-1' }));
  world.clock.run = 4 * 24 * HOUR;
  return { fileId, url };
}

describe('what no callback brought', () => {
  test('an upload gets its row, with all that VOD knows of it', async () => {
    const fileId = await world.upload({ text: 'order=7' });
    expect(await world.run()).toMatchObject({ finished: true, filled: 1, corrected: 0, searched: 1 });
    const { MediaUrl, CreateTime } = await mediaOf(fileId);
    const row = await world.row(fileId);
    expect(row).toMatchObject({
      fileId,
      ...{ url: MediaUrl, name: 'holiday', type: 'mp4', size: 3, createTime: CreateTime, sortTime: CreateTime },
      ...{ sourceContext: 'order=7', uploader: 'user-42', seal: 'valid', sourceType: 'Upload' },
      ...{ status: 'uploaded', trust: 'confirmed' },
    });
    expect(row.confirmedAt).toBe(row.updatedAt);
    expect(row.unchecked).toBeUndefined();
  });

  test.each([
    ['LongVideoPreset', 'ready'],
    ['FailingPreset', 'failed'],
  ])('the results of %s come, and the row is %s as its event would have made it', async (procedure, status) => {
    const fileId = await world.upload({ procedure });
    await processed(fileId);
    expect(await world.run()).toMatchObject({ filled: 1, results: 1 });
    const row = await world.row(fileId);
    const id = row.procedureTaskId ?? '';
    expect(row).toMatchObject({ status, [`task:${id}`]: { status: 'FINISH', failed: status === 'failed' } });
    expect(row.checkedTasks).toEqual({ [id]: 'FINISH' });

    // The event itself, late, has nothing to add.
    const { ProcedureTask } = await world.client.DescribeTaskDetail({ TaskId: id });
    const event = { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: ProcedureTask };
    const answer = await world.webhook.post(event);
    expect(JSON.parse(answer.body ?? '')).toEqual({ outcome: 'repeated' });
  });

  test('a procedure that still runs is looked at again, however soon, and ends in the row', async () => {
    await world.stop();
    await cleanUp();
    world = await startReconciliation({ stepMs: 100 });
    const fileId = await world.upload({ procedure: 'LongVideoPreset' });
    await world.run();
    expect(await world.row(fileId)).toMatchObject({ status: 'processing', unchecked: 'later', trust: 'confirmed' });
    await processed(fileId);
    expect(await world.run()).toMatchObject({ results: 1, filled: 0, corrected: 0 });
    expect(await world.row(fileId)).toMatchObject({ status: 'ready' });
    expect((await world.row(fileId)).unchecked).toBeUndefined();
  });

  test('the library that was there before the first run is filled in, and read once', async () => {
    world.clock.vod = -400 * 24 * HOUR;
    const old = await world.upload({ text: 'old' });
    world.clock.vod = 0;
    const fresh = await world.upload({ text: 'fresh' });
    expect(await world.run()).toMatchObject({ filled: 2, searched: 2 });
    expect(await world.row(old)).toMatchObject({ sourceContext: 'old', trust: 'confirmed' });
    expect(await world.row(fresh)).toMatchObject({ sourceContext: 'fresh' });
    const again = await world.run();
    expect(again).toMatchObject({ filled: 0, confirmed: 0, searched: 1, audited: 2 });
  });

  test('a task that VOD has forgotten leaves the row processing, and the row says so', async () => {
    const { fileId, url } = await withForgottenTask('PROCESSING');
    for (let runs = 0; runs < 3; runs++) {
      await world.run();
      const row = await world.row(fileId);
      expect(row).toMatchObject({
        status: 'processing',
        trust: 'confirmed',
        notice: expect.stringContaining('task-1'),
      });
      expect(row.unchecked).toBeUndefined();
    }
    // Nor does a later event, true or not, take away what stood.
    await world.webhook.post(procedureStateChanged({ fileId, url }, 'PROCESSING', { taskId: 'task-2' }));
    await world.run();
    expect(await world.row(fileId)).toMatchObject({ status: 'processing', 'task:task-1': { status: 'PROCESSING' } });
    expect(await world.row(fileId)).not.toHaveProperty('task:task-2');
  });

  test('what a task left that VOD has forgotten by the first run stays', async () => {
    const { fileId } = await withForgottenTask('FINISH');
    for (let runs = 0; runs < 3; runs++) await world.run();
    expect(await world.row(fileId)).toMatchObject({ status: 'ready', 'task:task-1': { status: 'FINISH' } });
  });

  test('a procedure that began after the row was confirmed, and ended without an event, is found', async () => {
    const fileId = await world.upload();
    await world.run();
    expect(await world.row(fileId)).toMatchObject({ status: 'uploaded', trust: 'confirmed' });
    const request = { FileId: fileId, ProcedureName: 'LongVideoPreset', TasksNotifyMode: 'None' };
    const { TaskId = '' } = await world.client.ProcessMediaByProcedure(request);
    await processed(fileId);
    expect(await world.run()).toMatchObject({ results: 1, corrected: 0 });
    expect(await world.row(fileId)).toMatchObject({ status: 'ready', [`task:${TaskId}`]: { status: 'FINISH' } });
    expect(await world.run()).toMatchObject({ results: 0, confirmed: 0 });
  });

  test('a task that VOD does not list for a moment is asked about by its id, and stays', async () => {
    const fileId = await world.upload({ procedure: 'LongVideoPreset' });
    await processed(fileId);
    const { TaskSet: [task] = [] } = await world.client.DescribeTasks({ FileId: fileId });
    const { ProcedureTask } = await world.client.DescribeTaskDetail({ TaskId: task?.TaskId ?? '' });
    await world.webhook.post({ EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: ProcedureTask });
    world.client.DescribeTasks = () => Promise.resolve({ TaskSet: [], ScrollToken: '', RequestId: '' });
    expect(await world.run()).toMatchObject({ confirmed: 1, corrected: 0 });
    expect(await world.row(fileId)).toMatchObject({ status: 'ready', procedureTaskId: task?.TaskId });
  });

  test('the end of a task that VOD saw running and has forgotten since is not believed', async () => {
    const { fileId, url } = await withForgottenTask('PROCESSING');
    await world.run();
    await world.webhook.post(procedureStateChanged({ fileId, url }, 'FINISH', { taskId: 'task-1' }));
    expect(await world.row(fileId)).toMatchObject({ status: 'ready', unchecked: 'yes' });
    await world.run();
    expect(await world.row(fileId)).toMatchObject({ status: 'processing', notice: expect.stringContaining('task-1') });
  });

  test('VOD refusing to be asked about this application says nothing about any file', async () => {
    const fileId = await world.upload();
    await world.run();
    const row = await world.row(fileId);
    const refused = Object.assign(new Error('refused'), { code: 'InvalidParameterValue.SubAppId' });
    world.client.DescribeMediaInfos = () => Promise.reject(refused);
    await world.webhook.post(newFileUpload({ fileId: '999' }));
    world.clock.run = 2 * HOUR;
    await expect(world.run()).rejects.toThrow();
    expect(await world.row(fileId)).toEqual(row);
    expect(await world.row('999')).toMatchObject({ trust: 'pushed' });
  });

  test.each(['', '{', '[]', 'null', '{"search":{"second":1e20,"offset":0}}', '{"search":{"second":5,"offset":6000}}'])(
    'a checkpoint that cannot be used (%s) is as good as none',
    async (saved) => {
      const fileId = await world.upload();
      world.setCheckpoint(saved);
      expect(await world.run()).toMatchObject({ finished: true, filled: 1 });
      expect(await world.row(fileId)).toMatchObject({ trust: 'confirmed' });
    },
  );

  test('a checkpoint of the future holds nothing back', async () => {
    const later = Date.now() + 30 * 24 * HOUR;
    world.setCheckpoint(JSON.stringify({ search: { second: Math.floor(later / 1000), offset: 0 }, drained: later }));
    await world.upload();
    expect(await world.run()).toMatchObject({ filled: 1 });
  });

  test('one file that cannot be checked keeps no other back, and makes the run fail', async () => {
    const files = [await world.upload(), await world.upload(), await world.upload()];
    const describeMediaInfos = world.client.DescribeMediaInfos.bind(world.client);
    world.client.DescribeMediaInfos = (request) =>
      request.FileIds.includes(files[1] ?? '') ? Promise.reject(new Error('broken')) : describeMediaInfos(request);
    await expect(world.run()).rejects.toThrow('Cannot reconcile 1 files');
    expect(await world.row(files[0] ?? '')).toMatchObject({ trust: 'confirmed' });
    expect(await world.row(files[2] ?? '')).toMatchObject({ trust: 'confirmed' });
    expect(await world.webhook.rowOf(files[1] ?? '')).toBeUndefined();
  });

  test('a file counts as lost when its events should have come, and none before the first run does', async () => {
    world.clock.vod = -200 * 24 * HOUR;
    await world.upload();
    world.clock.vod = 0;
    expect(await world.run()).toMatchObject({ filled: 1, lost: 0 });
    await world.upload();
    expect(await world.run()).toMatchObject({ filled: 1, lost: 0 });
    world.clock.vod = -5 * 60_000;
    await world.upload();
    world.clock.vod = 0;
    expect(await world.run()).toMatchObject({ filled: 1, lost: 1 });
  });
});

test('what VOD has not measured yet stays as the event has it, until VOD has', async () => {
  const fileId = await world.upload();
  const { MediaUrl: url = '', CreateTime = '' } = await mediaOf(fileId);
  const event = newFileUpload({ fileId, url, size: 3 });
  await world.webhook.post(event);
  const describeMediaInfos = world.client.DescribeMediaInfos.bind(world.client);
  world.client.DescribeMediaInfos = async (request) => {
    const { MediaInfoSet = [], ...answer } = await describeMediaInfos(request);
    return { ...answer, MediaInfoSet: MediaInfoSet.map(({ MetaData: _, ...info }) => info) };
  };
  await world.run();
  const fresh = {
    size: 3,
    duration: 60.5,
    width: 1920,
    createTime: CreateTime,
    trust: 'confirmed',
    unchecked: 'later',
  };
  expect(await world.row(fileId)).toMatchObject(fresh);
  world.client.DescribeMediaInfos = describeMediaInfos;
  world.clock.run = 11 * 60_000;
  expect(await world.run()).toMatchObject({ corrected: 1 });
  const row = await world.row(fileId);
  expect([row.size, row.duration, row.unchecked]).toEqual([3, undefined, undefined]);
});

describe('what VOD does not know', () => {
  const invented = { fileId: '999', url: 'http://evil.example/a.mp4' };

  test('a row that no run ever confirmed waits an hour, and is then unconfirmed, with a sentence', async () => {
    await world.webhook.post(newFileUpload(invented));
    expect(await world.run()).toMatchObject({ waiting: 1, unconfirmed: 0 });
    expect(await world.row('999')).toMatchObject({ trust: 'pushed', unchecked: 'later' });
    world.clock.run = HOUR - 60_000;
    expect(await world.run()).toMatchObject({ unconfirmed: 0 });
    world.clock.run = HOUR + 60_000;
    expect(await world.run()).toMatchObject({ unconfirmed: 1 });
    const row = await world.row('999');
    expect(row).toMatchObject({ trust: 'unconfirmed', notice: expect.stringMatching(/^VOD does not know this file/) });
    expect(row.unchecked).toBeUndefined();
  });

  test('a confirmed row of a file that was deleted without an event becomes deleted, and stays', async () => {
    const fileId = await world.upload({ text: 'order=7' });
    await world.run();
    await world.client.DeleteMedia({ FileId: fileId });
    expect(await world.run()).toMatchObject({ deleted: 1, audited: 1 });
    const row = await world.row(fileId);
    expect(row).toMatchObject({ status: 'deleted', trust: 'confirmed', sourceContext: 'order=7' });
    expect(await world.run()).toMatchObject({ deleted: 0, audited: 1 });
    expect(await world.row(fileId)).toEqual(row);
  });

  test('ids that VOD refuses do not keep it from being asked about the others', async () => {
    const fileId = await world.upload();
    const { MediaUrl: url = '' } = await mediaOf(fileId);
    for (const id of ['no id of VOD', fileId, 'neither']) await world.webhook.post(newFileUpload({ fileId: id, url }));
    const describeMediaInfos = world.client.DescribeMediaInfos.bind(world.client);
    world.client.DescribeMediaInfos = (request) =>
      request.FileIds.every((id) => /^\d+$/.test(id))
        ? describeMediaInfos(request)
        : Promise.reject(Object.assign(new Error('refused'), { code: 'InvalidParameterValue.FileIds' }));
    world.clock.run = HOUR;
    expect(await world.run()).toMatchObject({ finished: true, unconfirmed: 2 });
    expect(await world.row(fileId)).toMatchObject({ trust: 'confirmed' });
    expect(await world.row('neither')).toMatchObject({ trust: 'unconfirmed' });
  });

  test('a row that was deleted because VOD was asked for another application comes back', async () => {
    const fileId = await world.upload({ text: 'order=7' });
    await world.run();
    const row = await world.row(fileId);
    const describeMediaInfos = world.client.DescribeMediaInfos.bind(world.client);
    world.client.DescribeMediaInfos = ({ FileIds }) =>
      Promise.resolve({ MediaInfoSet: [], NotExistFileIdSet: FileIds, RequestId: '' });
    expect(await world.run()).toMatchObject({ deleted: 1 });
    world.client.DescribeMediaInfos = describeMediaInfos;
    expect(await world.run()).toMatchObject({ corrected: 1 });
    expect(await world.row(fileId)).toEqual({ ...row, updatedAt: expect.any(String), confirmedAt: expect.any(String) });
  });

  test('a file of which VOD says nothing, neither that it knows it nor that it does not, is left as it is', async () => {
    const fileId = await world.upload();
    await world.run();
    world.client.DescribeMediaInfos = () => Promise.resolve({ MediaInfoSet: [], NotExistFileIdSet: [], RequestId: '' });
    expect(await world.run()).toMatchObject({ deleted: 0 });
    expect(await world.row(fileId)).toMatchObject({ status: 'uploaded' });
  });

  test('a deletion that its event told is confirmed', async () => {
    const fileId = await world.upload();
    await world.run();
    await world.client.DeleteMedia({ FileId: fileId });
    await world.webhook.post(fileDeleted({ fileId }));
    expect(await world.run()).toMatchObject({ deleted: 1 });
    expect((await world.row(fileId)).unchecked).toBeUndefined();
  });
});

describe('a run', () => {
  test('without changes writes nothing', async () => {
    const fileId = await world.upload({ procedure: 'LongVideoPreset' });
    await processed(fileId);
    await world.run();
    const row = await world.row(fileId);
    const quiet = { filled: 0, confirmed: 0, corrected: 0, deleted: 0, unconfirmed: 0, waiting: 0, results: 0 };
    expect(await world.run()).toMatchObject({ ...quiet, finished: true, audited: 1 });
    expect(await world.row(fileId)).toEqual(row);
  });

  test('without time does nothing, and says that it is not finished', async () => {
    await world.upload();
    expect(await world.run(0)).toMatchObject({ finished: false, filled: 0, searched: 0 });
    expect(await world.run()).toMatchObject({ finished: true, filled: 1 });
  });

  test('writes to no row that an event changes meanwhile', async () => {
    const fileId = await world.upload({ text: 'order=7' });
    const { MediaUrl: url = '' } = await mediaOf(fileId);
    await world.webhook.post(newFileUpload({ fileId, url: 'http://evil.example/' }));
    const describeMediaInfos = world.client.DescribeMediaInfos.bind(world.client);
    world.client.DescribeMediaInfos = async (request) => {
      const answer = await describeMediaInfos(request);
      await world.webhook.post(procedureStateChanged({ fileId, url }, 'PROCESSING', { taskId: 'task-1' }));
      return answer;
    };
    // The event comes while the row is being judged; the library's turn finds the row as it is then.
    await world.run();
    world.client.DescribeMediaInfos = describeMediaInfos;
    expect(await world.row(fileId)).toMatchObject({ unchecked: 'yes' });
    await world.run();
    expect(await world.row(fileId)).toMatchObject({ url, status: 'uploaded', trust: 'confirmed' });
  });

  test('that VOD fails says so, and leaves what it could not ask about for the next', async () => {
    const fileId = await world.upload();
    const describeMediaInfos = world.client.DescribeMediaInfos.bind(world.client);
    world.client.DescribeMediaInfos = () => Promise.reject(new Error('VOD is away'));
    await expect(world.run()).rejects.toThrow(/Cannot reconcile 1 files/);
    expect(world.lines).toContainEqual(expect.objectContaining({ outcome: 'reconcile-failed', fileIds: [fileId] }));
    world.client.DescribeMediaInfos = describeMediaInfos;
    expect(await world.run()).toMatchObject({ finished: true, filled: 1 });
  });
});
