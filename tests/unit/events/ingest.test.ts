import { RequestError } from '../../../lib/platform/errors';
import { countableType, eventRecorder } from '../../../lib/events/ingest';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../support/events';
import { applySnapshot } from '../../../lib/uploads/snapshot';
import { MAX_TASKS } from '../../../lib/uploads/row';
import { virtualClock } from '../../support/unit/clock';
import { memoryStore } from '../../support/unit/memory-store';
import { snapshot } from '../../support/unit/rows';
import { simulatedTime } from '../../support/unit/simulated-time';

function startRecorder() {
  const clock = virtualClock();
  const store = memoryStore(clock.now);
  const record = eventRecorder({ store, now: clock.now });
  return { store, record: (event: unknown) => record(event, ['key'], clock.now() + 10_000) };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
const deletionOf = (FileIdSet: readonly string[]) => ({ EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet } });

describe('eventRecorder', () => {
  test('an event that changes a row is recorded; again it is repeated, and nothing is written', async () => {
    const { record, store } = startRecorder();
    const upload = newFileUpload({ fileId: '7', procedureTaskId: 't' });
    expect((await record(upload)).recorded).toEqual({
      outcome: 'recorded',
      eventType: 'NewFileUpload',
      fileIds: ['7'],
      taskIds: ['t'],
    });
    expect((await record(upload)).recorded.outcome).toBe('repeated');
    expect(store.writes).toEqual(['7']);
  });

  test('an event that concerns no row is ignored, with its type', async () => {
    const { record, store } = startRecorder();
    expect((await record({ EventType: 'EditMediaComplete' })).recorded).toEqual({
      outcome: 'ignored',
      eventType: 'Other',
      unknownType: 'EditMediaComplete',
      fileIds: [],
      taskIds: [],
    });
    const byUrl = procedureStateChanged({ fileId: '' }, 'FINISH', { taskId: 't' });
    expect((await record(byUrl)).recorded).toMatchObject({ outcome: 'ignored', eventType: 'ProcedureStateChanged' });
    expect(store.ids()).toEqual([]);
  });

  test('a message that is not an event throws a RequestError', async () => {
    await expect(startRecorder().record({})).rejects.toThrow(RequestError);
  });

  test('V12: 150 files of one deletion are all written, and 100 of their ids can be logged', async () => {
    const { record, store } = startRecorder();
    const { recorded } = await record(deletionOf(many(150)));
    expect(store.ids()).toEqual(many(150));
    expect(recorded.fileIds).toHaveLength(100);
  });

  test.each([20, 300, 1_500])(
    'V12: 150 files are written within the 23 s of the webhook when each write takes %i ms',
    async (latency) => {
      const time = simulatedTime();
      const memory = memoryStore(time.now);
      const update: typeof memory.update = async (...call) => {
        await time.sleep(2 * latency);
        return memory.update(...call);
      };
      const record = eventRecorder({ store: { ...memory, update }, now: time.now });
      const { recorded } = await time.run(record(deletionOf(many(150)), [], time.now() + 23_000));
      expect(recorded.outcome).toBe('recorded');
      expect(memory.ids()).toEqual(many(150));
    },
  );

  test('V12: an event fails if there is no time for some of its files, which are logged, and the others are written', async () => {
    const time = simulatedTime();
    const memory = memoryStore(time.now);
    const update: typeof memory.update = async (...call) => {
      await time.sleep(1_000);
      return memory.update(...call);
    };
    const record = eventRecorder({ store: { ...memory, update }, now: time.now });
    const { recorded, failure } = await time.run(record(deletionOf(many(5_000)), [], time.now() + 10_000));
    expect(recorded).toMatchObject({ outcome: 'write-failed', eventType: 'FileDeleted', fileIds: { length: 100 } });
    expect(failure).toEqual(new Error('Cannot record event: there was no time left for all of its files'));
    expect(memory.ids().length).toBeGreaterThanOrEqual(200);
  });

  describe('H15: an event about a task beyond the limit of its row', () => {
    const tasks = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`task-${index}`, { status: 'FINISH' } as const]));
    const finish = (taskId: string) => procedureStateChanged({ fileId: '7' }, 'FINISH', { taskId });
    const startWith = (count: number) => {
      const { record, store } = startRecorder();
      store.put({ ...applySnapshot(undefined, snapshot({ tasks: tasks(count) }), 0), version: 1 });
      return async (event: unknown) => (await record(event)).recorded.outcome;
    };

    test('is counted as dropped, not as repeated', async () => {
      const outcomeOf = startWith(MAX_TASKS);
      expect(await outcomeOf(finish('one more'))).toBe('dropped');
      expect(await outcomeOf(newFileUpload({ fileId: '7', procedureTaskId: 'another' }))).toBe('dropped');
      expect(await outcomeOf(finish('task-0'))).toBe('repeated');
      expect(await outcomeOf(newFileUpload({ fileId: '7' }))).toBe('repeated');
    });

    test('is recorded below the limit', async () => {
      const outcomeOf = startWith(MAX_TASKS - 1);
      expect(await outcomeOf(finish('one more'))).toBe('recorded');
      expect(await outcomeOf(finish('one more'))).toBe('repeated');
    });

    test('an event that records one file and drops nothing of another is recorded', async () => {
      const outcomeOf = startWith(MAX_TASKS);
      expect(await outcomeOf(deletionOf(['7', '8']))).toBe('recorded');
    });
  });

  test('a failed write of one file does not stop the others, and the failure is returned', async () => {
    const { record, store } = startRecorder();
    const error = new Error('InternalServerError');
    store.failWith((method, fileId) => {
      if (method === 'update' && fileId === '1145') throw error;
    });
    const { recorded, failure } = await record(deletionOf(many(150)));
    expect(recorded.outcome).toBe('write-failed');
    expect(failure).toBe(error);
    // Of the ids that a line has room for, the failed ones come first.
    expect(recorded.fileIds[0]).toBe('1145');
    expect(store.ids()).toHaveLength(149);
  });

  test('returns the names of the dropped fields, each once', async () => {
    const { record } = startRecorder();
    const info = { Name: 'x'.repeat(3_000), CoverUrl: 'x'.repeat(3_000) };
    const event = { EventType: 'NewFileUpload', FileUploadEvent: { FileId: '7', MediaBasicInfo: info } };
    expect((await record(event)).recorded.droppedFields).toEqual(['Name', 'CoverUrl']);
  });

  test('returns nothing of the content of an event', async () => {
    const { record } = startRecorder();
    const outcomes = [
      await record(newFileUpload({ fileId: '7', sourceContext: 'secret', url: 'http://secret' })),
      await record(fileDeleted({ fileId: '7' })),
    ];
    expect(JSON.stringify(outcomes)).not.toContain('secret');
  });
});

describe('countableType', () => {
  test.each([
    ['NewFileUpload', { eventType: 'NewFileUpload' }],
    ['EditMediaComplete', { eventType: 'Other', unknownType: 'EditMediaComplete' }],
    ['constructor', { eventType: 'Other', unknownType: 'constructor' }],
    ['a b', { eventType: 'Other', unknownType: 'unreadable' }],
    ['x'.repeat(65), { eventType: 'Other', unknownType: 'unreadable' }],
    ['\u202e', { eventType: 'Other', unknownType: 'unreadable' }],
    ['', { eventType: 'Other', unknownType: 'unreadable' }],
  ])('countableType returns a type with few values for %j', (eventType, expected) => {
    expect(countableType(eventType)).toEqual(expected);
  });
});
