import { parseTime } from '../platform/time';
import { createHash } from 'node:crypto';
import type { Row, Status } from '../uploads/row';
import { viewUpload, type UploadView } from '../uploads/view';

/** The statuses that the app is notified about. */
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
  const isTruncated = [...after.tasks.values()].some(({ truncated }) => truncated);
  const data = {
    ...viewUpload(after),
    ...(context?.uploader !== undefined && { uploader: context.uploader }),
    ...(isTruncated && { truncated: true as const }),
  };
  return { id: `msg_${hash.slice(0, 32)}`, body: formatBody({ type: `upload.${status}`, timestamp: updatedAt, data }) };
}

function isOld({ media, confirmedAt = '' }: Row): boolean {
  return Date.parse(confirmedAt) - parseTime(media.createTime) > MAX_AGE;
}

/**
 * The notification as JSON of at most 20 kB. Outputs that do not fit are dropped, the last first; where the other
 * attributes alone are longer, the longest of them are dropped too.
 */
function formatBody({ type, timestamp, data }: Notification): string {
  const format = (content: object) => escapeNoncharacters(JSON.stringify({ type, timestamp, data: content }));
  const body = format(data);
  if (Buffer.byteLength(body) <= MAX_BODY_BYTES) return body;

  const { fileId, status, version, outputs = [], ...attributes } = data;
  const identity = { fileId, status, version };
  let remainingBytes = MAX_BODY_BYTES - Buffer.byteLength(format({ ...identity, outputs: [], truncated: true }));
  /** Whether the member still fits; after the first one that does not, false for all others. */
  const fits = (json: string) => {
    remainingBytes -= Buffer.byteLength(escapeNoncharacters(json)) + 1; // with its comma
    return remainingBytes >= 0;
  };
  const members = Object.entries(attributes).map((entry) => ({
    entry,
    json: JSON.stringify(Object.fromEntries([entry])),
  }));
  const fitting = members.toSorted((a, b) => a.json.length - b.json.length).filter(({ json }) => fits(json));
  const keptOutputs = outputs.filter((output) => remainingBytes >= 0 && fits(JSON.stringify(output)));
  return format({
    ...identity,
    ...Object.fromEntries(fitting.map(({ entry }) => entry)),
    ...(keptOutputs.length > 0 && { outputs: keptOutputs }),
    truncated: true,
  });
}

/** SQS refuses these two characters, which a file's name may contain. */
function escapeNoncharacters(json: string): string {
  return json.replace(/[\ufffe\uffff]/g, (character) => (character === '\ufffe' ? '\\ufffe' : '\\uffff'));
}
