import { quantile } from '../statistics';

/** Counts events, and how long each takes to a confirmed row, in milliseconds, while `isMeasured`. */
export function delayMeter(isMeasured: () => boolean) {
  const values: number[] = [];
  let unconfirmed = 0;
  let recorded = 0;
  return {
    /** An event that was recorded and waits for verification. */
    record: (): void => {
      unconfirmed++;
      if (isMeasured()) recorded++;
    },
    confirm: (delay: number): void => {
      unconfirmed--;
      if (isMeasured()) values.push(delay);
    },
    /** An event that reported nothing new. */
    repeat: (): void => {
      if (isMeasured()) recorded++;
    },
    unconfirmed: () => unconfirmed,
    recorded: () => recorded,
    result: () => {
      const sorted = Float64Array.from(values).sort();
      const valueAt = (share: number) => quantile(sorted as unknown as readonly number[], share);
      return { confirmed: values.length, p50: valueAt(0.5), p99: valueAt(0.99) };
    },
  };
}

export type DelayMeter = ReturnType<typeof delayMeter>;
