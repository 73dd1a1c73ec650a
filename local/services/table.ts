import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  paginateScan,
  UpdateTableCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { StartupError } from '../startup-error';
import type { TableProperties } from '../config';
import type { Listening } from '../server';
import { StreamLog } from './stream/log';
import { defaultEngine, engineProcess, type Engine, type EngineProcess } from './table-engine';
import { startTableProxy } from './table-proxy/proxy';

export type { Engine } from './table-engine';

/** How often the engine is started on another port when its own is taken. */
const MAX_START_ATTEMPTS = 5;

export interface TableOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The folder that keeps the rows; without one they are gone when the engine stops. */
  readonly path?: string;
  /** Default: dynoxide if there is a binary of it, else dynalite. */
  readonly engine?: Engine;
}

export interface Table {
  readonly engine: Engine;
  readonly url: string;
  readonly client: DynamoDBClient;
  /** Creates the table; throws a StartupError if there already is another one. */
  readonly create: (properties: TableProperties) => Promise<void>;
  /** Every row of the table, in no order. */
  readonly rows: () => Promise<Record<string, unknown>[]>;
  /** Kills the engine. */
  readonly kill: () => Promise<void>;
  /** Starts the engine again after `kill`, with the same port and rows. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A port that was free may be taken before the engine listens on it: then another one is tried. */
async function startEngine(engine: Engine, path: string | undefined): Promise<EngineProcess> {
  for (let attempt = 1; ; attempt++) {
    const program = await engineProcess(engine, path);
    try {
      await program.start();
      return program;
    } catch (error) {
      await program.end('SIGKILL');
      await program.cleanUp();
      const isPortTaken = error instanceof StartupError && error.message.includes('already in use');
      if (!isPortTaken || attempt >= MAX_START_ATTEMPTS) throw error;
    }
  }
}

/**
 * The embedded table with its stream: DynamoDB's protocol on loopback. The engine is a separate program that ends with this
 * one; a proxy in this process records the stream and checks Host and Origin.
 *
 * @throws StartupError when the port is taken or the engine does not start
 */
export async function startTable(options: TableOptions): Promise<Table> {
  const { path, engine = defaultEngine() } = options;
  if (path) await mkdir(path, { recursive: true });
  const program = await startEngine(engine, path);
  const { address: engineAddress } = program;
  const log = new StreamLog(path && join(path, 'stream.jsonl'));

  let proxy: Listening;
  try {
    proxy = await startTableProxy({ port: options.port, engineAddress, log });
  } catch (error) {
    await program.end('SIGKILL');
    await program.cleanUp();
    log.close();
    throw error;
  }
  const { port } = proxy;
  const url = `http://127.0.0.1:${port}`;
  const client = new DynamoDBClient({
    endpoint: url,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let name = '';

  async function end(signal: NodeJS.Signals): Promise<void> {
    await proxy.close();
    await program.end(signal);
  }

  return {
    engine,
    url,
    client,
    create: async (properties) => {
      name = properties.TableName ?? '';
      await createTable(client, properties, path ?? 'memory');
    },
    rows: () => readRows(client, name),
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL');
      await program.start();
      proxy = await startTableProxy({ port, engineAddress, log });
    },
    stop: async () => {
      client.destroy();
      await end('SIGTERM');
      await program.cleanUp();
      log.close();
    },
  };
}

async function readRows(client: DynamoDBClient, TableName: string): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const { Items: items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true })) {
    rows.push(...items.map((item) => unmarshall(item, { wrapNumbers: Number })));
  }
  return rows;
}

async function createTable(client: DynamoDBClient, properties: TableProperties, path: string): Promise<void> {
  const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode } = properties;
  const viewType = properties.StreamSpecification?.StreamViewType;
  const StreamSpecification = viewType && { StreamEnabled: true, StreamViewType: viewType };
  const { TableNames: [existingName] = [] } = await client.send(new ListTablesCommand());
  if (existingName === undefined) {
    const keys = { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes };
    await client.send(new CreateTableCommand({ TableName, ...keys, BillingMode, StreamSpecification }));
    while ((await describe(client, TableName)).TableStatus !== 'ACTIVE') await sleep(10);
    return;
  }
  const table = await describe(client, existingName);
  if (existingName !== TableName || keysOf(table) !== keysOf(properties)) {
    throw new StartupError(
      `The table in ${path} differs from the one that serverless.yml declares: move ${path} to another folder, and an empty one is created`,
    );
  }
  // The table of an older version may have no stream.
  if (StreamSpecification && !table.StreamSpecification?.StreamEnabled) {
    await client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
  }
}

async function describe(client: DynamoDBClient, name: string | undefined): Promise<TableDescription> {
  const { Table: table = {} } = await client.send(new DescribeTableCommand({ TableName: name }));
  return table;
}

function keysOf({ KeySchema, GlobalSecondaryIndexes }: TableProperties | TableDescription): string {
  const schema = (keys: TableProperties['KeySchema']) => keys?.map((key) => [key.AttributeName, key.KeyType]);
  const indexes = GlobalSecondaryIndexes?.map((index) => [index.IndexName, schema(index.KeySchema)]) ?? [];
  return JSON.stringify([schema(KeySchema), indexes.map((index) => JSON.stringify(index)).sort()]);
}
