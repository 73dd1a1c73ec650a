export interface RateLimiter {
  /** Whether `amount` requests, by default 1, fit now; takes nothing. */
  readonly has: (amount?: number) => boolean;
  /** Takes the place of `amount` requests, by default 1, if they fit; returns whether they did. */
  readonly take: (amount?: number) => boolean;
}

/** A bucket that holds `burst` tokens and gets `perSecond` new ones. */
export function tokenBucket(perSecond: number, burst: number, now: () => number): RateLimiter {
  let tokens = burst;
  let filledAt = now();
  function has(amount = 1): boolean {
    tokens = Math.min(burst, tokens + ((now() - filledAt) * perSecond) / 1_000);
    filledAt = now();
    return tokens >= amount;
  }
  return {
    has,
    take: (amount = 1) => {
      if (!has(amount)) return false;
      tokens -= amount;
      return true;
    },
  };
}

/** At most `perSecond` requests in each second of the clock; refused ones do not count. */
export function secondWindow(perSecond: number, now: () => number): RateLimiter {
  let second = -1;
  let count = 0;
  function has(amount = 1): boolean {
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      second = current;
      count = 0;
    }
    return count + amount <= perSecond;
  }
  return {
    has,
    take: (amount = 1) => {
      if (!has(amount)) return false;
      count += amount;
      return true;
    },
  };
}
