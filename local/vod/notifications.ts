import type { Callbacks } from './callbacks';
import type { EventQueue } from './event-queue';
import type { EventType, Message } from './messages';

export interface EventConfig {
  readonly mode: 'PUSH' | 'PULL';
  readonly url: string;
  readonly uploadSwitch: boolean;
  readonly deleteSwitch: boolean;
  readonly persistenceSwitch: boolean;
  readonly signKey: string;
}

/** Decides whether an event is sent, and by push or pull. The configuration does not survive a restart. */
export class Notifications {
  constructor(
    public config: EventConfig,
    private readonly callbacks: Callbacks,
    private readonly queue: EventQueue,
  ) {}

  publish(message: Message): void {
    if (!this.#wants(message.current.EventType)) return;
    if (this.config.mode === 'PULL') this.queue.add(message.current);
    else this.callbacks.send(message, this.config);
  }

  #wants(type: EventType): boolean {
    if (type === 'NewFileUpload') return this.config.uploadSwitch;
    return type !== 'FileDeleted' || this.config.deleteSwitch;
  }
}
