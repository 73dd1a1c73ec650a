import { hintsOf, isDropped, merge, type Hint } from '../uploads/merge';
import type { Row } from '../uploads/row';
import type { UploadStore } from '../uploads/store';
import { isKept, parseEvent, type VodEvent } from '../vod/event';

/**
 * `recorded`: a row changed; `repeated`: the rows already have all of it; `dropped`: a row has no place for the task that the
 * event names; `ignored`: the event concerns no row.
 */
export type Outcome = 'recorded' | 'repeated' | 'dropped' | 'ignored' | 'write-failed';

/** The response to the sender of an event; the log has more. */
export interface Recorded {
  readonly outcome: Exclude<Outcome, 'dropped'>;
}

/** The result of one event for a log line: its ids and the names of dropped fields, without content. */
export interface RecordedEvent {
  readonly outcome: Outcome;
  /** One of the types that are kept, or `Other`, so that metrics can count by it; then `unknownType` is its name. */
  readonly eventType: string;
  readonly unknownType?: string;
  readonly fileIds: readonly string[];
  readonly taskIds: readonly string[];
  readonly droppedFields?: readonly string[];
}

/** How many files of one event are written at a time: a FileDeleted may name thousands. */
const MAX_WRITES = 25;
/** How many ids of each kind a log line has. */
export const MAX_LOGGED_IDS = 100;

/**
 * Returns a function that makes one event durable before `deadline` (milliseconds since 1970), whether it was pushed or
 * pulled; `sealKeys` open its source context. With the outcome `write-failed`, `failure` is the table's error. The function
 * throws a RequestError `invalid-request` when the message is not an event that can be kept.
 */
export function eventRecorder({ store, now }: { readonly store: UploadStore; readonly now: () => number }) {
  async function write(hint: Hint, deadline: number, isUpload: boolean): Promise<HintOutcome> {
    if (now() >= deadline) throw new Error('Cannot record event: there was no time left for all of its files');
    let outcome: HintOutcome = 'repeated';
    const change = (row: Row | undefined) => {
      outcome = isDropped(row, hint) ? 'dropped' : 'repeated';
      return merge(row, hint, new Date(now()).toISOString());
    };
    return (await store.update(hint.fileId, change, deadline, isUpload)) ? 'recorded' : outcome;
  }

  return async (message: unknown, sealKeys: readonly string[], deadline: number) => {
    const event = parseEvent(message);
    const hints = hintsOf(event, sealKeys);
    const isUpload = 'media' in event;
    const outcomes = new Set<HintOutcome>();
    const failedIds: string[] = [];
    let failure: unknown;
    const queue = hints.values();
    async function writeNext(): Promise<void> {
      for (const hint of queue) {
        // Every file of the event is attempted before the failure of one is reported, as long as there is time.
        try {
          outcomes.add(await write(hint, deadline, isUpload));
        } catch (error) {
          outcomes.add('write-failed');
          failedIds.push(hint.fileId);
          failure = error;
        }
      }
    }
    await Promise.all(Array.from({ length: MAX_WRITES }, writeNext));
    const outcome = PRECEDENCE.find((candidate) => outcomes.has(candidate)) ?? 'ignored';
    const recorded: RecordedEvent = { outcome, ...identify(event, failedIds) };
    return { recorded, failure };
  };
}

type HintOutcome = Exclude<Outcome, 'ignored'>;

/** The outcome of an event about several files is the first of theirs in this order. */
const PRECEDENCE: readonly HintOutcome[] = ['write-failed', 'recorded', 'dropped', 'repeated'];

function taskIdsOf(event: VodEvent): readonly string[] {
  if ('taskId' in event) return [event.taskId];
  return 'taskIds' in event ? event.taskIds : [];
}

/** `firstIds` of its files are named first: a log line has room for some only. */
function identify(event: VodEvent, firstIds: readonly string[]): Omit<RecordedEvent, 'outcome'> {
  if (event.type === 'Ignored') return { ...countableType(event.eventType), fileIds: [], taskIds: [] };
  const fileIds = 'files' in event ? event.files.map(({ fileId }) => fileId) : [event.fileId];
  const droppedFields = 'droppedFields' in event ? [...new Set(event.droppedFields)] : [];
  return {
    eventType: event.type,
    fileIds: [...new Set([...firstIds, ...fileIds])].slice(0, MAX_LOGGED_IDS),
    taskIds: taskIdsOf(event),
    ...(droppedFields.length > 0 && { droppedFields }),
  };
}

/** An event's type for a log line: `eventType` has few values, and an unknown name is safe to print. */
export function countableType(eventType: string): Pick<RecordedEvent, 'eventType' | 'unknownType'> {
  if (isKept(eventType)) return { eventType };
  return { eventType: 'Other', unknownType: /^\w{1,64}$/.test(eventType) ? eventType : 'unreadable' };
}
