import type { ErrorObject } from 'ajv';

export type ErrorCode =
  'invalid-request' | 'unauthorized' | 'forbidden' | 'too-large' | 'too-many-requests' | 'unavailable';

/** What is wrong with one member of a message: `path` is a JSON pointer into it. */
export interface MemberError {
  readonly path: string;
  readonly message: string;
}

/**
 * A refusal that the caller can act on. Its message and errors go to the caller as they are,
 * so they never quote a secret or a value that the caller sent.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly errors: readonly MemberError[] = [],
    /** Of the answer, beside those that every answer has; names in lower case. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** How many errors an answer lists: a hostile body can have one for each of its bytes. */
const MAX_ERRORS = 20;

/** What a generated validator complains of, for the answer; `at` is where the validated value stands in the body. */
export function schemaErrors(errors: readonly ErrorObject[] | null | undefined, at = ''): MemberError[] {
  return (errors ?? []).slice(0, MAX_ERRORS).map(({ keyword, instancePath, message = 'does not fit', params }) => {
    if (keyword !== 'additionalProperties') return { path: at + instancePath, message };
    const name = String(params['additionalProperty'])
      .slice(0, 64)
      .replaceAll('~', '~0')
      .replaceAll('/', '~1')
      .toWellFormed();
    return { path: `${at}${instancePath}/${name}`, message: 'must not be present: unknown property' };
  });
}
