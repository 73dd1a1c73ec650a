import type { UploadError } from './errors';

/** A file to upload: in a browser a `File`. */
export interface MediaFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly lastModified?: number;
}

/** The properties that `POST /upload-signature` accepts; docs/reference.md of the backend explains each. */
export interface SignatureOptions {
  readonly sourceContext?: string;
  readonly oneTimeValid?: boolean;
  /** Seconds. */
  readonly validFor?: number;
  readonly procedure?: string;
  readonly taskPriority?: number;
  readonly taskNotifyMode?: 'Finish' | 'Change' | 'None';
  readonly sessionContext?: string;
  readonly classId?: number;
  readonly storageRegion?: string;
}

export interface UploadOptions<File = MediaFile> extends SignatureOptions {
  /** An image that becomes the cover of the video. */
  readonly cover?: File | undefined;
}

/** An upload as the backend returns it; unknown properties are absent. */
export interface StoredUpload {
  readonly fileId: string;
  readonly status: 'uploaded' | 'processing' | 'ready' | 'failed' | 'held' | 'rejected' | 'deleted';
  /** Grows with every change. */
  readonly version: number;
  readonly name?: string;
  readonly type?: string;
  readonly category?: string;
  /** Bytes. */
  readonly size?: number;
  /** Seconds. */
  readonly duration?: number;
  readonly width?: number;
  readonly height?: number;
  readonly coverUrl?: string;
  readonly url?: string;
  readonly outputs?: readonly { readonly type: string; readonly definition?: number; readonly url?: string }[];
  readonly sourceContext?: string;
  readonly review?: { readonly suggestion: string; readonly label?: string };
  readonly rejection?: { readonly reason: string; readonly detail?: string };
  readonly createTime?: string;
  readonly updatedAt?: string;
}

/** A signed URL, and the parameters of Tencent's player. */
export interface Playback {
  readonly appId: number;
  readonly fileId: string;
  readonly psign?: string;
  readonly url?: string;
  /** Unix seconds. */
  readonly expireTime: number;
}

export interface ListOptions {
  readonly limit?: number;
  readonly cursor?: string | undefined;
  readonly sourceContext?: string;
}

export interface UploadPage {
  readonly uploads: readonly StoredUpload[];
  /** Of the next page; absent on the last one. */
  readonly cursor?: string;
}

/**
 * - `waiting`: for its turn, see `parallel`
 * - `preparing`: gets a signature and looks up which parts VOD already has
 * - `uploading`, `paused`
 * - `finishing`: all parts are sent, VOD makes a file of them
 * - `processing`: VOD has the file; the backend has not reported its final status
 * - `ready`, `failed`, `held`, `rejected`: the backend's final status
 * - `cancelled`, `error`: see `error` of the snapshot
 */
export type UploadState =
  | 'waiting'
  | 'preparing'
  | 'uploading'
  | 'paused'
  | 'finishing'
  | 'processing'
  | 'ready'
  | 'failed'
  | 'held'
  | 'rejected'
  | 'cancelled'
  | 'error';

/** An immutable view of an upload. Every change makes a new one. */
export interface Snapshot {
  readonly state: UploadState;
  /** Bytes of the file that VOD has or that are on their way. */
  readonly loaded: number;
  /** Bytes of the file. */
  readonly total: number;
  /** Bytes per second over the last seconds, while known. */
  readonly speed?: number | undefined;
  /** Seconds until all parts are sent, while known. */
  readonly remaining?: number | undefined;
  /** Present as soon as VOD has the file. */
  readonly fileId?: string;
  /** The upload as the backend last returned it. */
  readonly upload?: StoredUpload;
  /** Present in the states `error` and `cancelled`. */
  readonly error?: UploadError | undefined;
}

export interface Upload {
  /** Unique in this page: the key of a list's item. */
  readonly id: number;
  readonly file: MediaFile;
  readonly snapshot: Snapshot;
  /**
   * Calls `listener` with each new snapshot, never after `cancel()` has returned.
   * @returns a function that ends it
   */
  readonly subscribe: (listener: (snapshot: Snapshot) => void) => () => void;
  /** Stops sending and keeps the parts that VOD has. Without effect once all parts are sent. */
  readonly pause: () => void;
  /** Sends the missing parts of a paused upload. */
  readonly resume: () => void;
  /** Ends the upload for good. A file that VOD already has stays: see `Uploads.delete`. */
  readonly cancel: () => void;
  /** After an error: resumes where the upload or the wait for its status stopped. */
  readonly retry: () => void;
  /** VOD has the file. Rejects with an UploadError, after `cancel()` with one named `AbortError`. New after `retry()`. */
  readonly uploaded: Promise<{ readonly fileId: string }>;
  /** The backend reported the final status. Rejects as `uploaded` does, and with code `timeout` after 24 hours. */
  readonly settled: Promise<StoredUpload>;
}

export interface Uploads<File = MediaFile> {
  /** Adds a file to the queue. */
  readonly upload: (file: File, options?: UploadOptions<File>) => Upload;
  /** One page of the user's confirmed uploads, newest first. */
  readonly list: (options?: ListOptions) => Promise<UploadPage>;
  readonly get: (fileId: string) => Promise<StoredUpload>;
  /** Requests the deletion, where the backend allows it; the status becomes `deleted` seconds later. */
  readonly delete: (fileId: string) => Promise<StoredUpload>;
  /** Where the backend has a playback key; only for an upload that is `ready`. */
  readonly playback: (fileId: string) => Promise<Playback>;
}

/** The user's JWT, or a function that returns it; `refresh` is true after the backend refused the last one. */
export type Token = string | ((options: { readonly refresh: boolean }) => string | Promise<string>);
