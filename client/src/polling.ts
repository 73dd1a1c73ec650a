import type { Api } from './api';
import type { Owner } from './credentials';
import type { MakeError, UploadError } from './errors';
import type { Store } from './store';
import type { StoredUpload } from './types';
import type { World } from './world';

/** Milliseconds; before the first request too, because VOD's event and its verification take about as long. */
export const FIRST_PAUSE = 1000;
export const MAX_PAUSE = 30_000;
export const GROWTH = 1.5;
const MAX_WAIT = 24 * 60 * 60 * 1000;

export interface PollingDeps {
  readonly world: World;
  readonly api: Api;
  readonly makeError: MakeError;
}

export interface Polling {
  /** While the upload is `processing`: begins, or continues after a time in which nothing waited for the result. */
  readonly wake: () => void;
  readonly stop: () => void;
}

/**
 * Polls an upload in the backend until `stop`, with growing pauses, for 24 hours, and only while the page is visible.
 *
 * @param isWanted whether anything waits for the result
 */
export function createPolling(
  { world, api, makeError }: PollingDeps,
  owner: Owner,
  isWanted: () => boolean,
  store: Store,
): Polling {
  const { go } = store;
  let polled: { readonly fileId: string; readonly end: number } | undefined;
  let pause: number;
  let version = 0;
  /** Cancels the wait for the next request: the timer, or nothing while a response is due. */
  let interrupt: (() => void) | undefined;
  let unsubscribe: (() => void) | undefined;

  const poll = async (): Promise<void> => {
    const mine = polled;
    if (!mine || interrupt || world.isHidden() || !isWanted()) return;
    interrupt = () => undefined;
    const headers = { 'if-none-match': `"${version}"` };
    let failure: UploadError | undefined;
    const upload = await api.call(`/uploads/${mine.fileId}`, { headers, ...owner }).catch((error: unknown) => {
      failure = error as UploadError;
    });
    if (polled !== mine) return;
    if (upload) {
      ({ version } = upload as StoredUpload);
      report(upload as StoredUpload, go, makeError);
    }
    if (world.now() > mine.end) failure = makeError('timeout');
    if (failure && !isTemporary(failure)) go('error', { error: failure });
    if (polled === mine) schedule(failure?.retryAfter);
  };

  const schedule = (retryAfter = 0) => {
    interrupt = world.setTimer(Math.max(pause, 1000 * retryAfter), () => {
      interrupt = undefined;
      void poll();
    });
    pause = Math.min(pause * GROWTH, MAX_PAUSE);
  };

  return {
    wake() {
      const { state, fileId } = store.snapshot;
      if (state !== 'processing' || !fileId) return;
      if (!polled) {
        polled = { fileId, end: world.now() + MAX_WAIT };
        pause = FIRST_PAUSE;
        unsubscribe = world.onVisible(poll);
        schedule();
      } else void poll();
    },
    stop() {
      polled = undefined;
      interrupt?.();
      interrupt = undefined;
      unsubscribe?.();
    },
  };
}

/** 404: VOD has not reported the file to the backend yet. */
function isTemporary({ isTransient, status }: UploadError): boolean {
  return isTransient === true || status === 404;
}

function report(upload: StoredUpload, go: Store['go'], makeError: MakeError): void {
  const { status, rejection } = upload;
  if (status !== 'deleted') go(status === 'uploaded' ? 'processing' : status, { upload });
  // The backend may delete what it rejects.
  else if (rejection) go('rejected', { upload });
  else go('error', { upload, error: makeError('deleted') });
}
