import { setImmediate as turn } from 'node:timers/promises';

/** A clock on which only sleeping takes time; sleepers wait side by side. In milliseconds since 1970. */
export function virtualTime(start: number) {
  let time = start;
  const sleepers = new Map<number, (() => void)[]>();

  function wakeNext(): void {
    const next = Math.min(...sleepers.keys());
    if (next === Infinity) throw new Error('The work waits for something other than the virtual clock');
    const due = sleepers.get(next) ?? [];
    sleepers.delete(next);
    time = next;
    for (const wake of due) wake();
  }

  return {
    now: () => time,
    sleep: (milliseconds: number): Promise<void> =>
      new Promise((wake) => {
        const due = time + Math.max(0, milliseconds);
        const others = sleepers.get(due);
        if (others) others.push(wake);
        else sleepers.set(due, [wake]);
      }),
    /** Moves the clock forward; no caller may be sleeping. */
    moveTo: (later: number): void => {
      time = Math.max(time, later);
    },
    /** Runs the work to its end, as fast as it can be computed. */
    run: async <T>(work: Promise<T>): Promise<T> => {
      const state = { isSettled: false };
      const settle = () => {
        state.isSettled = true;
      };
      work.then(settle, settle);
      for (;;) {
        await turn();
        if (state.isSettled) return work;
        wakeNext();
      }
    },
  };
}

export type VirtualTime = ReturnType<typeof virtualTime>;
