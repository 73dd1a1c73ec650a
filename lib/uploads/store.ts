import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue, BatchGetItemCommandOutput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { DynamoDbError, type DynamoDb } from '../platform/dynamodb';
import { backoff, retryUntil, type RetryDeps } from '../platform/retry';
import { fromItem, MAX_NEWS, toItem, type Item, type Row } from './row';

export interface StoreDeps extends RetryDeps {
  readonly dynamodb: DynamoDb;
  readonly tableName: string;
}

/** How many rows one BatchGetItem can read. */
const MAX_BATCH = 100;
/** Longest wait for one response of the table, in milliseconds. */
const ANSWER_TIMEOUT = 3_000;

/** Longest pause after a write conflict, in milliseconds. */
const MAX_CONFLICT_PAUSE = 2_000;

/** The table refuses a row permanently: a retry would be refused, too. */
export class RefusedRowError extends Error {
  override readonly name = 'RefusedRowError';
}

export interface RowsPage {
  readonly rows: readonly Row[];
  /** How many rows the table scanned. */
  readonly looked: number;
  /** The last file that was scanned; absent at the table's end. */
  readonly next?: string;
}

export type UploadStore = ReturnType<typeof uploadStore>;

/**
 * The table of uploads: the only code that calls DynamoDB. Every write increments `version` by one, on condition of the
 * version that was read (optimistic lock); only appended news need no such condition. Requests that fail are retried, with
 * jitter, until the deadline (milliseconds since 1970).
 *
 * Each method throws the table's last error, or a {@link RefusedRowError}.
 */
export function uploadStore({ dynamodb, tableName, ...deps }: StoreDeps) {
  const { now, sleep, random } = deps;
  const timeout = (deadline: number) => Math.max(1, Math.min(ANSWER_TIMEOUT, deadline - now()));

  async function write(input: UpdateItemCommandInput, deadline: number): Promise<void> {
    const attempt = async () => {
      await dynamodb.updateItem(input, timeout(deadline));
    };
    try {
      await retryUntil(deadline, attempt, isFinal, deps);
    } catch (error) {
      if (codeOf(error) === 'ValidationException') throw new RefusedRowError(messageOf(error), { cause: error });
      throw error;
    }
  }

  async function read(fileId: string, deadline: number): Promise<Row | undefined> {
    const input = { TableName: tableName, Key: marshall({ fileId }), ConsistentRead: true };
    const attempt = () => dynamodb.getItem(input, timeout(deadline));
    const { Item: item } = await retryUntil(deadline, attempt, isFinal, deps);
    return item && rowOf(item);
  }

  /** Returns `undefined` when the write was made, else the conflicting row, or `'none'` if the row is gone. */
  async function tryWrite(before: Row | undefined, after: Row, deadline: number): Promise<Row | 'none' | undefined> {
    const time = new Date(now()).toISOString();
    try {
      await write(differenceOf(tableName, before, after, time), deadline);
      return undefined;
    } catch (error) {
      if (!(error instanceof DynamoDbError) || error.code !== 'ConditionalCheckFailedException') throw error;
      return error.item ? rowOf(error.item) : 'none';
    }
  }

  return {
    read,

    /** The rows of any number of files, by id. Eventual consistency costs half, and may miss the writes of the last second. */
    async readAll(
      fileIds: readonly string[],
      deadline: number,
      consistency: 'strong' | 'eventual' = 'strong',
    ): Promise<ReadonlyMap<string, Row>> {
      const rows = new Map<string, Row>();
      const ids = [...new Set(fileIds)];
      for (let start = 0; start < ids.length; start += MAX_BATCH) {
        let keys = ids.slice(start, start + MAX_BATCH).map((fileId) => marshall({ fileId }));
        for (let attempts = 1; keys.length > 0; attempts++) {
          const input = { RequestItems: { [tableName]: { Keys: keys, ConsistentRead: consistency === 'strong' } } };
          const attempt = () => dynamodb.batchGetItem(input, timeout(deadline));
          const answer: Omit<BatchGetItemCommandOutput, '$metadata'> = await retryUntil(
            deadline,
            attempt,
            isFinal,
            deps,
          );
          for (const item of answer.Responses?.[tableName] ?? []) {
            const row = rowOf(item);
            rows.set(row.fileId, row);
          }
          keys = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
          if (keys.length === 0) break;
          const pause = backoff(attempts, random);
          if (now() + pause >= deadline) throw new Error('Cannot read rows: the table has no capacity left for them');
          await sleep(pause);
        }
      }
      return rows;
    },

    /**
     * Changes a row by a function, which is called again with the newer row after a conflict. A file that is likely to be
     * new is written without being read first. Returns whether anything was written.
     */
    async update(
      fileId: string,
      change: (row: Row | undefined) => Row,
      deadline: number,
      isLikelyNew: boolean,
    ): Promise<boolean> {
      let before = isLikelyNew ? undefined : await read(fileId, deadline);
      for (let conflicts = 1; ; conflicts++) {
        const after = change(before);
        if (after === before) return false;
        const found = await tryWrite(before, after, deadline);
        if (found === undefined) return true;
        before = found === 'none' ? undefined : found;
        // That the file is not new is not a conflict. After a conflict writers pause at random, else they collide again.
        if (isLikelyNew && conflicts === 1) continue;
        const pause = random() * Math.min(20 * 2 ** conflicts, MAX_CONFLICT_PAUSE);
        if (now() + pause >= deadline)
          throw new Error('Cannot change the row: concurrent writes conflicted until the deadline');
        await sleep(pause);
      }
    },

    /** Writes `after` if the row is still `before` (no row if `undefined`). Returns false, without a retry, when it has changed. */
    async replace(before: Row | undefined, after: Row, deadline: number): Promise<boolean> {
      return (await tryWrite(before, after, deadline)) === undefined;
    },

    /**
     * The next rows in the table's own order, after the file `after`: confirmed ones that are not deleted, and those that
     * wait for verification. One page scans at most 500 rows.
     */
    async page(after: string | undefined, deadline: number): Promise<RowsPage> {
      const input = {
        TableName: tableName,
        FilterExpression: '#trust = :pushed OR (#trust = :confirmed AND #status <> :deleted)',
        ExpressionAttributeNames: { '#trust': 'trust', '#status': 'status' },
        ExpressionAttributeValues: marshall({ ':pushed': 'pushed', ':confirmed': 'confirmed', ':deleted': 'deleted' }),
        Limit: 5 * MAX_BATCH,
        ...(after !== undefined && { ExclusiveStartKey: marshall({ fileId: after }) }),
      };
      const attempt = () => dynamodb.scan(input, timeout(deadline));
      const answer = await retryUntil(deadline, attempt, isFinal, deps);
      const { Items: items = [], ScannedCount: looked = items.length, LastEvaluatedKey: last } = answer;
      const next = last?.['fileId']?.S;
      return { rows: items.map(rowOf), looked, ...(next !== undefined && { next }) };
    },
  };
}

