import { setTimeout as sleep } from 'node:timers/promises';
import { deliver, type Delivery } from '../../lib/notifications/delivery';
import type { Webhook } from './webhook';

export interface ForwarderDeps {
  readonly url: string;
  /** All of them sign, as in `notify-app`. */
  readonly secrets: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends deliveries and retries. */
  readonly signal: AbortSignal;
  /** Gets a line for each response of the receiver. */
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** As many as `notify-app` posts at once. */
const MAX_CONCURRENCY = 20;
/** How many webhooks wait here. Further ones wait in the stream, which keeps them for 24 hours. */
const MAX_PENDING = 1_000;
/** Seconds after the first refused attempts, then {@link MAX_PAUSE}: shorter than in `notify-app`, because a developer waits. */
const PAUSES = [2, 5, 10];
const MAX_PAUSE = 30;
/** Longest `Retry-After` that is followed, in seconds. */
const MAX_RETRY_AFTER = 3_600;
/** Seconds between attempts while the receiver does not respond, such as during its restart. */
const UNREACHABLE_PAUSE = 1;

/**
 * Posts webhooks to a receiver: those of one file one after the other, each until it is accepted. Different files do not
 * wait for each other.
 */
export class Forwarder {
  /** The last delivery of each file that has any. */
  readonly #queues = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #pending = 0;
  /** Why the receiver did not respond to the last attempt. */
  #outage: string | undefined;

  constructor(private readonly deps: ForwarderDeps) {}

  /** How many webhooks are not delivered yet. */
  get pending(): number {
    return this.#pending;
  }

  hasRoom(): boolean {
    return this.#pending < MAX_PENDING;
  }

  add(webhook: Webhook): void {
    const { fileId } = webhook;
    this.#pending += 1;
    const previous = this.#queues.get(fileId) ?? Promise.resolve();
    const delivery = previous.then(() => this.#deliverUntilAccepted(webhook));
    this.#queues.set(fileId, delivery);
    void delivery.then(() => {
      if (this.#queues.get(fileId) === delivery) this.#queues.delete(fileId);
    });
  }

  async #deliverUntilAccepted(webhook: Webhook): Promise<void> {
    const { signal } = this.deps;
    const isEnded = () => signal.aborted;
    let refusals = 0;
    while (!isEnded()) {
      const begin = performance.now();
      const delivery = await this.#post(webhook);
      if (delivery.outcome !== 'failed') this.#pending -= 1;
      else if (isEnded()) return;
      const pause = pauseAfter(refusals, delivery);
      if (!isUnreachable(delivery)) refusals += 1;
      this.#print(webhook, delivery, Math.round(performance.now() - begin), pause);
      if (delivery.outcome !== 'failed') return;
      await sleep(pause * 1000, undefined, { signal }).catch(() => undefined);
    }
  }

  async #post({ announcement }: Webhook): Promise<Delivery> {
    const { signal } = this.deps;
    const cancelable: typeof fetch = (input, init = {}) =>
      fetch(input, { ...init, signal: AbortSignal.any([signal, ...(init.signal ? [init.signal] : [])]) });
    if (this.#running >= MAX_CONCURRENCY) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    try {
      return await deliver(announcement, { ...this.deps, fetch: cancelable });
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  #print({ type, fileId }: Webhook, delivery: Delivery, milliseconds: number, pause: number): void {
    const { now, out, err } = this.deps;
    if (isUnreachable(delivery)) {
      if (this.#outage !== delivery.reason) err(`${delivery.reason}: retrying until it responds`);
      this.#outage = delivery.reason;
      return;
    }
    if (this.#outage !== undefined) err('the receiver responds again');
    this.#outage = undefined;
    const time = new Date(now()).toISOString();
    const next = delivery.outcome === 'failed' ? `, retry in ${pause} s` : '';
    const reason = delivery.outcome === 'gone' ? ', not retried: 410 means gone' : '';
    const fields = [time, type.padEnd(15), fileId, delivery.status, `${milliseconds} ms${next}${reason}`];
    out(fields.join('  '));
  }
}

type Unreachable = Extract<Delivery, { readonly outcome: 'failed' }> & { readonly status?: undefined };

function isUnreachable(delivery: Delivery): delivery is Unreachable {
  return delivery.outcome === 'failed' && delivery.status === undefined;
}

/**
 * Seconds until the next attempt; the receiver may request more.
 *
 * @param refusals how many attempts the receiver refused before
 */
function pauseAfter(refusals: number, delivery: Delivery): number {
  if (delivery.outcome !== 'failed') return 0;
  if (isUnreachable(delivery)) return UNREACHABLE_PAUSE;
  return Math.max(PAUSES[refusals] ?? MAX_PAUSE, Math.min(delivery.retryAfter ?? 0, MAX_RETRY_AFTER));
}
