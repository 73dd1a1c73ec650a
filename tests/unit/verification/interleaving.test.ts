import fc from 'fast-check';
import type { Row } from '../../../lib/uploads/row';
import type { Verified } from '../../../lib/verification/verify';
import { fileDeleted, newFileUpload, procedureStateChanged, type EventBody } from '../../support/events';
import { endedTask, modelFile, modelTask, startService, type Service } from '../../support/unit/service';

const begin = procedureStateChanged({ fileId: '7' }, 'PROCESSING', { taskId: 't' });
const end = procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId: 't' });
const upload = newFileUpload({ fileId: '7', procedureTaskId: 't' });
const busy = modelFile('7', { signed: true, tasks: [modelTask('t')] });
const done = modelFile('7', { signed: true, tasks: [endedTask('t')] });

/**
 * Verifies the row while `meanwhile` happens between VOD's response and the write; then once for every write that the
 * table's stream would have shown, which is all that a service without reconcile does.
 */
async function verifyWhile(service: Service, meanwhile: () => Promise<void>): Promise<readonly Verified[]> {
  let isFirst = true;
  const replace: typeof service.store.replace = async (before, after, deadline) => {
    if (isFirst) {
      isFirst = false;
      await meanwhile();
    }
    return service.store.replace(before, after, deadline);
  };
  const verified = await service.verify(['7'], {}, { store: { ...service.store, replace } });
  for (let row = service.store.get('7'); row?.trust === 'pushed'; row = service.store.get('7')) {
    verified.push(...(await service.verify(['7'])));
  }
  return verified;
}

describe("a task that ends between VOD's response and the write", () => {
  test('the old response is not stored in a row that was never confirmed, and the row is ready', async () => {
    const service = startService([busy]);
    await service.receive(upload);
    const verified = await verifyWhile(service, async () => {
      service.vod.put(done);
      await service.receive(end);
    });
    expect(verified.map(({ outcome }) => outcome)).toEqual(['superseded', 'written']);
    expect(service.row('7')).toMatchObject({ status: 'ready', trust: 'confirmed' });
    expect(service.row('7').tasks.get('t')?.status).toBe('FINISH');
  });

  test('the old response is not stored in a row that was confirmed with the running task', async () => {
    const service = startService([busy]);
    await service.receive(upload);
    await service.verify(['7']);
    expect(service.row('7')).toMatchObject({ status: 'processing', trust: 'confirmed' });
    await service.receive(fileDeleted({ fileId: '7' }));
    const verified = await verifyWhile(service, async () => {
      service.vod.put(done);
      await service.receive(end);
    });
    expect(verified.map(({ outcome }) => outcome)).toEqual(['superseded', 'written']);
    expect(service.row('7').status).toBe('ready');
  });

  test('the old response is not stored when the list of news is full and only the version differs', async () => {
    const service = startService([busy]);
    await service.receive(upload);
    await service.verify(['7']);
    for (let index = 0; index < 25; index++) {
      await service.receive(procedureStateChanged({ fileId: '7' }, 'PROCESSING', { taskId: `forged-${index}` }));
    }
    expect(service.row('7').news).toHaveLength(20);
    await verifyWhile(service, async () => {
      service.vod.put(done);
      await service.receive(end);
    });
    expect(service.row('7')).toMatchObject({ status: 'ready', trust: 'confirmed', news: [] });
  });

  test('the old response is not stored when a concurrent verification stored the same one first', async () => {
    const service = startService([busy]);
    await service.receive(upload);
    const verified = await verifyWhile(service, async () => {
      await service.verify(['7']);
      service.vod.put(done);
      await service.receive(end);
    });
    expect(verified[0]?.outcome).toBe('superseded');
    expect(service.row('7').status).toBe('ready');
  });
});

test('a response is stored only under the version that was read before VOD was called', async () => {
  const service = startService([done]);
  await service.receive(upload);
  const before = service.row('7');
  await verifyWhile(service, () => service.receive(fileDeleted({ fileId: '7' })));
  const versions = service.store.writes.length;
  expect(before.version).toBe(1);
  // The upload, the deletion's touch, and one response: the first response was not among the writes.
  expect(versions).toBe(3);
  expect(service.row('7').version).toBe(3);
});

test('events that arrive during any verification leave a row that the stream alone corrects', async () => {
  const bodies: Readonly<Record<string, EventBody>> = { upload, begin, end };
  const names = fc.array(fc.constantFrom(...Object.keys(bodies)), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(names, names, fc.boolean(), async (first, during, endsBefore) => {
      const service = startService([endsBefore ? done : busy]);
      // VOD announces no end before it has one.
      const before = endsBefore ? first : first.filter((name) => name !== 'end');
      for (const name of ['upload', ...before]) await service.receive(bodies[name]);
      await verifyWhile(service, async () => {
        service.vod.put(done);
        for (const name of [...during, 'end']) await service.receive(bodies[name]);
      });
      const row: Row = service.row('7');
      expect(row).toMatchObject({ status: 'ready', trust: 'confirmed', news: [] });
    }),
    { numRuns: 100 },
  );
});
