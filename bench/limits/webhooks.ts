import type { Clock } from './clock';
import type { LambdaAccount } from './lambda';
import type { LimitMeter } from './meter';
import { numberQueue } from './number-queue';
import { DURATION } from './quotas';

/** A wait that an operator notices, in milliseconds: the contract's p99 from an event to its confirmed row. */
export const LONG_WAIT = 5_000;

interface WebhookDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly lambda: LambdaAccount;
  readonly concurrency: number;
}

/** Webhooks, one for each invocation, to a server that accepts each at once. Returns a function that queues one. */
export function webhookQueue({ clock, meter, lambda, concurrency }: WebhookDeps) {
  const waiting = numberQueue();
  let busy = 0;

  function deliverNext(): void {
    if (busy >= concurrency) return;
    const [queuedAt] = waiting.take(1);
    if (queuedAt === undefined) return;
    if (clock.now() - queuedAt > LONG_WAIT) meter.reach('webhooks');
    busy++;
    lambda.occupy();
    clock.after(DURATION.invocation + DURATION.receiver, () => {
      busy--;
      lambda.release();
      deliverNext();
    });
  }

  return {
    waiting: waiting.size,
    queue: (): void => {
      meter.use('webhooks', (DURATION.invocation + DURATION.receiver) / 1_000);
      waiting.push(clock.now());
      deliverNext();
    },
  };
}

export type WebhookQueue = ReturnType<typeof webhookQueue>;
