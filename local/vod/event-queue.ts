import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from './messages';
import { orderedId, type State } from './state';

const MOST_AT_ONCE = 16;
const KEPT_FOR = 4 * 24 * 60 * 60 * 1000;

/** Events that are fetched: each comes back some time after it was pulled, until it is confirmed, for four days at most. */
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

  /** Waits a little for an event if there is none. */
  async pull(): Promise<object[]> {
    const deadline = Date.now() + this.waitMs;
    for (;;) {
      const events = this.#take();
      if (events.length > 0 || Date.now() >= deadline) return events;
      await sleep(50, undefined, { ref: false });
    }
  }

  /** False, and nothing is confirmed, if one of the handles is unknown or pulled too long ago. */
  confirm(handles: readonly string[]): boolean {
    const waiting = new Map(this.state.queue.entries().map(([id, event]) => [event.handle, { id, event }]));
    const found = handles.map((handle) => waiting.get(handle));
    const confirmable = found.filter((one) => one && this.now() - one.event.pulledAt <= this.confirmWithinMs);
    if (confirmable.length < handles.length) return false;
    for (const one of confirmable) if (one) this.state.queue.delete(one.id);
    return true;
  }

  #take(): object[] {
    const now = this.now();
    const taken: object[] = [];
    for (const [id, event] of this.state.queue.entries()) {
      if (now - event.createdAt > KEPT_FOR) this.state.queue.delete(id);
      else if (taken.length < MOST_AT_ONCE && now - event.pulledAt > this.confirmWithinMs) {
        const handle = randomUUID();
        this.state.queue.set(id, { ...event, handle, pulledAt: now });
        // The real answer carries every other kind of event as an explicit null.
        const others = { FileUploadEvent: null, ProcedureStateChangeEvent: null, FileDeleteEvent: null };
        taken.push({ EventHandle: handle, ...others, PullCompleteEvent: null, ...event.content });
      }
    }
    return taken;
  }
}
