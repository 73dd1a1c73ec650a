import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { cp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { startQueues, type Queues } from '../../local/services/queue';
import type { QueueDeclaration } from '../../local/services/sqs/store';
import { temporaryFolder } from '../support/local';

interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly MD5OfBody: string;
  readonly Body: string;
  readonly Attributes?: Record<string, string>;
}

const START = 1_795_000_000_000;
const DECLARED: readonly QueueDeclaration[] = [
  {
    name: 'work',
    visibilityTimeout: 30,
    delaySeconds: 0,
    retentionSeconds: 3600,
    redrive: { deadLetterQueue: 'dead', maxReceiveCount: 2 },
  },
  { name: 'dead', visibilityTimeout: 30, delaySeconds: 0, retentionSeconds: 1_209_600 },
  { name: 'slow', visibilityTimeout: 30, delaySeconds: 60, retentionSeconds: 3600 },
];

let time: number;
let path: string;
let queues: Queues;

const start = (from = path, declared = DECLARED) =>
  startQueues(declared, { path: from, now: () => time, region: 'ap-southeast-1' });
const advance = (seconds: number) => {
  time += seconds * 1000;
};

beforeEach(async () => {
  time = START;
  path = await temporaryFolder();
  queues = await start();
});

afterEach(async () => {
  await queues.close();
  await rm(path, { recursive: true });
});

