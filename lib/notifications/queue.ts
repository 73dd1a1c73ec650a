import { asString, getField, parseJson } from '../platform/json';
import type { SendMessages } from '../platform/sqs';
import type { Announcement } from './announcement';

export interface NotificationQueue {
  /** @throws Error when the queue does not take all of them */
  readonly send: (announcements: readonly Announcement[]) => Promise<void>;
}

/** The queue from which `notify-app` delivers. */
export function notificationQueue(sendMessages: SendMessages, queueUrl: string): NotificationQueue {
  return {
    send: (announcements) =>
      sendMessages(
        queueUrl,
        announcements.map((announcement) => ({ body: formatAnnouncement(announcement), delaySeconds: 0 })),
      ),
  };
}

/** An announcement as a message of the queue. */
export function formatAnnouncement({ id, body }: Announcement): string {
  return JSON.stringify({ id, body });
}

/** The announcement in a message; `undefined` where there is none. */
export function parseAnnouncement(message: string): Announcement | undefined {
  const parsed = parseJson(Buffer.from(message));
  const id = asString(getField(parsed, 'id'));
  const body = asString(getField(parsed, 'body'));
  return id === undefined || body === undefined ? undefined : { id, body };
}
