import type { Limits } from '../../../lib/uploads/limits';
import { actionTaker } from '../../../lib/verification/enforce-limits';
import { scheduleNext } from '../../../lib/verification/schedule';
import type { VerifyDeps } from '../../../lib/verification/verify';
import { fileDeleted, newFileUpload } from '../../support/events';
import { memoryIndex } from '../../support/unit/memory-store';
import { HOUR } from '../../support/unit/rows';
import { CREATED, modelFile, startService, type Service } from '../../support/unit/service';
import { refusal } from '../../support/unit/vod-model';

/** A service under limits; `act` verifies as the delay queue does for an action. */
function limited(limits: Limits, fileIds: readonly string[] = ['7']) {
  const service = startService(fileIds.map((fileId) => modelFile(fileId)));
  const deps: Partial<VerifyDeps> = {
    limits,
    uploaderIndex: memoryIndex(service.store),
    takeAction: actionTaker(service.vod.api),
  };
  return {
    ...service,
    verifyAll: (ids = fileIds) => service.verify(ids, {}, deps),
    act: () => service.verify(fileIds, { openQuestion: 'action' }, deps),
    deps,
  };
}

const actionsOf = ({ vod }: Pick<Service, 'vod'>) => vod.count('DeleteMedia') + vod.count('ForbidMediaDistribution');

describe('the action of a limit', () => {
  test.each([
    ['forbid', 'ForbidMediaDistribution', { FileIds: ['7'], Operation: 'forbid' }],
    ['delete', 'DeleteMedia', { FileId: '7' }],
  ] as const)('%s is taken once, after the row is stored as rejected', async (rejectAction, action, request) => {
    const service = limited({ maxBytes: 9, rejectAction });
    const [first] = await service.verifyAll();
    expect(first).toMatchObject({ outcome: 'written', openQuestion: 'action' });
    expect(service.row('7')).toMatchObject({ status: 'rejected', rejection: { reason: 'too-large' } });
    expect(actionsOf(service)).toBe(0);

    const [second] = await service.act();
    expect(service.vod.calls.filter((call) => call.action === action).map((call) => call.request)).toEqual([request]);
    expect(second?.openQuestion).toBe(rejectAction === 'delete' ? 'deletion' : undefined);
    expect(service.row('7').pendingAction).toBeUndefined();

    await service.act();
    await service.verifyAll();
    expect(actionsOf(service)).toBe(1);
  });

  test('is not taken again after an operator reverts it', async () => {
    const service = limited({ maxBytes: 9, rejectAction: 'forbid' });
    await service.verifyAll();
    await service.act();
    service.vod.put(modelFile('7'));
    await service.verifyAll();
    await service.act();
    expect(service.vod.count('ForbidMediaDistribution')).toBe(1);
    expect(service.row('7')).toMatchObject({ status: 'rejected', rejection: { reason: 'too-large' } });
  });

  test('is taken for a message of the delay queue only, never for an event', async () => {
    const service = limited({ maxBytes: 9, rejectAction: 'delete' });
    await service.verifyAll();
    await service.receive(fileDeleted({ fileId: '7' }));
    await service.receive(newFileUpload({ fileId: '7' }));
    const [touched] = await service.verifyAll();
    expect(actionsOf(service)).toBe(0);
    expect(touched?.openQuestion).toBe('action');
  });

  test('is retried when VOD refuses it', async () => {
    const service = limited({ maxBytes: 9, rejectAction: 'delete' });
    await service.verifyAll();
    service.vod.failWith((action) => {
      if (action === 'DeleteMedia') throw refusal('DeleteMedia', 'UnauthorizedOperation');
    });
    const failed = await service.act();
    expect(failed).toMatchObject([{ outcome: 'unchanged', openQuestion: 'action' }]);
    expect(service.lines).toContainEqual(expect.objectContaining({ outcome: 'action-failed', fileIds: ['7'] }));
    const message = { fileId: '7', version: 1, attempt: 0, since: service.clock.now(), question: 'action' } as const;
    expect(scheduleNext(failed, new Map([['7', message]]), service.clock.now()).delayed).toMatchObject([
      { attempt: 1 },
    ]);

    service.vod.failWith(() => undefined);
    await service.act();
    expect(service.vod.count('DeleteMedia')).toBe(2);
    expect(service.row('7').pendingAction).toBeUndefined();
  });

  test('"delete" leads to a deleted row that keeps its rejection', async () => {
    const service = limited({ maxBytes: 9, rejectAction: 'delete' });
    await service.verifyAll();
    await service.act();
    await service.verify(['7'], { openQuestion: 'deletion' }, service.deps);
    expect(service.row('7')).toMatchObject({
      status: 'deleted',
      trust: 'confirmed',
      rejection: { reason: 'too-large' },
    });
  });

  test('does not depend on the media information in a forged event', async () => {
    const service = limited({ maxBytes: 10, maxSeconds: 3, allowedCategories: ['Video'], rejectAction: 'delete' });
    const honest = modelFile('7');
    service.vod.put({ ...honest, basicInfo: { ...honest.basicInfo, Category: 'Video' } });
    const forged = newFileUpload({ fileId: '7' }) as { FileUploadEvent: { MediaBasicInfo: object } };
    Object.assign(forged.FileUploadEvent.MediaBasicInfo, { Category: 'Image' });
    Object.assign(forged.FileUploadEvent, { MetaData: { Size: 10 ** 12, Duration: 10 ** 6 } });
    await service.receive(forged);
    await service.verifyAll();
    await service.act();
    expect(service.row('7')).toMatchObject({ status: 'ready', trust: 'confirmed' });
    expect(actionsOf(service)).toBe(0);
  });

  test('never concerns older files: files without a seal, old files, and files that were confirmed without limits', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => String(100 + index));
    const service = limited({ maxBytes: 1, rejectAction: 'delete' }, ids);
    const fileOf = (fileId: string, index: number) => {
      const file = modelFile(fileId);
      if (index % 3 === 0) return { ...file, basicInfo: { ...file.basicInfo, SourceInfo: { SourceType: 'Record' } } };
      return index % 3 === 1 ? { ...file, basicInfo: { ...file.basicInfo, CreateTime: '2026-10-01T08:00:00Z' } } : file;
    };
    ids.map(fileOf).forEach((file) => {
      service.vod.put(file);
    });
    const confirmed = ids.filter((_, index) => index % 3 === 2);
    await service.verify(confirmed);
    const before = confirmed.map((fileId) => service.row(fileId));
    for (let audit = 0; audit < 2; audit++) {
      await service.verifyAll();
      await service.act();
    }
    expect(ids.map((fileId) => service.row(fileId).status)).toEqual(ids.map(() => 'ready'));
    expect(confirmed.map((fileId) => service.row(fileId))).toEqual(before);
    expect(actionsOf(service)).toBe(0);
  });
});

