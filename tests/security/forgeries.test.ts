import fc from 'fast-check';
import { seal } from '../../lib/vod/source-context';
import { fileDeleted, newFileUpload, newFileUpload2, procedureStateChanged, type EventBody } from '../support/events';
import { contentOf, HOUR, MINUTE, type Reconciliation } from '../support/reconciliation';
import { EVIL, startVictim, type Victim } from '../support/victim';
import { SEAL_KEY, type Item } from '../support/webhook';

// An attacker who knows the callback URL with its token, and has one upload signature of their own, forges events about a
// file of another user: what its row contains before the verification, and after it.

const mallory = seal('order=7', 'mallory', false, SEAL_KEY);

let scene: Awaited<ReturnType<typeof startVictim>>;
let world: Reconciliation;
let victim: Victim;

beforeEach(async () => {
  scene = await startVictim();
  ({ world, victim } = scene);
});
afterEach(async () => {
  await scene.stop();
});

/** A forged event, and the attributes that the row has from it if it comes first, until VOD has responded. */
interface Attack {
  readonly forged: (fileId: string, taskId: string) => EventBody;
  readonly first: object;
}

const attacks: Readonly<Record<string, Attack>> = {
  'T6: another URL, and the seal of a signature of their own': {
    forged: (fileId) => newFileUpload({ fileId, url: EVIL, sourceContext: mallory }),
    first: { url: EVIL, uploader: 'mallory', seal: 'valid' },
  },
  'the same in format 2.0': {
    forged: (fileId) => newFileUpload2({ fileId, url: EVIL, sourceContext: mallory }),
    first: { url: EVIL, uploader: 'mallory' },
  },
  'another size': {
    forged: (fileId) => newFileUpload({ fileId, size: 1 }),
    first: { size: 1 },
  },
  'a task that never was, as begun with the upload': {
    forged: (fileId) => newFileUpload({ fileId, procedureTaskId: 'task-9' }),
    first: { procedureTaskId: 'task-9' },
  },
  'a task that never was, as finished': {
    forged: (fileId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId: 'task-9' }),
    first: {},
  },
  'other outputs of the true task': {
    forged: (fileId, taskId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId }),
    first: {},
  },
  'that the true task failed': {
    forged: (fileId, taskId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId, failed: true }),
    first: {},
  },
  'that it was deleted': {
    forged: (fileId) => fileDeleted({ fileId }),
    first: {},
  },
  'that it came by a pull': {
    forged: (fileId) => ({
      EventType: 'PullComplete',
      PullCompleteEvent: { TaskId: 'pull-1', FileId: fileId, FileUrl: EVIL, MediaBasicInfo: { Name: 'evil' } },
    }),
    first: { url: EVIL, name: 'evil' },
  },
  'fields that VOD never had, a review among them': {
    forged: (fileId) => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        MediaBasicInfo: { CoverUrl: EVIL },
        MetaData: { Duration: 1, Width: 1, Height: 1 },
        ReviewAudioVideoTaskId: 'review-9',
      },
    }),
    first: { duration: 1, width: 1, height: 1 },
  },
  'nothing but keys of prototypes and values of wrong types': {
    forged: (fileId) => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: JSON.parse(
        `{"FileId": "${fileId}", "__proto__": {"status": "ready"}, "constructor": {"trust": "confirmed"},
          "MediaBasicInfo": {"MediaUrl": {"a": 1}, "Name": ["x"], "__proto__": {"MediaUrl": "x"}}, "MetaData": {"Size": "3"}}`,
      ) as object,
    }),
    first: { name: 'holiday' },
  },
  'the row itself': {
    forged: (fileId) => ({
      EventType: 'NewFileUpload',
      trust: 'confirmed',
      FileUploadEvent: {
        FileId: fileId,
        trust: 'confirmed',
        uploader: 'mallory',
        status: 'ready',
        confirmedAt: 'now',
        version: 999,
        sortTime: '9999',
        _news: [],
        _wasReady: true,
        _expiresAt: 1,
      },
    }),
    first: { uploader: 'user-42' },
  },
};

