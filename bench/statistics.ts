export interface Quartiles {
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

export function quartiles(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  return { q1: quantile(sorted, 0.25), median: quantile(sorted, 0.5), q3: quantile(sorted, 0.75) };
}

/** A quantile of sorted values, interpolated between its two neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** Quartiles of the ratios of one variant to another, round by round: what slows the machine for a while slows both. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): Quartiles {
  return quartiles(numerators.map((value, round) => value / (denominators[round] ?? NaN)));
}

/** A limit of what was measured. */
export interface Bar {
  readonly name: string;
  readonly measured: Quartiles;
  readonly max?: number;
  readonly min?: number;
  readonly digits?: number;
  /** A clause for the report: why it may be missed, from what was measured. */
  readonly reason?: string;
}

export type Verdict = 'met' | 'met in part of the runs' | 'missed';

/** A bar is missed when the whole range between the quartiles is past it. */
export function verdict({ measured: { q1, median, q3 }, max = Infinity, min = -Infinity }: Bar): Verdict {
  if (q1 > max || q3 < min) return 'missed';
  return median <= max && median >= min ? 'met' : 'met in part of the runs';
}

export function single(value: number): Quartiles {
  return { q1: value, median: value, q3: value };
}
