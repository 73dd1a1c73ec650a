import { RequestError } from '../../../lib/platform/errors';
import { countableType, eventRecorder } from '../../../lib/events/ingest';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../../helpers/events';
import { virtualClock } from '../support/clock';
import { memoryStore } from '../support/memory-store';

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

  test('150 files of one deletion are all written, and 100 of their ids can be logged', async () => {
    const { record, store } = startRecorder();
    const { recorded } = await record(deletionOf(many(150)));
    expect(store.ids()).toEqual(many(150));
    expect(recorded.fileIds).toHaveLength(100);
  });

  test('a failed write of one file does not stop the others, and the failure is returned', async () => {
    const { record, store } = startRecorder();
    const error = new Error('InternalServerError');
    store.failWith((method, fileId) => {
      if (method === 'update' && fileId === '1005') throw error;
    });
    expect(await record(deletionOf(many(150)))).toMatchObject({
      recorded: { outcome: 'write-failed' },
      failure: error,
    });
    expect(store.ids()).toHaveLength(149);
  });

  test('names the fields that were dropped, each once', async () => {
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
  ])('%j', (eventType, expected) => {
    expect(countableType(eventType)).toEqual(expected);
  });
});