describe.each(Object.entries(attacks))("forged events about another user's file, %s", (_, { forged, first }) => {
  const check = (item: Item) => {
    expect(item['trust']).toBe('pushed');
    expect(item['status']).toMatch(/^(uploaded|processing)$/);
    expect(item).not.toHaveProperty('confirmedAt');
  };

  test('T5: forged events before the true ones are shown until VOD has responded, but not as ready, and then replaced', async () => {
    const expected = await scene.truth();
    await world.deliver(forged(victim.fileId, victim.taskId), ...victim.events);
    const item = await world.item(victim.fileId);
    check(item);
    expect(item).toMatchObject(first);
    await world.verify();
    expect(contentOf(await world.item(victim.fileId))).toEqual(expected);
  });

  test('T5: forged events after the true ones are shown until VOD has responded, but not as ready, and then replaced', async () => {
    const expected = await scene.truth();
    await world.deliver(...victim.events, forged(victim.fileId, victim.taskId));
    const item = await world.item(victim.fileId);
    check(item);
    // The values of the true events, which came first, are kept.
    expect(item).toMatchObject({ uploader: 'user-42', name: 'holiday', size: 3 });
    await world.verify();
    expect(contentOf(await world.item(victim.fileId))).toEqual(expected);
  });

  test('T7: forged events about a confirmed row change only trust, version and the internal news, until the next verification', async () => {
    const before = await scene.confirm();
    await world.deliver(forged(victim.fileId, victim.taskId));
    const { trust, _news, ...facts } = contentOf(await world.item(victim.fileId));
    const { trust: _, ...known } = contentOf(before);
    expect(facts).toEqual(known);
    expect(trust === 'pushed').toBe(_news !== undefined);
    await world.verify();
    await world.pass(2 * HOUR);
    expect(contentOf(await world.item(victim.fileId))).toEqual(contentOf(before));
  });
});

test('T6: the upload signature of an attacker does not make them the uploader, in whatever order the events arrive', async () => {
  await world.deliver(newFileUpload({ fileId: victim.fileId, sourceContext: mallory }));
  expect(await world.item(victim.fileId)).toMatchObject({ uploader: 'mallory', seal: 'valid', trust: 'pushed' });
  await world.verify();
  expect(await world.item(victim.fileId)).toMatchObject({ uploader: 'user-42', seal: 'valid', trust: 'confirmed' });
});

test('T7: a confirmed row without a source context gets none from an event', async () => {
  const bare = world.upload({ sourceContext: '' });
  await world.run();
  expect(await world.item(bare)).toMatchObject({ trust: 'confirmed' });
  await world.deliver(newFileUpload({ fileId: bare, sourceContext: mallory, procedureTaskId: 'task-9' }));
  for (const verify of [() => Promise.resolve(0), world.verify]) {
    await verify();
    const { uploader, sourceContext, seal: opened, procedureTaskId } = await world.item(bare);
    expect([uploader, sourceContext, opened, procedureTaskId]).toEqual([undefined, undefined, undefined, undefined]);
  }
  expect(await world.item(bare)).toMatchObject({ trust: 'confirmed', status: 'ready' });
});

test('T7: a later task of the file does not become the task of the upload', async () => {
  const plain = world.upload();
  await world.deliver(newFileUpload({ fileId: plain }));
  await world.verify();
  const request = { FileId: plain, ProcedureName: 'LongVideoPreset' };
  // VOD takes calls of its server API that are up to five minutes off.
  world.clock.vod = 4 * MINUTE;
  const { TaskId: later = '' } = await world.client.ProcessMediaByProcedure(request);
  world.clock.vod = 0;
  await world.processed(plain);
  await world.deliver(newFileUpload({ fileId: plain, procedureTaskId: later }));
  await world.verify();
  const item = await world.item(plain);
  expect(item).toMatchObject({ status: 'ready', [`task:${later}`]: { status: 'FINISH' } });
  expect(item).not.toHaveProperty('procedureTaskId');
});

test('T7: the row of a deleted file does not change', async () => {
  const { fileId, taskId } = victim;
  await scene.confirm();
  await world.client.DeleteMedia({ FileId: fileId });
  await world.deliver(fileDeleted({ fileId }));
  await world.verify();
  const before = contentOf(await world.item(fileId));
  expect(before).toMatchObject({ status: 'deleted', trust: 'confirmed' });
  await world.deliver(...Object.values(attacks).map(({ forged }) => forged(fileId, taskId)));
  await world.verify();
  await world.pass(2 * HOUR);
  await world.run();
  expect(contentOf(await world.item(fileId))).toEqual(before);
});

test('T5, T7: any forged events in any order among the true ones, before and after a verification, leave a correct row', async () => {
  const { fileId, taskId, events } = victim;
  const expected = await scene.truth();
  const forgeries = Object.values(attacks).map(({ forged }) => forged(fileId, taskId));
  const some = fc.shuffledSubarray([...forgeries, ...events, ...events], { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(some, some, async (before, after) => {
      await world.deliver(...before);
      await world.verify();
      await world.deliver(...after);
      await world.verify();
      expect(contentOf(await world.item(fileId))).toEqual(expected);
      await world.webhook.removeItem(fileId);
    }),
    { numRuns: 12 },
  );
});
