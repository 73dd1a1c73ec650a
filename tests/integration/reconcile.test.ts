import { engines } from '../support/backend';
import { fileDeleted, newFileUpload, procedureStateChanged, type EventBody } from '../support/events';
import { contentOf, HOUR, MINUTE, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { vodResponse } from '../support/relay';
import { cleanUp } from '../support/vod/vod-client';

const DAY = 24 * HOUR;

let world: Reconciliation;
beforeEach(async () => {
  world = await startReconciliation();
});
afterEach(async () => {
  await world.stop();
  await cleanUp();
});

async function mediaOf(fileId: string) {
  const [info] = (await world.client.DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet ?? [];
  if (!info?.BasicInfo) throw new Error('VOD does not know the file');
  return info.BasicInfo;
}

/** A file whose row is confirmed by verification, without any run. */
async function verifiedUpload(): Promise<string> {
  const fileId = world.upload({ text: 'order=7' });
  await world.deliver(newFileUpload({ fileId }));
  await world.verify();
  return fileId;
}

describe('reconcile without events', () => {
  test('an upload gets its row, with everything that VOD returns about it', async () => {
    const fileId = world.upload({ text: 'order=7' });
    expect(await world.run()).toMatchObject({
      finished: true,
      filled: 1,
      failed: 0,
      examined: { recent: 1, library: 1 },
    });
    const { MediaUrl, CreateTime } = await mediaOf(fileId);
    expect(await world.item(fileId)).toMatchObject({
      url: MediaUrl,
      name: 'holiday',
      type: 'mp4',
      size: 3,
      createTime: CreateTime,
      sortTime: CreateTime,
      sourceContext: 'order=7',
      uploader: 'user-42',
      seal: 'valid',
      sourceType: 'Upload',
      status: 'ready',
      trust: 'confirmed',
      version: 1,
    });
  });

  test.each([
    ['LongVideoPreset', 'ready'],
    ['FailingPreset', 'failed'],
  ])('the results of %s are filled in without events, and the row is: %s', async (procedure, status) => {
    const fileId = world.upload({ procedure });
    await world.processed(fileId);
    expect(await world.run()).toMatchObject({ filled: 1 });
    const item = await world.item(fileId);
    const taskId = String(item['procedureTaskId']);
    expect(item).toMatchObject({ status, [`task:${taskId}`]: { status: 'FINISH', failed: status === 'failed' } });
    const { ProcedureTask } = await world.client.DescribeTaskDetail({ TaskId: taskId });
    const late = { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: ProcedureTask };
    expect(await world.webhook.outcome(late)).toBe('repeated');
  });

  test('a procedure that ended since the last run is found by its end', async () => {
    const fileId = world.upload({ procedure: 'LongVideoPreset' });
    await world.processed(fileId);
    world.api.respond = async (_, pass) => {
      const text = JSON.stringify(await pass());
      return JSON.parse(text.replaceAll('"Status":"FINISH"', '"Status":"PROCESSING"')) as object;
    };
    await world.run();
    expect(await world.item(fileId)).toMatchObject({ status: 'processing', trust: 'confirmed' });
    world.api.respond = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ corrected: 1, filled: 0 });
    expect(await world.item(fileId)).toMatchObject({ status: 'ready' });
  });

  test('a procedure that began on a ready file and ended without an event is found', async () => {
    const fileId = await verifiedUpload();
    await world.run();
    const request = { FileId: fileId, ProcedureName: 'LongVideoPreset', TasksNotifyMode: 'None' };
    const { TaskId = '' } = await world.client.ProcessMediaByProcedure(request);
    await world.processed(fileId);
    expect(await world.run()).toMatchObject({ corrected: 1 });
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', [`task:${TaskId}`]: { status: 'FINISH' } });
    expect(await world.run()).toMatchObject({ corrected: 0, confirmed: 0 });
  });

  test('a row that an event touched and no stream delivered is verified', async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId, url: 'http://evil.example/' }));
    expect(await world.run()).toMatchObject({ confirmed: 1 });
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', uploader: 'user-42', status: 'ready' });
  });

  test('the library that was there before the first run is filled in, and read once a week', async () => {
    world.clock.vod = -400 * DAY;
    const old = world.upload({ text: 'old' });
    world.clock.vod = 0;
    const fresh = world.upload({ text: 'fresh' });
    expect(await world.run()).toMatchObject({ filled: 2, lostEvents: 0, examined: { library: 2 } });
    expect(await world.item(old)).toMatchObject({ sourceContext: 'old', trust: 'confirmed' });
    expect(await world.item(fresh)).toMatchObject({ sourceContext: 'fresh' });
    expect(await world.run()).toMatchObject({ filled: 0, corrected: 0, examined: { library: 0, audit: 0 } });
    await world.pass(7 * DAY);
    expect(await world.run()).toMatchObject({ filled: 0, corrected: 0, examined: { library: 2, audit: 2 } });
  });

  test('an upload counts as lost when its events are overdue; a first run counts none', async () => {
    world.clock.vod = -30 * MINUTE;
    world.upload();
    world.clock.vod = 0;
    expect(await world.run()).toMatchObject({ filled: 1, lostEvents: 0 });
    world.upload();
    expect(await world.run()).toMatchObject({ filled: 1, lostEvents: 0 });
    world.clock.vod = -5 * MINUTE;
    world.upload();
    world.clock.vod = 0;
    expect(await world.run()).toMatchObject({ filled: 1, lostEvents: 1 });
  });
});

