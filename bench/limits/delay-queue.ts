import { pauseBefore } from '../../lib/verification/delay-queue';
import { createPacer, type Pacer } from '../../lib/vod/pace';
import type { Clock } from './clock';
import type { LambdaAccount } from './lambda';
import type { LimitMeter } from './meter';
import { DURATION } from './quotas';
import { decodeVersion, type UploadRows } from './uploads';
import type { batchVerifier } from './verify-batch';
import { LONG_WAIT } from './webhooks';

/** The largest part of a pause that jitter removes, as lib/verification/delay-queue.ts has it. */
const JITTER = 0.1;

interface Message {
  readonly code: number;
  readonly attempt: number;
  readonly visibleAt: number;
}

export interface DelayQueueDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly random: () => number;
  readonly lambda: LambdaAccount;
  readonly rows: UploadRows;
  readonly verifyBatch: ReturnType<typeof batchVerifier>;
  readonly batchSize: number;
  /** For how many milliseconds a batch is collected. */
  readonly window: number;
  readonly concurrency: number;
}

/** The queue of row versions whose calls to VOD failed, and their verification after a pause. */
export function delayedVerification(deps: DelayQueueDeps) {
  const { clock, meter, random, lambda, rows, verifyBatch, batchSize, window, concurrency } = deps;
  let visible: Message[] = [];
  const free: Pacer[] = Array.from({ length: concurrency }, () => createPacer(clock.now));
  let isCollecting = false;

  function delay(code: number, attempt = 0): void {
    const pause = 1_000 * pauseBefore(attempt) * (1 - JITTER * random());
    clock.after(pause, () => {
      visible.push({ code, attempt, visibleAt: clock.now() });
      collect();
    });
  }

  function collect(): void {
    if (isCollecting || free.length === 0 || visible.length === 0) return;
    isCollecting = true;
    clock.after(visible.length >= batchSize ? 0 : window, () => {
      isCollecting = false;
      start();
      collect();
    });
  }

  function start(): void {
    const pacer = free.pop();
    if (!pacer) return;
    const messages = visible.slice(0, batchSize);
    visible = visible.slice(batchSize);
    if (clock.now() - window - (messages[0]?.visibleAt ?? Infinity) > LONG_WAIT) meter.reach('delayedBatches');
    lambda.occupy();
    const attempts = new Map(messages.map(({ code, attempt }) => [code, attempt]));
    // A message about an outdated version is dropped.
    const codes = [...attempts.keys()].filter((code) => isCurrent(code, rows));
    clock.after(DURATION.invocation, () => {
      verifyBatch({
        codes,
        pacer,
        onFailed: (code) => {
          delay(code, (attempts.get(code) ?? 0) + 1);
        },
        onDone: () => {
          lambda.release();
          free.push(pacer);
          collect();
        },
      });
    });
  }

  return delay;
}

function isCurrent(code: number, { version }: UploadRows): boolean {
  const { upload, version: delayed } = decodeVersion(code);
  return version[upload] === delayed;
}
