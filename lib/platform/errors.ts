import type { ErrorObject } from 'ajv';

export type ErrorCode =
  | 'invalid-request'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'too-many-requests'
  | 'unavailable';

/** A violation in one property of a message. `path` is a JSON pointer into the message. */
export interface PropertyError {
  readonly path: string;
  readonly message: string;
}

/**
 * A refusal that the caller can act on. Its message and errors go to the caller as they are,
 * so they never contain a secret or a value that the caller sent.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly errors: readonly PropertyError[] = [],
    /** Additional headers of the response; names in lower case. */
    readonly headers: Readonly<Record<string, string>> = {},
    /** Fields of the refusal's log line in addition to code and status: never content of the request. */
    readonly logFields: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** A failure of the service, with fields of its log line in addition to the reason: never content of the request. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    message: string,
    readonly logFields: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

/** `Retry-After` while a part of the service does not respond, in seconds. */
const RETRY_AFTER = 2;

/**
 * @param action for the message, for example "sign upload"
 * @param part of the service that does not respond, for example "the table"
 */
export function unavailableError(action: string, part: string): RequestError {
  const detail = `Cannot ${action}: ${part} does not respond, retry in ${RETRY_AFTER} s`;
  return new RequestError('unavailable', detail, [], { 'retry-after': String(RETRY_AFTER) });
}

/**
 * @param reason for the message, for example "rate limit exceeded"
 * @param seconds until a request may succeed
 */
export function tooManyRequestsError(reason: string, seconds: number): RequestError {
  const detail = `Cannot sign upload: ${reason}, retry in ${seconds} s`;
  return new RequestError('too-many-requests', detail, [], { 'retry-after': String(seconds) });
}

/** How many errors a response lists: a hostile body can have one for each of its bytes. */
const MAX_ERRORS = 20;

/** The first 20 violations that a generated validator found; `prefix` is the JSON pointer of the validated value in the body. */
export function schemaErrors(errors: readonly ErrorObject[] | null | undefined, prefix = ''): PropertyError[] {
  return (errors ?? []).slice(0, MAX_ERRORS).map(({ keyword, instancePath, message = 'is not valid', params }) => {
    if (keyword !== 'additionalProperties') return { path: prefix + instancePath, message };
    const name = String(params['additionalProperty'])
      .slice(0, 64)
      .replaceAll('~', '~0')
      .replaceAll('/', '~1')
      .toWellFormed();
    return { path: `${prefix}${instancePath}/${name}`, message: 'must not be present: unknown property' };
  });
}
