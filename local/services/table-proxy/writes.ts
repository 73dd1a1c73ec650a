import { validationError } from '../stream/errors';
import { isSameImage, type AttributeValue, type Image } from '../stream/image';
import { keyedLock } from '../stream/keyed-lock';
import type { StreamLog } from '../stream/log';
import { TARGET, type EngineClient, type EngineResponse } from './engine';

type Input = Readonly<Record<string, unknown>>;

/** An item that a request may change. */
interface Target {
  readonly tableName: string;
  readonly key: Image;
}

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'];
const STATEMENTS = ['ExecuteStatement', 'BatchExecuteStatement', 'ExecuteTransaction'];

export function isWrite(operation: string): boolean {
  return WRITES.includes(operation);
}

/** Whether the operation runs PartiQL. */
export function isStatement(operation: string): boolean {
  return STATEMENTS.includes(operation);
}

/** @throws DynamoDbError for PartiQL that writes, because the stream would miss its record */
export function refuseUnrecordedWrite(body: string): void {
  if (/"Statement"\s*:\s*"\s*(insert|update|delete)/i.test(body)) {
    throw validationError('The local table does not support writes with PartiQL');
  }
}

/**
 * Makes writes one after the other per item, each with its record in the stream. A failed condition returns the item to
 * a caller that set ReturnValuesOnConditionCheckFailure, which dynalite does not support.
 */
export function recordedWrites(engine: EngineClient, log: StreamLog) {
  const lock = keyedLock();

  return async (operation: string, input: Input, body: string): Promise<EngineResponse> => {
    const targets = await targetsOf(engine, operation, input);
    const isRecorded = targets.some(({ tableName }) => log.streamOf(tableName));
    if (!isRecorded && !wantsOldItem(input)) return engine.send(TARGET + operation, body);
    return lock(targets.map(lockName), async () => {
      const writes = await Promise.all(
        targets.map(async ({ tableName, key }) => {
          const before = await engine.getItem(tableName, key);
          completeInterrupted(log, tableName, key, before);
          return { tableName, key, before, id: log.begin(tableName, key, before) };
        }),
      );
      const response = await engine.send(TARGET + operation, body);
      for (const { tableName, key, before, id } of writes) {
        log.complete(id, response.status === 400 ? before : await engine.getItem(tableName, key));
      }
      return withOldItem(response, input, writes[0]?.before);
    });
  };
}

/** A write of this item that neither succeeded nor failed, because the engine was killed meanwhile. */
function completeInterrupted(log: StreamLog, tableName: string, key: Image, now: Image | undefined): void {
  for (const write of log.pendingWrites) {
    if (write.tableName === tableName && isSameImage(write.key, key)) log.complete(write.id, now);
  }
}

/** Empty when the request is one that the engine refuses. */
async function targetsOf(engine: EngineClient, operation: string, input: Input): Promise<Target[]> {
  const candidates = candidatesOf(operation, input);
  const targets = await Promise.all(
    candidates.map(async ({ tableName, item }) => {
      const names = typeof tableName === 'string' ? await engine.keyNames(tableName) : undefined;
      const key = names && isObject(item) ? keyOf(item, names) : undefined;
      return typeof tableName === 'string' && key ? [{ tableName, key }] : [];
    }),
  );
  return targets.flat();
}

interface Candidate {
  readonly tableName: unknown;
  /** The item or its key. */
  readonly item: unknown;
}

function candidatesOf(operation: string, input: Input): Candidate[] {
  if (operation === 'BatchWriteItem') return batchItems(input['RequestItems']);
  if (operation === 'TransactWriteItems') return transactionItems(input['TransactItems']);
  return [singleItem(input)];
}

function singleItem({ TableName: tableName, Item: item, Key: key }: Input): Candidate {
  return { tableName, item: item ?? key };
}

function batchItems(requestItems: unknown): Candidate[] {
  if (!isObject(requestItems)) return [];
  return Object.entries(requestItems).flatMap(([tableName, requests]) =>
    (Array.isArray(requests) ? requests : []).map((request: unknown) => {
      const { PutRequest: put, DeleteRequest: remove } = isObject(request) ? request : {};
      if (isObject(put)) return { tableName, item: put['Item'] };
      return { tableName, item: isObject(remove) ? remove['Key'] : undefined };
    }),
  );
}

function transactionItems(items: unknown): Candidate[] {
  return (Array.isArray(items) ? items : []).flatMap((item: unknown) => {
    const { Put: put, Update: update, Delete: remove } = isObject(item) ? item : {};
    const write = put ?? update ?? remove;
    return isObject(write) ? [singleItem(write)] : [];
  });
}

/** Undefined when an attribute of the key is missing or malformed. */
function keyOf(item: Input, names: readonly string[]): Image | undefined {
  const key = names.flatMap((name): [string, AttributeValue][] => {
    const value = item[name];
    return isObject(value) ? [[name, value]] : [];
  });
  return key.length === names.length ? Object.fromEntries(key) : undefined;
}

function lockName({ tableName, key }: Target): string {
  return JSON.stringify([tableName, key]);
}

function withOldItem(response: EngineResponse, input: Input, before: Image | undefined): EngineResponse {
  const hasFailed = response.status === 400 && response.text.includes('ConditionalCheckFailedException');
  if (!hasFailed || !before || !wantsOldItem(input)) return response;
  return { ...response, text: JSON.stringify({ ...(JSON.parse(response.text) as object), Item: before }) };
}

function wantsOldItem(input: Input): boolean {
  return input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
