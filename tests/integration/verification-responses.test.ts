import { fileDeleted, newFileUpload, procedureStateChanged } from '../support/events';
import { contentOf, HOUR, MINUTE, SECOND, startReconciliation, type Reconciliation } from '../support/reconciliation';
import { changingBasicInfo, changingMedia, refusal } from '../support/relay';
import { cleanUp } from '../support/vod/vod-client';

let world: Reconciliation;
beforeEach(async () => {
  world = await startReconciliation();
});
afterEach(async () => {
  await world.stop();
  await cleanUp();
});

describe('verification of deletions', () => {
  const verifiedUpload = async () => {
    const fileId = world.upload({ text: 'order=7' });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    return fileId;
  };

  test('a deletion that an event reports is stored at once, with the media information that was known', async () => {
    const fileId = await verifiedUpload();
    const { url } = await world.item(fileId);
    await world.client.DeleteMedia({ FileId: fileId });
    await world.deliver(fileDeleted({ fileId }));
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', trust: 'pushed' });
    expect(await world.callsOf(world.verify)).toEqual({ DescribeMediaInfos: 1 });
    expect(await world.item(fileId)).toMatchObject({ status: 'deleted', trust: 'confirmed', url, uploader: 'user-42' });
    expect(world.queue).toEqual([]);
  });

  test('a deletion that no event reports needs a second response, at least 10 s after the first', async () => {
    const fileId = await verifiedUpload();
    await world.client.DeleteMedia({ FileId: fileId });
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', trust: 'pushed' });
    await world.pass(10 * SECOND);
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', trust: 'pushed' });
    await world.pass(10 * SECOND);
    expect(await world.item(fileId)).toMatchObject({ status: 'deleted', trust: 'confirmed' });
  });

  test('a reported deletion is dropped when VOD still has the file', async () => {
    const fileId = await verifiedUpload();
    const before = contentOf(await world.item(fileId));
    await world.deliver(fileDeleted({ fileId }));
    await world.verify();
    expect(contentOf(await world.item(fileId))).toEqual(before);
    await world.pass(2 * HOUR);
    expect(contentOf(await world.item(fileId))).toEqual(before);
    expect(world.queue).toEqual([]);
  });

  test('a deletion that VOD carries out some time after its event is found', async () => {
    const fileId = await verifiedUpload();
    await world.deliver(fileDeleted({ fileId }));
    await world.verify();
    await world.pass(3 * SECOND);
    await world.client.DeleteMedia({ FileId: fileId });
    await world.pass(MINUTE);
    expect(await world.item(fileId)).toMatchObject({ status: 'deleted', trust: 'confirmed' });
  });

  test('V7: a deletion of parts is verified, and the row contains what VOD still has', async () => {
    const fileId = await verifiedUpload();
    world.api.respond = changingBasicInfo({ MediaUrl: '', CoverUrl: '' });
    const details = [{ FileId: fileId, DeleteParts: [{ Type: 'OriginalFiles' }] }];
    await world.deliver({
      EventType: 'FileDeleted',
      FileDeleteEvent: { FileIdSet: [fileId], FileDeleteResultInfo: details },
    });
    await world.verify();
    const item = await world.item(fileId);
    expect(item).toMatchObject({ trust: 'confirmed', status: 'ready', uploader: 'user-42' });
    expect(item).not.toHaveProperty('url');
  });

  test('20 confirmed files that are missing in one call without an event change no row and raise an alarm', async () => {
    const ids: string[] = [];
    while (ids.length < 20) ids.push(world.upload());
    for (const fileId of ids) await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    for (const FileId of ids) await world.client.DeleteMedia({ FileId });
    for (const fileId of ids) await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    // In life the messages of one batch come back in several: the guard must not end with that.
    world.services.jitter = Math.random;
    await world.verify();
    expect(world.lines).toContainEqual(expect.objectContaining({ level: 'error', outcome: 'mass-deletion' }));
    await world.pass(HOUR);
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ status: 'ready' });
  });
});

