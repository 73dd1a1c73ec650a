import { fromItem, toItem, type Item, type Row } from '../../../lib/uploads/row';
import { compareStrings } from '../../../lib/platform/compare';
import type { UploaderIndex } from '../../../lib/uploads/by-uploader';
import type { UploadStore } from '../../../lib/uploads/store';

/** Called before each access; what it throws is the table's error. */
export type StoreFault = (method: keyof UploadStore, fileId: string | undefined) => void;

/**
 * The table in memory: rows as items, so that everything takes the way through toItem and fromItem, and the version as
 * the condition of every write.
 */
export function memoryStore(now: () => number, pageSize = 500) {
  const items = new Map<string, Item>();
  let fault: StoreFault = () => undefined;
  const writes: string[] = [];

  const get = (fileId: string): Row | undefined => {
    const item = items.get(fileId);
    return item && fromItem(copyOf(item));
  };

  function write(before: Row | undefined, after: Row): boolean {
    if (get(after.fileId)?.version !== before?.version) return false;
    const version = (before?.version ?? 0) + 1;
    items.set(after.fileId, copyOf(toItem({ ...after, version, updatedAt: new Date(now()).toISOString() })));
    writes.push(after.fileId);
    return true;
  }

  const store: UploadStore = {
    read: (fileId) =>
      response(() => {
        fault('read', fileId);
        return get(fileId);
      }),
    readAll: (fileIds) =>
      response(() => {
        fault('readAll', undefined);
        return new Map(fileIds.flatMap((fileId) => [get(fileId)].flatMap((row) => (row ? [[fileId, row]] : []))));
      }),
    update: (fileId, change) =>
      response(() => {
        fault('update', fileId);
        const before = get(fileId);
        const after = change(before);
        return after !== before && write(before, after);
      }),
    replace: (before, after) =>
      response(() => {
        fault('replace', after.fileId);
        return write(before, after);
      }),
    page: (after) =>
      response(() => {
        fault('page', undefined);
        const ids = [...items.keys()].sort().filter((fileId) => after === undefined || fileId > after);
        const page = ids.slice(0, pageSize);
        const rows = page.flatMap((fileId) => get(fileId) ?? []);
        const last = page.at(-1);
        return {
          rows: rows.filter(isAudited),
          examined: page.length,
          ...(ids.length > page.length && last !== undefined && { next: last }),
        };
      }),
  };

  return {
    ...store,
    /** Every write that was made, by file. */
    writes,
    get,
    ids: () => [...items.keys()],
    put: (row: Row) => {
      items.set(row.fileId, copyOf(toItem(row)));
    },
    failWith: (next: StoreFault) => {
      fault = next;
    },
  };
}

/** The index `byUploader` of a table in memory, always up to date. */
export function memoryIndex({ ids, get }: Pick<MemoryStore, 'ids' | 'get'>): UploaderIndex {
  return {
    page: (uploader, { limit, range, sourceContext, startAfter }) =>
      response(() => {
        const rows = ids().flatMap((fileId) => get(fileId) ?? []);
        const keys = rows
          .filter(({ context, sortTime }) => context?.uploader === uploader && sortTime !== undefined)
          .map(({ fileId, sortTime = '', context }) => ({ fileId, sortTime, text: context?.sourceContext }))
          .filter(({ sortTime }) => !range || (sortTime >= range.from && sortTime <= range.to))
          .sort((a, b) => compareStrings(b.sortTime + b.fileId, a.sortTime + a.fileId))
          .filter((key) => !startAfter || key.sortTime + key.fileId < startAfter.sortTime + startAfter.fileId);
        const page = keys.slice(0, limit);
        const last = page.at(-1);
        const toKey = ({ fileId, sortTime }: { readonly fileId: string; readonly sortTime: string }) => ({
          fileId,
          sortTime,
        });
        return {
          keys: page.filter(({ text }) => sourceContext === undefined || text === sourceContext).map(toKey),
          ...(keys.length > page.length && last && { next: toKey(last) }),
        };
      }),
  };
}

export type MemoryStore = ReturnType<typeof memoryStore>;

/** As the table's filter expression has it. */
function isAudited({ trust, status }: Row): boolean {
  return trust === 'pushed' || (trust === 'confirmed' && status !== 'deleted');
}

/** A promise for what `work` returns, rejected with what it throws. */
async function response<T>(work: () => T): Promise<T> {
  await Promise.resolve();
  return work();
}

/** By way of JSON, as through a table: under jest, objects of structuredClone never equal others. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
