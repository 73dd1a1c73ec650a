import { seal } from '../../lib/vod/source-context';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { contentOf, HOUR, MINUTE, SECOND, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { vodResponse, changingMedia, refusal } from '../support/relay';
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

describe('verification while VOD does not have the result yet', () => {
  test('a file that VOD shows 12 s late is requested again, and confirmed once it is there', async () => {
    const fileId = world.upload();
    let isVisible = false;
    world.api.respond = (action, pass) => {
      if (isVisible || action !== 'DescribeMediaInfos') return pass();
      return vodResponse({ MediaInfoSet: [], NotExistFileIdSet: [fileId] });
    };
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ trust: 'pushed', version: 1 });
    expect(world.queue).toHaveLength(1);
    await world.pass(12 * SECOND);
    expect(await world.item(fileId)).toMatchObject({ trust: 'pushed', version: 1 });
    isVisible = true;
    await world.pass(20 * SECOND);
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready', version: 2 });
    expect(world.queue).toEqual([]);
  });

  test('media information that VOD has later does not delay ready, and is written when it is there', async () => {
    const fileId = world.upload();
    world.api.respond = changingMedia((info) => ({ ...info, MetaData: null }));
    await world.deliver(newFileUpload({ fileId, size: 99 }));
    await world.verify();
    const early = await world.item(fileId);
    expect(early).toMatchObject({ trust: 'confirmed', status: 'ready' });
    expect(early).not.toHaveProperty('size');
    await world.pass(5 * SECOND);
    world.api.respond = (_, pass) => pass();
    await world.pass(MINUTE);
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready', size: 3, version: 3 });
    expect(world.queue).toEqual([]);
  });

  test('media information that VOD never has is requested for an hour and no longer', async () => {
    const fileId = world.upload();
    world.api.respond = changingMedia((info) => ({ ...info, MetaData: null }));
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    const calls = await world.callsOf(() => world.pass(2 * HOUR));
    expect(calls['DescribeMediaInfos']).toBeLessThan(20);
    expect(world.queue).toEqual([]);
    expect(world.deadLetters).toEqual([]);
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', version: 2 });
  });

  test.each([
    ['InternalError', () => refusal('InternalError')],
    ['RequestLimitExceeded', () => refusal('RequestLimitExceeded')],
    ['AuthFailure.SignatureFailure', () => refusal('AuthFailure.SignatureFailure')],
    ['a file in neither set', () => vodResponse({ MediaInfoSet: [], NotExistFileIdSet: [] })],
    ['sets that are null', () => vodResponse({ MediaInfoSet: null, NotExistFileIdSet: null })],
    ['an empty response', () => vodResponse()],
  ])('%s changes nothing and is retried until VOD responds', async (_, broken) => {
    const fileId = world.upload();
    await world.deliver(newFileUpload({ fileId }));
    world.api.respond = broken;
    expect(await world.verify()).toBe(0);
    const before = await world.item(fileId);
    expect(before).toMatchObject({ trust: 'pushed', version: 1 });
    expect(world.lines).toContainEqual(expect.objectContaining({ outcome: 'no-response', fileIds: [fileId] }));
    await world.pass(5 * SECOND);
    expect(await world.item(fileId)).toEqual(before);
    world.api.respond = (__, pass) => pass();
    await world.pass(MINUTE);
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
  });

  test('H5: a confirmed row keeps url, name and uploader when VOD returns BasicInfo null', async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    const before = contentOf(await world.item(fileId));
    world.api.respond = changingMedia((info) => ({ ...info, BasicInfo: null }));
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ url: before['url'], uploader: 'user-42', trust: 'pushed' });
    world.api.respond = (_, pass) => pass();
    await world.pass(10 * SECOND);
    expect(contentOf(await world.item(fileId))).toEqual(before);
  });

  test('H5: a task with a null detail is described again', async () => {
    const fileId = world.upload({ procedure: 'LongVideoPreset' });
    await world.processed(fileId);
    await world.deliver(...(await world.eventsOf(fileId)));
    world.api.respond = async (action, pass) =>
      action === 'DescribeTaskDetail'
        ? vodResponse({ TaskType: 'Procedure', Status: 'FINISH', ProcedureTask: null })
        : pass();
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ trust: 'pushed', status: 'processing' });
    world.api.respond = (_, pass) => pass();
    await world.pass(10 * SECOND);
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
  });

  test('after a day without a result the row stays, and its message goes to the dead letters with an alarm', async () => {
    const fileId = world.upload();
    await world.deliver(newFileUpload({ fileId }));
    world.api.respond = () => refusal('AuthFailure.SecretIdNotFound');
    await world.verify();
    await world.pass(25 * HOUR);
    expect(world.queue).toEqual([]);
    expect(world.deadLetters.map((body) => JSON.parse(body) as object)).toEqual([
      expect.objectContaining({ fileId, version: 1, question: 'no-response' }),
    ]);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'given-up', fileIds: [fileId] }),
    );
    expect(await world.item(fileId)).toMatchObject({ trust: 'pushed', version: 1 });
  });

  test('the pauses grow from 2 s to 15 min, and about 105 calls are made in a day', async () => {
    const fileId = world.upload();
    await world.deliver(newFileUpload({ fileId }));
    world.api.respond = () => refusal('AuthFailure.SecretIdNotFound');
    await world.verify();
    const pauses: number[] = [];
    for (let index = 0; index < 11; index++) {
      const pause = Math.round(((world.queue[0]?.due ?? 0) - world.now()) / SECOND);
      pauses.push(pause);
      await world.pass(pause * SECOND);
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 120, 240, 480, 900, 900]);
  });
});

