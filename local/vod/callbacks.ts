import { fileIdIn, recordOf, type CallbackLog, type CallbackRecord, type Forgery } from './callback-log';
import type { EventConfig } from './event-config';
import type { Message } from './event-message';
import type { FaultInjector, Faults } from './faults';
import { repeat, signatureOf } from './forge';
import { post, type PostResult } from './post';
import { orderedId, type State } from './state';

const MAX_ATTEMPTS = 3;
/** More events wait: in a burst they would all time out. */
const MAX_CONCURRENT_POSTS = 200;
/** A reordered event is sent after this time if no other event comes. */
const MAX_HOLD_MS = 3000;

type Deliver = () => Promise<void>;

/**
 * Pushes events: one POST per event, retried after a timeout only, not after an error status.
 * An event stays in the outbox until it is delivered or given up, so it is sent after a restart.
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
    /** Records every callback for the page. */
    private readonly records: CallbackLog,
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

  /**
   * Sends a recorded callback once more, as it was or forged, in one attempt. Returns the new record when it has its
   * response, undefined if there is no callback with this id.
   */
  async repeat(id: number, forgery: Forgery | undefined, config: EventConfig): Promise<CallbackRecord | undefined> {
    const record = this.records.get(id);
    if (!record || config.url === '') return undefined;
    const time = this.now();
    const { url, body } = repeat(record, config, forgery, time);
    const newId = this.records.add({
      ...record,
      ...fileIdIn(body),
      kind: forgery ?? 'again',
      time,
      body,
      outcome: 'sending',
      attempts: [],
    });
    await new Promise<void>((resolve, reject) => {
      this.#postOnce(newId, url, body, resolve).then(({ status }) => {
        if (status === undefined) resolve();
      }, reject);
    });
    return this.records.get(newId);
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
      this.records.add({ ...recordOf(message, '3.0', this.now()), outcome: 'dropped' });
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

  async #postFormats(message: Message, format: Faults['format'], config: EventConfig): Promise<void> {
    if (format !== '2.0') await this.#post(message, '3.0', config);
    if (format !== '3.0' && message.legacy) await this.#post(message, '2.0', config);
  }

  async #post(message: Message, format: '3.0' | '2.0', { url, signKey }: EventConfig): Promise<void> {
    const type = message.current.EventType;
    if (url === '') {
      this.log(`callback ${type}: not sent, NotificationUrl is empty`);
      return;
    }
    const content = format === '2.0' ? message.legacy : message.current;
    const id = this.records.add(recordOf(message, format, this.now()));
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const compose = () => JSON.stringify({ ...content, ...signatureOf(signKey, this.now()) });
      const { status, failure } = await this.#postInTurn(id, url, compose);
      this.#throwIfStopped();
      this.log(`callback ${type}: ${describe(status, failure)}`);
      if (failure !== 'timeout') return;
    }
  }

  async #postInTurn(id: number, url: string, compose: () => string): Promise<PostResult> {
    if (this.#posting >= MAX_CONCURRENT_POSTS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#posting++;
    try {
      this.#throwIfStopped();
      return await this.#postOnce(id, url, compose());
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#posting--;
    }
  }

  /** One attempt of a recorded callback. */
  async #postOnce(
    id: number,
    url: string,
    body: string,
    onResponseBody: () => void = () => undefined,
  ): Promise<PostResult> {
    const attempt = this.records.begin(id, body, this.now());
    const result = await post(url, body, {
      timeoutMs: this.timeoutMs,
      interrupts: this.#interrupts,
      onResponseBody: (text) => {
        this.records.setResponseBody(id, attempt, text);
        onResponseBody();
      },
    });
    this.records.end(id, attempt, result);
    return result;
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
}

function describe(status: number | undefined, failure = ''): string {
  if (status !== undefined) return `status ${status}`;
  return failure === 'timeout' ? failure : `failed, ${failure}`;
}
