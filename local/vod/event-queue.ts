import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from './event-message';
import { orderedId, type QueuedEvent, type State } from './state';

const MAX_EVENTS_PER_PULL = 16;
const RETENTION_MS = 4 * 24 * 60 * 60 * 1000;
const POLL_INTERVAL_MS = 50;

/** Events to be pulled. An event that was pulled and not confirmed in time can be pulled again, for four days. */
export class EventQueue {
  constructor(
    private readonly state: State,
    private readonly waitMs: number,
    private readonly confirmWithinMs: number,
    private readonly now: () => number,
  ) {}

  add(content: Message['current']): void {
    const now = this.now();
    this.state.queue.set(orderedId(now), { content, createdAt: now, handle: '', pulledAt: 0 });
  }

  /** Returns at most 16 events. Waits for the first one, at most `waitMs`. */
  async pull(): Promise<object[]> {
    const deadline = Date.now() + this.waitMs;
    for (;;) {
      const events = this.#take();
      if (events.length > 0 || Date.now() >= deadline) return events;
      await sleep(POLL_INTERVAL_MS, undefined, { ref: false });
    }
  }

  /** Returns false, and confirms nothing, if one of the handles is unknown or was pulled too long ago. */
  confirm(handles: readonly string[]): boolean {
    const ids: string[] = [];
    for (const handle of handles) {
      const [entry] = this.state.queueByHandle.get(handle);
      if (handle === '' || !entry || this.now() - entry[1].pulledAt > this.confirmWithinMs) return false;
      ids.push(entry[0]);
    }
    for (const id of ids) this.state.queue.delete(id);
    return true;
  }

  #take(): object[] {
    const now = this.now();
    const events: object[] = [];
    for (const [id, event] of this.state.queue.entries()) {
      if (events.length === MAX_EVENTS_PER_PULL) break;
      if (now - event.createdAt > RETENTION_MS) this.state.queue.delete(id);
      else if (now - event.pulledAt > this.confirmWithinMs) events.push(this.#handOut(id, event, now));
    }
    return events;
  }

  #handOut(id: string, event: QueuedEvent, now: number): object {
    const handle = randomUUID();
    this.state.queue.set(id, { ...event, handle, pulledAt: now });
    return {
      EventHandle: handle,
      // VOD returns the payloads of all other event types as null.
      FileUploadEvent: null,
      ProcedureStateChangeEvent: null,
      FileDeleteEvent: null,
      PullCompleteEvent: null,
      ReviewAudioVideoCompleteEvent: null,
      ...event.content,
    };
  }
}
