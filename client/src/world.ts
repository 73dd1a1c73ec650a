import type { MakeError } from './errors';
import type { MediaFile } from './types';

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The parsed body, `undefined` if it is not JSON. */
  readonly body: unknown;
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | null | undefined;
}

/** Everything that the client needs of the place where it runs: a browser, a mini program, a test. */
export interface World {
  /** Rejects with a TypeError when there is no response. */
  readonly request: (url: string, request: HttpRequest) => Promise<HttpResponse>;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
  /** @returns a function that cancels the timer */
  readonly setTimer: (milliseconds: number, callback: () => unknown) => () => void;
  /** Returns the sessions that `save` stored last, also in an earlier page. */
  readonly load: () => StoredSessions;
  readonly save: (sessions: StoredSessions) => void;
  readonly isHidden: () => boolean;
  /** Calls `callback` whenever the page becomes visible. @returns a function that ends it */
  readonly onVisible: (callback: () => unknown) => () => void;
  /** Decodes standard Base64 into a string of bytes. */
  readonly decodeBase64: (text: string) => string;
}

/** A VOD upload session: with it an interrupted upload resumes, within a day. */
export interface VodSession {
  readonly key: string;
  /** All parts are sent; only Commit is missing. */
  readonly isComplete?: boolean;
}

/** By name; `time` is that of the last change, in milliseconds. */
export type StoredSessions = Readonly<Record<string, VodSession & { readonly time: number }>>;

/** One attempt to send a file. */
export interface TransferJob {
  readonly file: MediaFile;
  readonly cover: MediaFile | undefined;
  readonly readSession: () => VodSession | undefined;
  /** VOD opened a session, or, without one, does not know the one it was given. */
  readonly writeSession: (session?: VodSession) => void;
  /** For each call that needs a signature. */
  readonly getSignature: () => Promise<string>;
  /** VOD refused a signature: the next must be another one. */
  readonly dropSignature: () => void;
  readonly onProgress: (loaded: number) => void;
  /** All parts are sent. */
  readonly onSent: () => void;
  readonly onCommitted: (fileId: string) => void;
  readonly onFailed: (error: unknown) => void;
  readonly makeError: MakeError;
}

/**
 * Begins to send a file with the vendor's SDK.
 *
 * @returns a function that stops it and keeps the parts in VOD; afterwards no callback of the job is called
 */
export type StartTransfer = (job: TransferJob) => () => void;
