import { number, object, parseJson, text } from '../platform/json';
import { omitUndefined } from '../platform/omit-undefined';
import { SEARCH_CAP, type Cursor } from '../vod/library';

/** Where reconciliation goes on; lost, it costs time and nothing else. */
export interface Checkpoint {
  /** Where to read VOD's library on from; none = from its beginning. */
  readonly search?: Cursor;
  /** The file behind which the round through the confirmed rows goes on; none = from the table's beginning. */
  readonly audited?: string;
  /** Until when the ends of tasks have been looked at, milliseconds since 1970. */
  readonly tasks?: number;
  /** When a run began that looked at every unchecked row, milliseconds since 1970. */
  readonly drained?: number;
}

/** Reads a checkpoint as it was written; what cannot be read, or cannot be at `now`, is as good as none. */
export function readCheckpoint(value: string, now: number): Checkpoint {
  const saved = parseJson(Buffer.from(value));
  const search = object(saved, 'search');
  const second = within(number(search, 'second'), now / 1000);
  const offset = within(number(search, 'offset'), SEARCH_CAP - 1);
  const audited = text(saved, 'audited');
  return omitUndefined({
    search: second === undefined || offset === undefined ? undefined : { second, offset },
    audited: audited === undefined ? undefined : Buffer.from(audited, 'base64url').toString(),
    tasks: within(number(saved, 'tasks'), now),
    drained: within(number(saved, 'drained'), now),
  });
}

function within(value: number | undefined, most: number): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most ? value : undefined;
}

/** A checkpoint for {@link readCheckpoint}. The file's id is somebody's text, and SSM does not take every text. */
export function writeCheckpoint({ audited, ...place }: Checkpoint): string {
  return JSON.stringify({
    ...place,
    ...(audited !== undefined && { audited: Buffer.from(audited).toString('base64url') }),
  });
}