test('a pending "delete" becomes "forbid" when the deployment changes REJECT_ACTION before it is taken', async () => {
  const service = limited({ maxBytes: 9, rejectAction: 'delete' });
  await service.verifyAll();
  await service.verify(['7'], { openQuestion: 'action' }, { ...service.deps, limits: { rejectAction: 'forbid' } });
  expect(service.vod.count('DeleteMedia')).toBe(0);
  expect(service.vod.count('ForbidMediaDistribution')).toBe(1);
});

test('the rows of 20 files that a limit deletes become deleted, although VOD has no file of that batch', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => String(100 + index));
  const service = limited({ maxBytes: 9, rejectAction: 'delete' }, ids);
  await service.verifyAll();
  await service.act();
  await service.verify(ids, { openQuestion: 'deletion' }, service.deps);
  expect(ids.map((fileId) => service.row(fileId).status)).toEqual(ids.map(() => 'deleted'));
});

test('limits are evaluated for a file that VOD did not have for a moment while values were missing', async () => {
  const service = limited({ maxBytes: 9 });
  service.vod.put(modelFile('7', { metaData: null }));
  await service.verifyAll();
  service.vod.remove('7');
  await service.verify(['7'], { openQuestion: 'missing' }, service.deps);
  expect(service.row('7').status).toBe('deleted');
  service.vod.put(modelFile('7'));
  await service.verifyAll();
  expect(service.row('7')).toMatchObject({ status: 'rejected', rejection: { reason: 'too-large' } });
});

describe('the question "figures"', () => {
  test('stays open for an hour; then the missing value counts as exceeded', async () => {
    const service = limited({ maxBytes: 1_000 });
    service.vod.put(modelFile('7', { metaData: null }));
    const [first] = await service.verifyAll();
    expect(first).toMatchObject({ openQuestion: 'figures', row: { status: 'processing' } });
    const attempts = [];
    let message = scheduleNext(
      [first].flatMap((one) => one ?? []),
      new Map(),
      service.clock.now(),
    ).delayed[0];
    while (message && attempts.length < 30) {
      service.clock.advance(15 * 60_000);
      attempts.push(message.attempt);
      const verified = await service.verify(['7'], { openQuestion: 'figures' }, service.deps);
      message = scheduleNext(verified, new Map([['7', message]]), service.clock.now()).delayed[0];
    }
    expect(service.row('7')).toMatchObject({ status: 'rejected', rejection: { reason: 'too-large' } });
    expect(service.clock.now()).toBeLessThanOrEqual(Date.parse(CREATED) + 2 * HOUR);
  });
});

