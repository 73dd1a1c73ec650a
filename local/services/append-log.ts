import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from './replace-file';

export interface AppendLog<Entry> {
  readonly append: (entry: Entry) => void;
  /** Replaces the whole content; a kill leaves the old content or the new one. */
  readonly replace: (entries: readonly Entry[]) => void;
  readonly close: () => void;
}

/**
 * A file of JSON lines that grows until it is replaced. An appended entry survives a `kill -9`, but not a loss of
 * power: nothing is synced to the disk. An incomplete last line, which a kill leaves behind, is dropped.
 *
 * @param file without one, nothing is kept
 * @returns the log, and the entries that were in it
 * @throws Error that names the file when a line before the last one is damaged
 */
export function openAppendLog<Entry>(file: string | undefined): { log: AppendLog<Entry>; entries: Entry[] } {
  if (file === undefined) return { log: { append: ignore, replace: ignore, close: ignore }, entries: [] };
  mkdirSync(dirname(file), { recursive: true });
  const { entries, length } = readEntries(file);
  let descriptor = openSync(file, 'a');
  let isClosed = false;
  ftruncateSync(descriptor, length);

  const log: AppendLog<Entry> = {
    append: (entry) => {
      const { size } = fstatSync(descriptor);
      try {
        appendFileSync(descriptor, `${JSON.stringify(entry)}\n`);
      } catch (error) {
        ftruncateSync(descriptor, size); // a full disk must not leave half a line between two entries
        throw error;
      }
    },
    replace: (replacement) => {
      replaceFile(file, replacement.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      closeSync(descriptor);
      descriptor = openSync(file, 'a');
    },
    close: () => {
      if (!isClosed) closeSync(descriptor);
      isClosed = true;
    },
  };
  // Only `append` and `replace` write here, so the shape is the one they were given.
  return { log, entries: entries as Entry[] };
}

/** The complete lines of the file, and how many bytes they take. */
function readEntries(file: string): { entries: unknown[]; length: number } {
  const content = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const length = content.lastIndexOf('\n') + 1;
  const lines = content.subarray(0, length).toString().split('\n').slice(0, -1);
  try {
    return { entries: lines.map((line): unknown => JSON.parse(line)), length };
  } catch (cause) {
    throw new Error(`Cannot read ${file}: delete it to start with empty data`, { cause });
  }
}

function ignore(): void {
  // nothing is kept
}
