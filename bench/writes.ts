import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { eventRecorder } from '../lib/events/ingest';
import { seal } from '../lib/vod/source-context';
import { TABLE_NAME } from '../tests/helpers/backend';
import { newFileUpload, procedureStateChanged, type EventBody } from '../tests/helpers/events';
import { CALLER, SEAL_KEY } from './values';

export interface Cost {
  readonly requests: number;
  /** Write units of the table, and of its two indexes. */
  readonly units: number;
  readonly indexUnits: number;
  readonly milliseconds: number;
}

/** Write units of an item: a kilobyte each, by the sizes that DynamoDB's developer guide gives for items. */
function unitsOf(item: Readonly<Record<string, AttributeValue>>): number {
  return Math.max(1, Math.ceil(bytesOf({ M: item }) / 1024));
}

function bytesOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  if (value.SS) return value.SS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (value.L) return value.L.reduce((sum, of) => sum + 1 + bytesOf(of), 3);
  if (value.M)
    return Object.entries(value.M).reduce((sum, [name, of]) => sum + 1 + Buffer.byteLength(name) + bytesOf(of), 3);
  return 1;
}

/** What an event costs at the table, as the table says it. */
export function counter(client: DynamoDBClient) {
  let [requests, units, indexUnits] = [0, 0, 0];
  async function send(input: UpdateItemCommandInput): Promise<object> {
    requests++;
    const asked = new UpdateItemCommand({ ...input, ReturnConsumedCapacity: 'INDEXES' });
    const answer = await client.send(asked).catch((error: unknown) => {
      // The table does not say it, but a write whose condition fails is billed by the size of the row that stands.
      if (error instanceof ConditionalCheckFailedException) units += unitsOf(error.Item ?? {});
      throw error;
    });
    const { Table: table, GlobalSecondaryIndexes: indexes = {} } = answer.ConsumedCapacity ?? {};
    units += table?.CapacityUnits ?? NaN;
    indexUnits += Object.values(indexes).reduce((sum, { CapacityUnits: of = 0 }) => sum + of, 0);
    return answer;
  }
  return {
    send,
    cost: async (work: () => Promise<unknown>): Promise<Cost> => {
      [requests, units, indexUnits] = [0, 0, 0];
      const since = performance.now();
      await work();
      return { requests, units, indexUnits, milliseconds: performance.now() - since };
    },
  };
}

const file = (fileId: string) => ({
  fileId,
  procedureTaskId: `${fileId}-procedure`,
  sourceContext: seal('order=7', CALLER, SEAL_KEY),
});

/** An upload with a procedure of two outputs, as VOD tells of it. */
export function anUpload(fileId: string): readonly (readonly [what: string, event: EventBody])[] {
  const of = file(fileId);
  return [
    ['upload', newFileUpload(of)],
    ['procedure finished', procedureStateChanged(of, 'FINISH', { taskId: of.procedureTaskId })],
  ];
}

export function countWrites(client: DynamoDBClient) {
  const { send, cost } = counter(client);
  const dynamodb = { send: ({ input }: { input: UpdateItemCommandInput }) => send(input) } as unknown as DynamoDBClient;
  const record = eventRecorder({ dynamodb, tableName: TABLE_NAME, now: Date.now, sleep, random: Math.random });
  const one = (event: EventBody) =>
    cost(async () => {
      const { recorded } = await record(event, [SEAL_KEY], Date.now() + 20_000);
      if (recorded.outcome === 'write-failed') throw new Error('the table refused an event of the bench');
    });
  return {
    /** Each event of an upload, in the order in which VOD sends them. */
    inOrder: async (fileId: string): Promise<[string, Cost][]> => {
      const costs: [string, Cost][] = [];
      for (const [what, event] of anUpload(fileId)) costs.push([what, await one(event)]);
      return costs;
    },
    /** The finish of the last of so many tasks of one file. */
    lastOf: async (fileId: string, tasks: number): Promise<Cost> => {
      await one(newFileUpload(file(fileId)));
      let last: Cost | undefined;
      for (let task = 0; task < tasks; task++) {
        last = await one(procedureStateChanged(file(fileId), 'FINISH', { taskId: `${fileId}-${task}` }));
      }
      if (!last) throw new Error('no task was asked for');
      return last;
    },
  };
}

/** What (a) writes for an event, as DynamoDB's document client takes it. */
export type UsualUpdate = (
  event: EventBody,
  sealKey: string,
  tableName: string,
) => Pick<
  UpdateItemCommandInput,
  'TableName' | 'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames'
> & {
  readonly Key: Record<string, unknown>;
  readonly ExpressionAttributeValues: Record<string, unknown>;
};

/** The same upload as (a) writes it; `update` is that peer's own. */
export async function usualWrites(
  client: DynamoDBClient,
  fileId: string,
  update: UsualUpdate,
): Promise<[string, Cost][]> {
  const { send, cost } = counter(client);
  const costs: [string, Cost][] = [];
  for (const [what, event] of anUpload(fileId)) {
    const { Key, ExpressionAttributeValues, ...rest } = update(event, SEAL_KEY, TABLE_NAME);
    const input = { ...rest, Key: marshall(Key), ExpressionAttributeValues: marshall(ExpressionAttributeValues) };
    costs.push([what, await cost(() => send(input))]);
  }
  return costs;
}
