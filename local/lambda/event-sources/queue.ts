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
 * Works as Lambda's event source mapping of a queue: polls, calls the function with a batch, and deletes the messages
 * that succeeded. The others stay in the queue, invisible until their visibility timeout ends.
 */
export function startQueueSource(mapping: QueueMapping, deps: QueueSourceDeps): EventSource {
  return new QueueSource(mapping, deps);
}

class QueueSource implements EventSource {
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  #invocations = 0;
  #batchesUnderWay = 0;

  constructor(
    private readonly mapping: QueueMapping,
    private readonly deps: QueueSourceDeps,
  ) {
    setMaxListeners(0, this.#stopping.signal); // each poller has one
    this.#running = Promise.all(Array.from({ length: mapping.maximumConcurrency }, () => this.#run()));
  }

  async idle(): Promise<void> {
    const { store } = this.deps.queues;
    // At least once: a message that was received this moment is in no batch yet.
    do await sleep(CHECK_IDLE_EVERY);
    while (!this.#isStopping() && (this.#batchesUnderWay > 0 || store.stats(this.mapping.queueName).visible > 0));
  }

  invocations(): number {
    return this.#invocations;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#running, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    const { functionKey, queueName } = this.mapping;
    while (!this.#isStopping()) {
      const batch = await this.#receive(this.mapping.batchSize, LONG_POLL_SECONDS);
      if (batch.length === 0) continue;
      this.#batchesUnderWay += 1;
      try {
        await this.#fillBatch(batch);
        await this.#handleBatch(batch);
      } catch (error) {
        this.deps.log(`${functionKey}: cannot complete a batch of ${queueName}: ${String(error)}`);
      } finally {
        this.#batchesUnderWay -= 1;
      }
    }
  }

  #receive(max: number, waitSeconds: number): Promise<ReceivedMessage[]> {
    const { queueName: name } = this.mapping;
    const { signal } = this.#stopping;
    return waitForMessages(this.deps.queues.store, { name, max: Math.min(max, MAX_RECEIVE), waitSeconds, signal });
  }

  /** Receives until the batch is full or its window ends. */
  async #fillBatch(batch: ReceivedMessage[]): Promise<void> {
    const { batchSize, maximumBatchingWindow } = this.mapping;
    const end = performance.now() + maximumBatchingWindow * 1000;
    while (batch.length < batchSize && performance.now() < end && !this.#isStopping()) {
      batch.push(...(await this.#receive(batchSize - batch.length, (end - performance.now()) / 1000)));
    }
  }

  async #handleBatch(batch: readonly ReceivedMessage[]): Promise<void> {
    if (this.#isStopping()) {
      this.#returnToQueue(batch);
      return;
    }
    const { functionKey, queueName, reportsFailures } = this.mapping;
    const { queues, invoke, region } = this.deps;
    this.#invocations += 1;
    const event: SQSEvent = { Records: batch.map((message) => sqsRecord(message, queues.arnOf(queueName), region)) };
    const outcome = await invoke(functionKey, event);
    const failed = parseBatchResponse(outcome, reportsFailures, new Set(batch.map(({ id }) => id)));
    if (failed === 'all') {
      if (this.#isStopping()) this.#returnToQueue(batch);
      return;
    }
    for (const { id, receiptHandle } of batch) if (!failed.has(id)) queues.store.delete(queueName, receiptHandle);
  }

  /** At a stop, so that the next start need not wait for the visibility timeout. */
  #returnToQueue(batch: readonly ReceivedMessage[]): void {
    for (const { receiptHandle } of batch) {
      this.deps.queues.store.changeVisibility(this.mapping.queueName, receiptHandle, 0);
    }
  }
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
