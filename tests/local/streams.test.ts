import { rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import { executeStreamAction } from '../../local/services/stream/actions';
import { streamClient, type StreamPosition } from '../../local/services/stream/client';
import { keyedLock } from '../../local/services/stream/keyed-lock';
import { StreamLog } from '../../local/services/stream/log';
import type { StreamRecord } from '../../local/services/stream/record';
import { startTable, type Table } from '../../local/services/table';
import { temporaryFolder } from '../support/local';
import { engines, tableWithStream } from '../support/table-engines';

const TableName = tableWithStream.TableName;

let path: string;

beforeEach(async () => {
  path = await temporaryFolder();
});

afterEach(() => rm(path, { recursive: true }));

describe.each(engines)('the stream of %s', (engine) => {
  let table: Table;

  beforeEach(async () => {
    table = await startTable({ port: 0, path, engine });
    await table.create(tableWithStream);
  });

  afterEach(() => table.stop());

  const put = (fileId: string, attributes: Record<string, AttributeValue> = {}) =>
    table.client.send(new PutItemCommand({ TableName, Item: { fileId: { S: fileId }, ...attributes } }));

  const update = (fileId: string, value: string, condition?: string) =>
    table.client.send(
      new UpdateItemCommand({
        TableName,
        Key: { fileId: { S: fileId } },
        UpdateExpression: 'SET #v = :v',
        ConditionExpression: condition,
        ExpressionAttributeNames: { '#v': 'value' },
        ExpressionAttributeValues: { ':v': { S: value } },
      }),
    );

  const remove = (fileId: string) =>
    table.client.send(new DeleteItemCommand({ TableName, Key: { fileId: { S: fileId } } }));

  async function streamArn(): Promise<string> {
    const arn = await streamClient(table.url, TableName).streamArn();
    if (arn === undefined) throw new Error('the table has no stream');
    return arn;
  }

  /** Every record from the position on. */
  async function readAll(from?: StreamPosition): Promise<StreamRecord[]> {
    const client = streamClient(table.url, TableName);
    const records: StreamRecord[] = [];
    let position = from ?? { streamArn: await streamArn() };
    for (let page = await client.read(position); !page.isEmpty; page = await client.read(position)) {
      records.push(...page.records);
      position = page.position;
    }
    return records;
  }

  async function call(action: string, input: object): Promise<Record<string, unknown>> {
    const response = await fetch(table.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDBStreams_20120810.${action}`,
        'x-amz-date': '20260101T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=a/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(input),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async function shardIterator(type: string, sequenceNumber?: string): Promise<unknown> {
    const StreamArn = await streamArn();
    const { StreamDescription: description } = await call('DescribeStream', { StreamArn });
    const [shard] = (description as { Shards: { ShardId: string }[] }).Shards;
    const input = { StreamArn, ShardId: shard?.ShardId, ShardIteratorType: type, SequenceNumber: sequenceNumber };
    return (await call('GetShardIterator', input))['ShardIterator'];
  }

  const getRecords = async (ShardIterator: unknown, Limit?: number) => {
    const output = await call('GetRecords', { ShardIterator, Limit });
    return { records: output['Records'] as StreamRecord[], next: output['NextShardIterator'] };
  };

  const summarize = (records: readonly StreamRecord[]) =>
    records.map(({ eventName, dynamodb: { Keys, OldImage, NewImage } }) => [
      eventName,
      Keys['fileId']?.['S'],
      OldImage?.['value']?.['S'],
      NewImage?.['value']?.['S'],
    ]);
  const keysOf = (records: readonly StreamRecord[]) => records.map(({ dynamodb }) => dynamodb.Keys['fileId']?.['S']);

  test('each write that changes an item makes one record with its old and new image', async () => {
    await put('1', { value: { S: 'a' } });
    await put('1', { value: { S: 'b' } });
    await update('1', 'c');
    await update('2', 'd');
    await remove('1');
    await table.client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [
            { PutRequest: { Item: { fileId: { S: '3' }, value: { S: 'e' } } } },
            { DeleteRequest: { Key: { fileId: { S: '2' } } } },
          ],
        },
      }),
    );
    expect(summarize(await readAll())).toEqual([
      ['INSERT', '1', undefined, 'a'],
      ['MODIFY', '1', 'a', 'b'],
      ['MODIFY', '1', 'b', 'c'],
      ['INSERT', '2', undefined, 'd'],
      ['REMOVE', '1', 'c', undefined],
      ['INSERT', '3', undefined, 'e'],
      ['REMOVE', '2', 'd', undefined],
    ]);
  });

  // dynalite does not support transactions.
  (engine === 'dynoxide' ? test : test.skip)(
    'each write of a transaction makes a record, a refused one none',
    async () => {
      await put('2');
      const transact = (condition?: string) =>
        table.client.send(
          new TransactWriteItemsCommand({
            TransactItems: [
              { Put: { TableName, Item: { fileId: { S: '1' } }, ConditionExpression: condition } },
              { Delete: { TableName, Key: { fileId: { S: '2' } } } },
            ],
          }),
        );
      await transact();
      await expect(transact('attribute_not_exists(fileId)')).rejects.toThrow('ConditionalCheckFailed');
      expect(summarize(await readAll())).toEqual([
        ['INSERT', '2', undefined, undefined],
        ['INSERT', '1', undefined, undefined],
        ['REMOVE', '2', undefined, undefined],
      ]);
    },
  );

  test('a record has the fields that DynamoDB sets', async () => {
    const before = Date.now() / 1000;
    await put('1', { n: { N: '1.5' }, list: { L: [{ M: { a: { BOOL: true } } }] }, none: { NULL: true } });
    const [record] = await readAll();
    const created = record?.dynamodb.ApproximateCreationDateTime ?? 0;
    expect(record).toEqual({
      eventID: expect.any(String),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: expect.any(String),
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        Keys: { fileId: { S: '1' } },
        NewImage: {
          fileId: { S: '1' },
          n: { N: '1.5' },
          list: { L: [{ M: { a: { BOOL: true } } }] },
          none: { NULL: true },
        },
        SequenceNumber: expect.stringMatching(/^\d+$/),
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
    expect(created).toBeGreaterThanOrEqual(Math.floor(before));
    expect(created).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test('a write that changes nothing makes no record', async () => {
    await put('1', { value: { S: 'a' }, set: { SS: ['x', 'y'] } });
    await put('1', { set: { SS: ['y', 'x'] }, value: { S: 'a' } });
    await update('1', 'a');
    await remove('none');
    await expect(update('1', 'b', 'attribute_not_exists(fileId)')).rejects.toThrow(ConditionalCheckFailedException);
    expect(summarize(await readAll())).toEqual([['INSERT', '1', undefined, 'a']]);
  });

  test('racing writes of one item make records that follow from each other', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, value) => update('1', String(value))));
    const records = await readAll();
    expect(records).toHaveLength(30);
    const values = records.map(({ dynamodb }) => dynamodb.NewImage?.['value']?.['S']);
    expect(records.map(({ dynamodb }) => dynamodb.OldImage?.['value']?.['S'])).toEqual([
      undefined,
      ...values.slice(0, -1),
    ]);
    const [row] = await table.rows();
    expect(row?.['value']).toBe(values.at(-1));
  });

  test('after a kill under load, the newest record of each item is its row', async () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const client = new DynamoDBClient({ endpoint: table.url, region: 'local', credentials, maxAttempts: 1 });
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let value = 0; ; value++) {
        const Item = { fileId: { S: String(writer) }, value: { S: String(value) } };
        await client.send(new PutItemCommand({ TableName, Item }));
      }
    });
    const ended = Promise.allSettled(writers);
    await sleep(1_000);
    await table.kill();
    await ended;
    client.destroy();
    await table.restart();
    const newest = new Map(
      (await readAll()).map(({ dynamodb }) => [dynamodb.Keys['fileId']?.['S'], dynamodb.NewImage]),
    );
    const rows = await table.rows();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.map(({ fileId, value }) => [fileId, value]).sort()).toEqual(
      [...newest.values()].map((image) => [image?.['fileId']?.['S'], image?.['value']?.['S']]).sort(),
    );
  });

  test('DescribeTable and ListStreams name the stream', async () => {
    const { Table: description } = await table.client.send(new DescribeTableCommand({ TableName }));
    expect(description?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(await call('ListStreams', { TableName })).toEqual({
      Streams: [{ StreamArn: description?.LatestStreamArn, StreamLabel: description?.LatestStreamLabel, TableName }],
    });
  });

  test('each iterator type begins where DynamoDB begins', async () => {
    const latest = await shardIterator('LATEST');
    for (const fileId of ['1', '2', '3']) await put(fileId);
    const { records } = await getRecords(await shardIterator('TRIM_HORIZON'));
    expect(keysOf(records)).toEqual(['1', '2', '3']);
    const middle = records[1]?.dynamodb.SequenceNumber;
    const keysFrom = async (iterator: unknown) => keysOf((await getRecords(iterator)).records);
    expect(await keysFrom(await shardIterator('AT_SEQUENCE_NUMBER', middle))).toEqual(['2', '3']);
    expect(await keysFrom(await shardIterator('AFTER_SEQUENCE_NUMBER', middle))).toEqual(['3']);
    expect(await keysFrom(latest)).toEqual(['1', '2', '3']);
    expect(await keysFrom(await shardIterator('LATEST'))).toEqual([]);
  });

  test('pages follow each other, and the end of the stream is an empty page that can be requested again', async () => {
    for (const fileId of ['1', '2', '3']) await put(fileId);
    const first = await getRecords(await shardIterator('TRIM_HORIZON'), 2);
    const second = await getRecords(first.next, 2);
    const third = await getRecords(second.next, 2);
    expect([first, second, third].map(({ records }) => keysOf(records))).toEqual([['1', '2'], ['3'], []]);
    await put('4');
    expect(keysOf((await getRecords(third.next)).records)).toEqual(['4']);
  });

  test('a kill and a restart lose no record, and sequence numbers keep growing', async () => {
    await put('1', { value: { S: 'a' } });
    const arn = await streamArn();
    const [first] = await readAll();
    await table.kill();
    await table.restart();
    await put('1', { value: { S: 'b' } });
    expect(await streamArn()).toBe(arn);
    const records = await readAll();
    expect(records[0]).toEqual(first);
    expect(summarize(records)).toEqual([
      ['INSERT', '1', undefined, 'a'],
      ['MODIFY', '1', 'a', 'b'],
    ]);
    const numbers = records.map(({ dynamodb }) => BigInt(dynamodb.SequenceNumber));
    expect(numbers[1]).toBeGreaterThan(numbers[0] ?? 0n);
    const after = { streamArn: arn, sequenceNumber: first?.dynamodb.SequenceNumber ?? '' };
    expect(keysOf(await readAll(after))).toEqual(['1']);
  });

  test('a table from before its stream gets one', async () => {
    await table.stop();
    await rm(path, { recursive: true });
    table = await startTable({ port: 0, path, engine });
    const { StreamSpecification, ...withoutStream } = tableWithStream;
    await table.create(withoutStream);
    await put('1');
    expect(await streamClient(table.url, TableName).streamArn()).toBeUndefined();
    await table.create(tableWithStream);
    await update('1', 'a');
    expect(summarize(await readAll())).toEqual([['MODIFY', '1', undefined, 'a']]);
  });

  test('an unknown stream is refused', async () => {
    const unknown = await call('DescribeStream', { StreamArn: 'arn:aws:dynamodb:local:000000000000:table/x/stream/y' });
    expect(unknown['__type']).toMatch(/#ResourceNotFoundException$/);
  });
});

describe("the stream's records", () => {
  test('a write whose record a kill prevented gets its record after the restart', () => {
    const file = join(path, 'stream.jsonl');
    const key = { fileId: { S: '1' } };
    const log = new StreamLog(file);
    log.enable('rows', 'NEW_AND_OLD_IMAGES');
    log.begin('rows', key, undefined);
    log.begin('rows', { fileId: { S: '2' } }, undefined);
    // the process is killed here

    const restarted = new StreamLog(file);
    const pending = restarted.pendingWrites;
    expect(pending.map((write) => write.key)).toEqual([key, { fileId: { S: '2' } }]);
    restarted.complete(pending[0]?.id ?? '', key); // the first was made, the second was not
    restarted.complete(pending[1]?.id ?? '', undefined);
    const arn = restarted.streamOf('rows')?.arn ?? '';
    expect(restarted.recordsAfter(arn, '', 10)).toMatchObject([{ eventName: 'INSERT', dynamodb: { Keys: key } }]);
    expect(new StreamLog(file).pendingWrites).toEqual([]);
  });

  test('records are kept for 24 hours, and sequence numbers keep growing when none is left', () => {
    let time = Date.now();
    const file = join(path, 'stream.jsonl');
    const addRecord = (log: StreamLog, fileId: string) => {
      log.complete(log.begin('rows', { fileId: { S: fileId } }, undefined), { fileId: { S: fileId } });
    };
    const log = new StreamLog(file, () => time);
    log.enable('rows', 'NEW_IMAGE');
    const arn = log.streamOf('rows')?.arn ?? '';
    addRecord(log, '1');
    const [first] = log.recordsAfter(arn, '', 10);
    time += 24 * 60 * 60 * 1000 - 2_000;
    expect(log.recordsAfter(arn, '', 10)).toHaveLength(1);
    time += 4_000;
    expect(log.recordsAfter(arn, '', 10)).toEqual([]);

    const restarted = new StreamLog(file, () => time);
    addRecord(restarted, '2');
    const [second] = restarted.recordsAfter(arn, '', 10);
    expect(BigInt(second?.dynamodb.SequenceNumber ?? 0)).toBe(BigInt(first?.dynamodb.SequenceNumber ?? 0) + 1n);
    const iteratorAt = (type: string) => () =>
      executeStreamAction(
        restarted,
        'GetShardIterator',
        {
          StreamArn: arn,
          ShardId: shardIdOf(restarted, arn),
          ShardIteratorType: type,
          SequenceNumber: first?.dynamodb.SequenceNumber,
        },
        time,
      );
    expect(iteratorAt('AT_SEQUENCE_NUMBER')).toThrow('no longer kept');
    expect(iteratorAt('AFTER_SEQUENCE_NUMBER')).not.toThrow();
  });

  test('an iterator expires after 15 minutes', () => {
    const log = new StreamLog(undefined);
    log.enable('rows', 'NEW_IMAGE');
    const [{ arn } = { arn: '' }] = log.streams;
    const input = { StreamArn: arn, ShardId: shardIdOf(log, arn), ShardIteratorType: 'TRIM_HORIZON' };
    const iterator = { ...executeStreamAction(log, 'GetShardIterator', input, 0) };
    expect(executeStreamAction(log, 'GetRecords', iterator, 900_000)).toMatchObject({ Records: [] });
    expect(() => executeStreamAction(log, 'GetRecords', iterator, 900_001)).toThrow('older than 15 minutes');
  });

  test.each([
    ['an unknown shard', 'GetShardIterator', { ShardId: 'x', ShardIteratorType: 'LATEST' }],
    ['a malformed iterator', 'GetRecords', { ShardIterator: 'x' }],
    ['more than 1000 records', 'GetRecords', { ShardIterator: 'x', Limit: 1001 }],
    ['an unknown action', 'Nothing', {}],
  ])('%s is refused', (_, action, input) => {
    const log = new StreamLog(undefined);
    log.enable('rows', 'NEW_IMAGE');
    const StreamArn = log.streamOf('rows')?.arn;
    expect(() => executeStreamAction(log, action, { StreamArn, ...input }, 0)).toThrow();
  });

  test.each(engines)('a foreign Host and a browser of any origin are refused in front of %s', async (engine) => {
    const table = await startTable({ port: 0, engine });
    const statusWith = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(table.url, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on('error', reject).end('{}');
      });
    expect(await statusWith({ host: 'evil.example' })).toBe(403);
    expect(await statusWith({ origin: 'https://evil.example' })).toBe(403);
    expect(await statusWith({})).toBe(400);
    await table.stop();
  });
});

function shardIdOf(log: StreamLog, StreamArn: string): string {
  const { StreamDescription: description } = executeStreamAction(log, 'DescribeStream', { StreamArn }, 0) as {
    StreamDescription: { Shards: { ShardId: string }[] };
  };
  return description.Shards[0]?.ShardId ?? '';
}

describe('keyedLock', () => {
  test('tasks with a common name run one after the other, others at the same time', async () => {
    const lock = keyedLock();
    const events: string[] = [];
    const task = (name: string) => async () => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      events.push(`${name} ends`);
    };
    await Promise.all([lock(['a', 'b'], task('1')), lock(['b', 'c'], task('2')), lock(['d'], task('3'))]);
    expect(events.slice(0, 2)).toEqual(['1 begins', '3 begins']);
    expect(events.indexOf('2 begins')).toBeGreaterThan(events.indexOf('1 ends'));
  });

  test('a task that fails releases its names', async () => {
    const lock = keyedLock();
    await expect(lock(['a'], () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await lock(['a'], () => Promise.resolve('next'))).toBe('next');
  });
});
