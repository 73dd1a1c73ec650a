import fc from 'fast-check';
import { applySnapshot, type Snapshot } from '../../../lib/uploads/snapshot';
import type { Status } from '../../../lib/uploads/row';
import type { Task } from '../../../lib/vod/task';
import {
  BEGAN,
  confirmedRow,
  CREATED_AT,
  failed,
  HOUR,
  NOW,
  reviewed,
  reviewing,
  running,
  sealed,
  snapshot,
  succeeded,
  withProcedure,
} from '../../support/unit/rows';

type Parts = Parameters<typeof snapshot>[0];
const statusOf = (parts: Parts, now = NOW): Status => applySnapshot(undefined, snapshot(parts), now).status;
const aiReviewed = (suggestion: 'pass' | 'review' | 'block'): Task => ({ ...succeeded, _review: { suggestion } });

describe('status of one thing at a time', () => {
  test.each<[string, Parts, Status]>([
    ['no task and no signed procedure', {}, 'ready'],
    ['no seal and no task', { context: { seal: 'none' } }, 'ready'],
    ['no source context and no task', { context: undefined }, 'ready'],
    ['a procedure that runs', { tasks: { p: running } }, 'processing'],
    ['a procedure that succeeded', { tasks: { p: succeeded } }, 'ready'],
    ['a procedure that failed', { tasks: { p: failed } }, 'failed'],
    ['a review that runs', { tasks: { r: reviewing } }, 'processing'],
    ['a review that passed', { tasks: { r: reviewed('pass') } }, 'ready'],
    ['a review that suggests review', { tasks: { r: reviewed('review') } }, 'held'],
    ['a review that suggests block', { tasks: { r: reviewed('block') } }, 'rejected'],
    ['an AI review inside a procedure that suggests block', { tasks: { p: aiReviewed('block') } }, 'rejected'],
    ['an AI review inside a procedure that suggests review', { tasks: { p: aiReviewed('review') } }, 'held'],
    ['ReviewInfo that suggests block', { review: { suggestion: 'block' } }, 'rejected'],
    ['ReviewInfo that suggests review', { review: { suggestion: 'review' } }, 'held'],
    ['ReviewInfo that suggests pass', { review: { suggestion: 'pass' } }, 'ready'],
    ['a file that is Forbidden in VOD', { isForbidden: true }, 'rejected'],
  ])('the status with %s is: %s', (_, parts, status) => {
    expect(statusOf(parts)).toBe(status);
  });
});

describe('several procedures', () => {
  test.each<[string, Readonly<Record<string, Task>>, Status]>([
    ['one succeeded and one runs', { a: succeeded, b: running }, 'ready'],
    ['one succeeded and one failed', { a: failed, b: succeeded }, 'ready'],
    ['one failed and one runs', { a: failed, b: running }, 'processing'],
    ['all failed', { a: failed, b: failed }, 'failed'],
    ['one succeeded while a review runs', { a: succeeded, r: reviewing }, 'processing'],
    ['one failed while a review runs', { a: failed, r: reviewing }, 'processing'],
    ['one failed and a review passed', { a: failed, r: reviewed('pass') }, 'failed'],
  ])('the status of several procedures, %s, is: %s', (_, tasks, status) => {
    expect(statusOf({ tasks })).toBe(status);
  });
});

describe('status of several causes', () => {
  const causes: Readonly<Record<Exclude<Status, 'uploaded' | 'deleted' | 'ready'>, Parts>> = {
    rejected: { isForbidden: true },
    held: { review: { suggestion: 'review' } },
    processing: { tasks: { busy: reviewing } },
    failed: { tasks: { wrong: failed } },
  };
  const order = ['rejected', 'held', 'processing', 'failed'] as const;

  test('the status of several causes is the first of deleted, rejected, held, processing, failed and ready', () => {
    fc.assert(
      fc.property(fc.subarray([...order]), (present) => {
        const parts = present.map((name): Parts => causes[name]);
        const response = snapshot(
          parts.reduce<Parts>((all, part) => ({ ...all, ...part, tasks: { ...all?.tasks, ...part?.tasks } }), {}),
        );
        const status = applySnapshot(undefined, response, NOW).status;
        expect(status).toBe(order.find((name) => present.includes(name)) ?? 'ready');
        const row = { ...confirmedRow(), news: ['gone'] };
        const all = applySnapshot(row, response, NOW);
        expect(applySnapshot(all, 'not-found', NOW).status).toBe('deleted');
      }),
    );
  });

  test('a review that blocks is named before Forbidden', () => {
    const row = applySnapshot(undefined, snapshot({ isForbidden: true, review: { suggestion: 'block' } }), NOW);
    expect(row.rejection?.reason).toBe('review');
  });
});

