import { backoff } from '../../lib/platform/retry';
import { VOD_TRIES } from '../../lib/verification/upload-changed';
import type { VodApi } from '../../lib/vod/api';
import type { Pacer } from '../../lib/vod/pace';
import type { Clock } from './clock';
import type { LimitMeter } from './meter';
import { DURATION } from './quotas';
import { secondWindow, type RateLimiter } from './rates';

export type Action = keyof VodApi;

/** The pauses between attempts, as lib/vod/api.ts has them, in milliseconds. */
const PAUSES = { first: 500, max: 2_000 };

interface VodCallDeps {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly random: () => number;
  /** Calls a second of each action that VOD accepts. */
  readonly rate: number;
}

export interface VodCall {
  readonly action: Action;
  readonly pacer: Pacer;
  /** In milliseconds of the clock. */
  readonly deadline: number;
}

type OnDone = (isSuccess: boolean) => void;

/** VOD's server API as lib/vod/api.ts calls it: paced by the production code, and retried once. */
export function vodCalls({ clock, meter, random, rate }: VodCallDeps) {
  const limiters = new Map<Action, RateLimiter>();
  function limiterOf(action: Action): RateLimiter {
    const existing = limiters.get(action) ?? secondWindow(rate, clock.now);
    limiters.set(action, existing);
    return existing;
  }

  function retry(call: VodCall, attempt: number, onDone: OnDone): void {
    const pause = backoff(attempt, random, PAUSES.first, PAUSES.max);
    if (attempt >= VOD_TRIES || clock.now() + pause >= call.deadline) {
      onDone(false);
      return;
    }
    clock.after(pause, () => {
      send(call, attempt + 1, onDone);
    });
  }

  function send(call: VodCall, attempt: number, onDone: OnDone): void {
    const { action, pacer, deadline } = call;
    const wait = pacer.take(action, deadline);
    if (wait === undefined) {
      retry(call, attempt, onDone);
      return;
    }
    clock.after(wait, () => {
      if (action === 'DescribeTasks') meter.use('vodRate');
      const isAccepted = limiterOf(action).take();
      if (!isAccepted) meter.reach('vodRate');
      clock.after(DURATION.vodCall, () => {
        if (isAccepted) {
          onDone(true);
          return;
        }
        pacer.slowDown(action);
        retry(call, attempt, onDone);
      });
    });
  }

  return (call: VodCall, onDone: OnDone): void => {
    send(call, 1, onDone);
  };
}
