import { asNumber, asObject, asString, getField, parseJson } from '../platform/json';
import { omitUndefined } from '../platform/omit-undefined';
import { SEARCH_CAP, type Cursor } from '../vod/library';

/** The phases of a run of `reconcile`, see candidates.ts. */
export const PHASES = ['recent', 'tasks', 'library', 'audit'] as const;

export type Phase = (typeof PHASES)[number];

/** Where each phase resumes. A phase without its entry starts from the beginning, which costs only time. */
export interface Checkpoint {
  /** The phase that starts the next run, because it had no time in the last one. */
  readonly first?: Phase;
  readonly recent?: Cursor;
  /** A pass through the whole library, complete without `cursor`. `startedAt` is in milliseconds since 1970. */
  readonly library?: { readonly startedAt: number; readonly cursor?: Cursor };
  /** The current window of finish times (Unix seconds), and VOD's token for its next page. */
  readonly tasks?: { readonly after: number; readonly before: number; readonly scrollToken?: string };
  /** A pass through all rows, complete without `fileId`: `rows` rows so far, `fileId` the last of them. */
  readonly audit?: { readonly startedAt: number; readonly rows: number; readonly fileId?: string };
}

/**
 * Parses what {@link formatCheckpoint} returned. Entries that are malformed, or in the future, are treated as missing.
 *
 * @param now milliseconds since 1970
 */
export function parseCheckpoint(value: string, now: number): Checkpoint {
  const saved = parseJson(Buffer.from(value));
  return omitUndefined({
    first: PHASES.find((phase) => phase === getField(saved, 'first')),
    recent: parseCursor(getField(saved, 'recent'), now),
    library: parseLibrary(getField(saved, 'library'), now),
    tasks: parseTasks(getField(saved, 'tasks'), now),
    audit: parseAudit(getField(saved, 'audit'), now),
  });
}

/** Formats a checkpoint for SSM, which does not accept every text: ids and tokens are encoded. */
export function formatCheckpoint({ audit, tasks, ...phases }: Checkpoint): string {
  return JSON.stringify({
    ...phases,
    ...(tasks && { tasks: { ...tasks, scrollToken: encode(tasks.scrollToken) } }),
    ...(audit && { audit: { ...audit, fileId: encode(audit.fileId) } }),
  });
}

function parseCursor(value: unknown, now: number): Cursor | undefined {
  const second = bounded(getField(value, 'second'), now / 1000);
  const offset = bounded(getField(value, 'offset'), SEARCH_CAP - 1);
  return second === undefined || offset === undefined ? undefined : { second, offset };
}

function parseLibrary(value: unknown, now: number): Checkpoint['library'] {
  const startedAt = bounded(getField(value, 'startedAt'), now);
  const cursor = asObject(getField(value, 'cursor'));
  if (startedAt === undefined) return undefined;
  if (!cursor) return { startedAt };
  const parsed = parseCursor(cursor, now);
  return parsed && { startedAt, cursor: parsed };
}

function parseTasks(value: unknown, now: number): Checkpoint['tasks'] {
  const after = bounded(getField(value, 'after'), now / 1000);
  const before = bounded(getField(value, 'before'), now / 1000 + 1);
  if (after === undefined || before === undefined) return undefined;
  return { after, before, ...omitUndefined({ scrollToken: decode(getField(value, 'scrollToken')) }) };
}

function parseAudit(value: unknown, now: number): Checkpoint['audit'] {
  const startedAt = bounded(getField(value, 'startedAt'), now);
  const rows = bounded(getField(value, 'rows'), Number.MAX_SAFE_INTEGER);
  if (startedAt === undefined || rows === undefined) return undefined;
  return { startedAt, rows, ...omitUndefined({ fileId: decode(getField(value, 'fileId')) }) };
}

function bounded(value: unknown, max: number): number | undefined {
  const number = asNumber(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 && number <= max ? number : undefined;
}

function encode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text).toString('base64url');
}

function decode(value: unknown): string | undefined {
  const text = asString(value);
  return text === undefined ? undefined : Buffer.from(text, 'base64url').toString();
}
