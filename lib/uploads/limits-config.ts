import { list, optional, optionalInteger, type Environment } from '../platform/env';
import { omitUndefined } from '../platform/omit-undefined';
import type { Limits } from './limits';
import type { RejectAction } from './row';

/**
 * Reads the limits of the deployment.
 *
 * @throws Error that names the variable that is out of bounds
 */
export function limitsConfig(env: Environment): Limits {
  return omitUndefined({
    maxBytes: optionalInteger(env, 'MAX_BYTES', 1),
    maxSeconds: optionalInteger(env, 'MAX_SECONDS', 1),
    allowedCategories: list(env, 'ALLOWED_CATEGORIES'),
    uploadsPerDay: optionalInteger(env, 'UPLOADS_PER_DAY', 1),
    rejectAction: rejectAction(env),
  });
}

function rejectAction(env: Environment): RejectAction | undefined {
  const value = optional(env, 'REJECT_ACTION');
  if (value === undefined || value === 'keep') return undefined;
  if (value === 'forbid' || value === 'delete') return value;
  throw new Error('Cannot start: the environment variable REJECT_ACTION must be one of: keep, forbid, delete');
}
