import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { engines } from '../support/backend';
import { newFileUpload, procedureStateChanged, type EventBody } from '../support/events';
import { contentOf, SECOND, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { refusal } from '../support/relay';
import { cleanUp } from '../support/vod/vod-client';
import { SEAL_KEY } from '../support/webhook';

let world: Reconciliation;
beforeEach(async () => {
  world = await startReconciliation();
});
afterEach(async () => {
  await world.stop();
  await cleanUp();
});

/** `order=7` sealed for user-42 with {@link SEAL_KEY}, in the layout that says nothing of a procedure. */
function firstSeal(): string {
  const mac = createHmac('sha256', SEAL_KEY).update('vcu1:7:user-42:order=7').digest('base64url').slice(0, 22);
  return `vcu1:${mac}:7:user-42:order=7`;
}

describe('verification of an upload event', () => {
  test("leads to a confirmed row with VOD's own values, ready without a procedure", async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId, url: 'http://evil.example/', sourceContext: 'order=8' }));
    await world.verify();
    const { MediaInfoSet: [info] = [] } = await world.client.DescribeMediaInfos({ FileIds: [fileId] });
    const { MediaUrl: url, CreateTime: createTime } = info?.BasicInfo ?? {};
    const item = await world.item(fileId);
    expect(item).toEqual({
      fileId,
      url,
      createTime,
      sortTime: createTime,
      name: 'holiday',
      type: 'mp4',
      category: 'Video',
      size: 3,
      duration: 1.5,
      width: 640,
      height: 360,
      sourceType: 'Upload',
      sourceContext: 'order=7',
      uploader: 'user-42',
      seal: 'valid',
      status: 'ready',
      trust: 'confirmed',
      version: 2,
      _signedProcedure: false,
      _wasReady: true,
      firstSeenAt: expect.any(String),
      updatedAt: expect.any(String),
      confirmedAt: expect.any(String),
    });
    expect(world.queue).toEqual([]);
  });

  test('without a signed procedure costs VOD one call', async () => {
    const fileId = world.upload();
    await world.deliver(...(await world.eventsOf(fileId)));
    expect(await world.callsOf(world.verify)).toEqual({ DescribeMediaInfos: 1 });
  });

  test('with a signed procedure costs VOD three calls', async () => {
    const fileId = world.upload({ procedure: 'LongVideoPreset' });
    await world.processed(fileId);
    await world.deliver(...(await world.eventsOf(fileId)));
    const calls = await world.callsOf(world.verify);
    expect(calls).toEqual({ DescribeMediaInfos: 1, DescribeTasks: 1, DescribeTaskDetail: 1 });
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', trust: 'confirmed' });
  });

  test('costs VOD three calls for 60 files at once: 20 files a call', async () => {
    const ids: string[] = [];
    while (ids.length < 60) ids.push(world.upload());
    await Promise.all(ids.map((fileId) => world.deliver(newFileUpload({ fileId }))));
    world.webhook.takeCounts();
    expect(await world.callsOf(world.verify)).toEqual({ DescribeMediaInfos: 3 });
    // The row is in the record: nothing is read, and each is written once.
    expect(world.webhook.takeCounts()).toEqual({ UpdateItem: 60 });
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ status: 'ready' });
  });

  test.each([
    ['LongVideoPreset', 'ready', false],
    ['FailingPreset', 'failed', true],
  ])('with the procedure %s leads to processing, and its end to %s', async (procedure, status, failed) => {
    const fileId = world.upload({ procedure });
    const [uploaded = {}] = await world.eventsOf(fileId);
    await world.deliver(uploaded);
    expect(await world.item(fileId)).toMatchObject({ status: 'processing', trust: 'pushed' });
    await world.verify();
    await world.processed(fileId);
    const [, ended = {}] = await world.eventsOf(fileId);
    await world.deliver(ended);
    await world.verify();
    const item = await world.item(fileId);
    const id = String(item['procedureTaskId']);
    expect(item).toMatchObject({ status, trust: 'confirmed', [`task:${id}`]: { status: 'FINISH', failed } });
    expect(item).not.toHaveProperty('_news');
    // Late and repeated events have nothing to add.
    for (const event of [uploaded, ended]) expect(await world.webhook.outcome(event)).toBe('repeated');
  });

  test('a seal of the old layout, without the procedure, costs one call about tasks', async () => {
    const fileId = world.upload({ sourceContext: firstSeal() });
    await world.deliver(newFileUpload({ fileId }));
    expect(await world.callsOf(world.verify)).toEqual({ DescribeMediaInfos: 1, DescribeTasks: 1 });
    expect(await world.item(fileId)).toMatchObject({ seal: 'valid', uploader: 'user-42', status: 'ready' });
  });
});

