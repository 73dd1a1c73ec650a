import fc from 'fast-check';
import { merge } from '../../../lib/uploads/merge';
import { fromItem, toItem, type Row } from '../../../lib/uploads/row';
import { applySnapshot } from '../../../lib/uploads/snapshot';
import type { Task } from '../../../lib/vod/task';
import {
  confirmedRow,
  CREATED,
  CREATED_AT,
  failed,
  HOUR,
  NOW,
  reviewed,
  reviewing,
  running,
  snapshot,
  succeeded,
  withoutProcedure,
  withProcedure,
} from '../../support/unit/rows';

const iso = (time: number) => new Date(time).toISOString();
const pushed = (news: readonly string[], firstSeenAt = NOW): Row => ({
  ...merge(undefined, { fileId: '7', media: { url: 'u' }, news }, iso(firstSeenAt)),
  version: 1,
});
const touched = (row: Row, news: readonly string[]) => merge(row, { fileId: '7', media: {}, news }, iso(NOW));

describe('applySnapshot, a file that VOD has', () => {
  test('replaces everything that events reported', () => {
    const row: Row = {
      ...pushed(['task:forged', 'gone']),
      media: { url: 'evil', coverUrl: 'evil' },
      context: { seal: 'valid', uploader: 'mallory' },
      procedureTaskId: 'forged',
    };
    const after = applySnapshot(row, snapshot({ tasks: { p: succeeded } }), NOW);
    expect(toItem(after)).toEqual({
      fileId: '7',
      status: 'ready',
      trust: 'confirmed',
      url: 'http://v/f0.mp4',
      name: 'clip',
      size: 10,
      duration: 2.5,
      createTime: CREATED,
      seal: 'valid',
      uploader: 'user-42',
      sourceContext: 'order=7',
      procedureTaskId: 'p',
      'task:p': succeeded,
      version: 1,
      firstSeenAt: iso(NOW),
      updatedAt: iso(NOW),
      confirmedAt: iso(NOW),
      sortTime: CREATED,
      _signedProcedure: false,
      _wasReady: true,
    });
  });

  test('makes a row where there was none, with version 0 before its first write', () => {
    const row = applySnapshot(undefined, snapshot(), NOW);
    expect(row).toMatchObject({ version: 0, trust: 'confirmed', firstSeenAt: iso(NOW), confirmedAt: iso(NOW) });
  });

  test('V7: removes what VOD no longer has: after parts were deleted the URL is unknown', () => {
    const row = touched(confirmedRow(), ['parts:OriginalFiles']);
    const { url: _, ...left } = snapshot().media;
    const after = applySnapshot(row, snapshot({ media: left }), NOW);
    expect(toItem(after)).not.toHaveProperty('url');
  });

  test('sets sortTime once, to the creation time or else to when the file was first seen', () => {
    const unnamed = applySnapshot(pushed([], NOW - 5), snapshot({ media: {} }), NOW);
    expect(unnamed.sortTime).toBe(iso(NOW - 5));
    expect(applySnapshot(unnamed, snapshot(), NOW + 1).sortTime).toBe(iso(NOW - 5));
    expect(confirmedRow().sortTime).toBe(CREATED);
  });

  test('returns the same object if nothing changes in a confirmed row, at any later time', () => {
    const row = confirmedRow({ tasks: { p: succeeded } });
    expect(applySnapshot(row, snapshot({ tasks: { p: succeeded } }), NOW + HOUR)).toBe(row);
    expect(applySnapshot(row, snapshot(), NOW + HOUR)).toBe(row);
    expect(applySnapshot(fromItem(toItem(row)), snapshot(), NOW + HOUR)).toEqual(row);
  });

  test('confirms a row again and empties its news if only an event changed it', () => {
    const after = applySnapshot(touched(confirmedRow(), ['gone']), snapshot(), NOW + HOUR);
    expect(after).toMatchObject({ trust: 'confirmed', news: [], confirmedAt: iso(NOW + HOUR) });
  });
});

