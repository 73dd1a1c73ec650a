import { randomUUID } from 'node:crypto';

/** How much a log keeps; older records are dropped. */
export interface LogLimits {
  readonly records: number;
  /** Characters of all records as JSON. */
  readonly characters: number;
}

export const DEFAULT_LIMITS: LogLimits = { records: 1000, characters: 8 * 2 ** 20 };

/** The records since a reader's last read. */
export interface LogPage<T> {
  /** For the next read. */
  readonly cursor: string;
  /** Whether the cursor is not one of this run: then `records` are all that exist. */
  readonly isReset: boolean;
  /** Records with a smaller id were dropped. */
  readonly firstId: number;
  /** In the order of their ids. */
  readonly records: readonly (T & { readonly id: number })[];
}

interface Entry<T> {
  readonly record: T & { readonly id: number };
  readonly revision: number;
  readonly characters: number;
}

/** The newest records of this run, in memory. Readers get only what has changed since their last read. */
export class RecordLog<T extends object> {
  readonly #name = randomUUID();
  readonly #entries = new Map<number, Entry<T>>();
  #lastId = 0;
  #revision = 0;
  #characters = 0;

  constructor(private readonly limits: LogLimits = DEFAULT_LIMITS) {}

  get size(): number {
    return this.#entries.size;
  }

  /** Returns the id of the new record. */
  add(record: T): number {
    const id = ++this.#lastId;
    this.#set(id, record);
    return id;
  }

  /** Replaces some properties of a record, unless it was dropped. */
  change(id: number, change: (record: T) => Partial<T>): void {
    const entry = this.#entries.get(id);
    if (entry) this.#set(id, { ...entry.record, ...change(entry.record) });
  }

  get(id: number): (T & { readonly id: number }) | undefined {
    return this.#entries.get(id)?.record;
  }

  /** The newest record for which the condition holds. */
  findNewest(holds: (record: T) => boolean): (T & { readonly id: number }) | undefined {
    return [...this.#entries.values()].findLast(({ record }) => holds(record))?.record;
  }

  /** @param cursor of the reader's last read; any other text returns all records */
  read(cursor: string): LogPage<T> {
    const [, name, revision] = /^(.+)\.(\d+)$/.exec(cursor) ?? [];
    const isReset = name !== this.#name;
    const start = isReset ? 0 : Number(revision);
    const [firstId = this.#lastId + 1] = this.#entries.keys();
    return {
      cursor: `${this.#name}.${this.#revision}`,
      isReset,
      firstId,
      records: [...this.#entries.values()].filter((entry) => entry.revision > start).map(({ record }) => record),
    };
  }

  #set(id: number, record: T): void {
    const characters = JSON.stringify(record).length;
    this.#characters += characters - (this.#entries.get(id)?.characters ?? 0);
    this.#entries.set(id, { record: { ...record, id }, revision: ++this.#revision, characters });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.limits.records && this.#characters <= this.limits.characters) break;
      if (this.#entries.size === 1) break;
      this.#entries.delete(oldest);
      this.#characters -= entry.characters;
    }
  }
}
