import type { Clock } from './clock';
import type { DelayMeter } from './delays';
import type { LambdaAccount } from './lambda';
import type { Limits } from './limits';
import type { Load } from './load';
import type { LimitMeter } from './meter';
import { GATEWAY, VOD_DELIVERY } from './quotas';
import { tokenBucket, type RateLimiter } from './rates';
import type { Table } from './table';
import type { RowUnits } from './units';
import { encodeVersion, type UploadRows } from './uploads';

/** How long vodEvents retries a write, in milliseconds: its timeout without its reserve. */
const WRITE_TIMEOUT = 23_000;

export interface FrontDoorDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly limits: Limits;
  readonly load: Load;
  readonly lambda: LambdaAccount;
  readonly rows: UploadRows;
  readonly table: Table;
  readonly units: RowUnits;
  readonly delays: DelayMeter;
  readonly onRecord: (partition: number, code: number) => void;
}

export type EventKind = 'upload' | 'end';

/** The HTTP API with its two routes, and the functions behind them. */
export function frontDoor(deps: FrontDoorDeps) {
  const { clock, meter, limits, load, lambda } = deps;
  const gateway = tokenBucket(limits.gateway, (GATEWAY.burst * limits.gateway) / GATEWAY.rate, clock.now);
  const signingRoute = tokenBucket(limits.signingRoute, 2 * limits.signingRoute, clock.now);
  const eventsRoute = tokenBucket(limits.eventsRoute, 2 * limits.eventsRoute, clock.now);
  const signing = lambda.httpFunction();
  const events = lambda.httpFunction();

  function passes(route: RateLimiter, name: 'signingRoute' | 'eventsRoute', requests: number): boolean {
    meter.use('gateway', requests);
    meter.use(name, requests);
    const hasGateway = gateway.take(requests);
    if (!hasGateway) meter.reach('gateway');
    else if (route.take(requests)) return true;
    else meter.reach(name);
    return false;
  }

  return {
    /** Whether an upload gets its signatures. */
    sign: (): boolean => {
      if (!passes(signingRoute, 'signingRoute', load.signatures)) return false;
      return signing.invoke(load.signatures, (_, finish) => {
        finish();
      });
    },
    /** Delivers an event of VOD, as VOD does. A refusal is a response, so the event is lost. */
    deliver: function deliver(upload: number, kind: EventKind, attempt = 1): void {
      if (!passes(eventsRoute, 'eventsRoute', 1)) return;
      const delivery = { hasResponse: false };
      const isInvoked = events.invoke(1, (isReady, finish) => {
        recordEvent(upload, kind, isReady, deps, () => {
          delivery.hasResponse = true;
          finish();
        });
      });
      if (!isInvoked || delivery.hasResponse || attempt >= VOD_DELIVERY.attempts) return;
      clock.after(VOD_DELIVERY.timeout, () => {
        if (!delivery.hasResponse) deliver(upload, kind, attempt + 1);
      });
    },
  };
}

/** Writes the hint of an event, unless the row has it, or the function has no secrets. */
function recordEvent(
  upload: number,
  kind: EventKind,
  isReady: boolean,
  deps: FrontDoorDeps,
  onResponse: () => void,
): void {
  if (!isReady) {
    onResponse();
    return;
  }
  const { rows, table, units, clock, delays } = deps;
  const pending = kind === 'upload' ? rows.uploadPending : rows.endPending;
  const isKnown = (pending[upload] ?? 0) > 0 || (kind === 'upload' ? rows.isConfirmed : rows.isFinal)[upload] === 1;
  if (isKnown) {
    delays.repeat();
    onResponse();
    return;
  }
  const partition = rows.partition[upload] ?? 0;
  const write = {
    partition,
    units: kind === 'upload' ? units.upload : units.end,
    indexUnits: 0,
    deadline: clock.now() + WRITE_TIMEOUT,
  };
  table.write(write, (isWritten) => {
    if (isWritten) {
      const version = (rows.version[upload] ?? 0) + 1;
      rows.version[upload] = version;
      pending[upload] = Math.max(1, clock.now());
      delays.record();
      deps.onRecord(partition, encodeVersion({ upload, version, isAnnouncement: false }));
    }
    onResponse();
  });
}
