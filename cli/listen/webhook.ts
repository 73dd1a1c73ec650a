import { announcementOf, type Announcement } from '../../lib/notifications/announcement';
import { rowOf } from '../../lib/uploads/store';
import type { StreamRecord } from './stream-reader';

/** A webhook as `notify-app` delivers it. */
export interface Webhook {
  readonly announcement: Announcement;
  readonly fileId: string;
  /** For example `upload.ready`. */
  readonly type: string;
}

/**
 * The webhook about a change of a row; `undefined` for a change that the service does not announce.
 *
 * @throws Error for a row that cannot be read
 */
export function webhookOf({ dynamodb }: StreamRecord): Webhook | undefined {
  const { OldImage: before, NewImage: after } = dynamodb ?? {};
  if (!after) return undefined;
  const row = rowOf(after);
  const announcement = announcementOf(before && rowOf(before), row);
  return announcement && { announcement, fileId: row.fileId, type: `upload.${row.status}` };
}
