/** A clock that only moves when it is set, or when a caller sleeps on it. Milliseconds since 1970. */
export function virtualClock(start = Date.parse('2026-11-22T08:00:05Z')) {
  let time = start;
  return {
    now: () => time,
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
    /** Sleepers at the same time sleep side by side. */
    sleep: async (milliseconds: number) => {
      const until = time + milliseconds;
      await Promise.resolve();
      time = Math.max(time, until);
    },
  };
}

export type VirtualClock = ReturnType<typeof virtualClock>;
