import type { LimitName, Limits } from './limits';
import { simulate, type SimulationOptions } from './simulation';

/** Enough of everything that is not VOD's or verification's own. */
const AMPLE: Partial<Limits> = {
  signingRoute: 1e6,
  eventsRoute: 1e6,
  gateway: 1e7,
  lambdaConcurrency: 1e6,
  ssm: 1e5,
  webhooks: 1e5,
};

function withRate(options: SimulationOptions, rate: number): SimulationOptions {
  return { ...options, limits: { ...options.limits, ...AMPLE }, load: { ...options.load, rate } };
}

export interface Capacity {
  /** Uploads a second that are verified within five seconds. */
  readonly rate: number;
  /** The limit that is reached first above that rate; absent when `max` holds. */
  readonly limit?: LimitName;
}

/**
 * The uploads a second that a deployment verifies when only VOD's rates and verification itself limit it, rounded down
 * to a multiple of `step`.
 */
export function verifiableRate(options: SimulationOptions, step: number, max: number): Capacity {
  let low = 0;
  let high = Math.ceil(max / step);
  let limit: LimitName | undefined;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const { holds, reached } = simulate(withRate(options, middle * step));
    if (holds) {
      low = middle;
      continue;
    }
    high = middle;
    limit = reached[0]?.name;
  }
  return { rate: low * step, ...(limit && { limit }) };
}

/** The events whose rows are confirmed in a second of a load, under the same conditions. */
export function confirmedAt(options: SimulationOptions, rate: number): number {
  return simulate(withRate(options, rate)).confirmed;
}
