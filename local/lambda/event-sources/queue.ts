import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { md5 } from '../../services/sqs/actions';
import type { ReceivedMessage } from '../../services/sqs/message';
import { waitForMessages } from '../../services/sqs/wait';
import type { Queues } from '../../services/queue';
import type { Functions } from '../functions';
import { parseBatchResponse } from './batch-response';
import { STOP_TIMEOUT, type EventSource } from './event-source';
import type { QueueMapping } from './mappings';

export interface QueueSourceDeps {
  readonly queues: Pick<Queues, 'store' | 'arnOf'>;
  readonly invoke: Functions['invoke'];
  readonly region: string;
  readonly log: (line: string) => void;
}

/** SQS's own bound of one receive. */
const MAX_RECEIVE = 10;
const LONG_POLL_SECONDS = 20;
/** In milliseconds. */
const CHECK_IDLE_EVERY = 20;

/**
 * What Lambda's event source mapping of a queue does: polls, calls the function with a batch, and deletes what
 * succeeded. What failed stays in the queue until its visibility timeout ends.
 */
export function startQueueSource(mapping: QueueMapping, { queues, invoke, region, log }: QueueSourceDeps): EventSource {
  const { store, arnOf } = queues;
  const { queueName, functionKey } = mapping;
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(0, signal); // each poller has one
  const isStopping = () => signal.aborted;
  let invocations = 0;
  let batchesUnderWay = 0;

  const receive = (max: number, waitSeconds: number) =>
    waitForMessages(store, { name: queueName, max: Math.min(max, MAX_RECEIVE), waitSeconds, signal });

  /** Receives until the batch is full or its window ends. */
  async function fillBatch(batch: ReceivedMessage[]): Promise<void> {
    const end = performance.now() + mapping.maximumBatchingWindow * 1000;
    while (batch.length < mapping.batchSize && performance.now() < end && !signal.aborted) {
      batch.push(...(await receive(mapping.batchSize - batch.length, (end - performance.now()) / 1000)));
    }
  }

  /** At a stop, so that the next start need not wait for the visibility timeout. */
  function returnToQueue(batch: readonly ReceivedMessage[]): void {
    for (const { receiptHandle } of batch) store.changeVisibility(queueName, receiptHandle, 0);
  }

  async function handleBatch(batch: readonly ReceivedMessage[]): Promise<void> {
    if (isStopping()) {
      returnToQueue(batch);
      return;
    }
    invocations += 1;
    const event: SQSEvent = { Records: batch.map((message) => sqsRecord(message, arnOf(queueName), region)) };
    const outcome = await invoke(functionKey, event);
    const failed = parseBatchResponse(outcome, mapping.reportsFailures, new Set(batch.map(({ id }) => id)));
    if (failed === 'all') {
      if (isStopping()) returnToQueue(batch);
      return;
    }
    for (const { id, receiptHandle } of batch) if (!failed.has(id)) store.delete(queueName, receiptHandle);
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const batch = await receive(mapping.batchSize, LONG_POLL_SECONDS);
      if (batch.length === 0) continue;
      batchesUnderWay += 1;
      try {
        await fillBatch(batch);
        await handleBatch(batch);
      } catch (error) {
        log(`${functionKey}: cannot complete a batch of ${queueName}: ${String(error)}`);
      } finally {
        batchesUnderWay -= 1;
      }
    }
  }

  const running = Promise.all(Array.from({ length: mapping.maximumConcurrency }, run));
  return {
    idle: async () => {
      // At least once: a message that was received this moment is in no batch yet.
      do await sleep(CHECK_IDLE_EVERY);
      while (!signal.aborted && (batchesUnderWay > 0 || store.stats(queueName).visible > 0));
    },
    invocations: () => invocations,
    stop: async () => {
      stopping.abort();
      await Promise.race([running, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
    },
  };
}

function sqsRecord(message: ReceivedMessage, queueArn: string, region: string): SQSRecord {
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(message.sentAt),
      SenderId: 'AIDALOCAL',
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    },
    messageAttributes: {},
    md5OfBody: md5(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}
