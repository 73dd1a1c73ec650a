import { setImmediate } from 'node:timers/promises';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * Time for many tasks that run side by side: it stands still while any of them works, and moves to the next one that wakes
 * up once all of them sleep. Milliseconds since 1970.
 */
export function simulatedTime(start = Date.parse('2026-11-22T08:00:00Z')) {
  let time = start;
  /** The next one that wakes up comes last; of several at one time, the one that fell asleep first. */
  const sleepers: Sleeper[] = [];

  function add(sleeper: Sleeper): void {
    let low = 0;
    let high = sleepers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sleepers[middle]?.at ?? 0) > sleeper.at) low = middle + 1;
      else high = middle;
    }
    sleepers.splice(low, 0, sleeper);
  }

  function wakeNext(): void {
    const next = sleepers.pop();
    if (!next) throw new Error('The work is not done, and nothing sleeps that could continue it');
    time = Math.max(time, next.at);
    next.wake();
  }

  return {
    now: () => time,
    sleep: (milliseconds: number): Promise<void> =>
      new Promise((wake) => {
        add({ at: time + milliseconds, wake });
      }),
    /** Lets time pass until the work is done. */
    run: async <T>(work: Promise<T>): Promise<T> => {
      const state = { isDone: false };
      const finish = () => {
        state.isDone = true;
      };
      work.then(finish, finish);
      for (;;) {
        // By then all promises that can continue have done so.
        await setImmediate();
        if (state.isDone) return work;
        wakeNext();
      }
    },
  };
}

export type SimulatedTime = ReturnType<typeof simulatedTime>;
