import fc from 'fast-check';
import { hintsOf, merge } from '../../../lib/uploads/merge';
import { boundRow, fromItem, jsonBytes, MAX_ROW_BYTES, MAX_TASKS, toItem, type Row } from '../../../lib/uploads/row';
import { applySnapshot } from '../../../lib/uploads/snapshot';
import { parseEvent } from '../../../lib/vod/event';
import { open, seal } from '../../../lib/vod/source-context';
import { parseProcedureTask, type Task } from '../../../lib/vod/task';
import { confirmedRow, NOW, reviewed, snapshot } from '../../support/unit/rows';

const second = (index: number) => new Date(NOW + index * 1000).toISOString();
const text = (bytes: number) => 'x'.repeat(bytes);
const outputs = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, index) => ({ type: 'Transcode', definition: index, url: text(bytes) }));
const task = (index: number, bytes: number): Task => ({
  status: 'FINISH',
  failed: false,
  outputs: outputs(20, bytes),
  sessionContext: 'session',
  _createTime: second(index),
});
const tasksOf = (count: number, bytes: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, task(index, bytes)]));

describe('50 tasks of a file are kept', () => {
  test('exactly 50 are kept; of 51 the oldest 50, however VOD orders them', () => {
    expect(confirmedRow({ tasks: tasksOf(MAX_TASKS, 1) }).tasks.size).toBe(50);
    const reversed = Object.fromEntries(Object.entries(tasksOf(51, 1)).reverse());
    const row = confirmedRow({ tasks: reversed });
    expect(row.tasks.size).toBe(50);
    expect(row.tasks.has('t0')).toBe(true);
    expect(row.tasks.has('t50')).toBe(false);
  });

  test('a 51st does not displace one that is kept already', () => {
    const row = confirmedRow({ tasks: tasksOf(50, 1) });
    const after = applySnapshot(row, snapshot({ tasks: { newest: task(99, 1) } }), NOW);
    expect(after).toBe(row);
  });
});

describe('a row has at most 100 kB', () => {
  test('beyond the bound the oldest tasks keep status, failed and truncated only, and the newest keep everything', () => {
    const row = confirmedRow({ tasks: tasksOf(10, 1_000) });
    expect(jsonBytes(toItem(row))).toBeLessThanOrEqual(MAX_ROW_BYTES);
    expect(row.tasks.get('t0')).toEqual({ status: 'FINISH', failed: false, truncated: true, _createTime: second(0) });
    expect(row.tasks.get('t9')).toEqual(task(9, 1_000));
    const truncated = [...row.tasks.values()].map((one) => one.truncated === true);
    // All that are truncated are older than all that are not.
    expect(truncated.lastIndexOf(true)).toBeLessThan(truncated.indexOf(false));
  });

  test('a truncated review keeps what it suggested, and a truncated task its kind', () => {
    const block: Task = { ...reviewed('block'), sessionContext: text(2_000) };
    const row = confirmedRow({ tasks: { r: block, ...tasksOf(10, 1_000) } });
    expect(row.status).toBe('rejected');
    expect(row.tasks.get('r')).toMatchObject({ truncated: true, _kind: 'review', _review: { suggestion: 'block' } });
  });

  test('a row within the bound is not truncated, and bounding again changes nothing', () => {
    const row = confirmedRow({ tasks: tasksOf(4, 1_000) });
    expect(JSON.stringify(toItem(row))).not.toContain('truncated');
    expect(toItem(boundRow(row))).toEqual(toItem(row));
    const bounded = confirmedRow({ tasks: tasksOf(50, 1_000) });
    expect(toItem(boundRow(bounded))).toEqual(toItem(bounded));
  });
});

