export interface Rate {
  /** Tokens that one caller gets back each minute. */
  readonly perMinute: number;
  /** The most tokens that one caller can have. */
  readonly burst: number;
}

/** One token, in milliseconds times `perMinute`: in this unit all of the arithmetic is exact. */
const TOKEN = 60_000;
const MAX_CALLERS = 10_000;

/**
 * A token bucket for each caller, in memory. Returns a function that takes one of the caller's tokens and returns 0, or
 * takes none and returns the whole seconds, at least 1, until there is one. Its `now` is in milliseconds since 1970.
 *
 * Only forward steps of the clock count. After it is set back, no caller waits longer than announced; the repeated time
 * counts twice, but fills no bucket beyond `burst`.
 *
 * At most `maxCallers` are stored. Before that is exceeded, the caller whose bucket is full, or will be full first, is
 * dropped: its next bucket is a full one.
 */
export function tokenBucket({ perMinute, burst }: Rate, maxCallers = MAX_CALLERS) {
  /** When each caller's bucket will be full, on the scale of `elapsed`; the most recent caller comes last. */
  const fullAtByCaller = new Map<string, number>();
  /** How far the clock has moved forward, in milliseconds times `perMinute`. */
  let elapsed = 0;
  let latest: number | undefined;

  function dropFullest(): void {
    let soonest: readonly [caller: string, at: number] | undefined;
    for (const [caller, fullAt] of fullAtByCaller)
      if (soonest === undefined || fullAt < soonest[1]) soonest = [caller, fullAt];
    if (soonest) fullAtByCaller.delete(soonest[0]);
  }

  return (caller: string, now: number): number => {
    elapsed += Math.max(0, now - (latest ?? now)) * perMinute;
    latest = now;
    const fullAt = Math.max(fullAtByCaller.get(caller) ?? 0, elapsed) + TOKEN;
    const missing = fullAt - elapsed - burst * TOKEN;
    if (missing > 0) return Math.ceil(missing / (perMinute * 1000));
    fullAtByCaller.delete(caller);
    if (fullAtByCaller.size >= maxCallers) dropFullest();
    fullAtByCaller.set(caller, fullAt);
    return 0;
  };
}
