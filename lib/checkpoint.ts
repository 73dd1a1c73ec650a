import { number, object, parseJson, text } from './message';
import { present } from './present';
import type { Cursor } from './vod-library';

/** Where reconciliation goes on; lost, it costs time and nothing else. */
export interface Checkpoint {
  /** Where to read VOD's library on from; none = from its beginning. */
  readonly search?: Cursor;
  /** The file behind which the round through the confirmed rows goes on; none = from the table's beginning. */
  readonly audited?: string;
  /** When a run began that looked at every unchecked row, milliseconds since 1970. */
  readonly drained?: number;
}

/** Reads a checkpoint as it was written; what cannot be read is as good as none. */
export function readCheckpoint(value: string): Checkpoint {
  const saved = parseJson(Buffer.from(value));
  const search = object(saved, 'search');
  const [second, offset] = [number(search, 'second'), number(search, 'offset')];
  return present({
    search: second === undefined || offset === undefined ? undefined : { second, offset },
    audited: text(saved, 'audited'),
    drained: number(saved, 'drained'),
  });
}
