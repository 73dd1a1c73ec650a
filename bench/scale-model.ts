import { fromItem, toItem, type Item, type Row } from '../lib/uploads/row';
import type { RowsPage, UploadStore } from '../lib/uploads/store';
import type { VodApi } from '../lib/vod/api';
import { itemBytes, readUnits, scanUnits, writesOf, type KeyedStorage } from '../tests/support/unit/capacity';
import type { VirtualTime } from './virtual-time';

/** A file of VOD's library, with a procedure that ended a minute after its creation. */
export interface LibraryFile {
  readonly createdAt: number;
  /** Files that were uploaded before this service was deployed have no seal. */
  readonly isSealed: boolean;
}

export type Action = keyof VodApi;

/** Counts of calls to VOD, and of read and write units of the table. */
export interface Meter {
  calls: Partial<Record<Action, number>>;
  readUnits: number;
  writeUnits: number;
}

export const emptyMeter = (): Meter => ({ calls: {}, readUnits: 0, writeUnits: 0 });

const FIRST_ID = 5_285_890_000_000_000_000n;
/** How long the table takes for a request, in milliseconds. */
const TABLE_TIME = { readAll: 8, replace: 6, page: 40 };
const PAGE_ROWS = 500;

export const idOf = (index: number) => String(FIRST_ID + BigInt(index));
export const indexOf = (fileId: string) => Number(BigInt(fileId) - FIRST_ID);

/** VOD's library, the oldest file first; the id of a file follows from its place. */
export function modelLibrary() {
  const files: LibraryFile[] = [];
  /** The first file that was created at this time or later. */
  function firstSince(time: number): number {
    let low = 0;
    let high = files.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((files[middle]?.createdAt ?? Infinity) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  return { files, firstSince };
}

export type ModelLibrary = ReturnType<typeof modelLibrary>;

export type Clock = Pick<VirtualTime, 'now' | 'sleep'>;

interface StoreDeps {
  readonly items: Map<string, Item>;
  readonly clock: Clock;
  readonly library: ModelLibrary;
  readonly storages: readonly KeyedStorage[];
  /** Where the next request is counted. */
  readonly meter: () => Meter;
  readonly onPage: () => void;
}

/** The table in memory, which counts units as DynamoDB bills them; pages come in the order of creation. */
export function modelStore({ items, clock, library, storages, meter, onPage }: StoreDeps): UploadStore {
  const rowOf = (item: Item | undefined): Row | undefined => item && fromItem(item);
  const never = (method: string) => () => Promise.reject(new Error(`reconcile does not call ${method}`));

  async function replace(before: Row | undefined, after: Row): Promise<boolean> {
    await clock.sleep(TABLE_TIME.replace);
    const stored = items.get(after.fileId);
    if (stored?.['version'] !== before?.version) return false;
    const version = (before?.version ?? 0) + 1;
    const item = toItem({ ...after, version, updatedAt: new Date(clock.now()).toISOString() });
    for (const { units } of writesOf(storages, stored, item)) meter().writeUnits += units;
    items.set(after.fileId, item);
    return true;
  }

  async function page(after: string | undefined): Promise<RowsPage> {
    onPage();
    await clock.sleep(TABLE_TIME.page);
    const scanned: Item[] = [];
    let index = after === undefined ? 0 : indexOf(after) + 1;
    for (; index < library.files.length && scanned.length < PAGE_ROWS; index++) {
      const item = items.get(idOf(index));
      if (item) scanned.push(item);
    }
    meter().readUnits += scanUnits(scanned.reduce((sum, item) => sum + itemBytes(item), 0));
    const rows = scanned.flatMap((item) => rowOf(item) ?? []);
    const last = rows.at(-1);
    return { rows, examined: rows.length, ...(rows.length === PAGE_ROWS && last && { next: last.fileId }) };
  }

  return {
    read: never('read'),
    update: never('update'),
    replace,
    page,
    readAll: async (fileIds) => {
      await clock.sleep(TABLE_TIME.readAll * Math.ceil(fileIds.length / 100));
      const rows = new Map<string, Row>();
      for (const fileId of new Set(fileIds)) {
        const item = items.get(fileId);
        meter().readUnits += readUnits(item);
        const row = rowOf(item);
        if (row) rows.set(fileId, row);
      }
      return rows;
    },
  };
}
