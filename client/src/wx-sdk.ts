import type { UploadError } from './errors';
import type { MediaFile } from './types';
import type { StartTransfer, TransferJob } from './world';

/** A file as `wx.chooseMedia` returns it. */
export interface MiniProgramFile {
  readonly tempFilePath: string;
  /** Bytes. */
  readonly size: number;
  /** The title of the video, with its extension; default: the name of the temporary file. */
  readonly name?: string;
}

/** The part of the vendor's `Uploader` that is used here, as in 1.1.2. */
interface Uploader {
  signature: string;
  vodSessionKey: string;
  getStorage: () => string;
  setStorage: (name: string, value: string) => void;
  delStorage: () => void;
  commitUpload: () => void;
  readonly cos?: { readonly cancelTask: (taskId: string) => void };
  readonly taskId: string;
}

interface StartOptions {
  readonly chunkParallelLimit?: number;
  readonly progressInterval?: number;
  readonly mediaFile: object;
  readonly getSignature: (callback: (signature: string) => void) => void;
  readonly progress: (progress: { readonly loaded: number }) => void;
  readonly finish: (result: { readonly fileId: string }) => void;
  readonly error: (error: SdkError) => void;
}

export interface VodWxSdk {
  readonly start: (options: StartOptions) => unknown;
}

/** VOD's refusal, a request without a response, or what the storage returned. */
interface SdkError {
  readonly data?: { readonly code: number; readonly message: string };
  readonly errMsg?: string;
  readonly code?: string | number;
  readonly message?: string;
}

/**
 * Sends with `vod-wx-sdk-v2`. It takes one signature for Apply, and sends the same one in Commit. Its sessions go by the
 * name of the temporary file; here they are kept by user, as in a browser.
 */
export function sendWithWxSdk(sdk: VodWxSdk, options?: object): StartTransfer {
  return (job) => {
    let isStopped = false;
    const stop = () => {
      isStopped = true;
      uploader?.cos?.cancelTask(uploader.taskId);
    };
    const guard: Guard = (listener) => (value) => {
      if (isStopped) stop();
      else listener(value);
    };
    const uploader = startUploader(sdk, options, job, guard);
    return stop;
  };
}

/** Calls `listener` unless the attempt was stopped; then stops it once more. */
type Guard = <Value>(listener: (value: Value) => void) => (value: Value) => void;

function startUploader(
  sdk: VodWxSdk,
  options: object | undefined,
  job: TransferJob,
  guard: Guard,
): Uploader | undefined {
  const session = job.readSession();
  let hasApplied = false;
  const onFailed = guard((error: unknown) => {
    job.onFailed(error);
  });
  const getSignature = (callback: (signature: string) => void) => {
    guard(() => void job.getSignature().then(guard(callback), onFailed))(undefined);
  };
  const started = sdk.start({
    chunkParallelLimit: 2,
    progressInterval: 250,
    ...options,
    ...nameFiles(job),
    // Called in here for the first time. An uploader that shall only commit gets no signature, and does nothing more.
    getSignature: session?.isComplete ? () => undefined : getSignature,
    progress: guard(({ loaded }: { readonly loaded: number }) => {
      if (loaded) job.onProgress(loaded);
    }),
    finish: guard(({ fileId }: { readonly fileId: string }) => {
      job.onCommitted(fileId);
    }),
    error: guard((error: SdkError) => {
      job.onFailed(toError(error, job, session !== undefined && !hasApplied));
    }),
  });
  // Without one, the SDK has called `error`: it refused the options.
  if (!started) return undefined;
  const uploader = started as Uploader;
  const commit = uploader.commitUpload.bind(uploader);
  uploader.getStorage = () => session?.key ?? '';
  uploader.setStorage = (_, key) => {
    hasApplied = true;
    job.writeSession({ key });
  };
  uploader.delStorage = () => undefined;
  uploader.commitUpload = guard(() => {
    job.onSent();
    commit();
  }) as () => void;
  if (session?.isComplete) {
    uploader.vodSessionKey = session.key;
    getSignature((signature) => {
      uploader.signature = signature;
      uploader.commitUpload();
    });
  }
  return uploader;
}

function nameFiles({ file, cover }: TransferJob): { readonly mediaFile: object; readonly mediaName: string } {
  const { tempFilePath, size } = file as MediaFile & MiniProgramFile;
  const image = cover as (MediaFile & MiniProgramFile) | undefined;
  return {
    mediaFile: { tempFilePath, size },
    mediaName: file.name.replace(/\.[^.]*$/, ''),
    ...(image && { coverFile: { tempFilePaths: [image.tempFilePath], tempFiles: [{ size: image.size }] } }),
  };
}

/** @param isStoredSession whether VOD has not accepted the session, which is of an earlier attempt: the next one has none */
function toError({ data, code, message, errMsg }: SdkError, job: TransferJob, isStoredSession: boolean): UploadError {
  const { makeError, writeSession, dropSignature } = job;
  if (data) {
    const details = { vodCode: data.code, detail: data.message };
    if (data.code === 10004 || data.code === 10010) {
      // One signature served the whole upload and may have expired on the way: the next attempt has a fresh one.
      dropSignature();
      return makeError('signature', { ...details, isTransient: job.readSession()?.isComplete === true });
    }
    writeSession();
    return makeError('refused', { ...details, isTransient: isStoredSession });
  }
  const detail = message ?? errMsg;
  if (code === undefined || code === -2) return makeError('network', { detail, isTransient: true });
  if (code === -1) return makeError('file', { detail });
  if (code === 'NoSuchUpload' || code === 404) writeSession();
  return makeError('storage', { detail: `${code}: ${detail ?? ''}`, isTransient: true });
}
