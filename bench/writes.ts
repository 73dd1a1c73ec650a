import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  GetItemCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { eventRecorder } from '../lib/events/ingest';
import { dynamoDb, DynamoDbError, type DynamoDb } from '../lib/platform/dynamodb';
import { hintsOf } from '../lib/uploads/merge';
import { applySnapshot, type Snapshot } from '../lib/uploads/snapshot';
import { uploadStore } from '../lib/uploads/store';
import { parseEvent } from '../lib/vod/event';
import { seal } from '../lib/vod/source-context';
import type { Task } from '../lib/vod/task';
import { TABLE_NAME } from '../tests/support/backend';
import { newFileUpload, procedureStateChanged, type EventBody } from '../tests/support/events';
import { CALLER, SEAL_KEY } from './values';

export interface Cost {
  /** Writes, and reads, of the table. */
  readonly requests: number;
  readonly reads: number;
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

/** What work costs at the table, as the table reports it. */
export function counter(client: DynamoDBClient) {
  let [requests, reads, units, indexUnits] = [0, 0, 0, 0];
  async function write(input: UpdateItemCommandInput): Promise<object> {
    requests++;
    const command = new UpdateItemCommand({ ...input, ReturnConsumedCapacity: 'INDEXES' });
    const answer = await client.send(command).catch((error: unknown) => {
      // The table does not report it, but a write whose condition fails is billed by the size of the row that stands.
      if (error instanceof ConditionalCheckFailedException) units += unitsOf(error.Item ?? {});
      throw error;
    });
    const { Table: table, GlobalSecondaryIndexes: indexes = {} } = answer.ConsumedCapacity ?? {};
    units += table?.CapacityUnits ?? NaN;
    indexUnits += Object.values(indexes).reduce((sum, { CapacityUnits: consumed = 0 }) => sum + consumed, 0);
    return answer;
  }
  /** For a store. */
  const dynamodb: DynamoDb = {
    ...dynamoDb({}, Date),
    updateItem: (input) =>
      write(input).catch((error: unknown) => {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        throw new DynamoDbError(error.message, error.name, error.Item);
      }),
    getItem: (input) => {
      reads++;
      return client.send(new GetItemCommand(input));
    },
  };
  return {
    write,
    dynamodb,
    cost: async (work: () => Promise<unknown>): Promise<Cost> => {
      [requests, reads, units, indexUnits] = [0, 0, 0, 0];
      const since = performance.now();
      await work();
      return { requests, reads, units, indexUnits, milliseconds: performance.now() - since };
    },
  };
}

type UploadStep = readonly [what: string, event: EventBody];

const file = (fileId: string) => ({
  fileId,
  procedureTaskId: `${fileId}-procedure`,
  sourceContext: seal('order=7', CALLER, true, SEAL_KEY),
});

/** An upload with a procedure of two outputs, as VOD tells of it. */
export function anUpload(fileId: string): readonly [UploadStep, UploadStep] {
  const of = file(fileId);
  return [
    ['upload', newFileUpload(of)],
    ['procedure finished', procedureStateChanged(of, 'FINISH', { taskId: of.procedureTaskId })],
  ];
}

export function countWrites(client: DynamoDBClient) {
  const { dynamodb, cost } = counter(client);
  const deps = { now: Date.now, sleep, random: Math.random };
  const store = uploadStore({ ...deps, dynamodb, tableName: TABLE_NAME });
  const record = eventRecorder({ store, now: Date.now });
  const deadline = () => Date.now() + 20_000;
  const hint = (event: EventBody) =>
    cost(async () => {
      const { recorded, failure } = await record(event, [SEAL_KEY], deadline());
      if (recorded.outcome === 'write-failed')
        throw new Error('the table refused an event of the bench', { cause: failure });
    });
  const verify = async (fileId: string, task: Task): Promise<Cost> => {
    const before = await store.read(fileId, deadline());
    const after = applySnapshot(before, snapshotOf(fileId, task), Date.now());
    return cost(() => store.replace(before, after, deadline()));
  };
  return {
    /** An upload with a procedure of so many outputs: each event, and the verification that follows it. */
    upload: async (fileId: string, outputs: number): Promise<[string, Cost][]> => {
      const [[, uploaded], [, finished]] = anUpload(fileId);
      return [
        ['upload', await hint(uploaded)],
        ['verified', await verify(fileId, { status: 'PROCESSING' })],
        ['procedure finished', await hint(finished)],
        ['verified again', await verify(fileId, finishedTask(outputs))],
      ];
    },
    /** The end of the last of so many tasks of one file. */
    lastOf: async (fileId: string, tasks: number): Promise<Cost> => {
      await hint(newFileUpload(file(fileId)));
      let last: Cost | undefined;
      for (let task = 0; task < tasks; task++) {
        last = await hint(procedureStateChanged(file(fileId), 'FINISH', { taskId: `${fileId}-${task}` }));
      }
      if (!last) throw new Error('no task was asked for');
      return last;
    },
  };
}

/** What VOD answers about the file. */
function snapshotOf(fileId: string, task: Task): Snapshot {
  const [hint] = hintsOf(parseEvent(newFileUpload(file(fileId))), [SEAL_KEY]);
  if (!hint) throw new Error('the upload event of the bench names no file');
  const tasks = new Map([[`${fileId}-procedure`, task]]);
  return { fileId, media: hint.media, context: hint.context, isForbidden: false, tasks };
}

function finishedTask(outputs: number): Task {
  const url = 'http://1500000001.vod2.myqcloud.com/6c5d7b8dvodtranscq1500000001/5285890784273533167/v.f100020.mp4';
  return {
    status: 'FINISH',
    failed: false,
    outputs: Array.from({ length: outputs }, (_, i) => ({ type: 'Transcode', definition: 100_010 + i, url })),
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
  const { write, cost } = counter(client);
  const costs: [string, Cost][] = [];
  for (const [what, event] of anUpload(fileId)) {
    const { Key, ExpressionAttributeValues, ...rest } = update(event, SEAL_KEY, TABLE_NAME);
    const input = { ...rest, Key: marshall(Key), ExpressionAttributeValues: marshall(ExpressionAttributeValues) };
    costs.push([what, await cost(() => write(input))]);
  }
  return costs;
}
