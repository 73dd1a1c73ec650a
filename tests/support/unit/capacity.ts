import type { Item } from '../../../lib/uploads/row';

/** A table or an index: the attributes of its key, and those that an index stores in addition. */
export interface KeyedStorage {
  readonly name: string;
  readonly hash: string;
  readonly range?: string;
  /** Absent for the table itself, which stores every attribute. */
  readonly projected?: readonly string[];
}

interface KeyElement {
  readonly AttributeName?: string | undefined;
  readonly KeyType?: string | undefined;
}

interface IndexDeclaration {
  readonly IndexName?: string | undefined;
  readonly KeySchema?: readonly KeyElement[] | undefined;
  readonly Projection?: { readonly NonKeyAttributes?: readonly string[] | undefined } | undefined;
}

export interface TableDeclaration {
  readonly KeySchema?: readonly KeyElement[] | undefined;
  readonly GlobalSecondaryIndexes?: readonly IndexDeclaration[] | undefined;
}

/** The table and its indexes as CloudFormation or CreateTable declares them; the table comes first. */
export function storagesOf({ KeySchema, GlobalSecondaryIndexes = [] }: TableDeclaration): KeyedStorage[] {
  const table = keyOf(KeySchema);
  const indexes = GlobalSecondaryIndexes.map(({ IndexName = '', KeySchema: keys, Projection }): KeyedStorage => {
    const key = keyOf(keys);
    const ofKeys = [table.hash, key.hash, ...(key.range === undefined ? [] : [key.range])];
    return { name: IndexName, ...key, projected: [...ofKeys, ...(Projection?.NonKeyAttributes ?? [])] };
  });
  return [{ name: 'table', ...table }, ...indexes];
}

function keyOf(schema: readonly KeyElement[] = []): Pick<KeyedStorage, 'hash' | 'range'> {
  const nameOf = (type: string) => schema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const range = nameOf('RANGE');
  return { hash: nameOf('HASH') ?? '', ...(range !== undefined && { range }) };
}

export interface Consumption {
  readonly storage: string;
  /** The value of the hash key: DynamoDB limits the units of each, 1 000 writes and 3 000 reads a second. */
  readonly key: string;
  readonly units: number;
}

const WRITE_UNIT = 1_024;
const READ_UNIT = 4_096;

/**
 * Write units of a change from `before` to `after`, by table and index: a unit for each kilobyte of the larger item. An
 * index is written when one of its attributes changes; a changed key costs a deletion and an insertion there.
 */
export function writesOf(storages: readonly KeyedStorage[], before: Item | undefined, after: Item): Consumption[] {
  return storages.flatMap((storage) => {
    const old = storedIn(storage, before);
    const next = storedIn(storage, after);
    const units = (item: Item) => Math.max(1, Math.ceil(itemBytes(item) / WRITE_UNIT));
    const consumption = (item: Item, count: number): Consumption => ({
      storage: storage.name,
      key: String(item[storage.hash]),
      units: count,
    });
    if (!old || !next) return [old, next].flatMap((item) => (item ? [consumption(item, units(item))] : []));
    if (storage.projected && JSON.stringify(old) === JSON.stringify(next)) return [];
    const isMoved = [storage.hash, storage.range].some((name) => name !== undefined && old[name] !== next[name]);
    if (isMoved) return [consumption(old, units(old)), consumption(next, units(next))];
    return [consumption(next, Math.max(units(old), units(next)))];
  });
}

/** The attributes of an item that the table or index stores; `undefined` if the item lacks an attribute of its key. */
function storedIn({ hash, range, projected }: KeyedStorage, item: Item | undefined): Item | undefined {
  if (item?.[hash] === undefined || (range !== undefined && item[range] === undefined)) return undefined;
  if (!projected) return item;
  return Object.fromEntries(projected.filter((name) => Object.hasOwn(item, name)).map((name) => [name, item[name]]));
}

/** Read units of a strongly consistent read of one item; a missing one costs a unit, too. */
export function readUnits(item: Item | undefined): number {
  return item ? Math.max(1, Math.ceil(itemBytes(item) / READ_UNIT)) : 1;
}

/** Read units of a page of a scan, which is eventually consistent, from the bytes that it scans. */
export function scanUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT)) / 2;
}

const sizes = new WeakMap<Item, number>();

/** Bytes of an item, which must not change later, by the sizes in DynamoDB's developer guide. */
export function itemBytes(item: Item): number {
  const known = sizes.get(item);
  if (known !== undefined) return known;
  const size = computeBytes(item);
  sizes.set(item, size);
  return size;
}

function computeBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).length / 2) + 1;
  if (Array.isArray(value)) return value.reduce((sum: number, element) => sum + 1 + valueBytes(element), 3);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).reduce(
      (sum, [name, member]) => sum + 1 + Buffer.byteLength(name) + valueBytes(member),
      3,
    );
  }
  return 1;
}
