import fc from 'fast-check';
import type { Row } from '../../../lib/uploads/row';
import { fileDeleted, permutations } from '../../support/events';
import { complete, explore, type State } from '../../support/unit/explore';
import {
  deliver,
  FILE_ID,
  forgedEvents,
  NOW,
  settle,
  STAGES,
  TASK_ID,
  trueEvents,
  verifyAt,
  visible,
  type Stage,
} from '../../support/unit/story';

/** The row of a service that received nothing until VOD was done, and then verified it. */
async function reference(stage: Stage) {
  return visible(await settle(undefined, stage, { taskIds: [TASK_ID] }));
}

async function settledRows(states: readonly State[]) {
  return Promise.all(states.map(({ row, stage }) => settle(row, stage)));
}

describe('true events in any order and number, with verifications anywhere between them', () => {
  test.each<Stage>(['uploaded', 'processing', 'finished', 'original deleted'])(
    'lead to the same row of a file that is %s in VOD',
    async (stage) => {
      const states = complete(await explore(stage), stage);
      expect(states.length).toBeGreaterThan(1);
      const expected = await reference(stage);
      expect(expected).toMatchObject({ trust: 'confirmed', uploader: 'user-42', sourceContext: 'order=7' });
      for (const row of await settledRows(states)) expect(visible(row)).toEqual(expected);
    },
  );

  test('lead to a row with status "deleted" of a file that is deleted in VOD', async () => {
    const states = complete(await explore('deleted'), 'deleted');
    expect(states.length).toBeGreaterThan(10);
    const rows = await settledRows(states);
    expect(new Set(rows.map((row) => row?.status))).toEqual(new Set(['deleted']));
    // Both kinds are among them: files that VOD confirmed before they vanished, and files that were never verified.
    expect(new Set(rows.map((row) => row?.trust))).toEqual(new Set(['confirmed', 'unknown']));
  });

  test('one verification that knows the ended task, as in reconcile, replaces lost events', async () => {
    const states = (await explore('original deleted')).filter(({ stage }) => stage === 'original deleted');
    const lossy = states.filter(({ delivered }) => delivered.includes(false));
    expect(lossy.length).toBeGreaterThan(10);
    const expected = await reference('original deleted');
    for (const { row, stage } of lossy) {
      const verified = await settle(row, stage);
      expect(visible(await settle(verified, stage, { taskIds: [TASK_ID] }))).toEqual(expected);
    }
  });
});

describe('every permutation of the events, with a verification at every position', () => {
  const [upload, processing, finish, parts, deletion] = trueEvents.map(({ bodies }) => bodies);
  const living = [upload?.[0], upload?.[1], processing?.[1], finish?.[0], parts?.[0]];
  const vanished = [upload?.[1], processing?.[0], finish?.[1], parts?.[0], deletion?.[0]];

  async function rowsOf(bodies: readonly unknown[], stage: Stage) {
    const rows: (Row | undefined)[] = [];
    for (const order of permutations(bodies)) {
      for (let place = 1; place <= order.length; place++) {
        const before = order.slice(0, place).reduce<Row | undefined>((row, body) => deliver(row, body), undefined);
        const { row: between } = await verifyAt(before, stage);
        rows.push(
          await settle(
            order.slice(place).reduce<Row | undefined>((row, body) => deliver(row, body), between),
            stage,
          ),
        );
      }
    }
    expect(rows).toHaveLength(120 * 5);
    return rows;
  }

  test('any order of the events of an existing file, in both formats, leads to the same row', async () => {
    const rows = new Set((await rowsOf(living, 'original deleted')).map((row) => JSON.stringify(visible(row))));
    expect([...rows]).toEqual([JSON.stringify(await reference('original deleted'))]);
  });

  test('any order of the events of a deleted file, in both formats, leads to the same status', async () => {
    expect(new Set((await rowsOf(vanished, 'deleted')).map((row) => row?.status))).toEqual(new Set(['deleted']));
  });
});

describe('forged events leave nothing behind', () => {
  const forged = forgedEvents('forged-1');
  test.each(Object.keys(forged))('%s, at any time', async (kind) => {
    const body = forged[kind] ?? {};
    const states = complete(await explore('finished', [body]), 'finished');
    const expected = await reference('finished');
    expect(expected).toMatchObject({ status: 'ready' });
    for (const row of await settledRows(states)) expect(visible(row)).toEqual(expected);
  });

  const names = [...Object.getOwnPropertyNames(Object.prototype), 'forged-1', 'prototype', 'length', TASK_ID];
  const aForgery = fc.constantFrom(...names).chain((taskId) => fc.constantFrom(...Object.values(forgedEvents(taskId))));
  const aTruth = fc.constantFrom(...trueEvents);
  const aStep = fc.oneof(
    { weight: 6, arbitrary: aForgery.map((body) => ({ kind: 'forged', body }) as const) },
    { weight: 3, arbitrary: aTruth.map((event) => ({ kind: 'true', event }) as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'verify' } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'advance' } as const) },
  );

  test('H1: any mix of up to 60 forged and true events with ids like "constructor" leads to the response of VOD alone', async () => {
    const expected = await reference('finished');
    const last = STAGES.indexOf('finished');
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { maxLength: 60, size: 'max' }), async (steps) => {
        let row: Row | undefined;
        let stage = 0;
        const at = (index: number): Stage => STAGES[index] ?? 'finished';
        for (const step of steps) {
          if (step.kind === 'advance') stage = Math.min(stage + 1, last);
          else if (step.kind === 'verify') row = row && (await verifyAt(row, at(stage))).row;
          else if (step.kind === 'forged') row = deliver(row, step.body);
          else if (STAGES.indexOf(step.event.stage) <= stage) row = deliver(row, step.event.bodies[0]);
        }
        for (const { stage: of, bodies } of trueEvents) {
          if (STAGES.indexOf(of) <= last) row = deliver(row, bodies[1] ?? bodies[0]);
        }
        expect(visible(await settle(row, 'finished'))).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('forged events about a file that VOD never had leave a row with trust "unknown" after an hour, which expires', async () => {
    for (const body of Object.values(forged)) {
      const row = deliver(undefined, body);
      const { row: after } = await verifyAt(row, 'absent', {}, NOW + 3_600_000);
      expect(after).toMatchObject({ fileId: FILE_ID, trust: 'unknown', notice: expect.stringContaining('forged') });
      expect(after?.expiresAt).toBe(NOW / 1000 + 3_600 + 30 * 24 * 3_600);
      expect(after?.confirmedAt).toBeUndefined();
    }
  });
});

test('a deletion that is reported before VOD shows it is stored once VOD shows it, without a second look', async () => {
  const confirmed = await settle(undefined, 'finished', { taskIds: [TASK_ID] });
  const announced = await verifyAt(deliver(confirmed, fileDeleted({ fileId: FILE_ID })), 'finished');
  expect(announced.verified.openQuestion).toBe('deletion');
  expect(announced.row?.status).toBe('ready');
  const later = await verifyAt(announced.row, 'deleted', { openQuestion: 'deletion' });
  expect(later.row).toMatchObject({ status: 'deleted', trust: 'confirmed' });
});
