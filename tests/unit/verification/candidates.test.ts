import type { VodApi } from '../../../lib/vod/api';
import type { UploadStore } from '../../../lib/uploads/store';
import { candidatePages } from '../../../lib/verification/candidates';
import type { Checkpoint, Phase } from '../../../lib/verification/checkpoint';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const NOON = Date.parse('2026-11-26T12:00:00Z') / 1000;

/** Runs a phase at a Unix time over an empty library; returns what it asked and the checkpoint that it leaves. */
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

  test('each run reads the last 15 minutes again, and the first run of an hour the last two hours', async () => {
    for (const { at, after } of await everyFiveMinutes(NOON + 7, NOON + 2 * HOUR)) {
      const isFirstOfHour = at % HOUR < 5 * MINUTE;
      expect(at - after).toBe(isFirstOfHour ? 2 * HOUR : 20 * MINUTE);
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

test('candidates of the phase recent: a backlog that is older than two hours is resumed where it stopped', async () => {
  const recent = { second: NOON - 5 * HOUR, offset: 3 };
  expect((await run('recent', NOON, { recent })).after).toEqual([recent.second]);
});
