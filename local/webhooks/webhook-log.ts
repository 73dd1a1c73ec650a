import { RecordLog } from '../record-log';

/** `sending`: no response yet; `gone`: the receiver returned 410, which is not retried. */
export type WebhookOutcome = 'sending' | 'delivered' | 'failed' | 'gone';

/** One POST to the app, as it was sent. */
export interface WebhookAttempt {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** With the names as sent, in their case. */
  readonly headers: readonly HeaderLine[];
  /** Until the response began, or until there was none. */
  readonly milliseconds?: number;
  readonly status?: number;
  readonly responseHeaders?: readonly HeaderLine[];
  /** The beginning of the response's body. */
  readonly responseBody?: string;
  /** Why there is no response. */
  readonly failure?: string;
}

export type HeaderLine = readonly [name: string, value: string];

/** One webhook, which is sent until the receiver accepts it. */
export interface WebhookRecord {
  /** The header `webhook-id`, the same in each attempt. */
  readonly webhookId: string;
  readonly type: string;
  readonly fileId?: string;
  /** Of the first attempt; milliseconds since 1970. */
  readonly time: number;
  readonly body: string;
  readonly outcome: WebhookOutcome;
  /** The newest ones, oldest first. */
  readonly attempts: readonly WebhookAttempt[];
}

/** About a day of retries. */
const MAX_ATTEMPTS = 30;

/** The webhooks of this run. */
export class WebhookLog extends RecordLog<WebhookRecord> {
  /** Returns the id of the webhook's record. */
  begin(webhookId: string, body: string, attempt: WebhookAttempt): number {
    const existing = this.findNewest((record) => record.webhookId === webhookId);
    const id = existing?.id ?? this.add(webhookRecord(webhookId, body, attempt.time));
    this.change(id, ({ attempts }) => ({
      outcome: 'sending',
      attempts: [...attempts, attempt].slice(-MAX_ATTEMPTS),
    }));
    return id;
  }

  /** Completes the attempt that began at this time. */
  complete(id: number, time: number, result: Partial<WebhookAttempt>): void {
    this.change(id, ({ attempts, outcome }) => ({
      outcome: outcomeOf(result) ?? outcome,
      attempts: attempts.map((attempt) => (attempt.time === time ? { ...attempt, ...result } : attempt)),
    }));
  }
}

export function webhookRecord(webhookId: string, body: string, time: number): WebhookRecord {
  const { type = '', data } = parseNotification(body);
  return {
    webhookId,
    type,
    ...(data?.fileId !== undefined && { fileId: data.fileId }),
    time,
    body,
    outcome: 'failed',
    attempts: [],
  };
}

interface NotificationFields {
  readonly type?: string;
  readonly data?: { readonly fileId?: string };
}

/** Returns {} for a body that is not JSON: any program of this machine may post to the forwarder. */
function parseNotification(body: string): NotificationFields {
  try {
    return (JSON.parse(body) as NotificationFields | null) ?? {};
  } catch {
    return {};
  }
}

function outcomeOf({ status, failure }: Partial<WebhookAttempt>): WebhookOutcome | undefined {
  if (failure !== undefined) return 'failed';
  if (status === undefined) return undefined;
  if (status === 410) return 'gone';
  return status >= 200 && status < 300 ? 'delivered' : 'failed';
}
