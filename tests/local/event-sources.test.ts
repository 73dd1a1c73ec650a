import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteItemCommand, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { ServerlessConfig, StreamEvent } from '../../local/config';
import { startEventSources, type EventSources } from '../../local/lambda/event-sources/start';
import type { Outcome } from '../../local/lambda/functions';
import type { LocalOptions } from '../../local/run';
import { startQueues, type Queues } from '../../local/services/queue';
import { startTable, type Table } from '../../local/services/table';
import { fixtureProject, startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { engines, tableWithStream } from '../support/table-engines';
import { sample } from '../support/thorough';

const success: Outcome = { json: 'null' };

function configWith(stream: Partial<StreamEvent>): ServerlessConfig {
  const arn = { 'Fn::GetAtt': ['Rows', 'StreamArn'] } as const;
  return {
    provider: { region: 'ap-southeast-1' },
    functions: {
      consumer: {
        name: 'consumer',
        handler: 'handlers.consumer',
        events: [{ stream: { type: 'dynamodb', arn, ...stream } }],
      },
    },
    resources: { Resources: { Rows: { Type: 'AWS::DynamoDB::Table', Properties: tableWithStream } } },
  };
}

async function put(client: DynamoDBClient, fileId: string, value = ''): Promise<void> {
  const Item = { fileId: { S: fileId }, value: { S: value } };
  await client.send(new PutItemCommand({ TableName: tableWithStream.TableName, Item }));
}

async function waitUntil(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited for 20 s');
    await sleep(10);
  }
}

let path: string;
const runs: TestRun[] = [];

async function startRun(options: Partial<LocalOptions>): Promise<TestRun> {
  const run = await startTestRun(options);
  runs.push(run);
  return run;
}

beforeEach(async () => {
  path = await temporaryFolder();
});

afterEach(async () => {
  for (const run of runs.splice(0)) await run.stop();
  await rm(path, { recursive: true });
});