describe.each(engines)('verification on %s, any order of the true events, with duplicates and losses', (engine) => {
  test('leads to the same row after verification and one run of reconcile', async () => {
    await world.stop();
    await cleanUp();
    world = await startReconciliation({ engine });
    const fileId = world.upload({ text: 'order=7', procedure: 'LongVideoPreset' });
    await world.processed(fileId);
    const [uploaded = {}, ended = {}] = await world.eventsOf(fileId);
    const running = procedureStateChanged({ fileId }, 'PROCESSING', { taskId: taskIdIn(ended) });
    let expected: object | undefined;
    const order = fc.shuffledSubarray([uploaded, uploaded, running, running, ended, ended]);
    const pauses = fc.array(fc.boolean(), { minLength: 6, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(order, pauses, async (events, verifiesBetween) => {
        for (const [index, event] of events.entries()) {
          await world.deliver(event);
          if (verifiesBetween[index] === true) await world.verify();
        }
        await world.verify();
        await world.run();
        const content = contentOf(await world.item(fileId));
        expected ??= content;
        expect(content).toEqual(expected);
        await world.webhook.removeItem(fileId);
      }),
      { numRuns: engine === 'dynoxide' ? 15 : 5 },
    );
    expect(expected).toMatchObject({ status: 'ready', trust: 'confirmed', uploader: 'user-42' });
  });

  function taskIdIn(event: EventBody): string {
    const { ProcedureStateChangeEvent } = event as { ProcedureStateChangeEvent?: { TaskId?: string } };
    return ProcedureStateChangeEvent?.TaskId ?? '';
  }
});

describe('a row that changes during its verification', () => {
  test('keeps the change: the response is dropped, and the change triggers its own verification', async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    let isFirst = true;
    world.api.respond = async (_, pass) => {
      const response = await pass();
      if (isFirst) {
        isFirst = false;
        await world.deliver(procedureStateChanged({ fileId }, 'PROCESSING', { taskId: 'task-9' }));
        expect(await world.item(fileId)).toMatchObject({ version: 2, trust: 'pushed' });
      }
      return response;
    };
    await world.verify();
    // Version 3 is the response to the second question; the first was never written.
    expect(await world.item(fileId)).toMatchObject({ version: 3, trust: 'confirmed', status: 'ready' });
  });

  test('a message of the delay queue whose version is outdated is dropped without a call', async () => {
    const fileId = world.upload();
    await world.deliver(newFileUpload({ fileId }));
    world.api.respond = () => refusal('InternalError');
    await world.verify();
    world.api.respond = (_, pass) => pass();
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    await world.verify();
    const item = await world.item(fileId);
    expect(await world.callsOf(() => world.pass(5 * SECOND))).toEqual({});
    expect(await world.item(fileId)).toEqual(item);
    expect(world.queue).toEqual([]);
  });

  test('an event without news leaves a confirmed row as it was, except version and times', async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    const before = await world.item(fileId);
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    expect(await world.item(fileId)).toMatchObject({ ...contentOf(before), trust: 'pushed', _news: ['end:task-9'] });
    await world.verify();
    expect(contentOf(await world.item(fileId))).toEqual(contentOf(before));
    expect(await world.item(fileId)).toMatchObject({ version: 4 });
  });
});
