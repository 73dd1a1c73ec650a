import type { ReceivedMessage } from './message';
import type { QueueStore, ReceiveOptions } from './store';

/** In milliseconds: delays and visibility timeouts end without a change in the store. */
const CHECK_EVERY = 50;

export interface WaitOptions extends ReceiveOptions {
  readonly name: string;
  readonly waitSeconds: number;
  /** Ends the wait; nothing is received then. */
  readonly signal: AbortSignal;
}

/** Receives as soon as there is a message, and waits for one at most `waitSeconds`. */
export async function waitForMessages(
  store: QueueStore,
  { name, waitSeconds, signal, ...options }: WaitOptions,
): Promise<ReceivedMessage[]> {
  const deadline = performance.now() + waitSeconds * 1000;
  while (!signal.aborted) {
    const received = store.receive(name, options);
    if (received.length > 0 || performance.now() >= deadline) return received;
    await nextCheck(store, signal);
  }
  return [];
}

function nextCheck(store: QueueStore, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeListener();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, CHECK_EVERY);
    const removeListener = store.onChange(end);
    signal.addEventListener('abort', end);
  });
}