describe('verification with faults of the local VOD', () => {
  test('a file that the server API shows late is confirmed once it is there', async () => {
    world.vod.setFaults({ visibleAfterMs: 60_000 });
    const fileId = world.upload();
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    await world.pass(30 * SECOND);
    expect(await world.item(fileId)).toMatchObject({ trust: 'pushed' });
    world.clock.vod = 61 * SECOND;
    await world.pass(MINUTE);
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready', size: 3 });
  });

  test('media information that VOD has late is added to a row that is already ready', async () => {
    world.vod.setFaults({ analysedAfterMs: 60_000 });
    const fileId = world.upload();
    await world.deliver(...(await world.eventsOf(fileId)));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
    expect(await world.item(fileId)).not.toHaveProperty('size');
    world.clock.vod = 61 * SECOND;
    await world.pass(2 * MINUTE);
    expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready', size: 3 });
  });

  test('while half of all calls fail, every upload is confirmed within half a day', async () => {
    const ids: string[] = [];
    while (ids.length < 30) ids.push(world.upload({ procedure: 'LongVideoPreset' }));
    for (const fileId of ids) await world.processed(fileId);
    for (const fileId of ids) await world.deliver(...(await world.eventsOf(fileId)));
    world.vod.setFaults({ api: 0.5, seed: 7 });
    await world.verify();
    await world.pass(12 * HOUR); // 55 attempts at two calls each: which of them fail differs from run to run
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
    expect(world.deadLetters).toEqual([]);
  });
});

describe('verification while a service is unavailable', () => {
  test('an unavailable delay queue fails the record, which is delivered again', async () => {
    const late = world.upload();
    const fine = world.upload();
    world.api.respond = (_, pass, parameters) =>
      (parameters as { FileIds?: string[] }).FileIds?.includes(late) === true ? refusal('InternalError') : pass();
    await world.deliver(newFileUpload({ fileId: late }));
    world.services.isQueueAvailable = false;
    expect(await world.verify()).toBe(1);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'delay-failed', fileIds: [late] }),
    );
    world.services.isQueueAvailable = true;
    world.api.respond = (_, pass) => pass();
    await world.deliver(newFileUpload({ fileId: fine }));
    expect(await world.verify()).toBe(0);
    for (const fileId of [late, fine]) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
  });
});

test('an unavailable table fails the records, and no response of VOD is lost', async () => {
  const fileId = world.upload();
  await world.deliver(newFileUpload({ fileId }));
  world.webhook.failWrites(true);
  expect(await world.verify(6 * SECOND)).toBe(1);
  expect(world.lines).toContainEqual(
    expect.objectContaining({ level: 'error', outcome: 'write-failed', fileIds: [fileId] }),
  );
  world.webhook.failWrites(false);
  expect(await world.verify()).toBe(0);
  expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed', status: 'ready' });
});

test('a signed procedure that has not begun delays ready, for 24 h', async () => {
  const sourceContext = seal('order=7', 'user-42', true, SEAL_KEY);
  const fileId = world.upload({ sourceContext });
  await world.deliver(newFileUpload({ fileId }));
  await world.verify();
  expect(await world.item(fileId)).toMatchObject({ status: 'processing', trust: 'confirmed' });
  await world.pass(23 * HOUR);
  expect(await world.item(fileId)).toMatchObject({ status: 'processing' });
  await world.pass(2 * HOUR);
  await world.run();
  expect(await world.item(fileId)).toMatchObject({ status: 'ready', notice: expect.stringContaining('procedure') });
});
