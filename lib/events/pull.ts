import type { Context } from 'aws-lambda';
import { RequestError } from '../platform/errors';
import { asString, getField } from '../platform/json';
import { describe, type Log } from '../platform/log';
import type { UploadStore } from '../uploads/store';
import { codeOf, type VodApi, type VodCallOptions } from '../vod/api';
import { getObject, getString } from '../vod/wire';
import { countableType, eventRecorder, type Outcome, type Recorded } from './ingest';

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
const RECORD_WITHIN = 20_000;
/** Time for confirming it, in milliseconds. */
const CONFIRM_WITHIN = 10_000;
/** Time for one round, in milliseconds: at most 10 s for the pull, 10 s for writes with retries, then the confirmation. */
const ROUND = 20_000 + CONFIRM_WITHIN;
/** Time that is reserved for the last log line, in milliseconds. */
const RESERVE = 1_000;
/** How many times a call is attempted. */
const VOD_TRIES = 3;

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
    const { awsRequestId: requestId } = context;
    const end = now() + context.getRemainingTimeInMillis() - RESERVE;
    const vod = callVod({ deadline: end, tries: VOD_TRIES });
    const total = {
      pulled: 0,
      recorded: 0,
      repeated: 0,
      ignored: 0,
      refused: 0,
      failed: 0,
      confirmed: 0,
    };

    async function keep(event: object, sealKeys: readonly string[], deadline: number): Promise<Count> {
      try {
        const { recorded, failure } = await record(event, sealKeys, deadline);
        if (recorded.outcome !== 'write-failed') {
          log({ level: 'info', requestId, ...recorded });
          return recorded.outcome;
        }
        log({ level: 'error', requestId, ...recorded, ...describe(failure) });
        return 'failed';
      } catch (error) {
        if (!(error instanceof RequestError)) {
          log({ level: 'error', requestId, outcome: 'error', ...identify(event), ...describe(error) });
          return 'failed';
        }
        const { code, errors } = error;
        log({ level: 'warn', requestId, outcome: 'refused', code, ...identify(event), errors });
        return 'refused';
      }
    }

    async function confirm(EventHandles: string[]): Promise<number> {
      try {
        if (EventHandles.length > 0) await vod.ConfirmEvents({ EventHandles });
        return EventHandles.length;
      } catch (error) {
        log({ level: 'error', requestId, outcome: 'confirm-failed', events: EventHandles.length, ...describe(error) });
        return 0;
      }
    }

    try {
      while (now() + ROUND <= end) {
        const events = await pull(vod);
        if (events.length === 0) break;
        const sealKeys = await readSealKeys();
        const deadline = Math.min(now() + RECORD_WITHIN, end - CONFIRM_WITHIN);
        const counts = await Promise.all(events.map((event) => keep(event, sealKeys, deadline)));
        total.pulled += events.length;
        for (const count of counts) total[count]++;
        const durable = events.filter((_, index) => counts[index] !== 'failed');
        total.confirmed += await confirm(durable.flatMap(({ EventHandle }) => EventHandle ?? []));
      }
    } finally {
      log({ level: 'info', requestId, outcome: 'drained', ...total });
    }
    if (total.failed === 0) return total;
    throw new Error(
      `Cannot record ${total.failed} of ${total.pulled} events: the log has the reasons; VOD returns these events again`,
    );
  };
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

/** What a log line contains of an unreadable event: its type, and the ids that are in their documented places. */
function identify(event: object): Omit<Recorded, 'outcome'> {
  const payloads = Object.keys(event).flatMap((name) => getObject(event, name) ?? []);
  const ids = (name: string) => [event, ...payloads].flatMap((payload) => getString(payload, name) ?? []).filter(isId);
  const eventType = asString(getField(event, 'EventType')) ?? '';
  return { ...countableType(eventType), fileIds: ids('FileId'), taskIds: ids('TaskId') };
}

function isId(value: string): boolean {
  return /^[\w-]{1,256}$/.test(value);
}
