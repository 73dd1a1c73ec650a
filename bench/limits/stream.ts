import { createPacer, type Pacer } from '../../lib/vod/pace';
import type { Clock } from './clock';
import type { LambdaAccount } from './lambda';
import type { LimitMeter } from './meter';
import { numberQueue } from './number-queue';
import { DURATION, SHARD_POLL } from './quotas';
import { decodeVersion } from './uploads';
import type { batchVerifier } from './verify-batch';
import { LONG_WAIT, type WebhookQueue } from './webhooks';

export interface StreamDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly random: () => number;
  readonly lambda: LambdaAccount;
  readonly webhooks: WebhookQueue;
  readonly verifyBatch: ReturnType<typeof batchVerifier>;
  /** Queues a row version whose calls to VOD failed. */
  readonly delay: (code: number) => void;
  readonly shards: number;
  readonly batchSize: number;
  readonly batchesPerShard: number;
}

/** The table's stream: one shard for each partition, and the batches that uploadChanged gets of it. */
export function streamOf(deps: StreamDeps) {
  const { clock, random, shards } = deps;
  const all = Array.from({ length: shards }, () => new Shard(deps));
  for (const shard of all) {
    const poll = () => {
      shard.startBatches();
      clock.after(SHARD_POLL, poll);
    };
    clock.after(random() * SHARD_POLL, poll);
  }
  return {
    push: (partition: number, code: number): void => {
      all[partition]?.push(code);
    },
    waiting: () => all.reduce((sum, shard) => sum + shard.waiting(), 0),
  };
}

class Shard {
  readonly #codes = numberQueue();
  readonly #times = numberQueue();
  /** One for each execution environment that is free: an environment paces its own calls. */
  readonly #free: Pacer[];

  constructor(private readonly deps: StreamDeps) {
    this.#free = Array.from({ length: deps.batchesPerShard }, () => createPacer(deps.clock.now));
  }

  push(code: number): void {
    this.#codes.push(code);
    this.#times.push(this.deps.clock.now());
  }

  waiting(): number {
    return this.#codes.size();
  }

  startBatches(): void {
    while (this.#codes.size() > 0) {
      const pacer = this.#free.pop();
      if (!pacer) return;
      this.#start(pacer);
    }
  }

  #start(pacer: Pacer): void {
    const { batchSize, clock, meter, lambda, webhooks, verifyBatch, delay } = this.deps;
    const [oldest = 0] = this.#times.take(batchSize);
    const versions = this.#codes.take(batchSize);
    if (clock.now() - oldest > LONG_WAIT) meter.reach('batchesPerShard');
    lambda.occupy();
    const changed = versions.filter((code) => !decodeVersion(code).isAnnouncement);
    const announcements = versions.length - changed.length;
    for (let count = 0; count < announcements; count++) webhooks.queue();
    const overhead = DURATION.invocation + (announcements > 0 ? DURATION.queueSend : 0);
    clock.after(overhead, () => {
      const startedAt = clock.now() - overhead;
      const onDone = () => {
        meter.use('batchesPerShard', (clock.now() - startedAt) / 1_000);
        lambda.release();
        this.#free.push(pacer);
        this.startBatches();
      };
      verifyBatch({ codes: changed, pacer, onFailed: delay, onDone });
    });
  }
}
