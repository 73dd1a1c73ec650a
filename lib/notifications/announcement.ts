import { createHash } from 'node:crypto';
import type { Row, Status } from '../uploads/row';
import { viewUpload, type UploadView } from '../uploads/view';

/** The statuses that the app is told of. */
export const ANNOUNCED = ['ready', 'failed', 'held', 'rejected', 'deleted'] as const satisfies readonly Status[];

export interface Notification {
  readonly type: `upload.${(typeof ANNOUNCED)[number]}`;
  /** When the row changed, ISO 8601. */
  readonly timestamp: string;
  readonly data: UploadView & { readonly uploader?: string; readonly truncated?: true };
}

export interface Announcement {
  /** The same for every delivery of the same change, however often the change is seen. */
  readonly id: string;
  /** A {@link Notification} as JSON, at most 20 kB. */
  readonly body: string;
}

/** Longest body, in bytes, as the Standard Webhooks specification recommends. */
const MAX_BODY_BYTES = 20_000;
/** How old a file may be when it is confirmed for the first time and still announced, in milliseconds. */
const MAX_AGE = 3 * 24 * 3_600_000;

/**
 * The announcement of a change from one row to another: a confirmed row whose status is one of {@link ANNOUNCED} and was
 * another before. `undefined` for any other change, and for the first confirmation of an old file (back-fill).
 */
export function announcementOf(before: Row | undefined, after: Row): Announcement | undefined {
  const status = ANNOUNCED.find((announced) => announced === after.status);
  if (after.trust !== 'confirmed' || status === undefined || before?.status === status) return undefined;
  if (before?.confirmedAt === undefined && isOld(after)) return undefined;
  const { fileId, version, updatedAt, context } = after;
  const hash = createHash('sha256').update(`${fileId}\n${version}\n${updatedAt}`).digest('base64url');
  const data = { ...viewUpload(after), ...(context?.uploader !== undefined && { uploader: context.uploader }) };
  return { id: `msg_${hash.slice(0, 32)}`, body: formatBody({ type: `upload.${status}`, timestamp: updatedAt, data }) };
}

function isOld({ media, confirmedAt = '' }: Row): boolean {
  return Date.parse(confirmedAt) - (Date.parse(media.createTime ?? '') || 0) > MAX_AGE;
}

/** Outputs that do not fit are dropped, the last first. */
function formatBody(notification: Notification): string {
  const body = JSON.stringify(notification);
  const { outputs = [], ...data } = notification.data;
  if (Buffer.byteLength(body) <= MAX_BODY_BYTES || outputs.length === 0) return body;
  const kept = outputs.slice(0, -1);
  return formatBody({
    ...notification,
    data: { ...data, ...(kept.length > 0 && { outputs: kept }), truncated: true },
  });
}
