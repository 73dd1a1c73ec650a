/** How often one caller may ask: tokens that come back each minute, and how many there are at most. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

/** One token, in milliseconds times `perMinute`: in this unit all of the arithmetic is exact. */
const TOKEN = 60_000;
const MAX_CALLERS = 10_000;

/**
 * A token bucket for each caller, in memory. The function that it answers takes a token of the caller's and says 0, or
 * takes none and says in how many whole seconds, at least 1, there will be one. `now` is in milliseconds since 1970.
 *
 * Only what the clock moves forward counts. So when it is set back, nobody waits longer than they were told to; and the
 * time that it then shows again counts again, but fills no bucket beyond `burst`.
 *
 * At most `maxCallers` are remembered. Before that is exceeded, the one whose bucket is full again, or will be first, is
 * forgotten: it comes back with a full one.
 */
export function tokenBucket({ perMinute, burst }: Rate, maxCallers = MAX_CALLERS) {
  /** When each caller's bucket will be full, in the order in which they were last let through. */
  const full = new Map<string, number>();
  let passed = 0;
  let latest: number | undefined;

  function forgetOne(): void {
    let soonest: readonly [caller: string, at: number] | undefined;
    for (const [caller, at] of full) if (soonest === undefined || at < soonest[1]) soonest = [caller, at];
    if (soonest) full.delete(soonest[0]);
  }

  return (caller: string, now: number): number => {
    passed += Math.max(0, now - (latest ?? now)) * perMinute;
    latest = now;
    const fullAt = Math.max(full.get(caller) ?? 0, passed) + TOKEN;
    const missing = fullAt - passed - burst * TOKEN;
    if (missing > 0) return Math.ceil(missing / (perMinute * 1000));
    full.delete(caller);
    if (full.size >= maxCallers) forgetOne();
    full.set(caller, fullAt);
    return 0;
  };
}
