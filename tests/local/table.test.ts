import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ConditionalCheckFailedException,
  DescribeTableCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { listen } from '../../local/server';
import { startTable, type Table } from '../../local/services/table';
import { engines } from '../helpers/backend';
import { temporaryFolder } from '../helpers/local';

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

  test('keeps its rows when it is killed, and comes back on the same port', async () => {
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

  test('gives the row to who fails a condition and asked for it', async () => {
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

  test.each([
    ['other keys', { ...properties, KeySchema: [{ AttributeName: 'uploader', KeyType: 'HASH' as const }] }],
    ['other indexes', { ...properties, GlobalSecondaryIndexes: [] }],
    ['another name', { ...properties, TableName: 'other' }],
  ])('says what to do about %s', async (_, changed) => {
    await expect(table.create(changed)).rejects.toThrow(`move ${path} away, and an empty one is made`);
  });
});

// dynalite opens its folder only when it is asked something: of the two, dynoxide alone can fail here.
const withDynoxide = engines.includes('dynoxide') ? test : test.skip;

withDynoxide('an engine that does not start', async () => {
  const path = await temporaryFolder();
  await mkdir(join(path, 'table.sqlite'));
  await expect(startTable({ port: 0, path, engine: 'dynoxide' })).rejects.toThrow(
    "The table's engine does not start: ",
  );
  await rm(path, { recursive: true });
});

test('a port that is taken', async () => {
  const { port, close } = await listen(() => Promise.resolve());
  await expect(startTable({ port })).rejects.toThrow(`Port ${port} is taken: choose another one with TABLE_PORT`);
  await close();
});