/** The row in an item of DynamoDB's API or of its stream. */
export function rowOf(item: Record<string, AttributeValue>): Row {
  return fromItem(unmarshall(item, { wrapNumbers: Number }));
}

/** The write that changes `before` to `after`, if the row still has the version of `before`. */
function differenceOf(tableName: string, before: Row | undefined, after: Row, now: string): UpdateItemCommandInput {
  const old: Item = before ? toItem(before) : {};
  const { fileId, ...next } = toItem(after);
  const changed = Object.entries(next).filter(([name, value]) => !isDeepStrictEqual(old[name], value));
  const removed = Object.keys(old).filter((name) => !Object.hasOwn(next, name) && name !== 'fileId');
  const appended = appendedNews(before, changed, removed);
  const set = appended ? {} : Object.fromEntries(changed);
  if (!appended) set['version'] = (before?.version ?? 0) + 1;
  set['updatedAt'] = now;

  const { names, values, placeName: name, placeValue: value } = placeholders();
  const assignments = Object.entries(set).map(([attribute, content]) => `${name(attribute)} = ${value(content)}`);
  if (appended && appended.length > 0) {
    assignments.push(`${name('_news')} = list_append(${name('_news')}, ${value(appended)})`);
  }
  const conditions: string[] = [];
  if (appended) {
    conditions.push(`${name('trust')} = ${value('pushed')}`);
    // Without entries, a full list dropped them, so only the version grows. If the list has room by now, the write conflicts.
    const hasRoom = appended.length > 0;
    const size = `size(${name('_news')})`;
    conditions.push(hasRoom ? `${size} <= ${value(MAX_NEWS - appended.length)}` : `${size} >= ${value(MAX_NEWS)}`);
    conditions.push(...appended.map((entry) => `NOT contains(${name('_news')}, ${value(entry)})`));
  } else {
    conditions.push(before ? `${name('version')} = ${value(before.version)}` : 'attribute_not_exists(fileId)');
  }
  const sections = [
    `SET ${assignments.join(', ')}`,
    ...(removed.length > 0 ? [`REMOVE ${removed.map(name).join(', ')}`] : []),
    ...(appended ? [`ADD ${name('version')} ${value(1)}`] : []),
  ];
  return {
    TableName: tableName,
    Key: marshall({ fileId }),
    UpdateExpression: sections.join(' '),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    // Rows keep numbers up to 2^53, one more than the marshaller accepts as safe.
    ExpressionAttributeValues: marshall(values, { allowImpreciseNumbers: true, removeUndefinedValues: true }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/**
 * The entries of {@link Row.news} that a write appends, if it changes nothing else in a row that already waits for
 * verification; empty where only the version grows. Such a write does not compare versions, so concurrent ones do not
 * conflict. `undefined` for any other write.
 */
function appendedNews(
  before: Row | undefined,
  changed: readonly (readonly [name: string, value: unknown])[],
  removed: readonly string[],
): readonly string[] | undefined {
  if (before?.trust !== 'pushed' || before.news.length === 0 || removed.length > 0) return undefined;
  const [first, ...others] = changed;
  if (first === undefined) return [];
  const [name, news] = first;
  const isGrown = name === '_news' && Array.isArray(news) && before.news.every((entry, i) => entry === news[i]);
  return isGrown && others.length === 0 ? news.slice(before.news.length).map(String) : undefined;
}

/** Collects the names and values of an expression; `placeName` and `placeValue` return the placeholders. */
function placeholders() {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  return {
    names,
    values,
    placeName: (attribute: string): string => {
      const key = `#${Object.keys(names).length}`;
      names[key] = attribute;
      return key;
    },
    placeValue: (content: unknown): string => {
      const key = `:${Object.keys(values).length}`;
      values[key] = content;
      return key;
    },
  };
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
