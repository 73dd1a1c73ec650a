import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_FAULTS, randomFrom, type Faults } from './faults';
import type { Message } from './messages';
import type { EventConfig } from './notifications';
import { orderedId, type State } from './state';

const SENDS = 3;
const SIGN_LASTS = 600;
/** An event that waits to be overtaken goes out after this time if no other one comes. */
const OVERTAKEN_WITHIN = 3000;

type Deliver = () => Promise<void>;

/**
 * Events that are pushed: a POST each, sent again on a timeout and on nothing else, whatever the answer is.
 * Each is in the outbox until that is over, so a restart sends what was not sent.
 */
export class Callbacks {
  readonly #stopped = new AbortController();
  #faults = NO_FAULTS;
  #random = randomFrom(NO_FAULTS.seed);
  #held: { readonly deliver: Deliver; readonly timer: NodeJS.Timeout } | undefined;

  constructor(
    private readonly state: State,
    private readonly timeoutMs: number,
    private readonly now: () => number,
    private readonly log: (line: string) => void,
    private readonly callableOnce: Promise<unknown> = Promise.resolve(),
  ) {
    // Each event on its way hears of a stop; there may be any number of them.
    setMaxListeners(0, this.#stopped.signal);
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** From here on, the same events meet the same faults as after any other change to the same seed. */
  set faults(faults: Faults) {
    this.#faults = faults;
    this.#random = randomFrom(faults.seed);
  }

  /** Sends what a restart interrupted. */
  resume(config: EventConfig): void {
    for (const [id, message] of this.state.outbox.entries()) this.#dispatch(id, message, config);
  }

  send(message: Message, config: EventConfig): void {
    const id = orderedId(this.now());
    this.state.outbox.set(id, message);
    this.#dispatch(id, message, config);
  }

  stop(): void {
    this.#takeHeld();
    this.#stopped.abort();
  }

  #dispatch(id: string, message: Message, config: EventConfig): void {
    const faults = this.#faults;
    // Always three draws, so that one probability does not change what another one hits.
    const [drop, duplicate, reorder] = [this.#random(), this.#random(), this.#random()];
    const type = message.current.EventType;
    if (drop < faults.drop) {
      this.log(`callback ${type}: dropped on demand`);
      this.state.outbox.delete(id);
      return;
    }
    const deliver: Deliver = async () => {
      try {
        await this.callableOnce;
        if (faults.delayMs > 0) await sleep(faults.delayMs, undefined, { signal: this.#stopped.signal });
        for (let copy = 0; copy < (duplicate < faults.duplicate ? 2 : 1); copy++) {
          if (faults.format !== '2.0') await this.#post(type, message.current, config);
          if (faults.format !== '3.0' && message.legacy) await this.#post(type, message.legacy, config);
        }
      } finally {
        // Sent, or not to be sent whoever tries; only what a stop cut off waits for the next start.
        if (!this.#stopped.signal.aborted) this.state.outbox.delete(id);
      }
    };
    if (!this.#held && reorder < faults.reorder) {
      const timer = setTimeout(() => {
        this.#run(this.#takeHeld());
      }, OVERTAKEN_WITHIN);
      this.#held = { deliver, timer };
      return;
    }
    const overtaken = this.#takeHeld();
    this.#run(async () => {
      await deliver();
      await overtaken?.();
    });
  }

  #takeHeld(): Deliver | undefined {
    const held = this.#held;
    this.#held = undefined;
    clearTimeout(held?.timer);
    return held?.deliver;
  }

  #run(deliver: Deliver | undefined): void {
    deliver?.().catch((error: unknown) => {
      if (!this.#stopped.signal.aborted) this.log(`callback: ${String(error)}`);
    });
  }

  async #post(type: string, content: object, { url, signKey }: EventConfig): Promise<void> {
    if (url === '') return;
    for (let attempt = 1; attempt <= SENDS; attempt++) {
      const outcome = await this.#postOnce(url, JSON.stringify({ ...content, ...sign(signKey, this.now()) }));
      this.#stopped.signal.throwIfAborted();
      this.log(`callback ${type}: ${outcome}`);
      if (outcome !== 'timeout') return;
    }
  }

  /** A connection of its own for each, and the answer is not read: only that it begins in time matters. */
  #postOnce(url: string, body: string): Promise<string> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const options = { method: 'POST', agent: false, headers, signal: this.#stopped.signal };
      const outgoing = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options);
      const timer = setTimeout(() => {
        resolve('timeout');
        outgoing.destroy();
      }, this.timeoutMs);
      outgoing.on('response', (response) => {
        response.resume();
        resolve(`answered ${response.statusCode ?? 0}`);
      });
      outgoing.on('error', (error) => {
        resolve(`failed, ${error.message}`);
      });
      outgoing.on('close', () => {
        clearTimeout(timer);
      });
      outgoing.end(body);
    });
  }
}

/** Members of every message once there is a SignKey: an expiry time, and the MD5 of the key and that time. */
function sign(key: string, now: number): { Sign?: string; T?: number } {
  if (key === '') return {};
  const expiry = Math.floor(now / 1000) + SIGN_LASTS;
  return { Sign: createHash('md5').update(`${key}${expiry}`).digest('hex'), T: expiry };
}
