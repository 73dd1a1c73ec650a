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
import { toItem } from '../lib/uploads/row';
import { applySnapshot } from '../lib/uploads/snapshot';
import { uploadStore } from '../lib/uploads/store';
import { seal } from '../lib/vod/source-context';
import type { Task } from '../lib/vod/task';
import { TABLE_NAME } from '../tests/support/backend';
import { newFileUpload, procedureStateChanged, type EventBody } from '../tests/support/events';
import { finishedTask, originalUrl, procedureIdOf, snapshotOf, URL_BYTES } from './uploads';
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
  if (value.L) return value.L.reduce((sum, element) => sum + 1 + bytesOf(element), 3);
  if (value.M)
    return Object.entries(value.M).reduce((sum, [name, one]) => sum + 1 + Buffer.byteLength(name) + bytesOf(one), 3);
  return 1;
}

/** Counts what work costs at the table, as the table reports it. */
export function counter(client: DynamoDBClient) {
  let requests = 0;
  let reads = 0;
  let units = 0;
  let indexUnits = 0;
  async function write(input: UpdateItemCommandInput): Promise<object> {
    requests++;
    const command = new UpdateItemCommand({ ...input, ReturnConsumedCapacity: 'INDEXES' });
    const response = await client.send(command).catch((error: unknown) => {
      // The table does not report it, but a write whose condition fails is billed by the size of the current row.
      if (error instanceof ConditionalCheckFailedException) units += unitsOf(error.Item ?? {});
      throw error;
    });
    const { Table: table, GlobalSecondaryIndexes: indexes = {} } = response.ConsumedCapacity ?? {};
    units += table?.CapacityUnits ?? NaN;
    indexUnits += Object.values(indexes).reduce((sum, { CapacityUnits: consumed = 0 }) => sum + consumed, 0);
    return response;
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
      requests = 0;
      reads = 0;
      units = 0;
      indexUnits = 0;
      const start = performance.now();
      await work();
      return { requests, reads, units, indexUnits, milliseconds: performance.now() - start };
    },
  };
}

type UploadStep = readonly [name: string, event: EventBody];

const file = (fileId: string, urlBytes?: number) => ({
  fileId,
  url: originalUrl(urlBytes ?? URL_BYTES),
  procedureTaskId: procedureIdOf(fileId),
  sourceContext: seal('order=7', CALLER, true, SEAL_KEY),
});

/** The events of an upload with a procedure of two outputs. */
export function uploadSteps(fileId: string, urlBytes?: number): readonly [UploadStep, UploadStep] {
  const facts = file(fileId, urlBytes);
  return [
    ['upload', newFileUpload(facts)],
    ['procedure finished', procedureStateChanged(facts, 'FINISH', { taskId: facts.procedureTaskId })],
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
  const verify = async (fileId: string, task: Task, urlBytes?: number): Promise<Cost> => {
    const before = await store.read(fileId, deadline());
    const tasks = new Map([[procedureIdOf(fileId), task]]);
    const after = applySnapshot(before, snapshotOf(fileId, tasks, true, urlBytes), Date.now());
    return cost(() => store.replace(before, after, deadline()));
  };
  return {
    /** The costs of an upload with a procedure: of each event, and of the verification that follows it. */
    upload: async (fileId: string, outputs: number, urlBytes?: number): Promise<[string, Cost][]> => {
      const [[, uploaded], [, finished]] = uploadSteps(fileId, urlBytes);
      return [
        ['upload', await hint(uploaded)],
        ['verified', await verify(fileId, { status: 'PROCESSING' }, urlBytes)],
        ['procedure finished', await hint(finished)],
        ['verified again', await verify(fileId, finishedTask(outputs), urlBytes)],
      ];
    },
    /** Bytes of the row, as DynamoDB counts them. */
    rowBytes: async (fileId: string): Promise<number> => {
      const row = await store.read(fileId, deadline());
      return row ? bytesOf({ M: marshall(toItem(row), { removeUndefinedValues: true }) }) : 0;
    },
    /** The cost of the end of the last of `tasks` tasks of one file. */
    lastTask: async (fileId: string, tasks: number): Promise<Cost> => {
      await hint(newFileUpload(file(fileId)));
      let last: Cost | undefined;
      for (let task = 0; task < tasks; task++) {
        last = await hint(procedureStateChanged(file(fileId), 'FINISH', { taskId: `${fileId}-${task}` }));
      }
      if (!last) throw new RangeError('tasks must be at least 1');
      return last;
    },
  };
}

/** The write of (a) for an event, as input of DynamoDB's document client. */
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
  urlBytes?: number,
): Promise<[string, Cost][]> {
  const { write, cost } = counter(client);
  const costs: [string, Cost][] = [];
  for (const [name, event] of uploadSteps(fileId, urlBytes)) {
    const { Key, ExpressionAttributeValues, ...rest } = update(event, SEAL_KEY, TABLE_NAME);
    const input = { ...rest, Key: marshall(Key), ExpressionAttributeValues: marshall(ExpressionAttributeValues) };
    costs.push([name, await cost(() => write(input))]);
  }
  return costs;
}
