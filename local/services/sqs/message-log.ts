import { openAppendLog, type AppendLog } from '../append-log';
import type { Message } from './message';

type Entry = { readonly put: Message } | { readonly change: MessageChange } | { readonly delete: string };
type MessageChange = Pick<Message, 'id'> & Partial<Omit<Message, 'id' | 'body'>>;

/** The log is compacted when it has this many entries more than twice the messages. */
const SLACK = 2_000;

/** The messages of all queues, in memory and in a log that survives a `kill -9`. */
export class MessageLog {
  readonly #log: AppendLog<Entry>;
  /** By id, those that were put or changed last at the end. */
  readonly #messages = new Map<string, Message>();
  #entryCount = 0;

  /** Messages that `isKept` rejects are dropped. */
  constructor(file: string | undefined, isKept: (message: Message) => boolean) {
    const { log, entries } = openAppendLog<Entry>(file);
    this.#log = log;
    for (const entry of entries) this.#apply(entry);
    for (const message of this.values()) if (!isKept(message)) this.#messages.delete(message.id);
    this.#compact();
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  values(): Message[] {
    return [...this.#messages.values()];
  }

  put(message: Message): void {
    this.#write({ put: message });
  }

  change(change: MessageChange): void {
    this.#write({ change });
  }

  delete(id: string): void {
    this.#write({ delete: id });
  }

  close(): void {
    this.#log.close();
  }

  #write(entry: Entry): void {
    this.#log.append(entry);
    this.#apply(entry);
    this.#entryCount += 1;
    if (this.#entryCount > 2 * this.#messages.size + SLACK) this.#compact();
  }

  #apply(entry: Entry): void {
    if ('put' in entry) {
      this.#messages.set(entry.put.id, entry.put);
      return;
    }
    const id = 'delete' in entry ? entry.delete : entry.change.id;
    const before = this.#messages.get(id);
    this.#messages.delete(id);
    if (before && 'change' in entry) this.#messages.set(id, { ...before, ...entry.change });
  }

  #compact(): void {
    this.#log.replace(this.values().map((message) => ({ put: message })));
    this.#entryCount = this.#messages.size;
  }
}
