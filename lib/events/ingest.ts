import { hintsOf, merge } from '../uploads/merge';
import type { UploadStore } from '../uploads/store';
import { isKept, parseEvent, type VodEvent } from '../vod/event';

/** `recorded`: a row changed; `repeated`: the rows have it all; `ignored`: the event is about no row. */
export type Outcome = 'recorded' | 'repeated' | 'ignored' | 'write-failed';

/** What became of an event, as a log line may have it: its ids and the fields that were dropped; none of its content. */
export interface Recorded {
  readonly outcome: Outcome;
  /** One of the types that are kept, or `Other`, so that it can be counted by; then `unknownType` is its name. */
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
 * Returns a function that makes one event durable, however it arrived, before `deadline` (milliseconds since 1970);
 * `sealKeys` open its source context. Of an event whose outcome is `write-failed`, `failure` is the table's error.
 *
 * @throws RequestError `invalid-request` when the message is not an event that can be kept
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
        // Each file of the event gets its try before a failure of one is reported.
        try {
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

function identify(event: VodEvent): Omit<Recorded, 'outcome'> {
  if (event.type === 'Ignored') return { ...countableType(event.eventType), fileIds: [], taskIds: [] };
  const fileIds = 'files' in event ? event.files.map(({ fileId }) => fileId) : [event.fileId];
  const droppedFields = 'droppedFields' in event ? [...new Set(event.droppedFields)] : [];
  return {
    eventType: event.type,
    fileIds: fileIds.slice(0, MAX_LOGGED_IDS),
    taskIds: 'taskId' in event ? [event.taskId] : 'taskIds' in event ? event.taskIds : [],
    ...(droppedFields.length > 0 && { droppedFields }),
  };
}

/** An event's type as a log line may have it: one that can be counted by, and is safe to read. */
export function countableType(eventType: string): Pick<Recorded, 'eventType' | 'unknownType'> {
  if (isKept(eventType)) return { eventType };
  return { eventType: 'Other', unknownType: /^\w{1,64}$/.test(eventType) ? eventType : 'unreadable' };
}
