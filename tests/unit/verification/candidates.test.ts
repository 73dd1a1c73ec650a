import type { VodApi } from '../../../lib/vod/api';
import type { UploadStore } from '../../../lib/uploads/store';
import { candidatePages } from '../../../lib/verification/candidates';
import type { Checkpoint, Phase } from '../../../lib/verification/checkpoint';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const NOON = Date.parse('2026-11-26T12:00:00Z') / 1000;

/** Runs a phase at a Unix time over an empty library; returns its requests and its checkpoint. */
async function run(phase: Phase, at: number, checkpoint: Checkpoint = {}) {
  const after: number[] = [];
  const consistencies: unknown[] = [];
  const record = (window: unknown) => {
    const { After } = window as { readonly After: string };
    after.push(Date.parse(After) / 1000);
  };
  const vod = {
    SearchMedia: (request: { readonly CreateTime?: unknown }) => {
      record(request.CreateTime);
      return Promise.resolve({ MediaInfoSet: [], TotalCount: 0 });
    },
    DescribeTasks: (request: { readonly FinishTime?: unknown }) => {
      record(request.FinishTime);
      return Promise.resolve({ TaskSet: [] });
    },
  } as unknown as VodApi;
  const store = {
    readAll: (_: unknown, __: unknown, consistency: unknown) => {
      consistencies.push(consistency);
      return Promise.resolve(new Map());
    },
  } as unknown as UploadStore;
  let progress = checkpoint;
  for await (const page of candidatePages[phase]({
    vod,
    store,
    checkpoint,
    runStartedAt: at * 1000,
    deadline: Infinity,
  })) {
    progress = { ...progress, ...page.progress };
  }
  return { after, consistencies, progress };
}

describe.each(['recent', 'tasks'] as const)('candidates of the phase %s', (phase) => {
  const everyFiveMinutes = async (from: number, until: number) => {
    let { progress } = await run(phase, from - 5 * MINUTE);
    const runs: { readonly at: number; readonly after: number }[] = [];
    for (let at = from; at < until; at += 5 * MINUTE) {
      const { after, progress: next } = await run(phase, at, progress);
      progress = next;
      runs.push({ at, after: after[0] ?? NaN });
    }
    return runs;
  };

  test('each run reads 15 minutes before the last run again, and the second run of an hour two hours', async () => {
    for (const { at, after } of await everyFiveMinutes(NOON + 7, NOON + 2 * HOUR)) {
      const lastRun = at - 5 * MINUTE;
      const isSecondOfHour = lastRun % HOUR < 5 * MINUTE;
      expect(lastRun - after).toBe(isSecondOfHour ? 2 * HOUR : 15 * MINUTE);
    }
  });

  test('a file or task that VOD lists for the first time up to an hour later is still read', async () => {
    const runs = await everyFiveMinutes(NOON + 7, NOON + 4 * HOUR);
    for (let created = NOON + HOUR; created < NOON + 2 * HOUR; created += MINUTE) {
      const visible = created + HOUR;
      expect(runs.some(({ at, after }) => at >= visible && at < visible + HOUR + 5 * MINUTE && after <= created)).toBe(
        true,
      );
    }
  });

  test('rows are read with eventual consistency: the write that follows compares versions', async () => {
    expect((await run(phase, NOON)).consistencies).toEqual(['eventual']);
  });
});

describe.each([5 * HOUR, 10 * MINUTE])('a pass in progress that has come to %i s before the run', (lag) => {
  test.each([NOON, NOON + 5 * MINUTE])(
    'candidates of the phase recent: resumes at any time of an hour (%i)',
    async (at) => {
      const recent = { second: at - lag, offset: 3 };
      expect((await run('recent', at, { recent })).after).toEqual([recent.second]);
    },
  );

  test.each([NOON, NOON + 5 * MINUTE])(
    'candidates of the phase tasks: resumes at any time of an hour (%i)',
    async (at) => {
      const tasks = { after: at - lag, before: at - MINUTE, scrollToken: 'next' };
      expect((await run('tasks', at, { tasks })).after).toEqual([tasks.after]);
    },
  );
});
