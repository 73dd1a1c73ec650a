import type { Snapshot } from './types';

/** A promise for a value of a later snapshot, created when it is read first. */
export interface Outcome<Value> {
  readonly read: () => Promise<Value>;
  /** Must be called after each change. */
  readonly update: (previous: Snapshot) => void;
}

/**
 * The promise resolves with what `pick` finds and rejects with the snapshot's error. It stays the same until the error
 * is gone. If no caller reads the promise, an error is not an unhandled rejection.
 */
export function createOutcome<Value>(
  store: { readonly snapshot: Snapshot },
  pick: (snapshot: Snapshot) => Value | undefined,
): Outcome<Value> {
  let promise: Promise<Value> | undefined;
  let settle: (() => void) | undefined;
  return {
    read: () =>
      (promise ??= new Promise((resolve, reject) => {
        settle = () => {
          const { snapshot } = store;
          const value = pick(snapshot);
          if (value) resolve(value);
          else if (snapshot.error) reject(snapshot.error);
        };
        settle();
      })),
    update(previous) {
      if (previous.error) promise = settle = undefined;
      settle?.();
    },
  };
}