describe.each(engines)('the stream source with %s', (engine) => {
  let table: Table;
  let queues: Queues;
  let sources: EventSources | undefined;
  /** The file ids of each call. */
  let calls: string[][];
  let events: DynamoDBStreamEvent[];
  let lines: string[];

  beforeEach(async () => {
    table = await startTable({ port: 0, path: join(path, 'table'), engine });
    await table.create(tableWithStream);
    queues = await startQueues([]);
    calls = [];
    events = [];
    lines = [];
  });

  afterEach(async () => {
    await sources?.stop();
    sources = undefined;
    await queues.close();
    await table.stop();
  });

  type Handler = (ids: readonly string[], event: DynamoDBStreamEvent) => Outcome | Promise<Outcome>;

  async function start(stream: Partial<StreamEvent> = {}, handler: Handler = () => success): Promise<EventSources> {
    await sources?.stop();
    sources = await startEventSources({
      config: configWith({ batchSize: 3, ...stream }),
      invoke: async (_, event) => {
        const streamEvent = event as DynamoDBStreamEvent;
        const ids = streamEvent.Records.map(({ dynamodb }) => dynamodb?.Keys?.['fileId']?.S ?? '');
        calls.push(ids);
        events.push(streamEvent);
        return handler(ids, streamEvent);
      },
      tableUrl: table.url,
      queues,
      path: join(path, 'event-sources'),
      schedules: false,
      log: (line) => lines.push(line),
    });
    return sources;
  }

  const putAll = async (ids: readonly string[]) => {
    for (const id of ids) await put(table.client, id);
  };
  const failuresOf = (event: DynamoDBStreamEvent, failed: readonly string[]): Outcome => ({
    json: JSON.stringify({
      batchItemFailures: event.Records.filter(({ dynamodb }) =>
        failed.includes(dynamodb?.Keys?.['fileId']?.S ?? ''),
      ).map(({ dynamodb }) => ({ itemIdentifier: dynamodb?.SequenceNumber })),
    }),
  });

  test('every change is delivered in order, in batches of at most batchSize', async () => {
    await putAll(['1', '2', '3', '4', '5', '6', '7']);
    const { idle } = await start();
    await idle();
    expect(calls).toEqual([['1', '2', '3'], ['4', '5', '6'], ['7']]);
    await putAll(['8']);
    await idle();
    expect(calls.at(-1)).toEqual(['8']);
  });

  test('an event has the fields that Lambda sets', async () => {
    await put(table.client, '1', 'a');
    await put(table.client, '1', 'b');
    await (await start()).idle();
    expect(events[0]?.Records[1]).toEqual({
      eventID: expect.any(String),
      eventName: 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'ap-southeast-1',
      eventSourceARN: expect.stringMatching(/^arn:aws:dynamodb:.*:table\/rows\/stream\/.+/),
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        Keys: { fileId: { S: '1' } },
        OldImage: { fileId: { S: '1' }, value: { S: 'a' } },
        NewImage: { fileId: { S: '1' }, value: { S: 'b' } },
        SequenceNumber: expect.stringMatching(/^\d+$/),
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
  });

  test('only records that match a filter are delivered, and the others are not read again after a restart', async () => {
    const filterPatterns = [{ eventName: ['REMOVE'] }, { dynamodb: { NewImage: { value: { S: ['yes'] } } } }];
    await put(table.client, '1', 'yes');
    await put(table.client, '2', 'no');
    await put(table.client, '1', 'no');
    await table.client.send(new DeleteItemCommand({ TableName: 'rows', Key: { fileId: { S: '2' } } }));
    await put(table.client, '3', 'no');
    await (await start({ filterPatterns })).idle();
    expect(calls).toEqual([['1', '2']]);
    await (await start()).idle();
    expect(calls).toHaveLength(1);
  });

  test('the reported record and all after it are delivered again, but not those before it', async () => {
    await putAll(['1', '2', '3']);
    let failing = true;
    const handler: Handler = (_, event) => {
      const outcome = failing ? failuresOf(event, ['2', '3']) : success;
      failing = false;
      return outcome;
    };
    await (await start({ functionResponseType: 'ReportBatchItemFailures' }, handler)).idle();
    expect(calls).toEqual([
      ['1', '2', '3'],
      ['2', '3'],
    ]);
  });

  test('a record that always fails is isolated by bisecting, discarded after its retries, and stops nothing', async () => {
    await putAll(['1', '2', 'poison', '4', '5']);
    const stream = { batchSize: 10, bisectBatchOnFunctionError: true, maximumRetryAttempts: 1 };
    const { idle } = await start(stream, (ids) => (ids.includes('poison') ? 'failed' : success));
    await idle();
    expect(calls).toEqual([
      ['1', '2', 'poison', '4', '5'],
      ['1', '2', 'poison'],
      ['1', '2'],
      ['poison'],
      ['poison'],
      ['4', '5'],
    ]);
    expect(lines).toEqual(['consumer: 1 stream records discarded after 2 attempts']);
  });

  test('a batch that fails as a whole is retried until it succeeds', async () => {
    await putAll(['1', '2']);
    const { idle } = await start({ functionResponseType: 'ReportBatchItemFailures' }, (_, event) =>
      calls.length === 1
        ? 'failed'
        : calls.length === 2
          ? { json: '{"batchItemFailures":[{"itemIdentifier":""}]}' }
          : failuresOf(event, []),
    );
    await idle();
    expect(calls).toEqual([
      ['1', '2'],
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  test('an engine that is killed and restarted costs no record and repeats none', async () => {
    const { idle } = await start();
    await putAll(['1', '2']);
    await idle();
    await table.kill();
    await waitUntil(() => lines.length > 0);
    expect(lines).toEqual([expect.stringMatching(/^consumer: cannot read the stream, retrying: /)]);
    await table.restart();
    await putAll(['3', '4']);
    await idle();
    expect(calls.flat()).toEqual(['1', '2', '3', '4']);
  });

  test('a restart resumes after the last record that was delivered', async () => {
    await putAll(['1', '2', '3', '4', '5']);
    const first = await start({}, (ids) => (ids.includes('4') ? 'failed' : success));
    await waitUntil(() => calls.length >= 2);
    await first.stop();
    calls = [];
    await table.kill();
    await table.restart();
    await putAll(['6']);
    await (await start()).idle();
    expect(calls.flat()).toEqual(['4', '5', '6']);
  });

  test('LATEST skips the records from before the first start, and no later one', async () => {
    await putAll(['1', '2']);
    const first = await start({ startingPosition: 'LATEST' });
    await first.stop();
    await putAll(['3']);
    await (await start({ startingPosition: 'LATEST' })).idle();
    expect(calls).toEqual([['3']]);
  });

  test('the table of another data folder is read from its beginning', async () => {
    await putAll(['1']);
    await (await start()).idle();
    await sources?.stop();
    await table.stop();
    table = await startTable({ port: 0, path: join(path, 'other'), engine });
    await table.create(tableWithStream);
    await putAll(['a']);
    await (await start()).idle();
    expect(calls).toEqual([['1'], ['a']]);
  });

  test('a stop waits for the batch under way, which is not delivered again', async () => {
    await putAll(['1']);
    const { stop } = await start({}, () => sleep(300, success));
    await waitUntil(() => calls.length === 1);
    await stop();
    await (await start()).idle();
    expect(calls).toEqual([['1']]);
  });
});

describe.each(sample(engines, 1))('a whole run with %s', (engine) => {
  const projectDir = join(fixtureProject, 'event-sources');

  test('delivers every change to stream and queue functions, over kills of both and over a restart', async () => {
    const options = { projectDir, dataDir: path, engine, schedules: false };
    const first = await startRun(options);
    const lines: string[] = [];
    const idsOf = (kind: string) => [
      ...new Set(
        lines.filter((line) => line.startsWith(kind)).flatMap((line) => line.slice(kind.length + 1).split(' ')),
      ),
    ];
    for (const id of ['1', '2', '3']) await put(first.table.client, id);
    await waitUntil(() => first.lines.some((line) => line.startsWith('stream begins')));
    await first.functions.kill('streamed'); // in the middle of its batch
    await first.table.kill();
    await first.table.restart();
    await first.eventSources.idle();
    expect(first.lines.filter((line) => /^stream begins 1\b/.test(line))).toHaveLength(2);
    expect(first.queues.stats('work').visible).toBe(0);
    await put(first.table.client, '4');
    await put(first.table.client, '5');
    await first.stop();
    lines.push(...first.lines);

    const second = await startRun(options);
    await put(second.table.client, '6');
    await second.eventSources.idle();
    lines.push(...second.lines);
    expect(idsOf('stream ends').sort()).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(idsOf('queue work').sort()).toEqual(['1', '2', '3', '4', '5', '6']);
  }, 60_000);
});

test('a message that always fails ends in the dead-letter queue of the project', async () => {
  const run = await startRun({ projectDir: join(fixtureProject, 'event-sources'), dataDir: path, schedules: false });
  run.queues.send('work', 'poison');
  run.queues.send('work', 'good');
  await waitUntil(() => run.queues.stats('dead-letters').visible === 1);
  expect(run.lines.filter((line) => line === 'queue work poison')).toHaveLength(2);
  expect(run.lines.filter((line) => line === 'queue work good')).toHaveLength(1);
  expect(run.queues.stats('work')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
}, 60_000);
