import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { StreamError, type StreamClient, type StreamPosition } from '../../services/stream/client';
import type { StreamRecord } from '../../services/stream/record';
import { StartupError } from '../../startup-error';
import type { Functions } from '../functions';
import type { Checkpoint } from './checkpoint';
import { STOP_TIMEOUT, type EventSource } from './event-source';
import type { StreamMapping } from './mappings';
import { deliverBatch } from './stream-batch';

export interface StreamSourceDeps {
  readonly client: StreamClient;
  readonly checkpoint: Checkpoint;
  readonly invoke: Functions['invoke'];
  readonly region: string;
  readonly log: (line: string) => void;
  /** Milliseconds; default: the system's clock. */
  readonly now?: () => number;
}

/** Between two reads at the end of the stream, and while it does not respond, in milliseconds. */
const POLL_EVERY = 100;

/**
 * Works as Lambda's event source mapping of a DynamoDB stream: reads, filters, and calls the function with one batch at
 * a time, in order. It resumes after the checkpoint; a first start begins at the declared position, which is determined
 * before this function returns.
 *
 * @throws StartupError when the table has no stream
 */
export async function startStreamSource(mapping: StreamMapping, deps: StreamSourceDeps): Promise<EventSource> {
  return new StreamSource(mapping, deps, await initialPosition(mapping, deps.client, deps.checkpoint));
}

class StreamSource implements EventSource {
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #invocations = 0;
  #isReachable = true;
  #waiting: (() => void)[] = [];

  constructor(
    private readonly mapping: StreamMapping,
    private readonly deps: StreamSourceDeps,
    private position: StreamPosition,
  ) {
    this.#running = this.#run();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopping.signal.aborted) resolve();
      else this.#waiting.push(resolve);
    });
  }

  invocations(): number {
    return this.#invocations;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#running, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const arrived = this.#waiting; // only a read that begins after `idle` was called can resolve it
      this.#waiting = [];
      const hasMore = await this.#poll().catch((error: unknown) => {
        this.#handleError(error);
        return undefined;
      });
      if (hasMore === false) for (const resolve of arrived) resolve();
      else this.#waiting.push(...arrived);
      if (!hasMore) await sleep(POLL_EVERY, undefined, { signal }).catch(() => undefined);
    }
    for (const resolve of this.#waiting) resolve();
  }

  /** Returns whether there may be more to read at once. */
  async #poll(): Promise<boolean> {
    const page = await this.deps.client.read(this.position);
    this.#isReachable = true;
    await this.#deliver(page.records.filter(this.mapping.matches));
    if (!this.#stopping.signal.aborted) this.#save(page.position);
    return !page.isEmpty;
  }

  async #deliver(records: readonly StreamRecord[]): Promise<void> {
    const { mapping } = this;
    const { invoke, log, region, now = Date.now } = this.deps;
    const { signal } = this.#stopping;
    for (let start = 0; start < records.length && !signal.aborted; start += mapping.batchSize) {
      await deliverBatch(records.slice(start, start + mapping.batchSize), mapping, {
        invoke: (batch) => {
          this.#invocations += 1;
          return invoke(mapping.functionKey, streamEvent(batch, this.position.streamArn, region));
        },
        saveProgress: ({ dynamodb }) => {
          this.#save({ ...this.position, sequenceNumber: dynamodb.SequenceNumber });
        },
        log,
        now,
        signal,
      });
    }
  }

  #save(next: StreamPosition): void {
    if (next.sequenceNumber === this.position.sequenceNumber) return;
    this.deps.checkpoint.write(next);
    this.position = next;
  }

  #handleError(error: unknown): void {
    const { functionKey } = this.mapping;
    if (error instanceof StreamError && error.type === 'TrimmedDataAccessException') {
      this.deps.log(`${functionKey}: stream records were trimmed before they were delivered`);
      this.position = { streamArn: this.position.streamArn };
    } else if (this.#isReachable) {
      this.#isReachable = false;
      this.deps.log(`${functionKey}: cannot read the stream, retrying: ${String(error)}`);
    }
  }
}

async function initialPosition(
  { functionKey, startingPosition }: StreamMapping,
  client: StreamClient,
  checkpoint: Checkpoint,
): Promise<StreamPosition> {
  const streamArn = await client.streamArn();
  if (streamArn === undefined) {
    throw new StartupError(
      `functions.${functionKey} reads the stream of a table that has none: add StreamSpecification`,
    );
  }
  const saved = checkpoint.read();
  if (saved?.streamArn === streamArn) return saved;
  let position: StreamPosition = { streamArn };
  if (startingPosition === 'LATEST') {
    for (let page = await client.read(position); !page.isEmpty; page = await client.read(position)) {
      position = page.position;
    }
  }
  // Saved at once: a run that ends before its first record must not skip what is written until the next one.
  checkpoint.write(position);
  return position;
}

function streamEvent(records: readonly StreamRecord[], streamArn: string, region: string): DynamoDBStreamEvent {
  const Records = records.map((record) => ({ ...record, awsRegion: region, eventSourceARN: streamArn }));
  return { Records } as DynamoDBStreamEvent;
}
