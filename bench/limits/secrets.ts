import { backoff } from '../../lib/platform/retry';
import { MAX_AGE, REFRESH_TIMEOUT, RETRY_AFTER } from '../../lib/platform/secrets';
import type { Clock } from './clock';
import type { LimitMeter } from './meter';
import { DURATION } from './quotas';
import { tokenBucket } from './rates';

/** As lib/platform/aws-json.ts has them, in milliseconds. */
const FIRST_READ_TIMEOUT = 6_000;
const LAST_ATTEMPT = 500;
const PAUSES = { first: 100, max: 1_500 };

interface SecretDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly random: () => number;
  /** Calls a second of SSM's GetParameters, and in a burst. */
  readonly rate: number;
}

/** The secrets that each execution environment reads when it starts, and again after five minutes. */
export function secretReader({ clock, meter, random, rate }: SecretDeps) {
  const bucket = tokenBucket(rate, rate, clock.now);

  function read(end: number, attempt: number, onDone: (isRead: boolean) => void): void {
    meter.use('ssm');
    if (bucket.take()) {
      clock.after(DURATION.ssm, () => {
        onDone(true);
      });
      return;
    }
    meter.reach('ssm');
    const remaining = end - clock.now();
    if (remaining <= LAST_ATTEMPT) {
      onDone(false);
      return;
    }
    const pause = Math.min(backoff(attempt, random, PAUSES.first, PAUSES.max), remaining - LAST_ATTEMPT / 2);
    clock.after(pause, () => {
      read(end, attempt + 1, onDone);
    });
  }

  /** A failed refresh costs nothing: the environment continues with the last value. */
  function refreshAfter(milliseconds: number): void {
    clock.after(milliseconds, () => {
      read(clock.now() + REFRESH_TIMEOUT, 1, (isRead) => {
        refreshAfter(isRead ? MAX_AGE : RETRY_AFTER);
      });
    });
  }

  /** Reads the secrets of a new environment; returns whether it has them. */
  return (onDone: (isRead: boolean) => void): void => {
    read(clock.now() + FIRST_READ_TIMEOUT, 1, (isRead) => {
      if (isRead) refreshAfter(MAX_AGE);
      onDone(isRead);
    });
  };
}

export type ReadSecrets = ReturnType<typeof secretReader>;
