/** VOD accepts 100 calls of each action a second (266/31763). */
const MAX_RATE = 100;
const MIN_RATE = 5;
/** How long a refusal halves the rate, in milliseconds. */
const SLOW_FOR = 60_000;
/** Time in milliseconds within which refusals count as one: VOD refuses all excess calls of a second. */
const BURST = 1_000;

/**
 * Paces the calls of one instance, separately for each action: at most 100 a second, half as many for a minute after each
 * second with a RequestLimitExceeded, never fewer than 5.
 *
 * @param now milliseconds since 1970
 */
export function createPacer(now: () => number) {
  const lanes = new Map<string, { nextFree: number; refusals: number[] }>();
  const lane = (action: string) => {
    const existing = lanes.get(action);
    if (existing) return existing;
    const created = { nextFree: 0, refusals: [] };
    lanes.set(action, created);
    return created;
  };

  return {
    /**
     * Takes the next place in the action's lane; returns how long to wait for it, in milliseconds. Takes none, and returns
     * `undefined`, when the place is not before `deadline` (milliseconds since 1970).
     */
    take(action: string, deadline: number): number | undefined {
      const current = lane(action);
      const time = now();
      current.refusals = current.refusals.filter((refusedAt) => time - refusedAt < SLOW_FOR);
      const rate = Math.max(MIN_RATE, MAX_RATE / 2 ** current.refusals.length);
      const start = Math.max(current.nextFree, time);
      if (start >= deadline) return undefined;
      current.nextFree = start + 1000 / rate;
      return start - time;
    },
    /** Call this when VOD refused a call of the action with RequestLimitExceeded. */
    slowDown(action: string): void {
      const { refusals } = lane(action);
      const last = refusals.at(-1) ?? -Infinity;
      if (now() - last >= BURST) refusals.push(now());
    },
  };
}

export type Pacer = ReturnType<typeof createPacer>;
