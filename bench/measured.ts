import { quartiles, ratios } from './statistics';
import type { Measured } from './instances';
import { figure, range, table } from './tables';
import { NAMES } from './variants';

/** What the measured processes are given. */
export interface Machine {
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly sign: string;
  readonly hear: string;
}

/** Medians in milliseconds by variant, for the sums of money. */
export interface Times {
  readonly cold: Record<string, number>;
  readonly warm: Record<string, number>;
}

export const of = (results: readonly Measured[], what: (one: Measured) => number) => results.map(what);
export const answered = ({ answered: at }: Measured) => at;
export const middle = ({ times }: Measured) => quartiles(times).median;

export function coldTable(results: Readonly<Record<string, readonly Measured[]>>): string {
  const { ours = [] } = results;
  return table(
    ['ms from process start', 'loaded', 'first answer', 'ours takes of it'],
    Object.entries(results).map(([name, runs]) => [
      NAMES[name] ?? name,
      figure(quartiles(of(runs, ({ loaded }) => loaded)).median),
      range(quartiles(of(runs, answered))),
      name === 'ours' ? '' : range(ratios(of(ours, answered), of(runs, answered)), 2),
    ]),
  );
}

export function medians(
  results: Readonly<Record<string, readonly Measured[]>>,
  what: (one: Measured) => number,
  key: string,
) {
  return Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [key + name, quartiles(of(runs, what)).median]),
  );
}
