import { createHash } from 'node:crypto';
import { messageAttributes, queueAttributes, selectAttributes } from './attributes';
import { checkBatchLength, handleBatch } from './batch';
import {
  messageBodyOf,
  optionalInteger,
  queueNameOf,
  requireString,
  stringArray,
  type Input,
  type IntegerBounds,
} from './input';
import { missingParameter } from './errors';
import type { ReceivedMessage } from './message';
import type { QueueStore } from './store';
import { waitForMessages } from './wait';

const DELAY: IntegerBounds = { min: 0, max: 900 };
const VISIBILITY: IntegerBounds = { min: 0, max: 43_200 };
const WAIT: IntegerBounds = { min: 0, max: 20 };
const BATCH_SIZE: IntegerBounds = { min: 1, max: 10 };

export interface ActionDeps {
  readonly store: QueueStore;
  readonly queueUrl: (name: string) => string;
  readonly arnOf: (name: string) => string;
}

export type Action = (input: Input, signal: AbortSignal) => object | Promise<object>;

/** SQS's actions by name; each throws SqsError for what SQS refuses. */
export function queueActions({ store, queueUrl, arnOf }: ActionDeps): ReadonlyMap<string, Action> {
  const send = (name: string, entry: Input) => {
    const body = messageBodyOf(entry);
    const id = store.send(name, body, optionalInteger(entry, 'DelaySeconds', DELAY));
    return { MessageId: id, MD5OfMessageBody: md5(body) };
  };
  const remove = (name: string, entry: Input) => {
    store.delete(name, requireString(entry, 'ReceiptHandle'));
    return {};
  };
  const changeVisibility = (name: string, entry: Input) => {
    const seconds = optionalInteger(entry, 'VisibilityTimeout', VISIBILITY);
    if (seconds === undefined) throw missingParameter('VisibilityTimeout');
    store.changeVisibility(name, requireString(entry, 'ReceiptHandle'), seconds);
    return {};
  };

  return new Map<string, Action>([
    ['SendMessage', (input) => send(knownQueue(store, input), input)],
    [
      'SendMessageBatch',
      (input) => {
        const name = knownQueue(store, input);
        checkBatchLength(input);
        return handleBatch(input, (entry) => send(name, entry));
      },
    ],
    ['ReceiveMessage', (input, signal) => receive(store, arnOf, input, signal)],
    ['DeleteMessage', (input) => remove(knownQueue(store, input), input)],
    ['DeleteMessageBatch', (input) => handleBatch(input, (entry) => remove(knownQueue(store, input), entry))],
    ['ChangeMessageVisibility', (input) => changeVisibility(knownQueue(store, input), input)],
    [
      'ChangeMessageVisibilityBatch',
      (input) => handleBatch(input, (entry) => changeVisibility(knownQueue(store, input), entry)),
    ],
    [
      'GetQueueAttributes',
      (input) => {
        const requested = stringArray(input, 'AttributeNames');
        const attributes = queueAttributes(store, knownQueue(store, input), requested, arnOf);
        return requested.length > 0 ? { Attributes: attributes } : {};
      },
    ],
    ['GetQueueUrl', (input) => ({ QueueUrl: queueUrl(store.declarationOf(requireString(input, 'QueueName')).name) })],
    [
      'ListQueues',
      ({ QueueNamePrefix: prefix }) => ({
        QueueUrls: store.names.filter((name) => typeof prefix !== 'string' || name.startsWith(prefix)).map(queueUrl),
      }),
    ],
    [
      'PurgeQueue',
      (input) => {
        store.purge(knownQueue(store, input));
        return {};
      },
    ],
  ]);
}

/** @throws SqsError `QueueDoesNotExist` */
function knownQueue(store: QueueStore, input: Input): string {
  return store.declarationOf(queueNameOf(input)).name;
}

async function receive(
  store: QueueStore,
  arnOf: (name: string) => string,
  input: Input,
  signal: AbortSignal,
): Promise<object> {
  const visibilityTimeout = optionalInteger(input, 'VisibilityTimeout', VISIBILITY);
  const requested = [...stringArray(input, 'AttributeNames'), ...stringArray(input, 'MessageSystemAttributeNames')];
  const received = await waitForMessages(store, {
    name: knownQueue(store, input),
    max: optionalInteger(input, 'MaxNumberOfMessages', BATCH_SIZE) ?? 1,
    waitSeconds: optionalInteger(input, 'WaitTimeSeconds', WAIT) ?? 0,
    signal,
    ...(visibilityTimeout !== undefined && { visibilityTimeout }),
  });
  const toOutput = (message: ReceivedMessage) => ({
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    MD5OfBody: md5(message.body),
    Body: message.body,
    ...(requested.length > 0 && { Attributes: selectAttributes(messageAttributes(message, arnOf), requested) }),
  });
  return received.length > 0 ? { Messages: received.map(toOutput) } : {};
}

export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
