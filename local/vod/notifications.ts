import type { Callbacks } from './callbacks';
import type { EventConfig } from './event-config';
import type { EventQueue } from './event-queue';
import type { EventType, Message } from './event-message';

/** Decides whether an event is sent, and by push or pull. The configuration does not survive a restart. */
export class Notifications {
  constructor(
    public config: EventConfig,
    private callbacks: Callbacks,
    private readonly queue: EventQueue,
    private readonly log: (line: string) => void,
  ) {}

  publish(message: Message): void {
    const type = message.current.EventType;
    const reason = this.#whyNotSent(type);
    if (reason !== undefined) this.log(`event ${type}: not sent, ${reason}`);
    else if (this.config.mode === 'PULL') this.queue.add(message.current);
    else this.callbacks.send(message, this.config);
  }

  /** Replaces the configuration and the callbacks, which the caller has stopped before. */
  reset(config: EventConfig, callbacks: Callbacks): void {
    this.config = config;
    this.callbacks = callbacks;
  }

  #whyNotSent(type: EventType): string | undefined {
    const { uploadSwitch, deleteSwitch } = this.config;
    if (type === 'NewFileUpload' && !uploadSwitch) return 'UploadMediaCompleteEventSwitch is OFF';
    return type === 'FileDeleted' && !deleteSwitch ? 'DeleteMediaCompleteEventSwitch is OFF' : undefined;
  }
}
