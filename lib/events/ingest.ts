import { isKept, parseEvent, type VodEvent } from '../vod/event';
import { omitUndefined } from '../platform/omit-undefined';
import { changes, type Change } from '../uploads/upload';
import { recorder, type Outcome, type TableEdge } from '../uploads/uploads-table';

/** What became of an event, as a log line may say it: its ids, and which members were left out; none of its content. */
export interface Recorded {
  readonly outcome: Outcome | 'ignored' | 'write-failed';
  /** One of the types that we keep, or `Other`, so that it can be counted by; whose name is the `unknownType`. */
  readonly eventType: string;
  readonly unknownType?: string;
  readonly fileIds: readonly string[];
  readonly taskIds: readonly string[];
  readonly leftOut?: readonly string[];
}

/**
 * A function that makes one event durable, however it arrived, before `deadline` (milliseconds since 1970); `sealKeys`
 * open its source context. Of an event whose outcome is `write-failed`, `failure` is what the table said.
 *
 * @throws RequestError `invalid-request` when the message is no event that can be kept
 */
export function eventRecorder(edge: TableEdge & { readonly tableName: string }) {
  const record = recorder(edge);
  return async (message: unknown, sealKeys: readonly string[], deadline: number) => {
    const event = parseEvent(message);
    const made = changes(event, sealKeys, new Date(edge.now()).toISOString());
    // Each file of the event gets its chance before a failure of one is reported.
    const results = await Promise.allSettled(made.map((change) => record(change, deadline)));
    const outcomes = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    const failed = results.find((result) => result.status === 'rejected');
    const outcome = failed ? 'write-failed' : (outcomes.find((of) => of !== 'repeated') ?? outcomes[0] ?? 'ignored');
    const recorded: Recorded = { outcome, ...identify(event, made) };
    return { recorded, failure: failed?.reason as unknown };
  };
}

function identify(event: VodEvent, made: readonly Change[]): Omit<Recorded, 'outcome'> {
  const named = event.type === 'Ignored' ? event.eventType : event.type;
  return {
    ...countable(named),
    fileIds: made.map(({ fileId }) => fileId),
    taskIds: made.flatMap(({ task, facts }) => task?.id ?? facts.procedureTaskId ?? []),
    ...omitUndefined({ leftOut: 'leftOut' in event ? [...new Set(event.leftOut)] : undefined }),
  };
}

/** An event's type as a log line may say it: so that it can be counted by, and safe to read. */
export function countable(eventType: string): Pick<Recorded, 'eventType' | 'unknownType'> {
  if (isKept(eventType)) return { eventType };
  return { eventType: 'Other', unknownType: /^\w{1,64}$/.test(eventType) ? eventType : 'unreadable' };
}
