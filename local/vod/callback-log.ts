import { RecordLog } from '../record-log';
import type { Message } from './event-message';
import type { PostResult } from './post';

/** How a recorded callback can be forged or broken when it is sent again. */
export const FORGERIES = ['wrong-token', 'wrong-sign', 'other-file', 'cut'] as const;
export type Forgery = (typeof FORGERIES)[number];

/** `sending`: also while it waits; `refused`: a status other than 2xx, after which VOD does not retry. */
export type CallbackOutcome = 'sending' | 'accepted' | 'refused' | 'no-response' | 'dropped';

/** One POST of a callback. */
export interface CallbackAttempt extends Partial<PostResult> {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The beginning of the response's body. */
  readonly responseBody?: string;
}

export interface CallbackRecord {
  /** Why it was sent: `event`, or by hand. */
  readonly kind: 'event' | 'again' | Forgery;
  readonly type: string;
  /** Absent in events without a file. */
  readonly fileId?: string;
  readonly format: '3.0' | '2.0';
  /** Milliseconds since 1970. */
  readonly time: number;
  /** As it was sent last. */
  readonly body: string;
  readonly outcome: CallbackOutcome;
  readonly attempts: readonly CallbackAttempt[];
}

/** The callbacks of this run. */
export class CallbackLog extends RecordLog<CallbackRecord> {
  /** Returns the number under which {@link end} completes the attempt. */
  begin(id: number, body: string, time: number): number {
    const attempt = this.get(id)?.attempts.length ?? 0;
    this.change(id, ({ attempts }) => ({ body, outcome: 'sending', attempts: [...attempts, { time }] }));
    return attempt;
  }

  end(id: number, attempt: number, result: PostResult): void {
    this.change(id, ({ attempts }) => ({
      outcome: outcomeOf(result),
      attempts: attempts.map((existing, index) => (index === attempt ? { ...existing, ...result } : existing)),
    }));
  }

  setResponseBody(id: number, attempt: number, responseBody: string): void {
    this.change(id, ({ attempts }) => ({
      attempts: attempts.map((existing, index) => (index === attempt ? { ...existing, responseBody } : existing)),
    }));
  }
}

/** The first file id in the body of an event of either format; nothing if there is none. */
export function fileIdIn(body: string): { readonly fileId?: string } {
  const fileId = /"fileId(?:Set)?":\[?"(\d+)"/i.exec(body)?.[1];
  return fileId === undefined ? {} : { fileId };
}

/** A new record of an event that VOD sends by itself. */
export function recordOf({ current, legacy }: Message, format: '3.0' | '2.0', time: number): CallbackRecord {
  const body = JSON.stringify(format === '2.0' && legacy ? legacy : current);
  return {
    kind: 'event',
    type: current.EventType,
    ...fileIdIn(body),
    format,
    time,
    body,
    outcome: 'sending',
    attempts: [],
  };
}

function outcomeOf({ status }: PostResult): CallbackOutcome {
  if (status === undefined) return 'no-response';
  return status >= 200 && status < 300 ? 'accepted' : 'refused';
}
