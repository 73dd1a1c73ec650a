import { notifyConfig } from '../../lib/notifications/config';
import { notifyApp } from '../../lib/notifications/notify-app';
import { formatAnnouncement } from '../../lib/notifications/queue';
import { messageDelayer, messageSender } from '../../lib/platform/sqs';
import { startQueues } from '../../local/services/queue';
import type { ReceivedMessage } from '../../local/services/sqs/message';
import type { QueueDeclaration } from '../../local/services/sqs/store';
import { virtualClock } from './unit/clock';
import { startAppServer } from './app-server';
import { retryDeps, startStore } from './backend';
import { context } from './lambda';

export const QUEUE = 'NotifyAppQueue';
export const DEAD_LETTERS = 'NotifyAppDeadLetters';
export const SECRET_PARAMETER = '/vod/notify-secret';
/** Two secrets as Standard Webhooks has them: 24 and 32 bytes. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const OTHER_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** As serverless.yml has them, a message a batch. */
const QUEUES: readonly QueueDeclaration[] = [
  {
    name: QUEUE,
    visibilityTimeout: 180,
    delaySeconds: 0,
    retentionSeconds: 1_209_600,
    redrive: { deadLetterQueue: DEAD_LETTERS, maxReceiveCount: 480 },
  },
  { name: DEAD_LETTERS, visibilityTimeout: 30, delaySeconds: 0, retentionSeconds: 1_209_600 },
];
const MAX_CONCURRENCY = 20;

export const announcement = (number: number) => ({
  id: `msg_${number}`,
  body: JSON.stringify({ type: 'upload.ready', timestamp: '2026-11-22T08:01:00.000Z', data: { fileId: `${number}` } }),
});

/**
 * Queues, a parameter store and an app's server, all over HTTP, and the function that delivers. Time in the queues and
 * in the function is virtual: it begins now, and passes in {@link pass} only.
 */
export async function startNotifications() {
  const clock = virtualClock(Date.now());
  const [queues, parameterStore, app] = await Promise.all([
    startQueues(QUEUES, { now: clock.now }),
    startStore({ [SECRET_PARAMETER]: SECRET }),
    startAppServer(clock.now),
  ]);
  const env = {
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SQS: queues.url,
    NOTIFY_URL: app.url,
    NOTIFY_SECRET_PARAMETER: SECRET_PARAMETER,
    NOTIFICATIONS_QUEUE_URL: queues.queueUrl(QUEUE),
    NOTIFICATIONS_DEAD_LETTERS_URL: queues.queueUrl(DEAD_LETTERS),
  };
  const lines: Readonly<Record<string, unknown>>[] = [];
  const random = { value: 0 };
  const handler = notifyApp({
    config: notifyConfig(env),
    getParameters: parameterStore.getParameters,
    sendMessages: messageSender(env, retryDeps),
    delayMessage: messageDelayer(env, retryDeps),
    fetch,
    now: clock.now,
    random: () => random.value,
    log: (fields) => lines.push(fields),
  });

  async function deliver(message: ReceivedMessage): Promise<void> {
    const { batchItemFailures } = await handler({ Records: [recordOf(message)] }, context(30_000));
    if (batchItemFailures.length === 0) queues.store.delete(QUEUE, message.receiptHandle);
  }

  /** Delivers what is visible, as many messages at once as Lambda would; returns their number. */
  async function deliverVisible(): Promise<number> {
    const messages = queues.store.receive(QUEUE, { max: MAX_CONCURRENCY });
    await Promise.all(messages.map(deliver));
    return messages.length;
  }

  return {
    app,
    clock,
    queues,
    /** The names and values of the parameter store. */
    parameters: parameterStore.parameters,
    lines,
    random,
    deliverVisible,
    send: (number: number) => queues.send(QUEUE, formatAnnouncement(announcement(number))),
    /** Lets time pass, and delivers the messages that become visible. */
    pass: async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        while ((await deliverVisible()) > 0);
        clock.advance(1_000);
      }
    },
    /** How many messages are in the queue, visible or not, and in the dead-letter queue. */
    counts: () => {
      const total = (name: string) => {
        const { visible, inFlight, delayed } = queues.stats(name);
        return visible + inFlight + delayed;
      };
      return { queued: total(QUEUE), dead: total(DEAD_LETTERS) };
    },
    /** The bodies of the messages in the dead-letter queue. */
    deadMessages: () => queues.store.receive(DEAD_LETTERS, { max: 10, visibilityTimeout: 0 }).map(({ body }) => body),
    stop: () => Promise.all([app.stop(), queues.close(), parameterStore.close()]),
  };
}

export type Notifications = Awaited<ReturnType<typeof startNotifications>>;

function recordOf({ id, receiptHandle, body, receiveCount, sentAt, firstReceivedAt }: ReceivedMessage) {
  return {
    messageId: id,
    receiptHandle,
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAt),
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:ap-southeast-1:123456789012:${QUEUE}`,
    awsRegion: 'ap-southeast-1',
  };
}
