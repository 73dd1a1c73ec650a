import fc from 'fast-check';
import type { FileLimits } from '../../../lib/uploads/limits';
import { fromItem, toItem, type Row } from '../../../lib/uploads/row';
import { applySnapshot, type Snapshot } from '../../../lib/uploads/snapshot';
import { confirmedRow, CREATED, CREATED_AT, HOUR, NOW, reviewed, snapshot } from '../../support/unit/rows';

const media = { url: 'http://v/f0.mp4', category: 'Video', size: 10, duration: 2.5, createTime: CREATED };
const known = snapshot({ media });
const { size: _, ...withoutSize } = media;
const unsized = snapshot({ media: withoutSize });

/** The row after a first confirmation under these limits. */
function confirm(response: Snapshot, limits: FileLimits, now = NOW): Row {
  return { ...applySnapshot(undefined, response, now, limits), version: 1, updatedAt: new Date(now).toISOString() };
}

describe('limits at the first confirmation', () => {
  test.each([
    ['too-large', { maxBytes: 9 }, 'the file has 10 bytes, the limit is 9'],
    ['too-long', { maxSeconds: 2 }, 'the file is 2.5 seconds long, the limit is 2'],
    ['type', { allowedCategories: ['Audio', 'Image'] }, "the file's category is Video, allowed: Audio, Image"],
    ['quota', { uploadsPerDay: 3, earlierUploads: 3 }, "the caller's limit is 3 uploads in 24 hours"],
  ] as const)('reject with the reason %s', (reason, limits, detail) => {
    expect(confirm(known, limits)).toMatchObject({
      status: 'rejected',
      rejection: { reason, detail },
      awaitsFigures: false,
    });
  });

  test('accept a file that is exactly at each limit', () => {
    const limits = { maxBytes: 10, maxSeconds: 2.5, allowedCategories: ['Video'], uploadsPerDay: 3, earlierUploads: 2 };
    expect(confirm(known, limits)).toMatchObject({ status: 'ready' });
    expect(confirm(known, limits).rejection).toBeUndefined();
  });

  test('give the first reason of several, even if a review blocks the file', () => {
    const blocked = { ...known, isForbidden: true, tasks: new Map([['r', reviewed('block')]]) };
    const limits = { maxBytes: 9, maxSeconds: 1, allowedCategories: ['Image'] };
    expect(confirm(blocked, limits).rejection?.reason).toBe('too-large');
    expect(confirm(blocked, { maxSeconds: 1, allowedCategories: ['Image'] }).rejection?.reason).toBe('too-long');
    expect(confirm(blocked, { maxBytes: 10 }).rejection?.reason).toBe('review');
  });

  test('ignore the missing duration of an image', () => {
    const { duration: _, ...image } = { ...media, category: 'Image' };
    expect(confirm(snapshot({ media: image }), { maxSeconds: 1 })).toMatchObject({ status: 'ready' });
  });

  test.each([
    ['uploads without a seal', { ...known, context: { seal: 'none' } } satisfies Snapshot, NOW],
    ['uploads with a broken seal', { ...known, context: { seal: 'broken' } } satisfies Snapshot, NOW],
    ['uploads without a source context', { ...known, context: undefined } satisfies Snapshot, NOW],
    ['files that are 24 hours old', known, CREATED_AT + 24 * HOUR],
  ])('do not apply to %s', (_, response, now) => {
    const row = confirm(response, { maxBytes: 1, rejectAction: 'delete' }, now);
    expect(row).toMatchObject({ status: 'ready', awaitsFigures: false });
    expect(row.pendingAction).toBeUndefined();
  });
});

