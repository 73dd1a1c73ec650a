import { chunk } from './chunk';
import { awsJsonClient } from './aws-json';
import type { AwsService } from './aws-request';
import type { Environment } from './env';
import { asArray, getField } from './json';
import type { RetryDeps } from './retry';

const SQS: AwsService = {
  name: 'sqs',
  title: 'SQS',
  target: 'AmazonSQS',
  contentType: 'application/x-amz-json-1.0',
  advice: [[/AccessDenied/, "the function's role needs sqs:ACTION on the queue"]],
};

/** How many messages one SendMessageBatch takes. */
const MAX_BATCH = 10;

/** Longest delay of a message, in seconds. */
export const MAX_DELAY = 900;

export interface OutgoingMessage {
  readonly body: string;
  /** Whole seconds until it can be received, at most {@link MAX_DELAY}. */
  readonly delaySeconds: number;
}

/**
 * Sends any number of messages to the queue with this URL; returns once the queue has all of them.
 *
 * @throws Error with SQS's refusal, or why it did not respond; then some may have been sent
 */
export type SendMessages = (queueUrl: string, messages: readonly OutgoingMessage[]) => Promise<void>;

/** SQS's SendMessageBatch; arguments as for {@link awsJsonClient}. */
export function messageSender(env: Environment, deps: RetryDeps): SendMessages {
  const call = awsJsonClient(SQS, env, deps);
  const sendBatch = async (queueUrl: string, messages: readonly OutgoingMessage[]) => {
    const entries = messages.map(({ body, delaySeconds }, index) => ({
      Id: String(index),
      MessageBody: body,
      DelaySeconds: delaySeconds,
    }));
    const request = { QueueUrl: queueUrl, Entries: entries };
    const response = await call({ action: 'SendMessageBatch', request, purpose: 'queue messages' });
    const failed = asArray(getField(response, 'Failed')).length;
    if (failed > 0) throw new Error(`Cannot queue messages: SQS refused ${failed} of ${messages.length}`);
  };
  return async (queueUrl, messages) => {
    const batches = chunk(messages, MAX_BATCH);
    await Promise.all(batches.map((batch) => sendBatch(queueUrl, batch)));
  };
}

/**
 * Sets the visibility timeout of a received message to this number of seconds from now.
 *
 * @throws Error with SQS's refusal, or why it did not respond
 */
export type DelayMessage = (queueUrl: string, receiptHandle: string, seconds: number) => Promise<void>;

/** SQS's ChangeMessageVisibility; arguments as for {@link awsJsonClient}. */
export function messageDelayer(env: Environment, deps: RetryDeps): DelayMessage {
  const call = awsJsonClient(SQS, env, deps);
  return async (queueUrl, receiptHandle, seconds) => {
    const request = { QueueUrl: queueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds };
    await call({ action: 'ChangeMessageVisibility', request, purpose: 'delay a message' });
  };
}
