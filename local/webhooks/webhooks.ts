import type { IncomingMessage, ServerResponse } from 'node:http';
import { formatAnnouncement, parseAnnouncement } from '../../lib/notifications/queue';
import type { LogPage } from '../record-log';
import type { Queues } from '../services/queue';
import type { Message } from '../services/sqs/message';
import { createForwarder } from './forwarder';
import { WebhookLog, webhookRecord, type WebhookRecord } from './webhook-log';

const QUEUE = 'NotifyAppQueue';
const DEAD_LETTERS = 'NotifyAppDeadLetters';

/** A webhook in a queue: its receiver has not accepted it. */
export interface QueuedWebhook {
  readonly webhookId: string;
  /** Of the next attempt, milliseconds since 1970; absent for a dead letter. */
  readonly retryAt?: number;
}

export interface Webhooks {
  /** Passes a webhook on to the receiver, and records it. */
  readonly forward: (request: IncomingMessage, response: ServerResponse, body: Buffer) => Promise<void>;
  readonly read: (cursor: string) => LogPage<WebhookRecord> & { readonly queued: readonly QueuedWebhook[] };
  /** Delivers a recorded webhook now, under the same webhook-id. Returns false if there is no such record. */
  readonly retry: (id: number) => boolean;
}

export interface WebhooksDeps {
  /** Of the receiver. */
  readonly notifyUrl: string;
  readonly queues: Pick<Queues, 'store'>;
  readonly log: (line: string) => void;
}

/** The webhooks of this run, and those that an earlier one left in the queues. */
export function createWebhooks({ notifyUrl, queues: { store }, log }: WebhooksDeps): Webhooks {
  const records = new WebhookLog();
  for (const { body, sentAt } of [...store.list(DEAD_LETTERS), ...store.list(QUEUE)]) {
    const announcement = parseAnnouncement(body);
    if (announcement) records.add(webhookRecord(announcement.id, announcement.body, sentAt));
  }

  const find = (queue: string, webhookId: string) => store.list(queue).filter((message) => idOf(message) === webhookId);
  const queued = (): QueuedWebhook[] => [
    ...store.list(QUEUE).map((message) => ({ webhookId: idOf(message), retryAt: message.visibleAt })),
    ...store.list(DEAD_LETTERS).map((message) => ({ webhookId: idOf(message) })),
  ];

  return {
    forward: createForwarder({ notifyUrl, records, log }),
    read: (cursor) => ({ ...records.read(cursor), queued: queued() }),
    retry(id) {
      const record = records.get(id);
      if (!record) return false;
      const { webhookId, body } = record;
      const waiting = find(QUEUE, webhookId);
      for (const message of waiting) store.reveal(message.id);
      if (waiting.length > 0) return true;
      store.send(QUEUE, formatAnnouncement({ id: webhookId, body }));
      for (const message of find(DEAD_LETTERS, webhookId)) store.remove(message.id);
      return true;
    },
  };
}

function idOf({ body }: Message): string {
  return parseAnnouncement(body)?.id ?? '';
}