describe('applySnapshot, procedureTaskId', () => {
  const at = (seconds: number, task: Task = succeeded): Task => ({
    ...task,
    _createTime: iso(CREATED_AT + seconds * 1000),
  });
  const idOf = (tasks: Readonly<Record<string, Task>>) =>
    applySnapshot(undefined, snapshot({ tasks }), NOW).procedureTaskId;

  test("is the first procedure that VOD lists, begun within a minute of the file's creation", () => {
    expect(idOf({ first: at(1), second: at(2) })).toBe('first');
    expect(idOf({ late: at(61), first: at(60) })).toBe('first');
    expect(idOf({ late: at(61) })).toBeUndefined();
  });

  test('is never a review', () => {
    expect(idOf({ r: reviewed('pass'), p: at(3) })).toBe('p');
  });

  test('stays in a confirmed row, also when VOD no longer keeps the task', () => {
    const row = confirmedRow({ tasks: { p: succeeded } });
    expect(applySnapshot(row, snapshot({ tasks: { q: succeeded } }), NOW).procedureTaskId).toBe('p');
  });

  test("is VOD's value in a row that was never confirmed, not the event's", () => {
    const row = { ...pushed(['task:forged']), procedureTaskId: 'forged' };
    expect(applySnapshot(row, snapshot(), NOW).procedureTaskId).toBeUndefined();
  });
});

describe('applySnapshot, a seal that was confirmed valid', () => {
  const broken = { seal: 'broken', sourceContext: 'vcu2:x' } as const;

  test('stays valid when its key rotates out', () => {
    const row = confirmedRow();
    expect(applySnapshot(row, snapshot({ context: broken }), NOW)).toBe(row);
  });

  test('is not assumed: a row with a broken seal in the first response has no uploader', () => {
    const row = applySnapshot({ ...pushed([]), context: withoutProcedure }, snapshot({ context: broken }), NOW);
    expect(row.context).toEqual(broken);
  });
});

test.each([
  ['valid', withoutProcedure],
  ['none', { seal: 'none', sourceContext: 'uid=42' }],
  ['broken', { seal: 'broken', sourceContext: 'vcu2:x' }],
] as const)('H5: a response without a source context removes none that was confirmed (seal: %s)', (_, context) => {
  const row = confirmedRow({ context });
  expect(applySnapshot(row, snapshot({ context: undefined }), NOW)).toBe(row);
});

test('H5: a source context that only an event contained is not kept after the first response', () => {
  const row = applySnapshot({ ...pushed([]), context: withoutProcedure }, snapshot({ context: undefined }), NOW);
  expect(row).not.toHaveProperty('context');
});

describe('applySnapshot, tasks that VOD no longer keeps', () => {
  const old = CREATED_AT + 72 * HOUR;

  test('stay in a confirmed row', () => {
    const row = confirmedRow({ tasks: { p: succeeded } });
    expect(applySnapshot(touched(row, ['end:other']), snapshot(), old).tasks.get('p')).toEqual(succeeded);
  });

  test('are dropped from a row that was never confirmed, with a notice', () => {
    const after = applySnapshot(pushed(['end:t']), snapshot({ context: { seal: 'none' } }), old);
    expect(after.tasks.size).toBe(0);
    expect(after.notice).toMatch(/named a task of this file/);
    expect(applySnapshot(after, snapshot({ context: { seal: 'none' } }), old + HOUR)).toBe(after);
  });

  test('leave no notice while VOD would still keep them, and none in a row confirmed once', () => {
    expect(applySnapshot(pushed(['end:t']), snapshot(), old - 1).notice).toBeUndefined();
    expect(applySnapshot(touched(confirmedRow(), ['end:t']), snapshot(), old).notice).toBeUndefined();
  });

  test('remove their notice once VOD shows a procedure', () => {
    const noticed = applySnapshot(pushed(['end:t']), snapshot({ context: { seal: 'none' } }), old);
    const after = applySnapshot(noticed, snapshot({ context: { seal: 'none' }, tasks: { t: succeeded } }), old);
    expect(after.notice).toBeUndefined();
  });
});

