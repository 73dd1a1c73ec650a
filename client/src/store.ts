import { enter, type Facts } from './state';
import type { Snapshot, UploadState } from './types';

export interface Store {
  readonly snapshot: Snapshot;
  /** Enters a state if the state machine allows it. */
  readonly go: (state: UploadState, facts?: Facts) => void;
  readonly subscribe: (listener: (snapshot: Snapshot) => void) => () => void;
  readonly hasListeners: () => boolean;
}

/**
 * The snapshot of one upload and its listeners. `onChange` runs first after each change. When it or a listener changes
 * the snapshot again, the other listeners get only the new one.
 */
export function createStore(total: number, onChange: (next: Snapshot, previous: Snapshot) => void): Store {
  let snapshot: Snapshot = { state: 'waiting', loaded: 0, total };
  const subscriptions = new Set<{ readonly listener: (snapshot: Snapshot) => void }>();
  return {
    get snapshot() {
      return snapshot;
    },
    go(state, facts) {
      const previous = snapshot;
      const next = enter(previous, state, facts);
      if (next === previous) return;
      snapshot = next;
      onChange(next, previous);
      for (const subscription of [...subscriptions]) {
        try {
          if (snapshot === next && subscriptions.has(subscription)) subscription.listener(next);
        } catch (error) {
          // The app's bug: it is reported as an unhandled rejection and stops nothing.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown
          void Promise.reject(error);
        }
      }
    },
    subscribe(listener) {
      const subscription = { listener };
      subscriptions.add(subscription);
      return () => {
        subscriptions.delete(subscription);
      };
    },
    hasListeners: () => subscriptions.size > 0,
  };
}
