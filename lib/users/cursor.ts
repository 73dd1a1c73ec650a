import { asString, parseJson } from '../platform/json';
import type { IndexKey } from '../uploads/by-uploader';
import { FILE_ID_PATTERN } from '../vod/schemas';

const SORT_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
const MAX_LENGTH = 200;

/** Returns the end of a page in base64url, for the request of the next page. It does not contain the caller. */
export function formatCursor({ sortTime, fileId }: IndexKey): string {
  return Buffer.from(JSON.stringify([sortTime, fileId])).toString('base64url');
}

/** Returns the end of the previous page; `undefined` for a text that {@link formatCursor} cannot have returned. */
export function parseCursor(text: string): IndexKey | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const parts = parseJson(Buffer.from(text, 'base64url'));
  if (!Array.isArray(parts) || parts.length !== 2) return undefined;
  const [sortTime, fileId] = parts.map(asString);
  if (sortTime === undefined || !SORT_TIME.test(sortTime)) return undefined;
  if (fileId === undefined || !FILE_ID_PATTERN.test(fileId)) return undefined;
  return { sortTime, fileId };
}