describe('applySnapshot, a file that VOD does not have and that was never confirmed', () => {
  test('returns the same object for an hour, in which VOD is called again', () => {
    const row = pushed(['task:t']);
    expect(applySnapshot(row, 'not-found', NOW + HOUR - 1)).toBe(row);
  });

  test('becomes "unknown" after an hour, keeps its status, and expires after 30 days', () => {
    const after = applySnapshot(pushed(['task:t']), 'not-found', NOW + HOUR);
    expect(after).toMatchObject({ trust: 'unknown', status: 'processing', notice: expect.stringContaining('VOD') });
    expect(after.expiresAt).toBe((NOW + HOUR) / 1000 + 30 * 24 * 3_600);
    expect(after.confirmedAt).toBeUndefined();
    expect(after.sortTime).toBeUndefined();
  });

  test('becomes "unknown" and "deleted" at once if a FileDeleted event named it whole', () => {
    expect(applySnapshot(pushed(['gone']), 'not-found', NOW)).toMatchObject({ trust: 'unknown', status: 'deleted' });
  });

  test('is not deleted at once where only parts were named', () => {
    const row = pushed(['parts:OriginalFiles']);
    expect(applySnapshot(row, 'not-found', NOW)).toBe(row);
  });

  test('does not change afterwards: later responses do not move the expiry', () => {
    for (const news of [['gone'], ['task:t']]) {
      const after = applySnapshot(pushed(news), 'not-found', NOW + HOUR);
      expect(applySnapshot(after, 'not-found', NOW + 48 * HOUR)).toBe(after);
    }
  });

  test('is confirmed when VOD has the file, without expiry and notice', () => {
    const unknown = applySnapshot(pushed(['gone']), 'not-found', NOW);
    const after = applySnapshot(unknown, snapshot(), NOW + HOUR);
    expect(after).toMatchObject({ trust: 'confirmed', status: 'ready', news: [] });
    expect(toItem(after)).not.toHaveProperty('_expiresAt');
    expect(toItem(after)).not.toHaveProperty('notice');
  });
});

describe('applySnapshot, a confirmed file that VOD no longer has', () => {
  const row = confirmedRow({ tasks: { p: succeeded }, context: withProcedure });

  test('is "deleted" and "confirmed" and keeps its media information, source context and tasks', () => {
    const { news: _, ...kept } = row;
    const after = applySnapshot(touched(row, ['gone']), 'not-found', NOW + HOUR);
    expect(after).toEqual({ ...kept, news: [], status: 'deleted', confirmedAt: iso(NOW + HOUR) });
  });

  test('returns the same object from then on', () => {
    const after = applySnapshot(row, 'not-found', NOW + HOUR);
    expect(applySnapshot(after, 'not-found', NOW + 9 * HOUR)).toBe(after);
  });

  test('is restored when VOD has it again', () => {
    expect(applySnapshot(applySnapshot(row, 'not-found', NOW), snapshot(), NOW).status).toBe('ready');
  });

  test('throws a TypeError without a row', () => {
    // @ts-expect-error: a caller that has none by mistake gets an error, not an empty row.
    expect(() => applySnapshot(undefined, 'not-found', NOW)).toThrow(TypeError);
  });
});

test('applySnapshot returns the same object for the same response a second time, whatever the row and the response', () => {
  const task = fc.constantFrom(running, reviewing, succeeded, failed, reviewed('review'), reviewed('block'));
  const id = fc.oneof(fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)), fc.string({ minLength: 1 }));
  const response = fc
    .record({
      tasks: fc.dictionary(id, task, { maxKeys: 60 }),
      isForbidden: fc.boolean(),
      context: fc.constantFrom(undefined, withProcedure, withoutProcedure, { seal: 'none' } as const),
    })
    .map((parts) => snapshot(parts));
  const news = fc.array(
    fc.oneof(
      fc.constantFrom('gone', 'parts:OriginalFiles'),
      id.map((name) => `task:${name}`),
    ),
  );
  const hours = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(response, news, fc.boolean(), hours, hours, (one, entries, isKnown, first, more) => {
      const row = isKnown ? touched(confirmedRow(), entries) : pushed(entries);
      const after = applySnapshot(row, one, NOW + first * HOUR);
      expect(applySnapshot(after, one, NOW + first * HOUR)).toBe(after);
      expect(applySnapshot(fromItem(toItem(after)), one, NOW + first * HOUR)).toEqual(after);
      const later = applySnapshot(after, one, NOW + (first + more) * HOUR);
      expect(applySnapshot(later, one, NOW + (first + more) * HOUR)).toBe(later);
    }),
    { numRuns: 300 },
  );
});
