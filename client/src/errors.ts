/** Machine-readable kind of an {@link UploadError}. */
export type ErrorCode =
  | 'cancelled'
  | 'network'
  | 'timeout'
  | 'token'
  | 'user-changed'
  | 'unauthorized'
  | 'forbidden'
  | 'invalid-request'
  | 'too-large'
  | 'not-found'
  | 'conflict'
  | 'too-many-requests'
  | 'unavailable'
  | 'sdk'
  | 'file'
  | 'signature'
  | 'refused'
  | 'storage'
  | 'deleted';

interface FieldError {
  readonly path: string;
  readonly message: string;
}

interface ErrorFacts {
  /** Of the HTTP response. */
  readonly status?: number;
  /** Seconds until a retry makes sense. */
  readonly retryAfter?: number | undefined;
  /** Of VOD's response, such as 10004. */
  readonly vodCode?: number;
  /** The client retries by itself a few times. */
  readonly isTransient?: boolean;
}

export interface ErrorDetails extends ErrorFacts {
  /** More about this case, from the backend, VOD or the browser. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
  readonly errors?: readonly FieldError[] | undefined;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- the constructor assigns all of ErrorFacts
export interface UploadError extends ErrorFacts {
  readonly code: ErrorCode;
  /** The remedy, in the language of `message`. */
  readonly advice: string;
  /** From the backend: which property is wrong. */
  readonly errors: readonly FieldError[];
}

/** The error of every promise and snapshot. `message` describes the failure, `advice` the remedy. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- see above
export class UploadError extends Error {
  constructor(code: ErrorCode, [message, advice]: readonly [string, string], details: ErrorDetails) {
    const { detail, errors = [], ...facts } = details;
    const fields = errors.map((error) => `${error.path}: ${error.message}`);
    super([message, detail, ...fields].filter(Boolean).join(': '));
    const name = code === 'cancelled' ? 'AbortError' : 'UploadError';
    Object.assign(this, { name, code, advice, errors, ...facts });
  }
}

export type MakeError = (code: ErrorCode, details?: ErrorDetails) => UploadError;

/** The text of anything that was thrown. */
export function getMessage(error: unknown): string {
  return (error as Partial<Error> | undefined)?.message ?? String(error);
}
