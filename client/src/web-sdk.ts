import { getMessage, type UploadError } from './errors';
import type { StartTransfer, TransferJob } from './world';

/** The part of the vendor's `Uploader` that is used here, as in 1.7.0 and 1.8.0. */
interface Uploader {
  sessionName: string;
  vodSessionKey: string;
  /** Absent until Apply has responded: `cancel` throws without it. */
  readonly cos?: object;
  readonly cancel: () => void;
  readonly on: (event: string, listener: (event: never) => void) => void;
  readonly done: () => Promise<{ readonly fileId: string }>;
  readonly commitUploadUGC: () => Promise<{ readonly fileId: string }>;
}

interface Report {
  readonly err?: SdkError | null;
  readonly data?: object;
}

interface SdkError {
  readonly code?: number | string;
  readonly statusCode?: number;
  readonly message?: string;
}

export type TcVod = new (options: object) => { readonly upload: (options: object) => Uploader };

/** The SDK's code for "no response". */
const NO_RESPONSE = 500;

/**
 * Sends with `vod-js-sdk-v6`. Each attempt has an uploader of its own, because of undocumented behaviour of the SDK:
 *
 * - `done()` of a cancelled upload never settles, progress follows a pause, and `cancel()` throws before Apply has
 *   responded: after `stop` nothing of an attempt counts, and each sign of life of it cancels it again;
 * - its own sessions go by the file's name and size, so that two users of a browser share them, and it forgets them
 *   over any failure: they are kept here instead.
 *
 * @param load gets the SDK's class
 * @param options of the SDK, such as `chunkSize` or `allowReport`
 */
export function sendWithWebSdk(load: () => Promise<TcVod>, options?: object): StartTransfer {
  return (job) => {
    let isStopped = false;
    let uploader: Uploader | undefined;
    const stop = () => {
      isStopped = true;
      if (uploader?.cos) uploader.cancel();
    };
    const guard: Guard = (listener) => (value) => {
      if (isStopped) stop();
      else listener(value);
    };
    let code: 'sdk' | 'file' = 'sdk';
    const begin = guard((Sdk: TcVod) => {
      code = 'file';
      uploader = startUploader(Sdk, options, job, guard);
    });
    const fail = guard((cause) => {
      job.onFailed(job.makeError(code, { detail: getMessage(cause), cause }));
    });
    load().then(begin).catch(fail);
    return stop;
  };
}

/** Calls `listener` unless the attempt was stopped; then stops it once more. */
type Guard = <Value>(listener: (value: Value) => void) => (value: Value) => void;

function startUploader(Sdk: TcVod, options: object | undefined, job: TransferJob, guard: Guard): Uploader {
  const { file, cover } = job;
  const session = job.readSession();
  const isCommitOnly = session?.isComplete;
  let isHeldBack = isCommitOnly;
  // Reported at once: when the SDK renews its credentials in the middle, it ignores the failure and waits forever.
  const onFailed = guard(job.onFailed);
  const getSignature = () =>
    new Promise<string>((resolve, reject) => {
      if (isHeldBack) reject(new Error());
      // A promise that never settles: the SDK does nothing more for an attempt that was stopped.
      else guard(() => void job.getSignature().then(guard(resolve), onFailed))(undefined);
    });
  // The first call of getSignature happens in here: an uploader that shall only commit gets no further.
  const uploader = new Sdk({ ...options, getSignature, enableResume: false }).upload({
    // A browser opens six connections to a host, and the uploads share them. With few parts on their way, a pause loses little.
    chunkParallelLimit: 2,
    progressInterval: 250,
    ...options,
    mediaFile: file,
    ...(cover && { coverFile: cover }),
  });
  isHeldBack = false;
  uploader.sessionName = ''; // under this name the SDK would store the session
  uploader.vodSessionKey = session?.key ?? '';
  listen(uploader, job, guard);
  const upload = uploader.done();
  (isCommitOnly ? upload.catch(() => uploader.commitUploadUGC()) : upload).then(
    guard(({ fileId }) => {
      job.onCommitted(fileId);
    }),
    guard((error: SdkError) => {
      job.onFailed(toError(error, job));
    }),
  );
  if (isCommitOnly) job.onSent();
  return uploader;
}

function listen(uploader: Uploader, job: TransferJob, guard: Guard): void {
  let unsent = job.cover ? 2 : 1;
  let hasApplied = job.readSession()?.isComplete;
  const onUploaded = guard(() => {
    unsent -= 1;
    if (!unsent) job.onSent();
  });
  const onReport = guard(({ err, data }: Report) => {
    if (data) {
      hasApplied = true;
      job.writeSession({ key: uploader.vodSessionKey });
    } else if (isSignatureRefused(err)) job.dropSignature();
    else if (err?.code !== NO_RESPONSE && !hasApplied) {
      // The session is unknown or too old: the SDK tries again, now without it.
      uploader.vodSessionKey = '';
      job.writeSession();
    }
  });
  const onProgress = guard(({ loaded }: { loaded: number }) => {
    // 0: the SDK still compares the file with the parts that the storage has.
    if (loaded) job.onProgress(loaded);
  });
  uploader.on('report_apply', onReport);
  uploader.on('report_commit', onReport);
  uploader.on('media_progress', onProgress);
  uploader.on('media_upload', onUploaded);
  uploader.on('cover_upload', onUploaded);
}

/** VOD's codes for a wrong or used signature and for an expired one. */
function isSignatureRefused(error: SdkError | null | undefined): boolean {
  return error?.code === 10004 || error?.code === 10010;
}

/** Storage errors have an HTTP status, VOD's a numeric code; everything else happens without a connection and stays. */
function toError(cause: SdkError, { makeError, writeSession }: TransferJob): UploadError | SdkError {
  const { code, statusCode = 0, message: detail } = cause;
  if (statusCode >= 400) {
    // 404: another upload has completed or aborted this one. The next attempt begins anew.
    if (statusCode === 404) writeSession();
    return makeError('storage', { status: statusCode, detail, isTransient: true, cause });
  }
  if (typeof code !== 'number' || code === NO_RESPONSE) return cause;
  const isSignature = isSignatureRefused(cause);
  if (!isSignature) writeSession();
  return makeError(isSignature ? 'signature' : 'refused', { vodCode: code, detail, cause });
}
