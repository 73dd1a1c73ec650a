import { SqsError } from './errors';
import { MAX_MESSAGE_BYTES } from './input';
import type { ReceivedMessage } from './message';
import type { QueueStore } from './store';

type ArnOf = (name: string) => string;

/** The attributes of a message as SQS returns them, all strings. */
export function messageAttributes(message: ReceivedMessage, arnOf: ArnOf): Record<string, string> {
  return {
    SenderId: 'AIDALOCAL',
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    ...(message.movedFrom !== undefined && { DeadLetterQueueSourceArn: arnOf(message.movedFrom) }),
  };
}

/** @throws SqsError `InvalidAttributeName` */
export function queueAttributes(
  store: QueueStore,
  name: string,
  requested: readonly string[],
  arnOf: ArnOf,
): Record<string, string> {
  const { visible, inFlight, delayed } = store.stats(name);
  const { visibilityTimeout, delaySeconds, retentionSeconds, redrive } = store.declarationOf(name);
  const attributes: Record<string, string> = {
    QueueArn: arnOf(name),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    VisibilityTimeout: String(visibilityTimeout),
    DelaySeconds: String(delaySeconds),
    MessageRetentionPeriod: String(retentionSeconds),
    MaximumMessageSize: String(MAX_MESSAGE_BYTES),
    ...(redrive && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: arnOf(redrive.deadLetterQueue),
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
  };
  const unknown = requested.find((one) => one !== 'All' && one !== 'RedrivePolicy' && !Object.hasOwn(attributes, one));
  if (unknown !== undefined) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  return selectAttributes(attributes, requested);
}

/** Those that were requested by name, or all for `All`. */
export function selectAttributes(
  attributes: Readonly<Record<string, string>>,
  requested: readonly string[],
): Record<string, string> {
  const isRequested = ([name]: [string, string]) => requested.includes('All') || requested.includes(name);
  return Object.fromEntries(Object.entries(attributes).filter(isRequested));
}
