import fc from 'fast-check';
import { parseEvent } from '../lib/vod/event';
import { seal } from '../lib/vod/source-context';
import { changes, type Row } from '../lib/uploads/upload';
import {
  fileDeleted,
  fileDeleted2,
  newFileUpload,
  newFileUpload2,
  permutations,
  procedureStateChanged,
  procedureStateChanged2,
  type EventBody,
} from './helpers/events';
import { merge } from './helpers/merge';

const KEY = 'seal key';
const file = {
  fileId: '5285890784273533167',
  sourceContext: seal('order=7', 'user-42', KEY),
  procedureTaskId: 'task-1',
};
const task = { taskId: 'task-1', sessionContext: 'session' };

/** The row that these events make, received one second after the other; receipt times left out. */
function rowOf(events: readonly EventBody[]): Omit<Row, 'firstSeenAt' | 'updatedAt'> {
  let row: Row | undefined;
  for (const [second, event] of events.entries()) {
    const now = new Date(1_795_350_000_000 + second * 1000).toISOString();
    for (const change of changes(parseEvent(event), [KEY], now)) row = merge(row, change, now);
  }
  if (!row) throw new Error('no event made a row');
  const { firstSeenAt, updatedAt, ...rest } = row;
  return rest;
}

describe('order does not matter', () => {
  test('every order of upload, processing, finish and delete, each twice: one and the same row', () => {
    const events = [
      newFileUpload(file),
      procedureStateChanged(file, 'PROCESSING', task),
      procedureStateChanged(file, 'FINISH', task),
      fileDeleted(file),
    ];
    const expected = rowOf(events);
    expect(expected).toMatchObject({ status: 'deleted', uploader: 'user-42', sourceContext: 'order=7' });
    let orders = 0;
    for (const order of permutations([...events, ...events])) {
      orders++;
      expect(rowOf(order)).toEqual(expected);
    }
    expect(orders).toBe(2520); // 8! / 2!^4
  });

  test('every order of the same in both formats: one and the same row', () => {
    const events = [
      newFileUpload(file),
      newFileUpload2(file),
      procedureStateChanged(file, 'PROCESSING', task),
      procedureStateChanged2(file, 'FINISH', task),
      procedureStateChanged(file, 'FINISH', task),
      fileDeleted2(file),
    ];
    // Set once, by the first to come: 2.0 knows no createTime.
    const { sortTime, ...expected } = rowOf(events);
    for (const order of permutations(events)) {
      const { sortTime: _first, ...row } = rowOf(order);
      expect(row).toEqual(expected);
    }
  });

  test('any order and number of the events of two tasks, one of them failed: one and the same row', () => {
    const other = { taskId: 'task-2', failed: true };
    const events = [
      newFileUpload(file),
      newFileUpload({ ...file, procedureTaskId: '' }),
      procedureStateChanged(file, 'PROCESSING', task),
      procedureStateChanged(file, 'FINISH', task),
      procedureStateChanged(file, 'PROCESSING', other),
      procedureStateChanged2(file, 'FINISH', other),
    ];
    const expected = rowOf(events);
    expect(expected.status).toBe('ready');
    const anyOrder = fc
      .array(fc.constantFrom(...events), { maxLength: 8 })
      .chain((more) => fc.shuffledSubarray([...events, ...more], { minLength: events.length + more.length }));
    fc.assert(
      fc.property(anyOrder, (order) => {
        expect(rowOf(order)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('an upload event is the authority over a state change that says the same fact differently, in either order', () => {
    const upload = newFileUpload(file);
    const finish = procedureStateChanged({ ...file, url: 'http://elsewhere/f0.mp4', size: 5 }, 'FINISH', task);
    const older = newFileUpload2({ ...file });
    for (const order of permutations([upload, finish, older])) {
      const row = rowOf(order);
      expect(row).toMatchObject({ url: expect.stringContaining('1500000001'), size: 10_485_760, status: 'ready' });
      expect(row.claims).toBeUndefined();
    }
  });
});

describe('status', () => {
  const processing = procedureStateChanged(file, 'PROCESSING', task);
  const ready = procedureStateChanged(file, 'FINISH', task);
  const failed = procedureStateChanged(file, 'FINISH', { ...task, failed: true });
  const otherFailed = procedureStateChanged(file, 'FINISH', { taskId: 'task-2', failed: true });
  const noSubTask = (ErrCode: number): EventBody => ({
    EventType: 'ProcedureStateChanged',
    ProcedureStateChangeEvent: { TaskId: 'task-1', Status: 'FINISH', FileId: file.fileId, ErrCode, Message: 'why' },
  });
  test.each<[string, EventBody[], string]>([
    ['uploaded: the file is there, no task is known', [newFileUpload({ ...file, procedureTaskId: '' })], 'uploaded'],
    ['processing: an upload event with a procedure task id', [newFileUpload(file)], 'processing'],
    ['processing: a state change, before the upload event', [processing], 'processing'],
    ['failed: a task finished and a sub-task failed', [newFileUpload(file), failed], 'failed'],
    ["failed: no sub-task, and the event's own ErrCode is not 0", [noSubTask(1)], 'failed'],
    ['ready: a task finished and every sub-task succeeded', [newFileUpload(file), ready], 'ready'],
    ["ready: no sub-task, and the event's own ErrCode is 0", [noSubTask(0)], 'ready'],
    ['ready does not go back to processing', [ready, newFileUpload(file), processing], 'ready'],
    ['ready does not go back to failed: the best finished task counts', [ready, otherFailed], 'ready'],
    ['failed does not go back to processing', [otherFailed, processing], 'failed'],
    ['failed becomes ready when another task succeeds', [otherFailed, ready], 'ready'],
    ['deleted never goes back', [fileDeleted(file), newFileUpload(file), ready], 'deleted'],
    ['deleted: 2.0, before anything else was heard', [fileDeleted2(file)], 'deleted'],
  ])('%s', (_, events, status) => {
    expect(rowOf(events).status).toBe(status);
  });

  test("review tasks and 2.0's transcodeTaskId make nothing processing", () => {
    const upload = {
      EventType: 'NewFileUpload',
      FileUploadEvent: { FileId: file.fileId, ProcedureTaskId: '', ReviewAudioVideoTaskId: 'review-1' },
    };
    const upload2 = { eventType: 'NewFileUpload', data: { fileId: file.fileId, transcodeTaskId: 'transcode-1' } };
    expect(rowOf([upload]).status).toBe('uploaded');
    expect(rowOf([upload2]).status).toBe('uploaded');
  });
});

describe('claims of one kind that disagree: the first stays, the other stays visible', () => {
  const forged = newFileUpload({ ...file, url: 'http://evil.example/f0.mp4', sourceContext: 'uid=1' });

  test('two upload events', () => {
    const row = rowOf([newFileUpload(file), forged, newFileUpload(file), forged]);
    expect(row).toMatchObject({ url: expect.stringContaining('1500000001'), uploader: 'user-42', seal: 'valid' });
    expect([...(row.claims ?? [])].map((claim): unknown => JSON.parse(claim))).toEqual([
      { eventType: 'NewFileUpload', url: 'http://evil.example/f0.mp4', seal: 'none', sourceContext: 'uid=1' },
    ]);
  });

  test('two ends of one task: no status comes from the second', () => {
    const failed = procedureStateChanged(file, 'FINISH', { ...task, failed: true });
    const row = rowOf([failed, procedureStateChanged(file, 'FINISH', task)]);
    expect(row.status).toBe('failed');
    expect(row['task:task-1']?.failed).toBe(true);
    expect([...(row.claims ?? [])].join()).toContain('"failed":false');
  });

  test('at most eight are kept, then the row says so', () => {
    const claims = Array.from({ length: 20 }, (_, n) => newFileUpload({ ...file, url: `http://evil.example/${n}` }));
    const row = rowOf([newFileUpload(file), ...claims]);
    expect(row.claims?.size).toBe(8);
    expect(row.truncated).toBe(true);
  });
});

describe('the source context is one fact', () => {
  const upload = (sourceContext: string) => newFileUpload({ fileId: '1', url: 'u', sourceContext });
  const broken = `vcu1:${'A'.repeat(22)}:5:alice:x`;
  test.each<[string, string, string, object]>([
    [
      'a text nobody sealed does not join a valid seal',
      seal('', 'alice', KEY),
      'order=666',
      { uploader: 'alice', seal: 'valid' },
    ],
    [
      'a caller does not join a broken seal',
      broken,
      seal('order=7', 'bob', KEY),
      { sourceContext: broken, seal: 'broken' },
    ],
    [
      'a caller does not join a text without a seal',
      'order=1',
      seal('', 'bob', KEY),
      { sourceContext: 'order=1', seal: 'none' },
    ],
    [
      'a text does not join a seal without one',
      seal('', 'bob', KEY),
      seal('x', 'bob', KEY),
      { uploader: 'bob', seal: 'valid' },
    ],
  ])('%s', (_, first, second, expected) => {
    const { sourceContext, uploader, seal: seals, claims } = rowOf([upload(first), upload(second)]);
    expect({ sourceContext, uploader, seal: seals }).toEqual(expected);
    expect(claims?.size).toBe(1);
  });
});

describe('tasks', () => {
  test('from a PROCESSING notice the row takes only that the task exists', () => {
    expect(rowOf([procedureStateChanged(file, 'PROCESSING', task)])).toEqual({
      fileId: file.fileId,
      status: 'processing',
      trust: 'pushed',
      unchecked: 'yes',
      'task:task-1': { status: 'PROCESSING' },
    });
  });

  test('a finished task keeps its outputs, errors and session context', () => {
    const row = rowOf([procedureStateChanged(file, 'FINISH', { ...task, failed: true })]);
    expect(row['task:task-1']).toEqual({
      status: 'FINISH',
      failed: true,
      outputs: [{ type: 'Transcode', definition: 20, url: expect.stringMatching(/v\.f20\.mp4$/) }],
      errors: [{ type: 'CoverBySnapshot', definition: 10, code: 40_000, message: 'Invalid parameter' }],
      sessionContext: 'session',
    });
  });

  test('20 outputs of a task are kept; of 21 the first 20, and the task says so', () => {
    const finish = (count: number): EventBody => ({
      eventType: 'ProcedureStateChanged',
      data: {
        vodTaskId: 't',
        status: 'FINISH',
        fileId: '1',
        processTaskList: Array.from({ length: count }, (_, n) => ({
          taskType: 'Transcode',
          status: 'SUCCESS',
          output: { url: String(n).padEnd(2048, 'x') },
        })),
      },
    });
    expect(rowOf([finish(20)])['task:t']).toMatchObject({ outputs: { length: 20 } });
    expect(rowOf([finish(20)])['task:t']?.truncated).toBeUndefined();
    expect(rowOf([finish(21)])['task:t']).toMatchObject({ outputs: { length: 20 }, truncated: true });
  });

  test('50 tasks of a file are kept; with a 51st the row says that there are more', () => {
    const finish = (count: number) =>
      Array.from({ length: count }, (_, n) => procedureStateChanged(file, 'FINISH', { taskId: `task-${n}` }));
    const tasksOf = (row: object) => Object.keys(row).filter((name) => name.startsWith('task:'));
    expect(tasksOf(rowOf(finish(50)))).toHaveLength(50);
    expect(rowOf(finish(50)).truncated).toBeUndefined();
    expect(tasksOf(rowOf(finish(51)))).toHaveLength(50);
    expect(rowOf(finish(51)).truncated).toBe(true);
  });

  test('no event can make a row too large to write', () => {
    const long = 'x'.repeat(2048);
    const huge = (taskId: string, failed: boolean): EventBody => ({
      EventType: 'ProcedureStateChanged',
      ProcedureStateChangeEvent: {
        TaskId: taskId.padEnd(256, '.'),
        FileId: '1',
        Status: 'FINISH',
        SessionContext: long,
        FileUrl: long,
        FileName: long,
        MediaProcessResultSet: Array.from({ length: 40 }, (_, n) => ({
          Type: long,
          TranscodeTask: {
            Status: failed && n % 2 ? 'FAIL' : 'SUCCESS',
            ErrCodeExt: long,
            Message: long,
            Output: { Url: long },
          },
        })),
      },
    });
    const upload = (n: number): EventBody => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: '1',
        ProcedureTaskId: 'p'.repeat(256),
        MediaBasicInfo: Object.fromEntries(
          ['Name', 'MediaUrl', 'CoverUrl', 'Type', 'CreateTime'].map((name) => [name, String(n).padEnd(2048, 'x')]),
        ),
      },
    });
    const events = Array.from({ length: 120 }, (_, n) => [huge(`task-${n}`, n % 3 === 0), upload(n)]).flat();
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (order) => {
        const { claims, stated, ...row } = rowOf(order);
        const bytes = Buffer.byteLength(JSON.stringify([row, ...(claims ?? []), ...(stated ?? [])]));
        expect(bytes).toBeLessThan(400_000);
      }),
      { numRuns: 20 },
    );
  });
});

test('a task that says more of itself when the row is full keeps what it has', () => {
  const finish = (taskId: string, outputs: number): EventBody => ({
    eventType: 'ProcedureStateChanged',
    data: {
      fileId: '1',
      vodTaskId: taskId,
      status: 'FINISH',
      processTaskList: Array.from({ length: outputs }, () => ({
        taskType: 'x'.repeat(2000),
        status: 'SUCCESS',
        output: { url: 'y'.repeat(2000) },
      })),
    },
  });
  const ids = ['t0', 't1', 't2', 't3', 't4', 't5'];
  const row = rowOf([...ids.map((id) => finish(id, 0)), ...ids.map((id) => finish(id, 20))]);
  expect(Buffer.byteLength(JSON.stringify(row))).toBeLessThan(200_000);
  expect(row.truncated).toBe(true);
});

test('a repeated event with -0 in it is a repetition', () => {
  const event: EventBody = {
    EventType: 'NewFileUpload',
    FileUploadEvent: { FileId: '1', MetaData: { Size: -0 } },
  };
  expect(Object.is(rowOf([event]).size, 0)).toBe(true);
});

describe('sortTime', () => {
  const at = (CreateTime: unknown): EventBody => ({
    EventType: 'NewFileUpload',
    FileUploadEvent: { FileId: '1', MediaBasicInfo: { CreateTime } },
  });
  test.each([
    ['createTime', at('2026-11-22T08:00:00Z'), '2026-11-22T08:00:00Z'],
    ['first receipt, where VOD does not say', at(''), '2026-11-22T12:20:00.000Z'],
    ['first receipt, where what VOD says is no time', at('x'.repeat(2000)), '2026-11-22T12:20:00.000Z'],
    ['first receipt, where VOD writes zeros', at('0000-00-00T00:00:00Z'), '2026-11-22T12:20:00.000Z'],
  ])('is %s', (_, event, expected) => {
    expect(rowOf([event]).sortTime).toBe(expected);
  });

  test('is the first receipt of all when a state change came before', () => {
    const notice = procedureStateChanged({ fileId: '1' }, 'PROCESSING', task);
    expect(rowOf([notice, at('')]).sortTime).toBe('2026-11-22T12:20:00.000Z');
    expect(rowOf([notice, at('2026-11-22T08:00:00Z')]).sortTime).toBe('2026-11-22T08:00:00Z');
  });
});
