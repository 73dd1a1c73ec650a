import { quartiles, ratios, type Quartiles } from './statistics';
import type { Measured } from './instances';
import { isQuick } from './settings';
import { figure, range, table } from './tables';
import { NAMES } from './variants';

/** Medians of all variants, by `function:variant`, for example `vod-events:ours`. */
export interface Times {
  /** Milliseconds from the start of the process to the first response. */
  readonly cold: Readonly<Record<string, number>>;
  /** Milliseconds of a warm call. */
  readonly warm: Readonly<Record<string, number>>;
  /** Milliseconds of CPU of a warm call. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Bytes of the log for each call. */
  readonly logBytes: Readonly<Record<string, number>>;
}

export type Results = Readonly<Record<string, readonly Measured[]>>;

export const firstResponse = (run: Measured): number => run.firstResponse;
/**
 * The cost of a cold start that the bars compare, in milliseconds: the time until the first response, or with `--quick`
 * its CPU, which other work on the machine changes less.
 */
export const coldCost = (run: Measured): number => (isQuick ? run.coldCpu : run.firstResponse);
export const COLD_UNIT = isQuick ? 'CPU' : 'time';
/** Milliseconds. */
export const medianCall = ({ times }: Measured): number => quartiles(times).median;
/** Milliseconds. */
export const cpuPerCall = ({ cpu, times }: Measured): number => cpu / times.length;

/** The ratio of `ours` to another variant, round by round. */
export function ratioTo(results: Results, name: string, value: (run: Measured) => number): Quartiles {
  return ratios((results['ours'] ?? []).map(value), (results[name] ?? []).map(value));
}

export function coldTable(results: Results): string {
  return table(
    ['cold: ms from process start', 'loaded', 'first response', 'ours takes of it', 'ms of CPU', 'ours takes of it'],
    Object.entries(results).map(([name, runs]) => [
      NAMES[name] ?? name,
      figure(quartiles(runs.map(({ loaded }) => loaded)).median),
      range(quartiles(runs.map(firstResponse))),
      name === 'ours' ? '' : range(ratioTo(results, name, firstResponse), 2),
      range(quartiles(runs.map(({ coldCpu }) => coldCpu))),
      name === 'ours'
        ? ''
        : range(
            ratioTo(results, name, ({ coldCpu }) => coldCpu),
            2,
          ),
    ]),
  );
}

export function warmTable(results: Results): string {
  const ratio = (name: string, value: (run: Measured) => number) =>
    name === 'ours' ? '' : range(ratioTo(results, name, value), 2);
  return table(
    ['warm: request to response', 'ms', 'ours takes of it', 'ms of CPU', 'ours takes of it', 'MB', 'bytes of log'],
    Object.entries(results).map(([name, runs]) => [
      NAMES[name] ?? name,
      range(quartiles(runs.map(medianCall)), 3),
      ratio(name, medianCall),
      range(quartiles(runs.map(cpuPerCall)), 3),
      ratio(name, cpuPerCall),
      figure(quartiles(runs.map(({ rss }) => rss / 1e6)).median, 0),
      figure(quartiles(runs.map(({ logBytes }) => logBytes)).median, 0),
    ]),
  );
}

/** @param cold and `warm` have the same variants, or some of them */
export function timesOf(functionName: string, cold: Results, warm: Results): Times {
  const medians = (results: Results, value: (run: Measured) => number) =>
    Object.fromEntries(
      Object.entries(results).map(([name, runs]) => [`${functionName}:${name}`, quartiles(runs.map(value)).median]),
    );
  return {
    cold: medians(cold, firstResponse),
    warm: medians(warm, medianCall),
    cpu: medians(warm, cpuPerCall),
    logBytes: medians(warm, ({ logBytes }) => logBytes),
  };
}

export function mergeTimes(all: readonly Times[]): Times {
  const merge = (part: keyof Times) => Object.assign({}, ...all.map((times) => times[part])) as Times['cold'];
  return { cold: merge('cold'), warm: merge('warm'), cpu: merge('cpu'), logBytes: merge('logBytes') };
}
