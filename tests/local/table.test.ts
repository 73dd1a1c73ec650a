import { mkdir, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ConditionalCheckFailedException,
  DescribeTableCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { listen } from '../../local/server';
import { startTable, type Table } from '../../local/services/table';
import { engineProcess } from '../../local/services/table-engine';
import { engines } from '../support/backend';
import { temporaryFolder } from '../support/local';

const properties = {
  TableName: 'rows',
  BillingMode: 'PAY_PER_REQUEST' as const,
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  AttributeDefinitions: [
    { AttributeName: 'fileId', AttributeType: 'S' as const },
    { AttributeName: 'uploader', AttributeType: 'S' as const },
  ],
  KeySchema: [{ AttributeName: 'fileId', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byUploader',
      KeySchema: [{ AttributeName: 'uploader', KeyType: 'HASH' as const }],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
};
const TableName = properties.TableName;

const onLinux = process.platform === 'linux' ? test : test.skip;

/** The processes below this one. */
async function childrenOf(pid: number): Promise<number[]> {
  const stats = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')),
  );
  const parents = stats
    .map((text) => /^(\d+) \(.*\) \S (\d+) /s.exec(text))
    .map((found) => [found?.[1], found?.[2]].map(Number));
  const below = parents
    .filter(([, parent]) => parent === pid)
    .flatMap(([child]) => (child === undefined ? [] : [child]));
  return [...below, ...(await Promise.all(below.map(childrenOf))).flat()];
}

/** The IP addresses on which these processes listen. */
async function listeningAddresses(pids: readonly number[]): Promise<string[]> {
  const links = pids.map(async (pid) => {
    const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
    return Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  });
  const sockets = new Set((await Promise.all(links)).flat());
  const lines = (
    await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  )
    .join('')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const LISTEN = '0A';
  return lines
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && sockets.has(`socket:[${inode ?? ''}]`))
    .map(([, local = '']) => addressOf(local.split(':')[0] ?? ''));
}

/** IPv4 from the kernel's notation, in which the bytes are reversed; IPv6 as it is. */
function addressOf(hex: string): string {
  return hex.length === 8 ? [...Buffer.from(hex, 'hex').reverse()].join('.') : hex;
}

describe.each(engines)('%s', (engine) => {
  let path: string;
  let table: Table;
  const put = (fileId: string) =>
    table.client.send(new PutItemCommand({ TableName, Item: { fileId: { S: fileId }, uploader: { S: 'u' } } }));

  beforeEach(async () => {
    path = await temporaryFolder();
    table = await startTable({ port: 0, path, engine });
    await table.create(properties);
  });

  afterEach(async () => {
    await table.stop();
    await rm(path, { recursive: true });
  });

  test('keeps its rows when it is stopped and started again', async () => {
    await put('1');
    await table.stop();
    table = await startTable({ port: 0, path, engine });
    await table.create(properties);
    expect(await table.rows()).toEqual([{ fileId: '1', uploader: 'u' }]);
  });

  test('keeps its rows when it is killed, and restarts on the same port', async () => {
    await put('1');
    await table.kill();
    await expect(fetch(table.url)).rejects.toThrow();
    await table.restart();
    expect(await table.rows()).toEqual([{ fileId: '1', uploader: 'u' }]);
  });

  test('has the index, and pages through many rows', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, number) => put(String(number))));
    expect(await table.rows()).toHaveLength(50);
    const { Count: count } = await table.client.send(
      new QueryCommand({
        TableName,
        IndexName: 'byUploader',
        KeyConditionExpression: 'uploader = :u',
        ExpressionAttributeValues: { ':u': { S: 'u' } },
      }),
    );
    expect(count).toBe(50);
    const { Table: description } = await table.client.send(new DescribeTableCommand({ TableName }));
    expect(description?.TableStatus).toBe('ACTIVE');
  });

  test('returns the row with a failed condition if requested', async () => {
    await put('1');
    const update = (old: 'ALL_OLD' | 'NONE') =>
      table.client
        .send(
          new UpdateItemCommand({
            TableName,
            Key: { fileId: { S: '1' } },
            UpdateExpression: 'SET a = :a',
            ConditionExpression: 'attribute_not_exists(fileId)',
            ExpressionAttributeValues: { ':a': { S: 'a' } },
            ReturnValuesOnConditionCheckFailure: old,
          }),
        )
        .catch((error: unknown) => (error instanceof ConditionalCheckFailedException ? error.Item : error));
    expect(await update('ALL_OLD')).toEqual({ fileId: { S: '1' }, uploader: { S: 'u' } });
    expect(await update('NONE')).toBeUndefined();
  });

  // Web pages can reach every port of 127.0.0.1 and ::1, and the engines respond to all of them.
  onLinux('H4: the engine listens neither on 127.0.0.1 nor on ::1', async () => {
    const listening = await listeningAddresses(await childrenOf(process.pid));
    expect(listening).toEqual(engine === 'dynalite' ? [] : [expect.stringMatching(/^127\.[1-9]\d*\.\d+\.[1-9]\d*$/)]);
    expect(listening).not.toContain('127.0.0.1');
  });

  test.each([
    ['other keys', { ...properties, KeySchema: [{ AttributeName: 'uploader', KeyType: 'HASH' as const }] }],
    ['other indexes', { ...properties, GlobalSecondaryIndexes: [] }],
    ['another name', { ...properties, TableName: 'other' }],
  ])('says what to do about %s', async (_, changed) => {
    await expect(table.create(changed)).rejects.toThrow(`move ${path} to another folder, and an empty one is created`);
  });
});

onLinux('H4: each dynalite has a socket of its own, in a folder that only its owner can open', async () => {
  const [one, other] = await Promise.all([engineProcess('dynalite', undefined), engineProcess('dynalite', undefined)]);
  expect(one.address).not.toEqual(other.address);
  const { socketPath } = one.address as { socketPath: string };
  expect((await stat(dirname(socketPath))).mode & 0o777).toBe(0o700);
  await Promise.all([one.cleanUp(), other.cleanUp()]);
});

// dynalite opens its folder only at its first request: of the two, dynoxide alone can fail here.
const withDynoxide = engines.includes('dynoxide') ? test : test.skip;

withDynoxide('H4: dynoxide listens on a random one of the loopback addresses', async () => {
  const processes = await Promise.all(Array.from({ length: 5 }, () => engineProcess('dynoxide', undefined)));
  const hosts = processes.map(({ address }) => (address as { host: string }).host);
  expect(new Set(hosts).size).toBe(hosts.length);
});

withDynoxide('an engine that does not start', async () => {
  const path = await temporaryFolder();
  await mkdir(join(path, 'table.sqlite'));
  await expect(startTable({ port: 0, path, engine: 'dynoxide' })).rejects.toThrow(
    "The table's engine does not start: ",
  );
  await rm(path, { recursive: true });
});

test('a port that is in use is an error', async () => {
  const { port, close } = await listen(() => Promise.resolve());
  await expect(startTable({ port })).rejects.toThrow(`Port ${port} is taken: choose another one with TABLE_PORT`);
  await close();
});
