import { randomUUID } from 'node:crypto';
import { parse } from 'node:path';
import type { ServerlessConfig } from '../../config';
import type { Functions } from '../functions';

/** A function with a schedule. */
export interface Schedule {
  readonly functionKey: string;
  /** The name of the handler's file, by which the documentation names the function. */
  readonly fileName: string;
  /** In milliseconds; none for a schedule that is disabled, or is not a rate. */
  readonly intervals: readonly number[];
  /** The event that EventBridge sends. */
  readonly createEvent: () => unknown;
}

const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { minute: MINUTE, hour: 60 * MINUTE, day: 24 * 60 * MINUTE };

/** The scheduled functions of serverless.yml, in its order. */
export function schedulesOf({ functions, provider }: ServerlessConfig): Schedule[] {
  return Object.entries(functions).flatMap(([functionKey, { handler, events }]) =>
    events.flatMap(({ schedule }) => {
      if (schedule === undefined) return [];
      const { rate, enabled, input } = propertiesOf(schedule);
      return {
        functionKey,
        fileName: parse(handler).name,
        intervals: enabled === false ? [] : [rate].flat().flatMap(intervalOf),
        createEvent: () => input ?? scheduledEvent(provider.region),
      };
    }),
  );
}

/**
 * Calls each function at its rate, for the first time one interval from now. A run is skipped while the one before is
 * under way.
 *
 * @returns a function that ends the schedules; a call that is in progress continues
 */
export function startSchedules(schedules: readonly Schedule[], invoke: Functions['invoke']): () => void {
  const timers = schedules.flatMap(({ functionKey, intervals, createEvent }) => {
    let isUnderWay = false;
    const run = async () => {
      if (isUnderWay) return;
      isUnderWay = true;
      await invoke(functionKey, createEvent());
      isUnderWay = false;
    };
    return intervals.map((interval) => setInterval(() => void run(), interval));
  });
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

interface ScheduleProperties {
  readonly rate?: unknown;
  readonly enabled?: unknown;
  readonly input?: unknown;
}

function propertiesOf(schedule: unknown): ScheduleProperties {
  return typeof schedule === 'object' && schedule !== null ? schedule : { rate: schedule };
}

/** In milliseconds, of `rate(5 minutes)`; empty for `cron(...)`, which runs only by hand here. */
function intervalOf(rate: unknown): number[] {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(String(rate)) ?? [];
  const length = UNITS[unit];
  return length === undefined ? [] : [Number(count) * length];
}

/** The event that EventBridge sends to a function with a rate and no input of its own. */
function scheduledEvent(region: string): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: new Date().toISOString().replace(/\.\d+/, ''),
    region,
    resources: [],
    detail: {},
  };
}