function post(action: string, input: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(queues.url, {
    method: 'POST',
    body: typeof input === 'string' ? input : JSON.stringify(input),
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}`, ...headers },
  });
}

async function call(action: string, input: object = {}, name = 'work'): Promise<Record<string, unknown>> {
  const response = await post(action, { QueueUrl: queues.queueUrl(name), ...input });
  return (await response.json()) as Record<string, unknown>;
}

async function receive(input: object = {}, name = 'work'): Promise<Message[]> {
  const { Messages: messages } = await call('ReceiveMessage', { MaxNumberOfMessages: 10, ...input }, name);
  return (messages ?? []) as Message[];
}

async function receiveOne(input: object = {}, name = 'work'): Promise<Message> {
  const [message] = await receive(input, name);
  if (!message) throw new Error('no message is visible');
  return message;
}

const send = (body: string, input: object = {}, name = 'work') =>
  call('SendMessage', { MessageBody: body, ...input }, name);
const errorOf = async (action: string, input: object, name = 'work') =>
  ((await call(action, input, name))['__type'] as string).replace('com.amazonaws.sqs#', '');

describe('SendMessage and ReceiveMessage', () => {
  test('a received message has the sent body, its MD5 and the requested attributes', async () => {
    const sent = await send('hello 你好');
    const md5 = createHash('md5').update('hello 你好').digest('hex');
    expect(sent).toEqual({ MessageId: expect.stringMatching(/^[\da-f-]{36}$/), MD5OfMessageBody: md5 });
    advance(5);
    expect(await receiveOne({ AttributeNames: ['All'] })).toEqual({
      MessageId: sent['MessageId'],
      ReceiptHandle: expect.any(String),
      Body: 'hello 你好',
      MD5OfBody: md5,
      Attributes: {
        SenderId: 'AIDALOCAL',
        SentTimestamp: String(START),
        ApproximateReceiveCount: '1',
        ApproximateFirstReceiveTimestamp: String(START + 5000),
      },
    });
  });

  test('an empty queue returns no Messages property', async () => {
    expect(await call('ReceiveMessage')).toEqual({});
  });

  test('a message that is in flight is visible again when its visibility timeout ends, with a higher receive count', async () => {
    await send('a');
    await receiveOne();
    advance(29.9);
    expect(await receive()).toEqual([]);
    advance(0.1);
    const again = await receiveOne({ MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
    expect(again.Attributes).toEqual({ ApproximateReceiveCount: '2' });
  });

  test('VisibilityTimeout of ReceiveMessage replaces that of the queue', async () => {
    await send('a');
    await receiveOne({ VisibilityTimeout: 5 });
    advance(5);
    expect(await receive()).toHaveLength(1);
  });

  test('a delayed message is visible when its delay ends, and DelaySeconds replaces the delay of the queue', async () => {
    await send('queue delay', {}, 'slow');
    await send('no delay', { DelaySeconds: 0 }, 'slow');
    await send('long delay', { DelaySeconds: 900 }, 'slow');
    const bodies = async () => (await receive({ VisibilityTimeout: 43_200 }, 'slow')).map(({ Body }) => Body);
    expect(await bodies()).toEqual(['no delay']);
    advance(60);
    expect(await bodies()).toEqual(['queue delay']);
    advance(839);
    expect(await bodies()).toEqual([]);
    advance(1);
    expect(await bodies()).toEqual(['long delay']);
  });

  test('MaxNumberOfMessages bounds a receive, and its default is 1', async () => {
    for (const body of ['a', 'b', 'c', 'd']) await send(body);
    expect(await receive({ MaxNumberOfMessages: 2 })).toHaveLength(2);
    expect(await receive({ MaxNumberOfMessages: undefined })).toHaveLength(1);
    expect(await receive()).toHaveLength(1);
  });

  test('a long poll returns as soon as a message is sent', async () => {
    const waiting = receive({ WaitTimeSeconds: 20 });
    await send('a');
    expect(await waiting).toHaveLength(1);
  });

  test('a long poll returns nothing when its time ends', async () => {
    expect(await receive({ WaitTimeSeconds: 1 })).toEqual([]);
  });

  test('a message older than the retention period is dropped', async () => {
    await send('a');
    advance(3599);
    expect(queues.stats('work').visible).toBe(1);
    advance(1);
    expect(await receive()).toEqual([]);
    expect(queues.stats('work')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('two consumers never receive the same message at the same time', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => String(index));
    await Promise.all(bodies.map((body) => send(body)));
    const received = await Promise.all(Array.from({ length: 8 }, () => receive()));
    const all = received.flat().map(({ Body }) => Body);
    expect(all.sort()).toEqual(bodies.sort());
  });
});

describe('receipt handles', () => {
  test('a deleted message is not received again, and deleting it twice succeeds', async () => {
    await send('a');
    const { ReceiptHandle } = await receiveOne();
    expect(await call('DeleteMessage', { ReceiptHandle })).toEqual({});
    expect(await call('DeleteMessage', { ReceiptHandle })).toEqual({});
    advance(60);
    expect(await receive()).toEqual([]);
  });

  test('the handle of an earlier receive does not delete the message', async () => {
    await send('a');
    const first = await receiveOne();
    advance(30);
    await receiveOne();
    expect(await call('DeleteMessage', { ReceiptHandle: first.ReceiptHandle })).toEqual({});
    expect(queues.stats('work').inFlight).toBe(1);
  });

  test('ChangeMessageVisibility makes a message visible earlier or later', async () => {
    await send('a');
    const first = await receiveOne();
    await call('ChangeMessageVisibility', { ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 600 });
    advance(599);
    expect(await receive()).toEqual([]);
    advance(1);
    const second = await receiveOne();
    await call('ChangeMessageVisibility', { ReceiptHandle: second.ReceiptHandle, VisibilityTimeout: 0 });
    expect(queues.stats('work').visible).toBe(1);
  });

  test('ChangeMessageVisibility refuses a message that is not in flight, and a total over 12 hours', async () => {
    await send('a');
    const { ReceiptHandle } = await receiveOne();
    const change = (VisibilityTimeout: number) =>
      errorOf('ChangeMessageVisibility', { ReceiptHandle, VisibilityTimeout });
    advance(1);
    expect(await change(43_200)).toBe('InvalidParameterValue');
    advance(29);
    expect(await change(10)).toBe('InvalidParameterValue');
  });
});

describe('dead letters', () => {
  test('a message that was received maxReceiveCount times moves to the dead-letter queue at its next receive', async () => {
    await send('poison');
    for (let count = 0; count < 2; count++) {
      expect(await receive()).toHaveLength(1);
      advance(30);
    }
    expect(await receive()).toEqual([]);
    const dead = await receiveOne({ AttributeNames: ['All'] }, 'dead');
    expect(dead).toMatchObject({
      Body: 'poison',
      Attributes: {
        SentTimestamp: String(START),
        ApproximateReceiveCount: '3',
        DeadLetterQueueSourceArn: 'arn:aws:sqs:ap-southeast-1:000000000000:work',
      },
    });
  });
});

describe('batches', () => {
  test('each entry of a batch succeeds or fails by itself', async () => {
    const result = await call('SendMessageBatch', {
      Entries: [
        { Id: 'good', MessageBody: 'a' },
        { Id: 'delayed', MessageBody: 'b', DelaySeconds: 10 },
        { Id: 'too-late', MessageBody: 'c', DelaySeconds: 901 },
      ],
    });
    expect(result).toMatchObject({
      Successful: [{ Id: 'good' }, { Id: 'delayed' }],
      Failed: [{ Id: 'too-late', SenderFault: true, Code: 'InvalidParameterValue' }],
    });
    expect(queues.stats('work')).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  });

  test('DeleteMessageBatch and ChangeMessageVisibilityBatch report invalid handles per entry', async () => {
    await send('a');
    const { ReceiptHandle } = await receiveOne();
    const entries = (more: object) => ({
      Entries: [
        { Id: '1', ReceiptHandle, ...more },
        { Id: '2', ReceiptHandle: 'nonsense', ...more },
      ],
    });
    const expected = { Successful: [{ Id: '1' }], Failed: [{ Id: '2', Code: 'ReceiptHandleIsInvalid' }] };
    expect(await call('ChangeMessageVisibilityBatch', entries({ VisibilityTimeout: 5 }))).toMatchObject(expected);
    expect(await call('DeleteMessageBatch', entries({}))).toMatchObject(expected);
    expect(queues.stats('work')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test.each([
    ['EmptyBatchRequest', []],
    ['TooManyEntriesInBatchRequest', Array.from({ length: 11 }, (_, id) => ({ Id: String(id), MessageBody: 'a' }))],
    ['BatchEntryIdsNotDistinct', ['1', '1'].map((Id) => ({ Id, MessageBody: 'a' }))],
    ['InvalidBatchEntryId', [{ Id: 'not valid', MessageBody: 'a' }]],
    ['BatchRequestTooLong', ['1', '2'].map((Id) => ({ Id, MessageBody: 'a'.repeat(132_000) }))],
  ])('a batch is refused as a whole with %s', async (error, Entries) => {
    expect(await errorOf('SendMessageBatch', { Entries })).toBe(error);
    expect(queues.stats('work').visible).toBe(0);
  });
});

describe('queues', () => {
  test('GetQueueAttributes counts visible, delayed and in-flight messages', async () => {
    await send('a');
    await send('b');
    await send('c', { DelaySeconds: 10 });
    await receive({ MaxNumberOfMessages: 1 });
    const { Attributes: attributes } = await call('GetQueueAttributes', { AttributeNames: ['All'] });
    expect(attributes).toEqual({
      QueueArn: 'arn:aws:sqs:ap-southeast-1:000000000000:work',
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
      VisibilityTimeout: '30',
      DelaySeconds: '0',
      MessageRetentionPeriod: '3600',
      MaximumMessageSize: '262144',
      RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:ap-southeast-1:000000000000:dead","maxReceiveCount":2}',
    });
    expect(await call('GetQueueAttributes', { AttributeNames: ['DelaySeconds'] })).toEqual({
      Attributes: { DelaySeconds: '0' },
    });
    expect(await errorOf('GetQueueAttributes', { AttributeNames: ['Nothing'] })).toBe('InvalidAttributeName');
  });

  test('GetQueueUrl and ListQueues return the URLs of the declared queues', async () => {
    expect(await call('GetQueueUrl', { QueueName: 'dead' })).toEqual({ QueueUrl: queues.queueUrl('dead') });
    const urls = DECLARED.map(({ name }) => queues.queueUrl(name));
    expect(await call('ListQueues')).toEqual({ QueueUrls: urls });
    expect(await call('ListQueues', { QueueNamePrefix: 'w' })).toEqual({ QueueUrls: [queues.queueUrl('work')] });
  });

  test('PurgeQueue deletes the messages of one queue, those in flight too', async () => {
    await send('a');
    await receiveOne();
    await send('b');
    await send('c', { DelaySeconds: 10 }, 'dead');
    await call('PurgeQueue');
    advance(60);
    expect(queues.stats('work')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    expect(queues.stats('dead').visible).toBe(1);
  });
});

describe('refusals', () => {
  test('an unknown queue is refused as SQS refuses it', async () => {
    const response = await post('SendMessage', { QueueUrl: queues.queueUrl('none'), MessageBody: 'a' });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-query-error')).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
    expect(await response.json()).toEqual({
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'PurgeQueue', 'GetQueueAttributes']) {
      expect(await errorOf(action, { ReceiptHandle: 'x' }, 'none')).toBe('QueueDoesNotExist');
    }
    expect(await errorOf('GetQueueUrl', { QueueName: 'none' })).toBe('QueueDoesNotExist');
  });

  test.each([
    ['a missing body', 'MissingParameter', 'SendMessage', {}],
    ['an empty body', 'MissingParameter', 'SendMessage', { MessageBody: '' }],
    ['a body over 256 KiB', 'InvalidParameterValue', 'SendMessage', { MessageBody: 'a'.repeat(262_145) }],
    ['a delay over 15 minutes', 'InvalidParameterValue', 'SendMessage', { MessageBody: 'a', DelaySeconds: 901 }],
    ['message attributes', 'InvalidParameterValue', 'SendMessage', { MessageBody: 'a', MessageAttributes: { a: {} } }],
    ['a control character', 'InvalidMessageContents', 'SendMessage', { MessageBody: 'a\u0000' }],
    ['a lone surrogate', 'InvalidMessageContents', 'SendMessage', { MessageBody: '\ud800' }],
    ['a receive of 11 messages', 'InvalidParameterValue', 'ReceiveMessage', { MaxNumberOfMessages: 11 }],
    ['a receive of 0 messages', 'InvalidParameterValue', 'ReceiveMessage', { MaxNumberOfMessages: 0 }],
    ['a long poll over 20 s', 'InvalidParameterValue', 'ReceiveMessage', { WaitTimeSeconds: 21 }],
    ['a visibility timeout over 12 h', 'InvalidParameterValue', 'ReceiveMessage', { VisibilityTimeout: 43_201 }],
    ['a malformed handle', 'ReceiptHandleIsInvalid', 'DeleteMessage', { ReceiptHandle: 'nonsense' }],
    ['a missing handle', 'MissingParameter', 'DeleteMessage', {}],
    ['a missing visibility timeout', 'MissingParameter', 'ChangeMessageVisibility', { ReceiptHandle: 'nonsense' }],
    ['an unsupported action', 'UnknownOperationException', 'CreateQueue', {}],
  ])('%s is refused with %s', async (_, error, action, input) => {
    expect(await errorOf(action, input)).toBe(error);
  });

  test('a body of exactly 256 KiB is accepted', async () => {
    expect(await send('a'.repeat(262_144))).toHaveProperty('MessageId');
  });

  test('a request that is not JSON is refused', async () => {
    const response = await post('SendMessage', '{');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: 'com.amazonaws.sqs#SerializationException' });
  });

  test('a foreign Host and a browser of any origin are refused', async () => {
    const foreign = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: 'evil.example', 'x-amz-target': 'AmazonSQS.ListQueues' };
      httpRequest(queues.url, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end('{}');
    });
    expect(foreign).toBe(403);
    expect((await post('ListQueues', {}, { origin: queues.url })).status).toBe(403);
  });

  test('an unavailable queue service returns 503 until it is available again', async () => {
    queues.setAvailable(false);
    expect((await post('ListQueues', {})).status).toBe(503);
    queues.setAvailable(true);
    expect((await post('ListQueues', {})).status).toBe(200);
  });
});

describe('restart', () => {
  /** The queues as a second process would open them after a `kill -9` at this moment. */
  async function afterKill<T>(look: (survivor: Queues) => T, declared = DECLARED): Promise<T> {
    const copy = await temporaryFolder();
    await cp(path, copy, { recursive: true });
    const survivor = await start(copy, declared);
    try {
      return look(survivor);
    } finally {
      await survivor.close();
      await rm(copy, { recursive: true });
    }
  }

  test('a kill loses no message, no deletion, no receive count and no visibility timeout', async () => {
    await send('visible');
    await send('deleted');
    await send('delayed', { DelaySeconds: 10 });
    const [, deleted] = await receive({ VisibilityTimeout: 40 });
    await call('DeleteMessage', { ReceiptHandle: deleted?.ReceiptHandle });
    expect(await afterKill((survivor) => survivor.stats('work'))).toEqual({ visible: 0, inFlight: 1, delayed: 1 });
    advance(40);
    const received = await afterKill((survivor) => survivor.store.receive('work', { max: 10 }));
    expect(received.map(({ body, receiveCount }) => [body, receiveCount]).sort()).toEqual([
      ['delayed', 1],
      ['visible', 2],
    ]);
  });

  test('a handle from before a restart deletes its message', async () => {
    await send('a');
    const { ReceiptHandle } = await receiveOne();
    await queues.close();
    queues = await start();
    await call('DeleteMessage', { ReceiptHandle });
    expect(queues.stats('work')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test('half a line that a kill left behind is dropped', async () => {
    await send('a');
    appendFileSync(join(path, 'messages.jsonl'), '{"put":{"id":"x","que');
    expect(await afterKill((survivor) => survivor.stats('work').visible)).toBe(1);
  });

  test('the messages of a queue that is no longer declared are dropped', async () => {
    await send('a', {}, 'dead');
    await send('b', {}, 'slow');
    const rest = DECLARED.filter(({ name }) => name !== 'slow');
    expect(
      await afterKill((survivor) => survivor.store.names.map((name) => survivor.stats(name).visible), rest),
    ).toEqual([0, 1]);
  });

  test('many messages pass through without the log growing for ever', async () => {
    for (let count = 0; count < 3_000; count++) {
      queues.send('work', 'x'.repeat(1000));
      const [message] = queues.store.receive('work', { max: 1 });
      queues.store.delete('work', message?.receiptHandle ?? '');
    }
    queues.send('work', 'last');
    expect((await readFile(join(path, 'messages.jsonl'))).length).toBeLessThan(2_000_000);
    expect(await afterKill((survivor) => survivor.stats('work').visible)).toBe(1);
  });
});
