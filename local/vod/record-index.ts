import type { RecordIndex } from './records';

const NO_RECORDS: ReadonlyMap<string, never> = new Map<string, never>();

/** Finds the records that share a key, without reading all of them. */
export class KeyIndex<T> implements RecordIndex<T> {
  readonly #groups = new Map<string, Map<string, T>>();

  constructor(private readonly keyOf: (record: T) => string) {}

  /** The records with this key by their ids, in the order in which they were added. */
  get(key: string): ReadonlyMap<string, T> {
    return this.#groups.get(key) ?? NO_RECORDS;
  }

  add(id: string, record: T): void {
    const key = this.keyOf(record);
    const group = this.#groups.get(key) ?? new Map<string, T>();
    group.set(id, record);
    this.#groups.set(key, group);
  }

  /** A record that replaces this one under the same key keeps its place. */
  remove(id: string, record: T, replacement: T | undefined): void {
    const key = this.keyOf(record);
    if (replacement !== undefined && this.keyOf(replacement) === key) return;
    const group = this.#groups.get(key);
    group?.delete(id);
    if (group?.size === 0) this.#groups.delete(key);
  }
}

interface Entry<T> {
  readonly time: number;
  readonly id: string;
  readonly record: T;
}

/** Keeps records sorted by a time in milliseconds. Records without that time are not in the index. */
export class TimeIndex<T> implements RecordIndex<T> {
  readonly #entries: Entry<T>[] = [];

  constructor(private readonly timeOf: (record: T) => number | undefined) {}

  /** The records from `from` up to and not including `to`, oldest first. */
  range(from: number, to: number): T[] {
    return this.#entries.slice(this.#position(from, ''), this.#position(to, '')).map(({ record }) => record);
  }

  /** The newest records, newest first. */
  newest(count: number): T[] {
    return this.#entries
      .slice(-count)
      .map(({ record }) => record)
      .reverse();
  }

  get size(): number {
    return this.#entries.length;
  }

  add(id: string, record: T): void {
    const time = this.timeOf(record);
    if (time !== undefined) this.#entries.splice(this.#position(time, id), 0, { time, id, record });
  }

  remove(id: string, record: T): void {
    const time = this.timeOf(record);
    if (time !== undefined) this.#entries.splice(this.#position(time, id), 1);
  }

  /** Index of the first entry that is not before this time and id. */
  #position(time: number, id: string): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      const isBefore = entry !== undefined && (entry.time < time || (entry.time === time && entry.id < id));
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
