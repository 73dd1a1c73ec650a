import { millisecondClock } from './clock';
import { delayMeter } from './delays';
import { modelDeployment, type DeploymentOptions, type ModelDeployment } from './deployment';
import type { LimitName } from './limits';
import { END, MEASURED_FROM, RAMP, rateAt, type Load } from './load';
import { limitMeter } from './meter';
import { DURATION } from './quotas';
import { seededRandom } from './random';
import { uploadRows, type UploadRows } from './uploads';
import { LONG_WAIT } from './webhooks';

export type SimulationOptions = Pick<DeploymentOptions, 'load' | 'limits' | 'units' | 'deployed'>;

/** Of the measured part of a simulation; rates are for each second. */
export interface Result {
  /** Events whose rows were confirmed. */
  readonly confirmed: number;
  /** From the recorded event to the confirmed row, in milliseconds; NaN when none was confirmed. */
  readonly p50: number;
  readonly p99: number;
  /** Growth of the events that wait for verification. */
  readonly backlogGrowth: number;
  /** Uploads that got no signature. */
  readonly turnedAway: number;
  /** Events that no row has: `reconcile` finds them. */
  readonly lostEvents: number;
  /** Webhooks that wait, at the end. */
  readonly waitingWebhooks: number;
  /** The limits that were reached, in this order, with the uploads a second at that time. */
  readonly reached: readonly { readonly name: LimitName; readonly rate: number }[];
  /** The used part of a limit, in its own unit. */
  readonly used: (name: LimitName) => number;
  /** Whether nothing was throttled or lost, no queue grew, and 99 of 100 rows were confirmed within five seconds. */
  readonly holds: boolean;
}

const SEED = 17;
const MEASURED_SECONDS = (END - MEASURED_FROM) / 1_000;
/** The part of the events that may be missing or late when a load holds: chance, and what is under way. */
const TOLERANCE = 0.02;

/** Simulates a deployment under a load, which grows from 0 in a minute and then lasts for three. */
export function simulate(options: SimulationOptions): Result {
  const { load } = options;
  const clock = millisecondClock();
  const random = seededRandom(SEED);
  const isMeasured = () => clock.now() >= MEASURED_FROM;
  const meter = limitMeter(clock.now, isMeasured);
  const delays = delayMeter(isMeasured);
  const rows = uploadRows(Math.ceil(1.05 * load.rate * ((END - RAMP / 2) / 1_000)) + 1_000);
  const deployment = modelDeployment({ ...options, clock, meter, random, delays, rows });
  const traffic = uploadTraffic(load, rows, deployment, random);
  const run = (end: number) => {
    clock.runUntil(end, (time) => {
      deployment.lambda.onMillisecond(time);
      traffic.onMillisecond(time, isMeasured());
    });
  };
  run(MEASURED_FROM);
  const backlog = delays.unconfirmed();
  run(END);

  const { confirmed, p50, p99 } = delays.result();
  const perSecond = (count: number) => count / MEASURED_SECONDS;
  const measured = {
    confirmed: perSecond(confirmed),
    p50,
    p99,
    backlogGrowth: perSecond(delays.unconfirmed() - backlog),
    turnedAway: perSecond(traffic.turnedAway()),
    lostEvents: Math.max(0, perSecond(traffic.events() - delays.recorded())),
    waitingWebhooks: deployment.webhooks.waiting(),
  };
  return {
    ...measured,
    reached: meter.reached().map(([name, reachedAt]) => ({ name, rate: rateAt(reachedAt, load.rate) })),
    used: (name) => perSecond(meter.usedOf(name)),
    holds: holds(measured, load),
  };
}

type Measured = Omit<Result, 'reached' | 'used' | 'holds'>;

function holds({ turnedAway, lostEvents, backlogGrowth, p99, waitingWebhooks }: Measured, { rate }: Load): boolean {
  const isServed = [turnedAway, lostEvents, backlogGrowth].every((count) => count <= TOLERANCE * rate);
  return isServed && p99 <= LONG_WAIT && waitingWebhooks <= rate * (LONG_WAIT / 1_000);
}

/** The uploads at random times, and VOD's events about them. */
function uploadTraffic({ rate, hasProcedure }: Load, rows: UploadRows, model: ModelDeployment, random: () => number) {
  const { door, partitions } = model;
  let next = 0;
  let ended = 0;
  let nextAt = 0;
  const counts = { turnedAway: 0, events: 0 };

  function upload(time: number, isMeasured: boolean): void {
    if (!door.sign()) {
      if (isMeasured) counts.turnedAway++;
      return;
    }
    rows.createdAt[next] = time;
    rows.partition[next] = Math.floor(random() * partitions);
    if (isMeasured) counts.events++;
    door.deliver(next++, 'upload');
  }

  return {
    turnedAway: () => counts.turnedAway,
    events: () => counts.events,
    onMillisecond: (time: number, isMeasured: boolean): void => {
      for (; nextAt <= time; nextAt += (-1_000 * Math.log(1 - random())) / Math.max(1, rateAt(time, rate))) {
        upload(time, isMeasured);
      }
      if (!hasProcedure) return;
      for (; ended < next && (rows.createdAt[ended] ?? 0) + DURATION.procedure <= time; ended++) {
        if (isMeasured) counts.events++;
        door.deliver(ended, 'end');
      }
    },
  };
}
