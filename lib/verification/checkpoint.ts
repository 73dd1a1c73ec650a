import { asNumber, asObject, asString, getField, parseJson } from '../platform/json';
import { omitUndefined } from '../platform/omit-undefined';
import { SEARCH_CAP, type Cursor } from '../vod/library';

/** What a run of reconciliation consists of, see candidates.ts. */
export const PHASES = ['recent', 'tasks', 'library', 'audit'] as const;

export type Phase = (typeof PHASES)[number];

/** Where each phase resumes. Without it a phase begins anew: that costs time and nothing else. */
export interface Checkpoint {
  /** The phase that had no time in the last run. */
  readonly first?: Phase;
  readonly recent?: Cursor;
  /** A pass through the whole library; without a cursor it is complete. Milliseconds since 1970. */
  readonly library?: { readonly startedAt: number; readonly cursor?: Cursor };
  /** The window of finish times (Unix seconds) that is being read, and VOD's token for its next page. */
  readonly tasks?: { readonly after: number; readonly before: number; readonly scrollToken?: string };
  /** A pass through all rows, `rows` so far, up to and including a file; without one it is complete. */
  readonly audit?: { readonly startedAt: number; readonly rows: number; readonly fileId?: string };
}

/** The checkpoint in what {@link formatCheckpoint} returned; what cannot be read, or cannot be at `now`, counts as absent. */
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

/** A checkpoint for {@link parseCheckpoint}. Ids and tokens come from outside, and SSM does not take every text. */
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
