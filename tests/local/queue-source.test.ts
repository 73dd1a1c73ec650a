import type { SQSEvent } from 'aws-lambda';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSource } from '../../local/lambda/event-sources/event-source';
import type { QueueMapping } from '../../local/lambda/event-sources/mappings';
import { startQueueSource } from '../../local/lambda/event-sources/queue';
import type { Outcome } from '../../local/lambda/functions';
import { startQueues, type Queues } from '../../local/services/queue';

const success: Outcome = { json: 'null' };

let time: number;
let queues: Queues;
let source: EventSource;
/** The bodies of each call. */
let calls: string[][];
let events: SQSEvent[];

beforeEach(async () => {
  time = 1_795_000_000_000;
  calls = [];
  events = [];
  queues = await startQueues(
    [
      {
        name: 'work',
        visibilityTimeout: 30,
        delaySeconds: 0,
        retentionSeconds: 86_400,
        redrive: { deadLetterQueue: 'dead', maxReceiveCount: 3 },
      },
      { name: 'dead', visibilityTimeout: 30, delaySeconds: 0, retentionSeconds: 86_400 },
    ],
    { now: () => time, region: 'ap-southeast-1' },
  );
});

afterEach(async () => {
  await source.stop();
  await queues.close();
});

const advance = (seconds: number) => {
  time += seconds * 1000;
};

function start(
  mapping: Partial<QueueMapping> = {},
  handler: (event: SQSEvent) => Outcome | Promise<Outcome> = () => success,
) {
  source = startQueueSource(
    {
      functionKey: 'consumer',
      queueName: 'work',
      batchSize: 10,
      maximumBatchingWindow: 0,
      reportsFailures: true,
      maximumConcurrency: 2,
      ...mapping,
    },
    {
      queues,
      region: 'ap-southeast-1',
      log: (line) => {
        throw new Error(line);
      },
      invoke: async (_, event) => {
        const sqsEvent = event as SQSEvent;
        events.push(sqsEvent);
        calls.push(sqsEvent.Records.map(({ body }) => body));
        return handler(sqsEvent);
      },
    },
  );
}

function sendAll(...bodies: string[]): void {
  for (const body of bodies) queues.send('work', body);
}

/** Fails the messages with this body. */
const failing = (body: string) => (event: SQSEvent) => {
  const failed = event.Records.filter((record) => record.body === body);
  return {
    json: JSON.stringify({ batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }),
  };
};

const empty = { visible: 0, inFlight: 0, delayed: 0 };

test('an event has the fields that Lambda sets', async () => {
  const messageId = queues.send('work', 'hello');
  advance(1);
  start();
  await source.idle();
  expect(events).toEqual([
    {
      Records: [
        {
          messageId,
          receiptHandle: expect.any(String),
          body: 'hello',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: '1795000000000',
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: '1795000001000',
          },
          messageAttributes: {},
          md5OfBody: '5d41402abc4b2a76b9719d911017c592',
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:ap-southeast-1:000000000000:work',
          awsRegion: 'ap-southeast-1',
        },
      ],
    },
  ]);
});

test('successful messages are deleted, and reported ones are received again when their visibility timeout ends', async () => {
  sendAll('a', 'b', 'c');
  start({}, failing('b'));
  await source.idle();
  expect(queues.stats('work')).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
  expect(calls).toEqual([['a', 'b', 'c']]);
  advance(30);
  await source.idle();
  expect(calls).toEqual([['a', 'b', 'c'], ['b']]);
  expect(events[1]?.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
});

test('a function that fails, or names an unknown message, leaves the whole batch in the queue', async () => {
  sendAll('a', 'b');
  const outcomes: Outcome[] = ['failed', { json: '{"batchItemFailures":[{"itemIdentifier":"x"}]}' }];
  start({}, () => outcomes.shift() ?? success);
  await source.idle();
  expect(queues.stats('work').inFlight).toBe(2);
  advance(30);
  await source.idle();
  expect(queues.stats('work').inFlight).toBe(2);
  advance(30);
  await source.idle();
  expect(queues.stats('work')).toEqual(empty);
});

test('without ReportBatchItemFailures, reported failures are deleted like the others', async () => {
  sendAll('a');
  start({ reportsFailures: false }, failing('a'));
  await source.idle();
  expect(queues.stats('work')).toEqual(empty);
});

test('a message that fails maxReceiveCount times ends in the dead-letter queue', async () => {
  sendAll('poison');
  start({}, failing('poison'));
  for (let count = 0; count < 4; count++) {
    await source.idle();
    advance(30);
  }
  await source.idle();
  expect(calls).toHaveLength(3);
  expect(queues.stats('work')).toEqual(empty);
  expect(queues.stats('dead').visible).toBe(1);
});

test('a delayed message is delivered when its delay ends, and does not delay others', async () => {
  queues.send('work', 'late', 900);
  start();
  await source.idle();
  advance(899);
  await sleep(200);
  expect(calls).toEqual([]);
  advance(1);
  await source.idle();
  expect(calls).toEqual([['late']]);
});

test('a function may set the pause of a message by its visibility timeout', async () => {
  sendAll('a');
  start({}, (event) => {
    const [record] = event.Records;
    if (record) queues.store.changeVisibility('work', record.receiptHandle, 120);
    return 'failed';
  });
  await source.idle();
  advance(119);
  await sleep(200);
  expect(calls).toHaveLength(1);
  advance(1);
  await source.idle();
  expect(calls).toHaveLength(2);
});

test('a batching window gathers messages of several receives', async () => {
  start({ batchSize: 25, maximumBatchingWindow: 300, maximumConcurrency: 1 });
  for (let count = 0; count < 25; count++) {
    sendAll(String(count));
    if (count % 5 === 0) await sleep(10);
  }
  await source.idle();
  expect(calls.map((bodies) => bodies.length)).toEqual([25]);
});

test('a batch that is not full is delivered when its window ends', async () => {
  start({ batchSize: 25, maximumBatchingWindow: 1, maximumConcurrency: 1 });
  sendAll('a', 'b');
  await source.idle();
  expect(calls).toEqual([['a', 'b']]);
});

test('at most maximumConcurrency batches are under way', async () => {
  let underWay = 0;
  let most = 0;
  sendAll(...Array.from({ length: 12 }, (_, index) => String(index)));
  start({ batchSize: 1, maximumConcurrency: 3 }, async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await sleep(20);
    underWay -= 1;
    return success;
  });
  await source.idle();
  expect(most).toBe(3);
  expect(calls).toHaveLength(12);
});

test('a call that fails during the stop returns its messages to the queue', async () => {
  sendAll('a');
  let fail: (outcome: Outcome) => void = () => undefined;
  start({}, () => new Promise((resolve) => (fail = resolve)));
  await sleep(200); // the call is under way
  const stopped = source.stop();
  fail('failed');
  await stopped;
  expect(calls).toEqual([['a']]);
  expect(queues.stats('work').visible).toBe(1);
});

test('a stop returns the gathered messages to the queue', async () => {
  sendAll('slow');
  start({ batchSize: 2, maximumBatchingWindow: 300 });
  await sleep(200); // it is being gathered
  expect(queues.stats('work').inFlight).toBe(1);
  await source.stop();
  expect(calls).toEqual([]);
  expect(queues.stats('work').visible).toBe(1);
});
