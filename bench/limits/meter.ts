import type { LimitName } from './limits';

/** Which limits are reached, and how much of each is used while `isMeasured`. */
export function limitMeter(now: () => number, isMeasured: () => boolean) {
  const reachedAt = new Map<LimitName, number>();
  const demand = new Map<LimitName, number>();
  return {
    /** Call this when the limit refuses something, or makes it wait. */
    reach: (name: LimitName): void => {
      if (!reachedAt.has(name)) reachedAt.set(name, now());
    },
    /** Counts requests against the limit, accepted or not. */
    use: (name: LimitName, amount = 1): void => {
      if (isMeasured()) demand.set(name, (demand.get(name) ?? 0) + amount);
    },
    usedOf: (name: LimitName): number => demand.get(name) ?? 0,
    /** In the order in which they were reached, with the time in milliseconds. */
    reached: (): readonly (readonly [name: LimitName, at: number])[] => [...reachedAt],
  };
}

export type LimitMeter = ReturnType<typeof limitMeter>;
