/** How much of the speed is that of the last interval. */
const WEIGHT = 0.2;

export interface Measured {
  /** Bytes per second. */
  readonly speed?: number;
  /** Seconds. */
  readonly remaining?: number;
}

/** Measures the speed of a transfer of `total` bytes: give it the time in milliseconds and the bytes so far. */
export function createMeter(total: number): (time: number, loaded: number) => Measured {
  let last: { readonly time: number; readonly loaded: number } | undefined;
  let speed: number | undefined;
  return (time, loaded) => {
    if (last && time > last.time) {
      const latest = Math.max(0, (1000 * (loaded - last.loaded)) / (time - last.time));
      speed = speed === undefined ? latest : speed + WEIGHT * (latest - speed);
    }
    last = { time, loaded };
    return speed ? { speed, remaining: (total - loaded) / speed } : {};
  };
}
