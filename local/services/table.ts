import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  paginateScan,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { StartupError } from '../startup-error';
import type { TableProperties } from '../config';
import { listen } from '../server';

export type Engine = 'dynoxide' | 'dynalite';

export interface TableOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The folder that keeps the rows; without one they are gone when the engine stops. */
  readonly path?: string;
  /** Without a word: dynoxide where there is a binary of it, else dynalite. */
  readonly engine?: Engine;
}

export interface Table {
  readonly engine: Engine;
  readonly url: string;
  readonly client: DynamoDBClient;
  /** Creates the one table; when it is there already, only looks that it is the same. */
  readonly create: (properties: TableProperties) => Promise<void>;
  /** Every row of the table, in no order. */
  readonly rows: () => Promise<Record<string, unknown>[]>;
  /** Ends the engine as a crash would. */
  readonly kill: () => Promise<void>;
  /** Starts the engine anew after `kill`, on the same port and rows. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** In milliseconds; an engine that takes longer on a busy machine is taken for one that hangs. */
const STARTS_WITHIN = 20_000;

/**
 * The embedded table: DynamoDB's protocol on 127.0.0.1, spoken by a program that ends when this one does.
 *
 * @throws StartupError when the port is taken or the engine does not come up
 */
export async function startTable(options: TableOptions): Promise<Table> {
  const binary = dynoxide();
  const engine = options.engine ?? (binary ? 'dynoxide' : 'dynalite');
  if (engine === 'dynoxide' && !binary) throw new StartupError('dynoxide has no binary for this machine: use dynalite');
  if (options.path) await mkdir(options.path, { recursive: true });

  // Taken for a moment, to say it well when somebody else has it, and to know one that is free.
  const { port, close } = await listen(() => Promise.resolve(), options.port, 'TABLE_PORT');
  await close();

  const url = `http://127.0.0.1:${port}`;
  const command =
    engine === 'dynoxide' && binary ? dynoxideCommand(binary, port, options.path) : dynaliteCommand(port, options.path);
  const client = new DynamoDBClient({
    endpoint: url,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  let name = '';
  let child = await run(command, url);

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(impatience);
  }

  return {
    engine,
    url,
    client,
    create: async (properties) => {
      name = properties.TableName ?? '';
      await createTable(client, properties, options.path ?? 'memory');
    },
    rows: async () => {
      const rows: Record<string, unknown>[] = [];
      for await (const { Items: items = [] } of paginateScan({ client }, { TableName: name, ConsistentRead: true })) {
        rows.push(...items.map((item) => unmarshall(item, { wrapNumbers: Number })));
      }
      return rows;
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGKILL');
      child = await run(command, url);
    },
    stop: async () => {
      client.destroy();
      await end('SIGTERM');
    },
  };
}

function dynoxide(): string | undefined {
  try {
    const packageJson = require.resolve(`@dynoxide/${process.platform}-${process.arch}/package.json`);
    const binary = join(dirname(packageJson), process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function dynoxideCommand(binary: string, port: number, path: string | undefined): string[] {
  const store = path === undefined ? [] : ['--db-path', join(path, 'table.sqlite')];
  return tiedToUs([binary, 'serve', '--host', '127.0.0.1', '--port', String(port), ...store]);
}

function dynaliteCommand(port: number, path: string | undefined): string[] {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const store = path === undefined ? [] : [join(path, 'table.leveldb')];
  return [process.execPath, '--import', tsx, join(__dirname, 'dynalite.ts'), String(port), ...store];
}

/**
 * dynoxide would live on when this process is killed. So a shell becomes it, and leaves behind a reader of our pipe: the
 * end of the pipe without a line in it means that we are gone.
 */
function tiedToUs(command: string[]): string[] {
  if (process.platform === 'win32') return command;
  const script = 'exec 3<&0; (read -r line <&3 || kill -9 $$) >/dev/null 2>&1 & exec "$@" <&- 3<&-';
  return ['/bin/sh', '-c', script, 'sh', ...command];
}

async function run([program = '', ...args]: readonly string[], url: string): Promise<ChildProcess> {
  // In a session of its own: Ctrl-C in the terminal is for us, who stop the functions before the table.
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => (said += error.message));
  child.on('exit', () => child.stdin.end('\n'));
  const impatience = setTimeout(() => child.kill('SIGKILL'), STARTS_WITHIN);
  try {
    while (!(await answers(url))) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        throw new StartupError(`The table's engine does not start: ${said.trim()}`);
      }
      await sleep(10);
    }
    return child;
  } finally {
    clearTimeout(impatience);
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

async function createTable(client: DynamoDBClient, properties: TableProperties, path: string): Promise<void> {
  const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode } = properties;
  const { TableNames: [present] = [] } = await client.send(new ListTablesCommand());
  if (present === undefined) {
    await client.send(
      new CreateTableCommand({ TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode }),
    );
    while ((await describe(client, TableName)).TableStatus !== 'ACTIVE') await sleep(10);
    return;
  }
  const table = await describe(client, present);
  if (present !== TableName || keysOf(table) !== keysOf(properties)) {
    throw new StartupError(
      `The rows in ${path} are of another table than serverless.yml declares: move ${path} away, and an empty one is made`,
    );
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