describe('a signed procedure', () => {
  const day = CREATED_AT + 24 * HOUR;

  test('is "processing" while VOD does not show it, until 24 hours after the file was created', () => {
    expect(statusOf({ context: withProcedure }, day - 1)).toBe('processing');
    expect(statusOf({ context: withProcedure }, day)).toBe('ready');
  });

  test('is reported in the notice if it is missing after 24 hours, and not before', () => {
    expect(applySnapshot(undefined, snapshot({ context: withProcedure }), day - 1).notice).toBeUndefined();
    expect(applySnapshot(undefined, snapshot({ context: withProcedure }), day).notice).toMatch(/procedure was signed/);
  });

  test('counts by its result once it has started', () => {
    expect(statusOf({ context: withProcedure, tasks: { p: succeeded } })).toBe('ready');
    expect(statusOf({ context: withProcedure, tasks: { p: failed } })).toBe('failed');
  });

  test('is not replaced by a review: the procedure is still missing', () => {
    expect(statusOf({ context: withProcedure, tasks: { r: reviewed('pass') } })).toBe('processing');
  });

  test('is not expected where an old seal does not contain it', () => {
    expect(statusOf({ context: sealed })).toBe('ready');
  });
});

describe('a row that was "ready" once', () => {
  const ready = confirmedRow();

  test.each<[string, Readonly<Record<string, Task>>, Status]>([
    ['a later procedure that runs', { p: running }, 'ready'],
    ['a later review that runs', { r: reviewing }, 'ready'],
    ['a later procedure that succeeded', { p: succeeded }, 'ready'],
    ['a later procedure that failed', { p: failed }, 'failed'],
    ['a later review that blocks', { r: reviewed('block') }, 'rejected'],
    ['a later review that suggests review', { r: reviewed('review') }, 'held'],
  ])('is changed by results only: %s: %s', (_, tasks, status) => {
    expect(ready.status).toBe('ready');
    expect(applySnapshot(ready, snapshot({ tasks }), NOW).status).toBe(status);
  });

  test('is not "processing" again, whatever VOD returns and in whatever order', () => {
    const task = fc.constantFrom(running, reviewing, succeeded, failed, reviewed('block'), reviewed('pass'));
    const response = fc
      .dictionary(fc.constantFrom('a', 'b', 'c'), task)
      .chain((tasks) =>
        fc.constantFrom<Snapshot>(
          snapshot({ tasks }),
          snapshot({ tasks, context: withProcedure }),
          snapshot({ tasks, isForbidden: true }),
          snapshot({ tasks, review: { suggestion: 'review' } }),
        ),
      );
    fc.assert(
      fc.property(fc.array(response, { maxLength: 6 }), (responses) => {
        const rows = responses.reduce((made, one) => [...made, applySnapshot(made.at(-1) ?? ready, one, NOW)], [ready]);
        expect(rows.map(({ status }) => status)).not.toContain('processing');
      }),
    );
  });
});

describe('review', () => {
  const reviewOf = (parts: Parts) => applySnapshot(undefined, snapshot(parts), NOW).review;

  test('is the worst of the AI reviews of all procedures', () => {
    expect(reviewOf({ tasks: { a: aiReviewed('pass'), b: aiReviewed('review') } })?.suggestion).toBe('review');
    expect(reviewOf({ tasks: { a: aiReviewed('block'), b: aiReviewed('review') } })?.suggestion).toBe('block');
  });

  test('is absent where nothing reviewed the file', () => {
    expect(reviewOf({ tasks: { a: succeeded } })).toBeUndefined();
  });

  test("ReviewInfo, which has a person's decision, overrules the review tasks", () => {
    const tasks = { r: reviewed('review', 'Porn') };
    expect(reviewOf({ tasks, review: { suggestion: 'pass' } })).toEqual({ suggestion: 'pass' });
    expect(reviewOf({ tasks, review: { suggestion: 'block', label: 'Ad' } })).toEqual({
      suggestion: 'block',
      label: 'Ad',
    });
  });

  test('ReviewInfo does not overrule the AI review inside a procedure, which VOD keeps apart from it', () => {
    expect(reviewOf({ tasks: { p: aiReviewed('block') }, review: { suggestion: 'pass' } })?.suggestion).toBe('block');
  });

  test('a failed review is not a passed one', () => {
    const broken: Task = { status: 'FINISH', failed: true, _kind: 'review', _createTime: BEGAN };
    expect(statusOf({ tasks: { r: broken } })).toBe('held');
    expect(reviewOf({ tasks: { r: broken } })).toEqual({ suggestion: 'review', label: 'ReviewFailed' });
  });

  test('a person\'s decision in the console takes a held row to "ready" or "rejected"', () => {
    const held = confirmedRow({ review: { suggestion: 'review' } });
    expect(held.status).toBe('held');
    expect(applySnapshot(held, snapshot({ review: { suggestion: 'pass' } }), NOW).status).toBe('ready');
    expect(applySnapshot(held, snapshot({ review: { suggestion: 'block' } }), NOW).status).toBe('rejected');
  });

  test('a file that is no longer Forbidden is "ready" again, without a rejection', () => {
    const forbidden = confirmedRow({ isForbidden: true });
    expect(forbidden).toMatchObject({ status: 'rejected', rejection: { reason: 'forbidden' } });
    const allowed = applySnapshot(forbidden, snapshot(), NOW);
    expect(allowed.status).toBe('ready');
    expect(allowed.rejection).toBeUndefined();
  });
});
