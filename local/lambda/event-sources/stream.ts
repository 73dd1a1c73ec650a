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

/** Between two reads at the end of the stream, and while it does not answer, in milliseconds. */
const POLL_EVERY = 100;

/**
 * What Lambda's event source mapping of a DynamoDB stream does: reads, filters, and calls the function with one batch at
 * a time, in order. It resumes after the checkpoint; a first start begins at the declared position, which is
 * settled before this function returns.
 *
 * @throws StartupError when the table has no stream
 */
export async function startStreamSource(mapping: StreamMapping, deps: StreamSourceDeps): Promise<EventSource> {
  const { client, checkpoint, invoke, region, log, now = Date.now } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  let position = await initialPosition(mapping, client, checkpoint);
  let invocations = 0;
  let isReachable = true;
  let waiting: (() => void)[] = [];

  function save(next: StreamPosition): void {
    if (next.sequenceNumber === position.sequenceNumber) return;
    checkpoint.write(next);
    position = next;
  }

  async function deliver(records: readonly StreamRecord[]): Promise<void> {
    for (let start = 0; start < records.length && !signal.aborted; start += mapping.batchSize) {
      await deliverBatch(records.slice(start, start + mapping.batchSize), mapping, {
        invoke: (batch) => {
          invocations += 1;
          return invoke(mapping.functionKey, streamEvent(batch, position.streamArn, region));
        },
        saveProgress: ({ dynamodb }) => {
          save({ ...position, sequenceNumber: dynamodb.SequenceNumber });
        },
        log,
        now,
        signal,
      });
    }
  }

  /** Returns whether there may be more to read at once. */
  async function poll(): Promise<boolean> {
    const page = await client.read(position);
    isReachable = true;
    await deliver(page.records.filter(mapping.matches));
    if (!signal.aborted) save(page.position);
    return !page.isEmpty;
  }

  function handleError(error: unknown): void {
    if (error instanceof StreamError && error.type === 'TrimmedDataAccessException') {
      log(`${mapping.functionKey}: stream records were trimmed before they were delivered`);
      position = { streamArn: position.streamArn };
    } else if (isReachable) {
      isReachable = false;
      log(`${mapping.functionKey}: cannot read the stream, retrying: ${String(error)}`);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const arrived = waiting; // only a read that begins after `idle` was called can answer it
      waiting = [];
      const hasMore = await poll().catch((error: unknown) => {
        handleError(error);
        return undefined;
      });
      if (hasMore === false) for (const resolve of arrived) resolve();
      else waiting.push(...arrived);
      if (!hasMore) await sleep(POLL_EVERY, undefined, { signal }).catch(() => undefined);
    }
    for (const resolve of waiting) resolve();
  }

  const running = run();
  return {
    idle: () =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        else waiting.push(resolve);
      }),
    invocations: () => invocations,
    stop: async () => {
      stopping.abort();
      await Promise.race([running, sleep(STOP_TIMEOUT, undefined, { ref: false })]);
    },
  };
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
