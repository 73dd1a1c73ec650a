import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { chunk } from '../platform/chunk';
import { DynamoDbError, type DynamoDb } from '../platform/dynamodb';
import { backoff, retryUntil, type RetryDeps } from '../platform/retry';
import { fromItem, type Row } from './row';
import { updateBetween } from './row-update';

export interface StoreDeps extends RetryDeps {
  readonly dynamodb: DynamoDb;
  readonly tableName: string;
}

/** How many rows one BatchGetItem can read. */
const MAX_BATCH = 100;
/** Longest wait for one response of the table, in milliseconds. */
const RESPONSE_TIMEOUT = 3_000;
/** Longest pause after a write conflict, in milliseconds. */
const MAX_CONFLICT_PAUSE = 2_000;

/** The table refuses a row permanently: a retry would be refused, too. */
export class RefusedRowError extends Error {
  override readonly name = 'RefusedRowError';
}

export interface RowsPage {
  readonly rows: readonly Row[];
  /** How many rows the table scanned. */
  readonly examined: number;
  /** The last file that was scanned; absent at the table's end. */
  readonly next?: string;
}

/**
 * The table of uploads. Every write increments `version` by one, on condition of the version that was read (optimistic
 * lock); only appended news need no such condition. Requests that fail are retried, with jitter, until the deadline
 * (milliseconds since 1970).
 *
 * Each method throws the table's last error, or a {@link RefusedRowError}.
 */
export interface UploadStore {
  readonly read: (fileId: string, deadline: number) => Promise<Row | undefined>;
  /** The rows of any number of files, by id. Eventual consistency costs half, and may miss the writes of the last second. */
  readonly readAll: (
    fileIds: readonly string[],
    deadline: number,
    consistency?: 'strong' | 'eventual',
  ) => Promise<ReadonlyMap<string, Row>>;
  /**
   * Changes a row by a function, which is called again with the newer row after a conflict. A file that is likely to be
   * new is written without being read first. Returns whether anything was written.
   */
  readonly update: (
    fileId: string,
    change: (row: Row | undefined) => Row,
    deadline: number,
    isLikelyNew: boolean,
  ) => Promise<boolean>;
  /** Writes `after` if the row is still `before` (no row if `undefined`). Returns false, without a retry, when it has changed. */
  readonly replace: (before: Row | undefined, after: Row, deadline: number) => Promise<boolean>;
  /**
   * The next rows in the table's own order, after the file `after`: confirmed ones that are not deleted, and those that
   * wait for verification. One page scans at most 500 rows.
   */
  readonly page: (after: string | undefined, deadline: number) => Promise<RowsPage>;
}

/** The store in one table: the only code that reads and writes rows in DynamoDB. */
export function uploadStore(deps: StoreDeps): UploadStore {
  return {
    read: (fileId, deadline) => read(fileId, deadline, deps),
    readAll: (fileIds, deadline, consistency = 'strong') => readAll(fileIds, deadline, consistency, deps),
    update: (fileId, change, deadline, isLikelyNew) => update(fileId, change, deadline, isLikelyNew, deps),
    replace: async (before, after, deadline) => (await tryWrite(before, after, deadline, deps)) === undefined,
    page: (after, deadline) => readPage(after, deadline, deps),
  };
}

/** Milliseconds until a request to the table is given up. */
function timeoutUntil(deadline: number, now: number): number {
  return Math.max(1, Math.min(RESPONSE_TIMEOUT, deadline - now));
}

async function read(fileId: string, deadline: number, deps: StoreDeps): Promise<Row | undefined> {
  const { dynamodb, tableName, now } = deps;
  const input = { TableName: tableName, Key: marshall({ fileId }), ConsistentRead: true };
  const attempt = () => dynamodb.getItem(input, timeoutUntil(deadline, now()));
  const { Item: item } = await retryUntil(deadline, attempt, isFinal, deps);
  return item && rowOf(item);
}

async function readAll(
  fileIds: readonly string[],
  deadline: number,
  consistency: 'strong' | 'eventual',
  deps: StoreDeps,
): Promise<ReadonlyMap<string, Row>> {
  const rows = new Map<string, Row>();
  for (const batch of chunk([...new Set(fileIds)], MAX_BATCH)) {
    const items = await readBatch(batch, deadline, consistency === 'strong', deps);
    for (const row of items.map(rowOf)) rows.set(row.fileId, row);
  }
  return rows;
}

