import { shownUrl } from '../network/shown-url';
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

/** Where events go, for the log: without the query of the URL, which may contain a token. */
export function describeConfig({ mode, url }: EventConfig): string {
  if (mode === 'PULL') return 'events wait for PullEvents';
  if (url === '') return 'events are not sent, NotificationUrl is empty';
  return `events are pushed to ${shownUrl(url)}`;
}