describe('the size of a row', () => {
  const long = text(2_048);
  const hugeTask = {
    SessionContext: long,
    MediaProcessResultSet: Array.from({ length: 60 }, (_, index) => ({
      Type: long,
      TranscodeTask: index % 2 ? { Status: 'SUCCESS', Output: { Url: long } } : { Status: 'FAIL', Message: long },
    })),
    AiContentReviewResultSet: [{ Type: 'Porn', PornTask: { Output: { Suggestion: 'review', Label: long } } }],
  };
  const media = Object.fromEntries(['Name', 'Type', 'Category', 'CoverUrl', 'MediaUrl'].map((name) => [name, long]));

  test('a row with 50 of the largest tasks, and the longest ids and media information, is under 400 kB', () => {
    const parsed = parseProcedureTask(hugeTask);
    expect(parsed).toMatchObject({ truncated: true, outputs: { length: 20 }, errors: { length: 20 } });
    const tasks = Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [
        `${index}`.padEnd(256, '.'),
        { ...parsed, _createTime: second(index) },
      ]),
    );
    const facts = { url: long, name: long, type: long, category: long, coverUrl: long, sourceType: long };
    const context = { seal: 'none', sourceContext: long } as const;
    const row = applySnapshot(undefined, snapshot({ tasks, media: facts, context }), NOW);
    expect(jsonBytes(toItem(row))).toBeLessThan(400_000);
  });

  test('hostile events on a row with the largest response of VOD do not exceed 400 kB', () => {
    const id = fc.integer({ min: 0, max: 99 }).map((n) => `${n}`.padEnd(256, '\u0001'));
    const upload = id.map((taskId) => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: { FileId: '7', ProcedureTaskId: taskId, MediaBasicInfo: media, MetaData: { Size: 2 ** 53 } },
    }));
    const finish = id.map((taskId) => ({
      EventType: 'ProcedureStateChanged',
      ProcedureStateChangeEvent: { FileId: '7', TaskId: taskId, Status: 'FINISH', ...hugeTask },
    }));
    const parts = fc.integer({ min: 1, max: 40 }).map((count) => ({
      EventType: 'FileDeleted',
      FileDeleteEvent: {
        FileIdSet: ['7'],
        FileDeleteResultInfo: [
          {
            FileId: '7',
            DeleteParts: Array.from({ length: count }, (_, index) => ({
              Type: String.fromCharCode(65 + (index % 26)).repeat(64),
            })),
          },
        ],
      },
    }));
    const largest = confirmedRow({ tasks: tasksOf(50, 2_048), media: { url: long, name: long, coverUrl: long } });
    fc.assert(
      fc.property(fc.array(fc.oneof(upload, finish, parts), { maxLength: 60 }), fc.boolean(), (events, isKnown) => {
        const hints = events.flatMap((event) => hintsOf(parseEvent(event), []));
        const start: Row | undefined = isKnown ? largest : undefined;
        const row = hints.reduce<Row | undefined>((before, hint) => merge(before, hint, second(0)), start);
        if (row) expect(jsonBytes(toItem(row))).toBeLessThan(400_000);
      }),
      { numRuns: 20 },
    );
  });
});

test('A1: no event and no response of VOD makes a row with an empty index key', () => {
  const blank = fc.constantFrom('', ' ', '\u3000', '\n');
  const word = fc.oneof(blank, fc.string({ maxLength: 5 }));
  const layout = fc.constantFrom('vcu1:', 'vcu2:');
  // Also what older versions sealed: an empty caller, an empty text.
  const context = fc.oneof(
    word,
    fc.tuple(word, word, fc.boolean()).map(([text, caller, isSigned]) => seal(text, caller, isSigned, 'key')),
    fc.tuple(layout, word).map(([marker, rest]) => `${marker}${'A'.repeat(22)}:0::${rest}`),
  );
  const KEYS = ['fileId', 'uploader', 'sourceContext', 'sortTime'];
  fc.assert(
    fc.property(context, word, (SourceContext, CreateTime) => {
      const MediaBasicInfo = { CreateTime, SourceInfo: { SourceContext } };
      const event = parseEvent({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: '7', MediaBasicInfo } });
      const [hint] = hintsOf(event, ['key']);
      const pushed = hint && merge(undefined, hint, second(0));
      const opened = SourceContext === '' ? undefined : open(SourceContext, ['key']);
      const confirmed = applySnapshot(pushed, snapshot({ context: opened, media: {} }), NOW);
      for (const item of [pushed, confirmed].map((row) => row && toItem(row))) {
        for (const name of KEYS) expect(item?.[name]).not.toBe('');
      }
    }),
  );
});

describe('toItem and fromItem', () => {
  test('return the same row, with every attribute that it can have', () => {
    const row: Row = {
      ...confirmedRow({ tasks: tasksOf(2, 10), review: { suggestion: 'block', label: 'Porn' } }),
      news: ['gone', 'task:a:b'],
      notice: 'a notice',
      expiresAt: 1_900_000_000,
      wasReady: true,
      procedureTaskId: 't0',
    };
    expect(fromItem(toItem(row))).toEqual(row);
  });

  test('an unknown attribute is absent from the item, not undefined in it', () => {
    const item = toItem(merge(undefined, { fileId: '7', media: {}, news: [] }, second(0)));
    expect(Object.values(item)).not.toContain(undefined);
    expect(Object.keys(item).sort()).toEqual(['fileId', 'firstSeenAt', 'status', 'trust', 'updatedAt', 'version']);
  });

  test('attributes that another writer added are not part of the row', () => {
    const row = confirmedRow();
    expect(fromItem({ ...toItem(row), theirs: 1, constructor: 'x' })).toEqual(row);
  });
});
