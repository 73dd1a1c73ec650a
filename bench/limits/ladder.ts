import type { LimitName, Limits } from './limits';
import type { Load } from './load';
import { DURATION, LAMBDA, MAX_BATCHES_PER_SHARD, MAX_QUEUE_CONCURRENCY, PARTITION_UNITS, SSM } from './quotas';
import { simulate, type Result, type SimulationOptions } from './simulation';
import type { RowUnits } from './units';

export interface Step {
  /** The limit that was raised before this step, with its values. */
  readonly raised?: { readonly name: keyof Limits; readonly from: number; readonly to: number };
  readonly limits: Limits;
  readonly result: Result;
}

/** How much more than needed an operator requests. */
const RESERVE = 1.5;
const MAX_STEPS = 25;

/** The values to which an operator can raise limits at most. */
const MAXIMA: Partial<Record<LimitName, number>> = {
  ssm: SSM.raised,
  batchesPerShard: MAX_BATCHES_PER_SHARD,
  delayedBatches: MAX_QUEUE_CONCURRENCY,
  webhooks: MAX_QUEUE_CONCURRENCY,
};

/** Simulates the load; while it does not hold, raises the limit that was reached first, and simulates it again. */
export function climb(options: SimulationOptions): Step[] {
  let { limits } = options;
  const steps: Step[] = [{ limits, result: simulate(options) }];
  while (steps.length < MAX_STEPS) {
    const last = steps.at(-1)?.result;
    if (!last || last.holds) break;
    const raised = nextRaise(last, limits, options);
    if (!raised) break;
    limits = { ...limits, [raised.name]: raised.to };
    steps.push({ raised, limits, result: simulate({ ...options, limits }) });
  }
  return steps;
}

/** The first limit that was reached and can be raised. */
function nextRaise({ reached }: Result, limits: Limits, { load, units }: SimulationOptions): Step['raised'] {
  for (const { name } of reached) {
    if (name === 'lambdaScaling' || name === 'indexKey') continue;
    const from = limits[name];
    const required = roundUp(Math.max(RESERVE * neededOf(name, load, limits, units), RESERVE * from));
    const to = Math.min(required, MAXIMA[name] ?? Infinity);
    if (to > from) return { name, from, to };
  }
  return undefined;
}

/** The value of a limit that the load needs, in its own unit; 0 where only a trial shows it. */
function neededOf(name: keyof Limits, load: Load, limits: Limits, units: RowUnits): number {
  const { rate, signatures, hasProcedure } = load;
  const signing = signatures * rate;
  const events = (hasProcedure ? 2 : 1) * rate;
  const webhooks = ((DURATION.invocation + DURATION.receiver) / 1_000) * rate;
  const tableUnits = rate * (units.upload + units.finished + (hasProcedure ? units.confirmed + units.end : 0));
  const batches = (limits.tableUnits / PARTITION_UNITS) * limits.batchesPerShard;
  const needed: Readonly<Record<keyof Limits, number>> = {
    signingRoute: signing,
    eventsRoute: events,
    gateway: signing + events,
    lambdaConcurrency: (signing + events) / LAMBDA.requestsPerEnvironment + webhooks + batches,
    ssm: SSM.raised,
    tableUnits,
    tableQuota: tableUnits,
    batchesPerShard: 0,
    delayedBatches: 0,
    vodRate: hasProcedure ? rate : rate / 20,
    webhooks,
  };
  return needed[name];
}

/** The next number of the form 1, 1.5, 2, 3, 5 or 8 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.5, 2, 3, 5, 8, 10].find((step) => step * power >= value * 0.999) ?? 10;
  return Math.ceil(factor * power);
}