describe.each(engines)('reconcile on %s, whichever events are lost', (engine) => {
  test('the row is the same as with all events, after verification and one run', async () => {
    const there = await startReconciliation({ engine });
    try {
      const fileId = there.upload({ text: 'order=7', procedure: 'LongVideoPreset' });
      await there.processed(fileId);
      const { TaskSet: [{ TaskId = '' } = {}] = [] } = await there.client.DescribeTasks({ FileId: fileId });
      const { ProcedureTask } = await there.client.DescribeTaskDetail({ TaskId });
      const events: EventBody[] = [
        newFileUpload({ fileId, procedureTaskId: TaskId }),
        procedureStateChanged({ fileId }, 'PROCESSING', { taskId: TaskId }),
        { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: ProcedureTask },
      ];
      const rows = [];
      for (let subset = 0; subset < 2 ** events.length; subset++) {
        await there.deliver(...events.filter((_, index) => (subset & (1 << index)) !== 0));
        await there.verify();
        await there.run();
        rows.push(contentOf(await there.item(fileId)));
        await there.webhook.removeItem(fileId);
      }
      expect(rows[0]).toMatchObject({
        status: 'ready',
        trust: 'confirmed',
        uploader: 'user-42',
        procedureTaskId: TaskId,
      });
      for (const row of rows) expect(row).toEqual(rows[0]);
    } finally {
      await there.stop();
    }
  });
});

describe('reconcile of a file that VOD no longer has', () => {
  test('one run marks the file as deleted without an event, after asking VOD twice, 10 s apart', async () => {
    const fileId = await verifiedUpload();
    await world.client.DeleteMedia({ FileId: fileId });
    const began = world.now();
    const callTimes: number[] = [];
    world.api.respond = (action, pass) => {
      if (action === 'DescribeMediaInfos') callTimes.push(world.now() - began);
      return pass();
    };
    expect(await world.run()).toMatchObject({ finished: true, deleted: 1 });
    expect(callTimes).toHaveLength(2);
    expect(Number(callTimes[1]) - Number(callTimes[0])).toBeGreaterThanOrEqual(10_000);
    const item = await world.item(fileId);
    expect(item).toMatchObject({ status: 'deleted', trust: 'confirmed', sourceContext: 'order=7' });
    expect(await world.run()).toMatchObject({ deleted: 0 });
    expect(await world.item(fileId)).toEqual(item);
  });

  test('a file that is missing for a moment only is kept', async () => {
    const fileId = await verifiedUpload();
    const item = await world.item(fileId);
    let misses = 1;
    world.api.respond = (action, pass) =>
      action === 'DescribeMediaInfos' && misses-- > 0
        ? vodResponse({ MediaInfoSet: [], NotExistFileIdSet: [fileId] })
        : pass();
    expect(await world.run()).toMatchObject({ deleted: 0 });
    expect(await world.item(fileId)).toEqual(item);
  });

  test('one run restores the row of a file that was wrongly marked as deleted', async () => {
    const fileId = await verifiedUpload();
    const before = contentOf(await world.item(fileId));
    world.api.respond = (action, pass) =>
      action === 'DescribeMediaInfos' ? vodResponse({ MediaInfoSet: [], NotExistFileIdSet: [fileId] }) : pass();
    expect(await world.run()).toMatchObject({ deleted: 1 });
    world.api.respond = (_, pass) => pass();
    expect(await world.run()).toMatchObject({ corrected: 1 });
    expect(contentOf(await world.item(fileId))).toEqual(before);
  });

  test.each(['deleted', 'unknown'])('a row that is %s is no longer audited', async (kind) => {
    const fileId = kind === 'deleted' ? await verifiedUpload() : '999';
    if (kind === 'deleted') await world.client.DeleteMedia({ FileId: fileId });
    await world.deliver(fileDeleted({ fileId }));
    await world.verify();
    expect(await world.run()).toMatchObject({ finished: true, examined: { audit: 0 } });
  });
});