type StoredItem = Record<string, AttributeValue>;

async function readBatch(
  fileIds: readonly string[],
  deadline: number,
  isConsistent: boolean,
  deps: StoreDeps,
): Promise<readonly StoredItem[]> {
  const { dynamodb, tableName, now, sleep, random } = deps;
  const items: StoredItem[] = [];
  let keys = fileIds.map((fileId) => marshall({ fileId }));
  for (let attempts = 1; ; attempts++) {
    const input = { RequestItems: { [tableName]: { Keys: keys, ConsistentRead: isConsistent } } };
    const attempt = () => dynamodb.batchGetItem(input, timeoutUntil(deadline, now()));
    const { Responses: found, UnprocessedKeys: left } = await retryUntil(deadline, attempt, isFinal, deps);
    items.push(...(found?.[tableName] ?? []));
    keys = left?.[tableName]?.Keys ?? [];
    if (keys.length === 0) return items;
    const pause = backoff(attempts, random);
    if (now() + pause >= deadline) throw new Error('Cannot read rows: the table has no capacity left for them');
    await sleep(pause);
  }
}

async function update(
  fileId: string,
  change: (row: Row | undefined) => Row,
  deadline: number,
  isLikelyNew: boolean,
  deps: StoreDeps,
): Promise<boolean> {
  const { now, sleep, random } = deps;
  let before = isLikelyNew ? undefined : await read(fileId, deadline, deps);
  for (let conflicts = 1; ; conflicts++) {
    const after = change(before);
    if (after === before) return false;
    const result = await tryWrite(before, after, deadline, deps);
    if (result === undefined) return true;
    before = result === 'none' ? undefined : result;
    // That the file is not new is not a conflict. After a conflict writers pause at random, else they collide again.
    if (isLikelyNew && conflicts === 1) continue;
    const pause = random() * Math.min(20 * 2 ** conflicts, MAX_CONFLICT_PAUSE);
    if (now() + pause >= deadline)
      throw new Error('Cannot change the row: concurrent writes conflicted until the deadline');
    await sleep(pause);
  }
}

/** Returns `undefined` when the write was made, else the conflicting row, or `'none'` if the row is gone. */
async function tryWrite(
  before: Row | undefined,
  after: Row,
  deadline: number,
  deps: StoreDeps,
): Promise<Row | 'none' | undefined> {
  const { dynamodb, tableName, now } = deps;
  const input = updateBetween(tableName, before, after, new Date(now()).toISOString());
  const attempt = async () => {
    await dynamodb.updateItem(input, timeoutUntil(deadline, now()));
  };
  try {
    await retryUntil(deadline, attempt, isFinal, deps);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ValidationException') throw new RefusedRowError(messageOf(error), { cause: error });
    if (!(error instanceof DynamoDbError) || code !== 'ConditionalCheckFailedException') throw error;
    return error.item ? rowOf(error.item) : 'none';
  }
}

async function readPage(after: string | undefined, deadline: number, deps: StoreDeps): Promise<RowsPage> {
  const { dynamodb, tableName, now } = deps;
  const input = {
    TableName: tableName,
    FilterExpression: '#trust = :pushed OR (#trust = :confirmed AND #status <> :deleted)',
    ExpressionAttributeNames: { '#trust': 'trust', '#status': 'status' },
    ExpressionAttributeValues: marshall({ ':pushed': 'pushed', ':confirmed': 'confirmed', ':deleted': 'deleted' }),
    Limit: 5 * MAX_BATCH,
    ...(after !== undefined && { ExclusiveStartKey: marshall({ fileId: after }) }),
  };
  const attempt = () => dynamodb.scan(input, timeoutUntil(deadline, now()));
  const page = await retryUntil(deadline, attempt, isFinal, deps);
  const { Items: items = [], ScannedCount: examined = items.length, LastEvaluatedKey: last } = page;
  const next = last?.['fileId']?.S;
  return { rows: items.map(rowOf), examined, ...(next !== undefined && { next }) };
}

/** The row in an item of DynamoDB's API or of its stream. */
export function rowOf(item: Record<string, AttributeValue>): Row {
  return fromItem(unmarshall(item, { wrapNumbers: Number }));
}

/** Whether a retry cannot help: the condition failed, or the request is invalid. */
function isFinal(error: unknown): boolean {
  return ['ConditionalCheckFailedException', 'ValidationException'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return (error instanceof DynamoDbError ? error.code : undefined) ?? '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the table refused the row';
}
