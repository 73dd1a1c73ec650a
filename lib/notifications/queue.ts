import { describe, type Log } from '../platform/log';
import type { SendMessages } from '../platform/sqs';
import type { RowChange } from '../uploads/row';
import { announcementOf, type Announcement } from './announcement';

/**
 * Returns a function that queues the announcements among changes of rows, for `notify-app` to deliver. A change that is
 * seen again is announced again, under the same id.
 *
 * @throws Error when the queue does not take all of them
 */
export function announcer(sendMessages: SendMessages, queueUrl: string, log: Log) {
  /** An invalid row is logged and skipped, so that the others are announced. */
  const announce = ({ before, after }: RowChange): readonly Announcement[] => {
    try {
      const announcement = announcementOf(before, after);
      return announcement ? [announcement] : [];
    } catch (error) {
      log({ level: 'error', outcome: 'row-refused', fileIds: [after.fileId], ...describe(error) });
      return [];
    }
  };
  return async (changes: readonly RowChange[]): Promise<void> => {
    const announcements = changes.flatMap(announce);
    const messages = announcements.map((announcement) => ({ body: formatAnnouncement(announcement), delaySeconds: 0 }));
    await sendMessages(queueUrl, messages);
  };
}

/**
 * An announcement as a message of the queue: its id and its body, a line each. Not JSON, which would escape the body a
 * second time, so that ten of them might be longer than SQS accepts in one call.
 */
export function formatAnnouncement({ id, body }: Announcement): string {
  return `${id}\n${body}`;
}

/** The announcement in a message; `undefined` where there is none. */
export function parseAnnouncement(message: string): Announcement | undefined {
  const [, id, body] = /^(msg_[\w-]+)\n(\{.*\})$/s.exec(message) ?? [];
  return id === undefined || body === undefined ? undefined : { id, body };
}
