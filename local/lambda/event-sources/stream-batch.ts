import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamRecord } from '../../services/stream/record';
import type { Outcome } from '../functions';
import { parseBatchResponse } from './batch-response';
import type { StreamMapping } from './mappings';

export interface BatchDeps {
  readonly invoke: (records: readonly StreamRecord[]) => Promise<Outcome>;
  /** Receives the last record that is done: this one and all before it succeeded or were discarded. */
  readonly saveProgress: (record: StreamRecord) => void;
  readonly log: (line: string) => void;
  /** Milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A part of a batch that is delivered in one call; `attempts` are those that failed since it last got shorter. */
interface Segment {
  readonly records: readonly StreamRecord[];
  readonly attempts: number;
}

/** Between retries of a failing batch, in milliseconds, doubled each time. */
const FIRST_PAUSE = 250;
const MAX_PAUSE = 5_000;

/**
 * Delivers a batch as an event source mapping does: until all of it succeeded or was discarded, however long it takes.
 * Ends early when the signal is aborted: what was not saved as progress is to be delivered again.
 */
export async function deliverBatch(
  batch: readonly StreamRecord[],
  mapping: StreamMapping,
  { invoke, saveProgress, log, now, signal }: BatchDeps,
): Promise<void> {
  const segments: Segment[] = [{ records: batch, attempts: 0 }];
  let failures = 0;
  for (let segment = segments.shift(); segment && !signal.aborted; segment = segments.shift()) {
    const { records, attempts } = dropExpired(segment, mapping, now());
    const outcome = records.length > 0 ? await invoke(records) : { json: 'null' };
    const delivered = countDelivered(records, outcome, mapping.reportsFailures);
    if (delivered === 'none' && isStopped(outcome, signal)) return;
    const rest = remainder({ records, attempts }, delivered, mapping);
    const next = rest[0]?.records[0];
    const all = segment.records;
    const last = next ? all[all.indexOf(next) - 1] : all.at(-1);
    if (last) saveProgress(last);
    segments.unshift(...rest);

    const isComplete = delivered === records.length;
    if (!isComplete && rest.length === 0) {
      log(`${mapping.functionKey}: ${records.length} stream records discarded after ${attempts + 1} attempts`);
    }
    failures = isComplete ? 0 : failures + 1;
    if (failures > 0) await pause(failures, signal);
  }
}

/** The undelivered rest of a segment after a call that delivered its first records, or failed (`none`). */
function remainder(
  { records, attempts }: Segment,
  delivered: number | 'none',
  { bisects, maximumRetryAttempts }: StreamMapping,
): Segment[] {
  if (delivered === records.length) return [];
  if (delivered !== 'none' && delivered > 0) return [{ records: records.slice(delivered), attempts: 0 }];
  if (delivered === 'none' && bisects && records.length > 1) {
    const middle = Math.ceil(records.length / 2);
    // Splitting does not count as a retry.
    return [records.slice(0, middle), records.slice(middle)].map((half) => ({ records: half, attempts }));
  }
  const isExhausted = maximumRetryAttempts >= 0 && attempts >= maximumRetryAttempts;
  return isExhausted ? [] : [{ records, attempts: attempts + 1 }];
}

/** How many records before the first that failed; `none` when the call failed as a whole. */
function countDelivered(records: readonly StreamRecord[], outcome: Outcome, reports: boolean): number | 'none' {
  const numbers = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
  const failed = parseBatchResponse(outcome, reports, new Set(numbers));
  if (failed === 'all') return 'none';
  const first = numbers.findIndex((number) => failed.has(number));
  return first === -1 ? records.length : first;
}

function dropExpired(segment: Segment, { maximumRecordAgeInSeconds: maxAge }: StreamMapping, now: number): Segment {
  if (maxAge < 0) return segment;
  const isFresh = ({ dynamodb }: StreamRecord) => now / 1000 - dynamodb.ApproximateCreationDateTime <= maxAge;
  return { ...segment, records: segment.records.filter(isFresh) };
}

/** A call that fails during the stop is not a failure of its records. */
function isStopped(outcome: Outcome, signal: AbortSignal): boolean {
  return outcome === 'failed' && signal.aborted;
}

async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const duration = Math.min(FIRST_PAUSE * 2 ** (failures - 1), MAX_PAUSE);
  await sleep(duration, undefined, { signal }).catch(() => undefined);
}
