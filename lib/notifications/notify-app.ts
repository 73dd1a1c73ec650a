import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, type Log } from '../platform/log';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { DelayMessage, SendMessages } from '../platform/sqs';
import type { GetParameters } from '../platform/ssm';
import type { NotifyConfig } from './config';
import { deliver, type Delivery } from './delivery';
import { parseAnnouncement } from './queue';

export interface NotifyDeps {
  readonly config: NotifyConfig;
  readonly getParameters: GetParameters;
  readonly sendMessages: SendMessages;
  readonly delayMessage: DelayMessage;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
}

/** Seconds after each failed attempt; from then on an hour. */
const PAUSES = [5, 30, 120, 600, 1_800];
const HOUR = 3_600;
/** How long a notification is tried, in milliseconds. */
const GIVE_UP_AFTER = 24 * HOUR * 1000;
/** SQS hides a message for at most 12 hours since it was received, in seconds; an attempt takes some of them. */
const MAX_VISIBILITY = 12 * HOUR - 60;

/**
 * Delivers queued notifications to the app. One that fails becomes visible again after a pause; one that failed for a day,
 * or that the receiver refuses for good (410), goes to the dead-letter queue. Each message of a batch succeeds or fails
 * alone, and all of them are posted at once.
 */
export function notifyApp(deps: NotifyDeps) {
  const { config, getParameters, now, log } = deps;
  async function readSecrets() {
    const value = await readParameters(getParameters, [config.secretParameter]);
    return parseSecretVersions(config.secretParameter, value(config.secretParameter));
  }
  const secrets = cached(readSecrets, now, log);

  return async ({ Records }: SQSEvent, { awsRequestId: requestId }: Context) => {
    const handled = await Promise.all(
      Records.map(async (record) => ({ record, isDone: await handle(record, requestId, deps, secrets) })),
    );
    const failed = handled.filter(({ isDone }) => !isDone);
    return { batchItemFailures: failed.map(({ record }) => ({ itemIdentifier: record.messageId })) };
  };
}

/** Returns whether the message may leave the queue. */
async function handle(
  record: SQSRecord,
  requestId: string,
  deps: NotifyDeps,
  secrets: () => Promise<readonly string[]>,
): Promise<boolean> {
  const { config, log, now } = deps;
  const announcement = parseAnnouncement(record.body);
  const attempt = Number(record.attributes.ApproximateReceiveCount);
  const line = { requestId, id: announcement?.id, attempt };
  try {
    if (!announcement) {
      log({ level: 'error', outcome: 'unreadable-message', messageId: record.messageId, ...line });
      await deps.sendMessages(config.deadLetterQueueUrl, [{ body: record.body, delaySeconds: 0 }]);
      return true;
    }
    const delivery = await deliver(announcement, { ...deps, url: config.url, secrets: await secrets() });
    if (delivery.outcome === 'delivered') {
      log({ level: 'info', ...line, ...delivery });
      return true;
    }
    const pause = pauseAfter(attempt, delivery, deps.random);
    const isOver = now() + pause * 1000 - Number(record.attributes.SentTimestamp) > GIVE_UP_AFTER;
    if (delivery.outcome === 'gone' || isOver) {
      log({ level: 'error', ...line, ...delivery, outcome: 'notification-given-up' });
      await deps.sendMessages(config.deadLetterQueueUrl, [{ body: record.body, delaySeconds: 0 }]);
      return true;
    }
    log({ level: 'warn', ...line, ...delivery, outcome: 'delivery-failed', retryIn: pause });
    await deps.delayMessage(config.queueUrl, record.receiptHandle, pause);
    return false;
  } catch (error) {
    // Then the message becomes visible again by itself.
    log({ level: 'error', ...line, outcome: 'error', ...describe(error) });
    return false;
  }
}

/** Seconds until the next attempt; the receiver may request more. */
function pauseAfter(attempt: number, delivery: Delivery, random: () => number): number {
  const usual = PAUSES[attempt - 1] ?? HOUR;
  const jittered = usual * (1 + 0.1 * random());
  const retryAfter = delivery.outcome === 'failed' ? (delivery.retryAfter ?? 0) : 0;
  return Math.min(MAX_VISIBILITY, Math.ceil(Math.max(jittered, retryAfter)));
}
