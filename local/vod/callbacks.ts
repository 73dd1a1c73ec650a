import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { FaultInjector, Faults } from './faults';
import type { Message } from './messages';
import type { EventConfig } from './notifications';
import { orderedId, type State } from './state';

const MAX_ATTEMPTS = 3;
const SIGN_VALIDITY_SECONDS = 600;
/** More events wait: in a burst they would all time out. */
const MAX_CONCURRENT_POSTS = 200;
/** A reordered event is sent after this time if no other event comes. */
const MAX_HOLD_MS = 3000;

type Deliver = () => Promise<void>;

/**
 * Pushes events: one POST per event, repeated after a timeout only, whatever the status is.
 * An event stays in the outbox until it is delivered or given up, so a restart sends what was not sent.
 */
export class Callbacks {
  /** Interrupts what is waiting or being sent. A set, because listeners of one AbortSignal take quadratic time. */
  readonly #interrupts = new Set<() => void>();
  #isStopped = false;
  #posting = 0;
  readonly #waiting: (() => void)[] = [];
  #held: { readonly deliver: Deliver; readonly timer: NodeJS.Timeout } | undefined;

  constructor(
    private readonly state: State,
    private readonly faults: FaultInjector,
    private readonly timeoutMs: number,
    private readonly now: () => number,
    private readonly log: (line: string) => void,
    private readonly callableOnce: Promise<unknown> = Promise.resolve(),
  ) {}

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
    this.#isStopped = true;
    for (const interrupt of this.#interrupts) interrupt();
  }

  #dispatch(id: string, message: Message, config: EventConfig): void {
    const { isDropped, isDuplicated, isReordered } = this.faults.drawCallback();
    const { delayMs, format } = this.faults.current;
    if (isDropped) {
      this.log(`callback ${message.current.EventType}: dropped by the fault "drop"`);
      this.state.outbox.delete(id);
      return;
    }
    const deliver: Deliver = async () => {
      try {
        await this.callableOnce;
        if (delayMs > 0) await this.#delay(delayMs);
        const copies = isDuplicated ? 2 : 1;
        for (let copy = 0; copy < copies; copy++) await this.#postFormats(message, format, config);
      } finally {
        // Only an event that a stop interrupted stays in the outbox.
        if (!this.#isStopped) this.state.outbox.delete(id);
      }
    };
    if (!this.#held && isReordered) {
      const timer = setTimeout(() => {
        this.#run(this.#takeHeld());
      }, MAX_HOLD_MS);
      this.#held = { deliver, timer };
      return;
    }
    const held = this.#takeHeld();
    this.#run(async () => {
      await deliver();
      await held?.();
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
      if (!this.#isStopped) this.log(`callback: ${String(error)}`);
    });
  }

  async #postFormats({ current, legacy }: Message, format: Faults['format'], config: EventConfig): Promise<void> {
    if (format !== '2.0') await this.#post(current.EventType, current, config);
    if (format !== '3.0' && legacy) await this.#post(current.EventType, legacy, config);
  }

  async #post(type: string, content: object, { url, signKey }: EventConfig): Promise<void> {
    if (url === '') {
      this.log(`callback ${type}: not sent, NotificationUrl is empty`);
      return;
    }
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const outcome = await this.#postInTurn(url, () => JSON.stringify({ ...content, ...sign(signKey, this.now()) }));
      this.#throwIfStopped();
      this.log(`callback ${type}: ${outcome}`);
      if (outcome !== 'timeout') return;
    }
  }

  async #postInTurn(url: string, compose: () => string): Promise<string> {
    if (this.#posting >= MAX_CONCURRENT_POSTS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#posting++;
    try {
      this.#throwIfStopped();
      return await this.#postOnce(url, compose());
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#posting--;
    }
  }

  async #delay(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const interrupt = (): void => {
        clearTimeout(timer);
        this.#interrupts.delete(interrupt);
        resolve();
      };
      const timer = setTimeout(interrupt, milliseconds);
      this.#interrupts.add(interrupt);
    });
    this.#throwIfStopped();
  }

  #throwIfStopped(): void {
    if (this.#isStopped) throw new Error('The VOD was stopped');
  }

  /** Uses a new connection and does not read the body: only the time until the response begins matters. */
  #postOnce(url: string, body: string): Promise<string> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const options = { method: 'POST', agent: false, headers };
      const outgoing = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options);
      const interrupt = (): void => {
        resolve('timeout');
        outgoing.destroy();
      };
      const timer = setTimeout(interrupt, this.timeoutMs);
      this.#interrupts.add(interrupt);
      outgoing.on('response', (response) => {
        response.resume();
        resolve(`status ${response.statusCode ?? 0}`);
      });
      outgoing.on('error', (error) => {
        resolve(`failed, ${error.message}`);
      });
      outgoing.on('close', () => {
        clearTimeout(timer);
        this.#interrupts.delete(interrupt);
      });
      outgoing.end(body);
    });
  }
}

/** Properties of every message if a SignKey is set: an expiry time, and the MD5 of the key and that time. */
function sign(key: string, now: number): { Sign?: string; T?: number } {
  if (key === '') return {};
  const expiry = Math.floor(now / 1000) + SIGN_VALIDITY_SECONDS;
  return { Sign: createHash('md5').update(`${key}${expiry}`).digest('hex'), T: expiry };
}
