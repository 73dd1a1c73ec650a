import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from './journal';

/**
 * A map that a `kill -9` does not lose: one JSON file per record, written beside its place and renamed into it.
 * Loss of power is not guarded against: nothing is synced to the disk.
 */
export class Records<T> {
  readonly #records = new Map<string, T>();

  /** `name` is the folder's, in the data directory that the journal is of. */
  constructor(
    dataDir: string,
    private readonly name: string,
    private readonly journal: Journal,
  ) {
    const directory = join(dataDir, name);
    mkdirSync(directory, { recursive: true });
    for (const file of readdirSync(directory).sort()) {
      if (!file.endsWith('.json')) continue;
      // Only this class writes here, so the shape is the one it was given.
      this.#records.set(file.slice(0, -5), read(join(directory, file)) as T);
    }
  }

  get(id: string): T | undefined {
    return this.#records.get(id);
  }

  /** In the order of the ids after a restart, in the order of arrival otherwise. */
  entries(): [string, T][] {
    return [...this.#records];
  }

  values(): T[] {
    return [...this.#records.values()];
  }

  /** The id becomes a file name: only ids made here may be given. */
  set(id: string, record: T): void {
    this.#records.set(id, record);
    this.journal.change({ file: join(this.name, `${id}.json`), content: JSON.stringify(record) });
  }

  delete(id: string): void {
    this.#records.delete(id);
    this.journal.change({ file: join(this.name, `${id}.json`) });
  }
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`Cannot read ${file}: remove it, and what it was about is forgotten`, { cause });
  }
}
