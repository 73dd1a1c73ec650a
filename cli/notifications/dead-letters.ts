import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { asString, getField, parseJson } from '../../lib/platform/json';
import { parseAnnouncement } from '../../lib/notifications/queue';
import type { NotificationQueues } from '../deployment/deployment';
import { explainAws } from '../refusals';

/** How long messages stay hidden from other readers, in seconds: after an interrupted run, they become visible again then. */
export const HIDDEN_FOR = 300;
/** How many messages one run reads: as many as it can move in far less than {@link HIDDEN_FOR}. */
export const MAX_MESSAGES = 5_000;
/** SQS's limit for one batch. */
const BATCH = 10;

/** A message of the dead-letter queue; fields that cannot be read are absent. */
export interface DeadLetter {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** The header `webhook-id`. */
  readonly id?: string;
  readonly type?: string;
  readonly fileId?: string;
  /** When the upload changed, ISO 8601. */
  readonly timestamp?: string;
}

/** How many messages the queue has, approximately: those that can be received, and those that a reader holds. */
export async function countMessages(sqs: SQSClient, queueUrl: string) {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const request = { QueueUrl: queueUrl, AttributeNames: [...names] };
  const { Attributes: attributes = {} } = await sqs
    .send(new GetQueueAttributesCommand(request))
    .catch(explained('Cannot count the dead letters', 'sqs:GetQueueAttributes', queueUrl));
  const [waiting, held] = names.map((name) => Number(attributes[name] ?? 0));
  return { waiting: waiting ?? 0, held: held ?? 0 };
}

/**
 * Every message of the queue, at most {@link MAX_MESSAGES}. They are hidden from other readers, but stay in the queue:
 * {@link releaseDeadLetters} shows them again.
 *
 * @throws Error with SQS's reason
 */
export async function receiveDeadLetters(sqs: SQSClient, queueUrl: string): Promise<DeadLetter[]> {
  const received = new Map<string, DeadLetter>();
  while (received.size < MAX_MESSAGES) {
    const request = {
      QueueUrl: queueUrl,
      MaxNumberOfMessages: BATCH,
      VisibilityTimeout: HIDDEN_FOR,
      WaitTimeSeconds: 1, // long polling queries all of SQS's servers, so that no message is the end
    };
    const { Messages: messages = [] } = await sqs
      .send(new ReceiveMessageCommand(request))
      .catch(explained('Cannot read the dead letters', 'sqs:ReceiveMessage', queueUrl));
    if (messages.length === 0) break;
    for (const letter of messages.map(parseDeadLetter)) received.set(letter.messageId, letter);
  }
  return [...received.values()];
}

function parseDeadLetter({ MessageId: messageId = '', ReceiptHandle: receiptHandle = '', Body: body = '' }: Message) {
  const announcement = parseAnnouncement(body);
  const notification = announcement && parseJson(Buffer.from(announcement.body));
  const fields: Record<string, string | undefined> = {
    id: announcement?.id,
    type: asString(getField(notification, 'type')),
    fileId: asString(getField(getField(notification, 'data'), 'fileId')),
    timestamp: asString(getField(notification, 'timestamp')),
  };
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  const letter: DeadLetter = { messageId, receiptHandle, body, ...Object.fromEntries(defined) };
  return letter;
}

/** Shows messages to other readers again. */
export async function releaseDeadLetters(
  sqs: SQSClient,
  queueUrl: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  for (const batch of batchesOf(letters)) {
    const entries = batch.map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: 0,
    }));
    await sqs
      .send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries: entries }))
      .catch(explained('Cannot release the dead letters', 'sqs:ChangeMessageVisibility', queueUrl));
  }
}

/**
 * Queues messages for delivery again and deletes them from the dead letters, in this order: an interruption delivers some
 * twice, under the same id, and loses none.
 *
 * Returns those that SQS refused; they are still in the dead letters.
 *
 * @throws Error with SQS's reason
 */
export async function moveDeadLetters(
  sqs: SQSClient,
  { queueUrl, deadLettersUrl }: NotificationQueues,
  letters: readonly DeadLetter[],
): Promise<DeadLetter[]> {
  const refused: DeadLetter[] = [];
  for (const batch of batchesOf(letters)) {
    const entries = batch.map(({ body }, index) => ({ Id: String(index), MessageBody: body }));
    const response = await sqs
      .send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }))
      .catch(explained('Cannot queue webhooks', 'sqs:SendMessage', queueUrl));
    const isQueued = new Set((response.Successful ?? []).map(({ Id: id }) => id));
    const queued = batch.flatMap(({ receiptHandle }, index) =>
      isQueued.has(String(index)) ? [{ Id: String(index), ReceiptHandle: receiptHandle }] : [],
    );
    refused.push(...batch.filter((_, index) => !isQueued.has(String(index))));
    if (queued.length === 0) continue;
    const deleted = await sqs
      .send(new DeleteMessageBatchCommand({ QueueUrl: deadLettersUrl, Entries: queued }))
      .catch(explained('Cannot delete dead letters that were queued again', 'sqs:DeleteMessage', deadLettersUrl));
    const [failure] = deleted.Failed ?? [];
    if (failure) {
      throw new Error(`Cannot delete from the dead letters what was queued again: ${failure.Message ?? 'no reason'}`);
    }
  }
  return refused;
}

/** Rethrows an error of SQS with its meaning. */
function explained(subject: string, action: string, resource: string) {
  return (error: unknown): never => {
    throw new Error(`${subject}: ${explainAws(error, { action, resource })}`, { cause: error });
  };
}

function batchesOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) =>
    all.slice(index * BATCH, (index + 1) * BATCH),
  );
}
