import type { Context } from 'aws-lambda';
import { RequestError } from '../platform/errors';
import { describe, type Log } from '../platform/log';
import type { UploadStore } from '../uploads/store';
import { codeOf, type VodApi, type VodCallOptions } from '../vod/api';
import { identifyMessage } from './identify';
import { eventRecorder, type Outcome } from './ingest';

export interface PullDeps {
  readonly store: UploadStore;
  readonly vod: (options: VodCallOptions) => VodApi;
  readonly sealKeys: () => Promise<readonly string[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

type Count = Exclude<Outcome, 'write-failed'> | 'refused' | 'failed';

/** How many events were pulled, by outcome, and how many of them were confirmed. */
export type Summary = Readonly<Record<'pulled' | Count | 'confirmed', number>>;

/** Time for recording what was pulled, in milliseconds: VOD returns an unconfirmed event again after 30 s (266/33433). */
const RECORD_TIMEOUT = 20_000;
/** Time for confirming it, in milliseconds. */
const CONFIRM_TIMEOUT = 10_000;
/** Time for one round, in milliseconds: at most 10 s for the pull, 10 s for writes with retries, then the confirmation. */
const ROUND = 20_000 + CONFIRM_TIMEOUT;
/** Time that is reserved for the last log line, in milliseconds. */
const RESERVE = 1_000;
/** How many times a call is attempted. */
const VOD_TRIES = 3;
/** Ids of a pulled event that are safe to print: they are in VOD's own response, so they need not look like VOD's. */
const PRINTABLE_ID = /^[\w-]{1,256}$/;

/**
 * Pulls, records and confirms events until VOD's queue is empty, or until there is no time for another round. Returns how
 * many events had which outcome.
 *
 * Each event is recorded as by the webhook, and confirmed once it is durable. After a failed write, a failed confirmation
 * or a crash in between, VOD returns the event again (for four days), and recording it again changes nothing. An event that
 * can never be recorded is logged and confirmed.
 *
 * The handler throws an Error when events could not be written, after all others are done, so that Lambda counts the
 * invocation as failed; a VodError when events cannot be pulled.
 */
export function pullEvents({ store, vod: callVod, sealKeys: readSealKeys, now, log }: PullDeps) {
  const record = eventRecorder({ store, now });

  return async (_event: unknown, context: Context): Promise<Summary> => {
    const end = now() + context.getRemainingTimeInMillis() - RESERVE;
    const vod = callVod({ deadline: end, tries: VOD_TRIES });
    const logLine: Log = ({ level, ...fields }) => {
      log({ level, requestId: context.awsRequestId, ...fields });
    };
    const total = {
      pulled: 0,
      recorded: 0,
      repeated: 0,
      dropped: 0,
      ignored: 0,
      refused: 0,
      failed: 0,
      confirmed: 0,
    };
    try {
      while (now() + ROUND <= end) {
        const events = await pull(vod);
        if (events.length === 0) break;
        const sealKeys = await readSealKeys();
        const deadline = Math.min(now() + RECORD_TIMEOUT, end - CONFIRM_TIMEOUT);
        const keep = (event: object) => keepEvent(event, () => record(event, sealKeys, deadline), logLine);
        const counts = await Promise.all(events.map(keep));
        total.pulled += events.length;
        for (const count of counts) total[count]++;
        const durable = events.filter((_, index) => counts[index] !== 'failed');
        const handles = durable.flatMap(({ EventHandle }) => EventHandle ?? []);
        total.confirmed += await confirm(vod, handles, logLine);
      }
    } finally {
      logLine({ level: 'info', outcome: 'drained', ...total });
    }
    if (total.failed === 0) return total;
    throw new Error(
      `Cannot record ${total.failed} of ${total.pulled} events: the log has the reasons; VOD returns these events again`,
    );
  };
}

/** Records one event and logs the result; never throws. */
async function keepEvent(
  event: object,
  record: () => ReturnType<ReturnType<typeof eventRecorder>>,
  log: Log,
): Promise<Count> {
  try {
    const { recorded, failure } = await record();
    if (recorded.outcome !== 'write-failed') {
      log({ level: 'info', ...recorded });
      return recorded.outcome;
    }
    log({ level: 'error', ...recorded, ...describe(failure) });
    return 'failed';
  } catch (error) {
    const identity = identifyMessage(event, PRINTABLE_ID);
    if (!(error instanceof RequestError)) {
      log({ level: 'error', outcome: 'error', ...identity, ...describe(error) });
      return 'failed';
    }
    const { code, errors } = error;
    log({ level: 'warn', outcome: 'refused', code, ...identity, errors });
    return 'refused';
  }
}

/** Returns how many events were confirmed: a failure is logged, because VOD returns these events again. */
async function confirm(vod: VodApi, EventHandles: string[], log: Log): Promise<number> {
  try {
    if (EventHandles.length > 0) await vod.ConfirmEvents({ EventHandles });
    return EventHandles.length;
  } catch (error) {
    log({ level: 'error', outcome: 'confirm-failed', events: EventHandles.length, ...describe(error) });
    return 0;
  }
}

async function pull(vod: VodApi) {
  try {
    // The documents allow null for an empty set.
    return ((await vod.PullEvents({})).EventSet ?? []).filter(Boolean);
  } catch (error) {
    // Among the action's documented errors this one can only mean that there are no events.
    if (codeOf(error) === 'ResourceNotFound') return [];
    throw error;
  }
}
