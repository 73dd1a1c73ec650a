import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type AttributeValue,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Row, Unchecked } from './upload';
import type { Verdict } from '../verification/verdict';

/** How many rows one BatchGetItem reads. */
export const MOST_ROWS = 100;

/** Longest wait for one answer of the table, in milliseconds. */
const ANSWER_TIMEOUT = 5_000;

/** How often keys that the table left over are asked for again. */
const MOST_ASKED = 5;

/** The sparse index of the rows that VOD is to be asked about. */
const INDEX = 'byUnchecked';

export interface RowsPage {
  readonly fileIds: readonly string[];
  /** The last file that was looked at; none at the table's end. */
  readonly next?: string;
}

/** The table as reconciliation sees it: rows by id, those nobody has checked, all in turn, and rows put right. */
export function uploadsRows(dynamodb: Pick<DynamoDBClient, 'send'>, tableName: string) {
  const inTime = () => ({ abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT) });

  return {
    /** The rows as they are now, of at most {@link MOST_ROWS} files. */
    async read(fileIds: readonly string[]): Promise<ReadonlyMap<string, Row>> {
      const rows = new Map<string, Row>();
      let keys = [...new Set(fileIds)].map((fileId) => marshall({ fileId }));
      for (let asked = 0; keys.length > 0; asked++) {
        if (asked === MOST_ASKED) throw new Error('Cannot read rows: the table is too busy');
        const request = { RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } };
        const answer: BatchGetItemCommandOutput = await dynamodb.send(new BatchGetItemCommand(request), inTime());
        for (const item of answer.Responses?.[tableName] ?? []) {
          // The table holds what this project wrote, and nothing else.
          const row = unmarshall(item, { wrapNumbers: Number }) as Row;
          rows.set(row.fileId, row);
        }
        keys = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
      }
      return rows;
    },

    /** The files whose row is unchecked since `before` (ISO 8601) or longer, the longest waiting first. */
    async *unchecked(which: Unchecked, before: string): AsyncGenerator<readonly string[]> {
      let start: QueryCommandOutput['LastEvaluatedKey'];
      do {
        const answer: QueryCommandOutput = await dynamodb.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: INDEX,
            KeyConditionExpression: 'unchecked = :which AND updatedAt <= :before',
            ExpressionAttributeValues: marshall({ ':which': which, ':before': before }),
            Limit: MOST_ROWS,
            ...(start && { ExclusiveStartKey: start }),
          }),
          inTime(),
        );
        yield idsOf(answer.Items);
        start = answer.LastEvaluatedKey;
      } while (start);
    },

    /** The next of all files, in the table's own order, about which VOD is not to be asked anyway. */
    async page(after: string | undefined): Promise<RowsPage> {
      const command = new ScanCommand({
        TableName: tableName,
        FilterExpression: 'attribute_not_exists(unchecked)',
        ProjectionExpression: 'fileId',
        Limit: 5 * MOST_ROWS,
        ...(after !== undefined && { ExclusiveStartKey: marshall({ fileId: after }) }),
      });
      const { Items, LastEvaluatedKey } = await dynamodb.send(command, inTime());
      const [next] = idsOf(LastEvaluatedKey ? [LastEvaluatedKey] : []);
      return { fileIds: idsOf(Items), ...(next !== undefined && { next }) };
    },

    /** Puts a row right; `false`, and nothing written, where somebody else has changed it since it was judged. */
    async write({ fileId, finding, set, remove, seen }: Verdict, now: string): Promise<boolean> {
      const wasAnswered = finding === 'filled' || finding === 'confirmed' || finding === 'corrected';
      const changed = {
        ...set,
        updatedAt: now,
        ...(wasAnswered && { confirmedAt: now }),
        ...(seen === undefined && { firstSeenAt: now }),
      };
      const sets = Object.entries(changed).flatMap(([name, value], i) =>
        name === 'fileId' ? [] : [{ name, value, as: `#s${i}`, of: `:s${i}` }],
      );
      const removes = remove.map((name, i) => ({ name, as: `#r${i}` }));
      const removal = removes.length > 0 ? ` REMOVE ${removes.map(({ as }) => as).join(', ')}` : '';
      const command = new UpdateItemCommand({
        TableName: tableName,
        Key: marshall({ fileId }),
        UpdateExpression: `SET ${sets.map(({ as, of }) => `${as} = ${of}`).join(', ')}${removal}`,
        ConditionExpression: seen === undefined ? 'attribute_not_exists(fileId)' : 'updatedAt = :seen',
        ExpressionAttributeNames: Object.fromEntries([...sets, ...removes].map(({ as, name }) => [as, name])),
        ExpressionAttributeValues: marshall(
          {
            ...Object.fromEntries(sets.map(({ of, value }) => [of, value])),
            ...(seen !== undefined && { ':seen': seen }),
          },
          { allowImpreciseNumbers: true },
        ),
      });
      try {
        await dynamodb.send(command, inTime());
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

function idsOf(items: readonly Record<string, AttributeValue>[] | undefined): string[] {
  return (items ?? []).flatMap((item) => item['fileId']?.S ?? []);
}
