import { RequestError, tooManyRequestsError, unavailableError, type PropertyError } from '../platform/errors';
import { describe, type Log } from '../platform/log';
import type { Limits } from '../uploads/limits';
import { categoriesOf } from '../vod/file-types';
import type { SignatureRequest } from '../vod/schemas';
import type { SecondsToQuota } from './quota';

/**
 * Refuses a request for an upload that the deployment's limits will reject; `deadline` is in milliseconds since 1970.
 *
 * @throws RequestError `invalid-request`, `too-many-requests` or `unavailable`
 */
export type CheckLimits = (request: SignatureRequest, caller: string, deadline: number) => Promise<void>;

export interface CheckLimitsDeps {
  readonly limits: Limits;
  /** Absent without the limit `uploadsPerDay`. */
  readonly secondsToQuota?: SecondsToQuota;
  readonly log: Log;
}

/**
 * Checks limits that can be checked before the upload: the file name and size in the request, and the caller's quota. A
 * caller that omits or falsifies them gains nothing, because verification checks the file as VOD reports it.
 */
export function limitChecker({ limits, secondsToQuota, log }: CheckLimitsDeps): CheckLimits {
  return async (request, caller, deadline) => {
    const violations = violationsOf(request, limits);
    if (violations.length > 0) {
      throw new RequestError('invalid-request', 'Cannot sign upload: the limits of this service reject it', violations);
    }
    const seconds = await secondsToQuota?.(caller, deadline).catch((error: unknown) => {
      log({ level: 'error', outcome: 'read-failed', ...describe(error) });
      throw unavailableError('sign upload', 'the table');
    });
    if (!seconds) return;
    throw tooManyRequestsError(`the limit of ${limits.uploadsPerDay ?? 0} uploads in 24 hours is reached`, seconds);
  };
}

function violationsOf(
  { fileName, fileSize }: SignatureRequest,
  { maxBytes, allowedCategories = [] }: Limits,
): PropertyError[] {
  const errors: PropertyError[] = [];
  if (fileSize !== undefined && maxBytes !== undefined && fileSize > maxBytes) {
    errors.push({ path: '/fileSize', message: `must be at most ${maxBytes} bytes` });
  }
  if (fileName !== undefined && allowedCategories.length > 0) {
    const categories = categoriesOf(fileName);
    if (categories.length === 0) {
      errors.push({ path: '/fileName', message: 'must end with a file type that VOD accepts' });
    } else if (!categories.some((category) => allowedCategories.includes(category))) {
      errors.push({
        path: '/fileName',
        message: `must be a file of one of the categories: ${allowedCategories.join(', ')}`,
      });
    }
  }
  return errors;
}
