import { hintsOf, merge } from '../uploads/merge';
import type { UploadStore } from '../uploads/store';
import { isKept, parseEvent, type VodEvent } from '../vod/event';

/** `recorded`: a row changed; `repeated`: the rows already have all of it; `ignored`: the event concerns no row. */
export type Outcome = 'recorded' | 'repeated' | 'ignored' | 'write-failed';

/** The result of one event for a log line: its ids and the names of dropped fields, without content. */
export interface Recorded {
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
const MAX_LOGGED_IDS = 100;

/**
 * Returns a function that makes one event durable before `deadline` (milliseconds since 1970), whether it was pushed or
 * pulled; `sealKeys` open its source context. With the outcome `write-failed`, `failure` is the table's error. The function
 * throws a RequestError `invalid-request` when the message is not an event that can be kept.
 */
export function eventRecorder({ store, now }: { readonly store: UploadStore; readonly now: () => number }) {
  return async (message: unknown, sealKeys: readonly string[], deadline: number) => {
    const event = parseEvent(message);
    const hints = hintsOf(event, sealKeys);
    const isUpload = event.type === 'NewFileUpload' || event.type === 'PullComplete';
    let isRecorded = false;
    let failure: unknown;
    let hasFailed = false;
    const queue = hints.values();
    async function writeNext(): Promise<void> {
      for (const hint of queue) {
        // Every file of the event is attempted before the failure of one is reported, as long as there is time.
        try {
          if (now() >= deadline) throw new Error('Cannot record event: there was no time left for all of its files');
          const change = (row: Parameters<typeof merge>[0]) => merge(row, hint, new Date(now()).toISOString());
          if (await store.update(hint.fileId, change, deadline, isUpload)) isRecorded = true;
        } catch (error) {
          hasFailed = true;
          failure = error;
        }
      }
    }
    await Promise.all(Array.from({ length: MAX_WRITES }, writeNext));
    const recorded: Recorded = { outcome: outcomeOf(hints.length, isRecorded, hasFailed), ...identify(event) };
    return { recorded, failure };
  };
}

function outcomeOf(hints: number, isRecorded: boolean, hasFailed: boolean): Outcome {
  if (hasFailed) return 'write-failed';
  if (isRecorded) return 'recorded';
  return hints === 0 ? 'ignored' : 'repeated';
}

function taskIdsOf(event: VodEvent): readonly string[] {
  if ('taskId' in event) return [event.taskId];
  return 'taskIds' in event ? event.taskIds : [];
}

function identify(event: VodEvent): Omit<Recorded, 'outcome'> {
  if (event.type === 'Ignored') return { ...countableType(event.eventType), fileIds: [], taskIds: [] };
  const fileIds = 'files' in event ? event.files.map(({ fileId }) => fileId) : [event.fileId];
  const droppedFields = 'droppedFields' in event ? [...new Set(event.droppedFields)] : [];
  return {
    eventType: event.type,
    fileIds: fileIds.slice(0, MAX_LOGGED_IDS),
    taskIds: taskIdsOf(event),
    ...(droppedFields.length > 0 && { droppedFields }),
  };
}

/** An event's type for a log line: `eventType` has few values, and an unknown name is safe to print. */
export function countableType(eventType: string): Pick<Recorded, 'eventType' | 'unknownType'> {
  if (isKept(eventType)) return { eventType };
  return { eventType: 'Other', unknownType: /^\w{1,64}$/.test(eventType) ? eventType : 'unreadable' };
}