describe('limits, a value that VOD does not have yet', () => {
  test('keeps the row processing until VOD has it; then the limit is evaluated', () => {
    const waiting = confirm(unsized, { maxBytes: 9 });
    expect(waiting).toMatchObject({ status: 'processing', awaitsFigures: true, trust: 'confirmed' });
    expect(applySnapshot(waiting, known, NOW + 1, { maxBytes: 9 })).toMatchObject({
      status: 'rejected',
      rejection: { reason: 'too-large' },
    });
    expect(applySnapshot(waiting, known, NOW + 1, { maxBytes: 10 })).toMatchObject({ status: 'ready' });
  });

  test('counts as exceeded after an hour', () => {
    const waiting = confirm(unsized, { maxBytes: 1_000 });
    expect(applySnapshot(waiting, unsized, CREATED_AT + HOUR - 1, { maxBytes: 1_000 })).toBe(waiting);
    expect(applySnapshot(waiting, unsized, CREATED_AT + HOUR, { maxBytes: 1_000 })).toMatchObject({
      status: 'rejected',
      rejection: {
        reason: 'too-large',
        detail: 'VOD did not report the size of the file within an hour, so the limit cannot be checked',
      },
    });
  });

  test('does not delay a row without a limit that needs it', () => {
    expect(confirm(unsized, { maxSeconds: 3 })).toMatchObject({ status: 'ready', awaitsFigures: false });
  });

  test('is no longer awaited once the limit is switched off', () => {
    const waiting = confirm(unsized, { maxBytes: 9 });
    expect(applySnapshot(waiting, unsized, NOW + 1, {})).toMatchObject({ status: 'ready', awaitsFigures: false });
  });

  test('delays the limits after it too, so that it does not change the reason', () => {
    const limits = { maxBytes: 9, maxSeconds: 1 };
    const waiting = confirm(unsized, limits);
    expect(waiting).toMatchObject({ status: 'processing' });
    expect(applySnapshot(waiting, known, NOW + 1, limits).rejection?.reason).toBe('too-large');
  });
});

describe('the result of the limits', () => {
  test('is kept when the limits change', () => {
    const rejected = confirm(known, { maxBytes: 9 });
    expect(applySnapshot(rejected, known, NOW + 1, {})).toBe(rejected);
    const accepted = confirm(known, { maxBytes: 10 });
    expect(applySnapshot(accepted, known, NOW + 1, { maxBytes: 1, rejectAction: 'delete' })).toBe(accepted);
  });

  test('is absent for rows that were confirmed before there were limits', () => {
    const row = confirmedRow();
    expect(applySnapshot(row, snapshot(), NOW + 1, { maxBytes: 1, rejectAction: 'delete' })).toBe(row);
  });

  test('stays on a row whose file was deleted, and on one that VOD has again', () => {
    const rejected = confirm(known, { maxBytes: 9, rejectAction: 'delete' });
    const deleted = applySnapshot(rejected, 'not-found', NOW + 1);
    expect(deleted).toMatchObject({ status: 'deleted', rejection: { reason: 'too-large' } });
    expect(deleted.pendingAction).toBeUndefined();
    expect(applySnapshot(deleted, known, NOW + 2, {})).toMatchObject({ status: 'rejected' });
  });

  test('includes a pending action for the reasons of limits only, and only where one is configured', () => {
    expect(confirm(known, { maxBytes: 9, rejectAction: 'forbid' }).pendingAction).toBe('forbid');
    expect(confirm(known, { maxBytes: 9 }).pendingAction).toBeUndefined();
    const forbidden = { ...known, isForbidden: true };
    expect(confirm(forbidden, { maxBytes: 10, rejectAction: 'delete' })).toMatchObject({ status: 'rejected' });
    expect(confirm(forbidden, { maxBytes: 10, rejectAction: 'delete' }).pendingAction).toBeUndefined();
  });

  test('loses a pending action when it is switched off before it is taken', () => {
    const rejected = confirm(known, { maxBytes: 9, rejectAction: 'delete' });
    const after = applySnapshot(rejected, known, NOW + 1, { maxBytes: 9 });
    expect(after).toMatchObject({ status: 'rejected' });
    expect(after.pendingAction).toBeUndefined();
  });
});

test('fromItem(toItem(row)) keeps a row that awaits values or has a pending action', () => {
  for (const row of [confirm(unsized, { maxBytes: 9 }), confirm(known, { maxBytes: 9, rejectAction: 'forbid' })]) {
    expect(fromItem(toItem(row))).toEqual(row);
  }
});

test('limits give the same result for the same final values, whichever values VOD had before', () => {
  const partial = fc.subarray(['size', 'duration', 'category'] as const);
  const limits = fc.record(
    {
      maxBytes: fc.integer({ min: 1, max: 20 }),
      maxSeconds: fc.integer({ min: 1, max: 5 }),
      allowedCategories: fc.subarray(['Video', 'Audio']),
      rejectAction: fc.constantFrom('forbid', 'delete'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(partial, { maxLength: 5 }), limits, (missing, given) => {
      let row: Row | undefined;
      for (const names of missing) {
        const some = Object.fromEntries(Object.entries(media).filter(([name]) => !names.some((gone) => gone === name)));
        row = applySnapshot(row, snapshot({ media: some }), NOW, given);
      }
      const { status, rejection, pendingAction } = applySnapshot(undefined, known, NOW, given);
      const after = applySnapshot(row, known, NOW + 1, given);
      expect([after.status, after.rejection, after.pendingAction]).toEqual([status, rejection, pendingAction]);
    }),
  );
});