describe('the quota', () => {
  const idsOf = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
  const statuses = (service: Pick<Service, 'row'>, ids: readonly string[]) => {
    const all = ids.map((fileId) => service.row(fileId).status);
    return {
      ready: all.filter((one) => one === 'ready').length,
      rejected: all.filter((one) => one === 'rejected').length,
    };
  };

  test('accepts the first 10 of 200 consecutive uploads, and no later verification changes that', async () => {
    const ids = idsOf(200);
    const service = limited({ uploadsPerDay: 10 }, ids);
    for (const fileId of ids) await service.verifyAll([fileId]);
    expect(statuses(service, ids)).toEqual({ ready: 10, rejected: 190 });
    expect(ids.slice(0, 10).map((fileId) => service.row(fileId).status)).toEqual(ids.slice(0, 10).map(() => 'ready'));
    const before = ids.map((fileId) => service.row(fileId));
    await service.receive(newFileUpload({ fileId: '1000' }));
    await service.verifyAll();
    expect(ids.map((fileId) => service.row(fileId).status)).toEqual(before.map(({ status }) => status));
  });

  test('is exact for 20 uploads of one batch', async () => {
    const ids = idsOf(29);
    const service = limited({ uploadsPerDay: 10 }, ids);
    await service.verifyAll(ids.slice(0, 9));
    await service.verifyAll(ids.slice(9));
    expect(statuses(service, ids)).toEqual({ ready: 10, rejected: 19 });
  });

  test('counts earlier uploads only: a later upload that is verified first does not reject an earlier one', async () => {
    const service = limited({ uploadsPerDay: 1 }, ['7', '8']);
    const later = modelFile('8');
    service.vod.put({ ...later, basicInfo: { ...later.basicInfo, CreateTime: '2026-11-22T08:00:30Z' } });
    await service.verifyAll(['8']);
    await service.verifyAll(['7']);
    expect([service.row('7').status, service.row('8').status]).toEqual(['ready', 'ready']);
  });

  test('does not depend on the order of the responses of the index', async () => {
    const ids = idsOf(20);
    const service = limited({ uploadsPerDay: 1 }, ids);
    ids.forEach((fileId, index) => {
      const file = modelFile(fileId);
      const CreateTime = new Date(Date.parse(CREATED) + index * 1_000).toISOString();
      service.vod.put({ ...file, basicInfo: { ...file.basicInfo, CreateTime } });
    });
    let waiting = ids.length;
    const index = memoryIndex(service.store);
    const uploaderIndex: typeof service.deps.uploaderIndex = {
      page: async (...query) => {
        for (let turns = 10 * waiting--; turns > 0; turns--) await Promise.resolve();
        return index.page(...query);
      },
    };
    await service.verify(ids, {}, { ...service.deps, uploaderIndex });
    expect(ids.map((fileId) => service.row(fileId).status)).toEqual(['ready', ...ids.slice(1).map(() => 'rejected')]);
  });

  test('is not counted for files to which no limit applies', async () => {
    const service = limited({ uploadsPerDay: 1 });
    const old = modelFile('7');
    service.vod.put({ ...old, basicInfo: { ...old.basicInfo, CreateTime: '2026-10-01T08:00:00Z' } });
    const uploaderIndex = { page: () => Promise.reject(new Error('the index must not be read')) };
    expect(await service.verify(['7'], {}, { ...service.deps, uploaderIndex })).toMatchObject([{ outcome: 'written' }]);
    expect(service.row('7').status).toBe('ready');
  });

  test('is not evaluated while the table is unavailable: the outcome is "unavailable" and no row is written', async () => {
    const service = limited({ uploadsPerDay: 1 });
    const uploaderIndex = { page: () => Promise.reject(new Error('the table is down')) };
    const verified = await service.verify(['7'], {}, { ...service.deps, uploaderIndex });
    expect(verified).toMatchObject([{ outcome: 'unavailable' }]);
    expect(service.store.ids()).toEqual([]);
  });
});