describe("verification of VOD's review", () => {
  const reviewing = (Suggestion: string) =>
    changingMedia((info) => ({ ...info, ReviewInfo: { MediaReviewInfo: { Suggestion, TypeSet: ['Porn'] } } }));

  test('a review that suggests block makes the row rejected, with the reason', async () => {
    const fileId = world.upload();
    world.api.respond = reviewing('block');
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({
      status: 'rejected',
      trust: 'confirmed',
      review: { suggestion: 'block', label: 'Porn' },
      rejection: { reason: 'review', detail: expect.stringContaining('Porn') },
    });
  });

  test("a review that suggests review holds the row, and a person's decision in VOD is stored within 15 minutes", async () => {
    const fileId = world.upload();
    world.api.respond = reviewing('review');
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ status: 'held', trust: 'confirmed' });
    expect(await world.callsOf(() => world.pass(HOUR + MINUTE))).toEqual({ DescribeMediaInfos: 4 });
    world.api.respond = reviewing('pass');
    await world.pass(15 * MINUTE);
    const item = await world.item(fileId);
    expect(item).toMatchObject({ status: 'ready', review: { suggestion: 'pass' } });
    expect(item).not.toHaveProperty('rejection');
    expect(world.queue).toEqual([]);
  });

  test('a file that is Forbidden in VOD is rejected, and is ready once that is lifted', async () => {
    const fileId = world.upload();
    world.api.respond = changingBasicInfo({ Status: 'Forbidden' });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ status: 'rejected', rejection: { reason: 'forbidden' } });
    world.api.respond = (_, pass) => pass();
    await world.deliver(procedureStateChanged({ fileId }, 'FINISH', { taskId: 'task-9' }));
    await world.verify();
    expect(await world.item(fileId)).toMatchObject({ status: 'ready' });
    expect(await world.item(fileId)).not.toHaveProperty('rejection');
  });
});

describe('errors of one file in verification', () => {
  test('H2: an id that VOD refuses does not delay the 19 others of its call', async () => {
    const ids: string[] = [];
    while (ids.length < 19) ids.push(world.upload());
    world.api.respond = (action, pass, parameters) => {
      const { FileIds = [] } = parameters as { FileIds?: string[] };
      return action === 'DescribeMediaInfos' && FileIds.includes('999')
        ? refusal('InvalidParameterValue.FileIds')
        : pass();
    };
    for (const fileId of [...ids, '999']) await world.deliver(newFileUpload({ fileId }));
    expect(await world.verify()).toBe(0);
    for (const fileId of ids) expect(await world.item(fileId)).toMatchObject({ trust: 'confirmed' });
    expect(await world.item('999')).toMatchObject({ trust: 'pushed' });
    expect(world.queue).toHaveLength(1);
  });

  test('A1: a seal for an empty caller is stored without an uploader, and delays no other file', async () => {
    const poison = world.upload({ uploader: '', text: '' });
    const fine = world.upload();
    await world.deliver(newFileUpload({ fileId: poison }), newFileUpload({ fileId: fine }));
    await world.verify();
    expect(await world.item(poison)).toMatchObject({ trust: 'confirmed', status: 'ready', seal: 'valid' });
    expect(await world.item(poison)).not.toHaveProperty('uploader');
    expect(await world.item(fine)).toMatchObject({ trust: 'confirmed', uploader: 'user-42' });
  });

  test('A1: a row that the table refuses is logged, is not retried, and delays no other file', async () => {
    const poison = world.upload({ text: 'poison' });
    const fine = world.upload();
    world.webhook.refuseRowsWith('"poison"');
    await world.deliver(newFileUpload({ fileId: poison }), newFileUpload({ fileId: fine }));
    expect(await world.verify()).toBe(0);
    expect(await world.item(poison)).toMatchObject({ trust: 'pushed', version: 1 });
    expect(await world.item(fine)).toMatchObject({ trust: 'confirmed' });
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'row-refused', fileIds: [poison] }),
    );
    expect(world.queue).toEqual([]);
    expect(await world.run()).toMatchObject({ finished: true, failed: expect.any(Number) });
  });

  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf'])(
    'H1: a forged end of the task %s leaves no trace',
    async (taskId) => {
      const fileId = world.upload({ procedure: 'LongVideoPreset' });
      await world.processed(fileId);
      await world.deliver(...(await world.eventsOf(fileId)));
      await world.verify();
      const before = contentOf(await world.item(fileId));
      await world.deliver(procedureStateChanged({ fileId, url: 'http://evil.example/' }, 'FINISH', { taskId }));
      await world.verify();
      expect(contentOf(await world.item(fileId))).toEqual(before);
      expect(world.queue).toEqual([]);
    },
  );
});
