import { setTimeout as sleep } from 'node:timers/promises';
import { seal } from '../../../lib/vod/source-context';
import type { LocalRun } from '../../../local/run';

// From an event that VOD sends to a row that is confirmed and final, with files put straight into the local VOD's
// library: the upload protocol itself would fill the machine first.

export interface VerificationLoad {
  readonly perSecond: number;
  readonly seconds: number;
  readonly withProcedure: boolean;
}

export interface VerificationReport {
  readonly uploads: number;
  /** Rows that are confirmed and `ready`. */
  readonly ready: number;
  /** Milliseconds from the upload, or from the end of its procedure, to the last write of its row, sorted. */
  readonly latencies: readonly number[];
  /** Calls of VOD's server API for each upload, by action. */
  readonly callsPerUpload: Readonly<Record<string, number>>;
}

/** Steps of LongVideoPreset, and how long the local VOD takes for each, in milliseconds. */
const PROCEDURE_MS = 3 * 300;

/** Puts uploads into the library at an even rate, waits until each is final, and measures how long that took. */
export async function measureVerification(run: LocalRun, load: VerificationLoad): Promise<VerificationReport> {
  const callsBefore = { ...run.vod.calls };
  const ended = new Map<string, number>();
  const total = load.perSecond * load.seconds;
  const began = performance.now();
  for (let number = 0; number < total; number++) {
    const due = began + (number * 1000) / load.perSecond - performance.now();
    if (due > 0) await sleep(due);
    const { fileId } = run.vod.put({
      name: `upload ${number}`,
      type: 'mp4',
      size: 1000 + number,
      duration: 10,
      sourceContext: seal(`order ${number}`, 'user-42', load.withProcedure, run.secrets.sealKey.split(',')[0] ?? ''),
      ...(load.withProcedure && { procedure: 'LongVideoPreset' }),
    });
    ended.set(fileId, Date.now() + (load.withProcedure ? PROCEDURE_MS : 0));
  }
  const rows = await waitUntilFinal(run, ended);
  const latencies = [...ended].flatMap(([fileId, end]) => {
    const row = rows.get(fileId);
    return row ? Date.parse(String(row['updatedAt'])) - end : [];
  });
  const calls = Object.entries(run.vod.calls).map(
    ([action, count]) => [action, (count - callsBefore[action as keyof typeof callsBefore]) / total] as const,
  );
  return {
    uploads: total,
    ready: rows.size,
    latencies: latencies.sort((a, b) => a - b),
    callsPerUpload: Object.fromEntries(calls.filter(([, count]) => count > 0)),
  };
}

/** The rows that are confirmed and `ready`, as soon as all are, at the latest after a minute. */
async function waitUntilFinal(run: LocalRun, files: ReadonlyMap<string, number>) {
  for (let waited = 0; ; waited += 500) {
    const rows = await run.rows();
    const final = rows.filter(({ fileId, status, trust }) => {
      return files.has(String(fileId)) && status === 'ready' && trust === 'confirmed';
    });
    if (final.length === files.size || waited >= 60_000) {
      return new Map(final.map((row) => [String(row['fileId']), row]));
    }
    await sleep(500);
  }
}

/** The latency that a part of all uploads had at most, in milliseconds. */
export function latency({ latencies }: VerificationReport, part: number): number {
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
}
