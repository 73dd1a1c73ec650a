export interface Quartiles {
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

export function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  return { q1: quantile(sorted, 0.25), median: quantile(sorted, 0.5), q3: quantile(sorted, 0.75) };
}

/** Of values in order, between its two neighbours where it is none of them. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/** Quartiles of what one variant takes of another, round by round: what slows the machine for a while slows both. */
export function ratios(ours: readonly number[], theirs: readonly number[]): Quartiles {
  return quartiles(ours.map((value, round) => value / (theirs[round] ?? NaN)));
}

export interface Bar {
  readonly what: string;
  readonly measured: Quartiles;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly digits?: number;
  /** A sentence's part: why it may be missed, from what was measured. */
  readonly why?: string;
}

export type Verdict = 'met' | 'met in part of the runs' | 'missed';

/** A bar is missed when the whole range between the quartiles is past it. */
export function verdict({ measured: { q1, median, q3 }, atMost = Infinity, atLeast = -Infinity }: Bar): Verdict {
  if (q1 > atMost || q3 < atLeast) return 'missed';
  return median <= atMost && median >= atLeast ? 'met' : 'met in part of the runs';
}

export function single(value: number): Quartiles {
  return { q1: value, median: value, q3: value };
}
