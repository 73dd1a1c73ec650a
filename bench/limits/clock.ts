/**
 * Virtual time in whole milliseconds from 0, for millions of tasks without promises. Tasks run in the order of their time,
 * those of one millisecond in the order in which they were scheduled.
 */
export function millisecondClock() {
  const tasks = new Map<number, (() => void)[]>();
  let time = 0;
  return {
    now: () => time,
    /** Runs a task after `milliseconds`, rounded up. */
    after: (milliseconds: number, task: () => void): void => {
      const due = time + Math.max(0, Math.ceil(milliseconds));
      const others = tasks.get(due);
      if (others) others.push(task);
      else tasks.set(due, [task]);
    },
    /** Moves the time to `end`, and runs what is due; `onMillisecond` comes first in each millisecond. */
    runUntil: (end: number, onMillisecond: (time: number) => void): void => {
      for (; time < end; time++) {
        onMillisecond(time);
        // A task may add others to the same millisecond.
        for (const task of tasks.get(time) ?? []) task();
        tasks.delete(time);
      }
    },
  };
}

export type Clock = Pick<ReturnType<typeof millisecondClock>, 'now' | 'after'>;
