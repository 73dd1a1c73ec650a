import { UploadError, getMessage, type MakeError } from './errors';
import type { World } from './world';

/** Retries without progress in between; with the pauses they take about two minutes. */
const MAX_RETRIES = 8;
const MAX_PAUSE = 30_000;

/** Runs something until it succeeds, is stopped or has failed too often. */
export interface Attempts {
  readonly start: () => void;
  readonly stop: () => void;
  /** Ends the current attempt: the next one follows after a pause if the error is transient. */
  readonly fail: (error: unknown) => void;
  /**
   * The current attempt fails unless this is called again within this many milliseconds. When more was sent than ever
   * before, failures so far no longer count.
   */
  readonly expect: (milliseconds: number, loaded?: number) => void;
}

/**
 * @param run begins an attempt and returns a function that stops it
 * @param giveUp gets the error that no retry follows
 */
export function createAttempts(
  world: World,
  makeError: MakeError,
  run: () => () => void,
  giveUp: (error: UploadError) => void,
): Attempts {
  let failures = 0;
  let mostLoaded = 0;
  let stopRun: (() => void) | undefined;
  let clearTimer: (() => void) | undefined;

  const setTimer = (milliseconds: number, callback: () => void) => {
    clearTimer?.();
    clearTimer = world.setTimer(milliseconds, callback);
  };
  const begin = () => {
    stopRun = run();
  };
  const stop = () => {
    clearTimer?.();
    stopRun?.();
    stopRun = undefined;
  };
  const fail = (cause: unknown) => {
    stop();
    const error =
      cause instanceof UploadError
        ? cause
        : makeError('network', { detail: getMessage(cause), cause, isTransient: true });
    if (!error.isTransient || failures >= MAX_RETRIES) giveUp(error);
    else setTimer(Math.max(Math.min(1000 * 2 ** failures++, MAX_PAUSE), 1000 * (error.retryAfter ?? 0)), begin);
  };

  return {
    start() {
      failures = 0;
      begin();
    },
    stop,
    fail,
    expect(milliseconds, loaded = 0) {
      if (loaded > mostLoaded) {
        mostLoaded = loaded;
        failures = 0;
      }
      setTimer(milliseconds, () => {
        fail('no progress');
      });
    },
  };
}
