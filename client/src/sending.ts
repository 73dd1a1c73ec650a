import { createAttempts } from './attempts';
import { createCredentials, type CredentialsDeps, type Media, type Owner } from './credentials';
import { createMeter } from './meter';
import type { SessionSlot } from './session';
import type { Signer } from './signature';
import type { Store } from './store';
import type { StartTransfer, TransferJob } from './world';

/** An attempt has failed after this time without progress, in milliseconds. */
const STALL = 60_000;
/** How fast a slow device compares a file with the parts that VOD has, in bytes per millisecond. */
const COMPARED_PER_MS = 5000;

export interface SendingDeps extends CredentialsDeps {
  readonly startTransfer: StartTransfer;
}

/** Sends one file: attempt after attempt, each with the parts that are missing. */
export interface Sending {
  readonly start: () => void;
  /** Stops and keeps the session for this upload. */
  readonly pause: () => void;
  /** Stops; whichever upload of the file comes next resumes the session, unless it is forgotten. */
  readonly end: (isForgotten: boolean) => void;
}

export function createSending(deps: SendingDeps, media: Media, owner: Owner, go: Store['go']): Sending {
  const { world, makeError } = deps;
  const { file, cover } = media;
  const total = file.size;
  const credentials = createCredentials(deps, media, owner);

  const makeJob = (opened: SessionSlot & Signer): TransferJob => {
    const measure = createMeter(total);
    return {
      ...opened,
      file,
      cover,
      makeError,
      onProgress(loaded) {
        attempts.expect(STALL, loaded);
        go('uploading', { loaded, ...measure(world.now(), loaded) });
      },
      onSent() {
        attempts.expect(STALL);
        const session = opened.readSession();
        if (session) opened.writeSession({ ...session, isComplete: true });
        go('finishing', { loaded: total });
      },
      onCommitted(fileId) {
        go('processing', { loaded: total, fileId });
      },
      onFailed: attempts.fail,
    };
  };

  const run = () => {
    let stop: (() => void) | undefined = () => undefined;
    attempts.expect(STALL + total / COMPARED_PER_MS);
    credentials.checkUser().then(
      () => {
        if (stop) stop = deps.startTransfer(makeJob(credentials.open()));
      },
      (error: unknown) => {
        if (stop) attempts.fail(error);
      },
    );
    return () => {
      stop?.();
      stop = undefined;
    };
  };

  const attempts = createAttempts(world, makeError, run, (error) => {
    go('error', { error });
  });
  return {
    start: attempts.start,
    pause: attempts.stop,
    end(isForgotten) {
      attempts.stop();
      credentials.close(isForgotten);
    },
  };
}
