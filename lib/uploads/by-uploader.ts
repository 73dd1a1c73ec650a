import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { DynamoDbError, type DynamoDb } from '../platform/dynamodb';
import { retryUntil, type RetryDeps } from '../platform/retry';

export interface UploaderIndexDeps extends RetryDeps {
  readonly dynamodb: DynamoDb;
  readonly tableName: string;
}

/** The position of a row in the index. */
export interface IndexKey {
  readonly fileId: string;
  /** ISO 8601 in UTC. */
  readonly sortTime: string;
}

export interface IndexQuery {
  /** How many rows are read at most, before `sourceContext` filters them. */
  readonly limit: number;
  /** Only rows with a `sortTime` in this range, both ends included, ISO 8601 in UTC. */
  readonly range?: { readonly from: string; readonly to: string };
  /** Only rows with this source context. */
  readonly sourceContext?: string;
  /** Only rows after this one: the last one of an earlier page. */
  readonly startAfter?: IndexKey;
}

export interface IndexPage {
  readonly keys: readonly IndexKey[];
  /** The last row that was read; absent at the end. */
  readonly next?: IndexKey;
}

/** Longest wait for one response of the table, in milliseconds. */
const RESPONSE_TIMEOUT = 3_000;

export type UploaderIndex = ReturnType<typeof uploaderIndex>;

/**
 * Reads the index `byUploader`: the confirmed rows of one caller, newest first. It is eventually consistent, so that the
 * latest writes may be missing. Failed requests are retried until the deadline (milliseconds since 1970).
 *
 * The method throws the last error of the table.
 */
export function uploaderIndex({ dynamodb, tableName, ...deps }: UploaderIndexDeps) {
  return {
    async page(uploader: string, query: IndexQuery, deadline: number): Promise<IndexPage> {
      const { limit, range, sourceContext, startAfter } = query;
      const values = {
        ':uploader': uploader,
        ...(range && { ':from': range.from, ':to': range.to }),
        ...(sourceContext !== undefined && { ':context': sourceContext }),
      };
      const input = {
        TableName: tableName,
        IndexName: 'byUploader',
        KeyConditionExpression: `uploader = :uploader${range ? ' AND sortTime BETWEEN :from AND :to' : ''}`,
        ...(sourceContext !== undefined && { FilterExpression: 'sourceContext = :context' }),
        ExpressionAttributeValues: marshall(values),
        ProjectionExpression: 'fileId, sortTime',
        ScanIndexForward: false,
        Limit: limit,
        // The partition is always the caller's own, whatever a cursor contains.
        ...(startAfter && {
          ExclusiveStartKey: marshall({ uploader, sortTime: startAfter.sortTime, fileId: startAfter.fileId }),
        }),
      };
      const attempt = () => {
        const timeout = Math.max(1, Math.min(RESPONSE_TIMEOUT, deadline - deps.now()));
        return dynamodb.query(input, timeout);
      };
      const response = await retryUntil(deadline, attempt, isInvalid, deps);
      const { Items: items = [], LastEvaluatedKey: last } = response;
      return { keys: items.map(keyOf), ...(last && { next: keyOf(last) }) };
    },
  };
}

/** The index stores both attributes of every row. */
function keyOf(item: Parameters<typeof unmarshall>[0]): IndexKey {
  const { fileId, sortTime } = unmarshall(item);
  return { fileId: String(fileId), sortTime: String(sortTime) };
}

function isInvalid(error: unknown): boolean {
  return error instanceof DynamoDbError && error.code === 'ValidationException';
}
