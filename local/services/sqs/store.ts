import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { invalidParameterValue, queueDoesNotExist } from './errors';
import { parseReceiptHandle, receiveMessage, type Message, type ReceivedMessage } from './message';
import { MessageLog } from './message-log';

/** A queue as serverless.yml declares it; times are in seconds. */
export interface QueueDeclaration {
  readonly name: string;
  readonly visibilityTimeout: number;
  readonly delaySeconds: number;
  readonly retentionSeconds: number;
  readonly redrive?: { readonly deadLetterQueue: string; readonly maxReceiveCount: number };
}

export interface QueueStats {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface ReceiveOptions {
  readonly max: number;
  /** In seconds; without it, the queue's applies. */
  readonly visibilityTimeout?: number;
}

/** A message can be in flight for this long after its receive, in milliseconds. */
const MAX_VISIBILITY = 12 * 60 * 60 * 1000;

/**
 * Standard queues. Every method that takes a queue's name throws SqsError `QueueDoesNotExist` for an unknown one.
 * The messages of queues that are no longer declared are dropped, as CloudFormation deletes such queues.
 */
export class QueueStore {
  readonly #declarations: ReadonlyMap<string, QueueDeclaration>;
  readonly #messages: MessageLog;
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;

  /** @param path the folder that keeps the messages; without one they are gone when the process ends */
  constructor(declared: readonly QueueDeclaration[], path: string | undefined, now: () => number) {
    this.#declarations = new Map(declared.map((declaration) => [declaration.name, declaration]));
    const file = path === undefined ? undefined : join(path, 'messages.jsonl');
    this.#messages = new MessageLog(file, ({ queue }) => this.#declarations.has(queue));
    this.#now = now;
  }

  get names(): string[] {
    return [...this.#declarations.keys()];
  }

  declarationOf(name: string): QueueDeclaration {
    const declaration = this.#declarations.get(name);
    if (!declaration) throw queueDoesNotExist();
    return declaration;
  }

  /** Returns the message's id. Without a delay of its own, the queue's applies. */
  send(name: string, body: string, delaySeconds = this.declarationOf(name).delaySeconds): string {
    const id = randomUUID();
    const sentAt = this.#now();
    this.#messages.put({ id, queue: name, body, sentAt, visibleAt: sentAt + delaySeconds * 1000, receiveCount: 0 });
    this.#announce();
    return id;
  }

  /** Moves a message to the dead-letter queue instead when this receive would exceed `maxReceiveCount`. */
  receive(name: string, { max, visibilityTimeout }: ReceiveOptions): ReceivedMessage[] {
    const declaration = this.declarationOf(name);
    const now = this.#now();
    const received: ReceivedMessage[] = [];
    for (const message of this.#messagesOf(name)) {
      if (received.length >= max) break;
      if (message.visibleAt > now) continue;
      if (message.receiveCount >= (declaration.redrive?.maxReceiveCount ?? Infinity)) {
        this.#moveToDeadLetters(message, declaration);
        continue;
      }
      const delivered = receiveMessage(message, now, visibilityTimeout ?? declaration.visibilityTimeout);
      const { body, receiptHandle, ...change } = delivered;
      this.#messages.change(change);
      received.push(delivered);
    }
    return received;
  }

  /**
   * Deletes nothing when the message was received again since, or is gone.
   *
   * @throws SqsError `ReceiptHandleIsInvalid`
   */
  delete(name: string, receiptHandle: string): void {
    const message = this.#findByHandle(name, receiptHandle);
    if (message) this.#messages.delete(message.id);
  }

  /** @throws SqsError when the handle is malformed, its message is not in flight, or the total exceeds 12 hours */
  changeVisibility(name: string, receiptHandle: string, seconds: number): void {
    const now = this.#now();
    const message = this.#findByHandle(name, receiptHandle);
    if (!message || message.visibleAt <= now) {
      throw invalidParameterValue(
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. ` +
          'Reason: Message does not exist or is not available for visibility timeout change.',
      );
    }
    const visibleAt = now + seconds * 1000;
    if (visibleAt > (message.receivedAt ?? 0) + MAX_VISIBILITY) {
      throw invalidParameterValue('Total VisibilityTimeout for the message is beyond the limit of 43200 seconds');
    }
    this.#messages.change({ id: message.id, visibleAt });
    this.#announce();
  }

  /** All messages of a queue, visible or not; does not change the queue. */
  list(name: string): readonly Message[] {
    return this.#messagesOf(name);
  }

  /** Makes a message visible at once, even if a receiver still has it. */
  reveal(id: string): void {
    this.#messages.change({ id, visibleAt: this.#now() });
    this.#announce();
  }

  remove(id: string): void {
    this.#messages.delete(id);
  }

  purge(name: string): void {
    for (const { id } of this.#messagesOf(name)) this.#messages.delete(id);
  }

  stats(name: string): QueueStats {
    const now = this.#now();
    const messages = this.#messagesOf(name);
    const hidden = messages.filter(({ visibleAt }) => visibleAt > now);
    const delayed = hidden.filter(({ receiveCount }) => receiveCount === 0).length;
    return { visible: messages.length - hidden.length, inFlight: hidden.length - delayed, delayed };
  }

  /** Calls the listener at each change that may make a message visible; returns a function that removes it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#messages.close();
  }

  #moveToDeadLetters({ id }: Message, { name, redrive }: QueueDeclaration): void {
    if (!redrive) return;
    this.#messages.change({ id, queue: redrive.deadLetterQueue, visibleAt: this.#now(), movedFrom: name });
    this.#announce();
  }

  /** Drops what is older than the queue's retention period. */
  #messagesOf(name: string): Message[] {
    const oldest = this.#now() - this.declarationOf(name).retentionSeconds * 1000;
    const messages = this.#messages.values().filter(({ queue }) => queue === name);
    for (const { id, sentAt } of messages) if (sentAt <= oldest) this.#messages.delete(id);
    return messages.filter(({ sentAt }) => sentAt > oldest);
  }

  /** The message of a handle, unless it is gone, in another queue, or was received again since. */
  #findByHandle(name: string, receiptHandle: string): Message | undefined {
    this.declarationOf(name);
    const { id, receipt } = parseReceiptHandle(receiptHandle);
    const message = this.#messages.get(id);
    return message?.queue === name && message.receipt === receipt ? message : undefined;
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
