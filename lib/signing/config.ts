import { integer, list, optional, required, type Environment } from '../platform/env';
import { subAppId } from '../vod/config';
import { MAX_VALIDITY } from '../vod/schemas';
import type { Policy } from './policy';
import type { Rate } from './token-bucket';

/** With larger rates the token bucket's arithmetic would not stay exact for the lifetime of an instance. */
const MAX_RATE = 1_000_000;

export type SignerConfig = ReturnType<typeof signerConfig>;

/**
 * The configuration of `upload-signature`, read from its environment.
 *
 * The deploy validates all values (deploy/parameters.js); here only bounds that protect the service are checked again.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function signerConfig(env: Environment) {
  const validForMax = integer(env, 'VALID_FOR_MAX', 1, MAX_VALIDITY);
  const policy: Policy = {
    vodSubAppId: subAppId(env),
    oneTimeValid: required(env, 'ONE_TIME_VALID') === 'true',
    oneTimeValidFixed: required(env, 'ONE_TIME_VALID_FIXED') === 'true',
    validFor: integer(env, 'VALID_FOR', 1, validForMax),
    validForMax,
    procedures: list(env, 'PROCEDURES'),
    defaultProcedure: optional(env, 'DEFAULT_PROCEDURE'),
    classIds: list(env, 'CLASS_IDS').map(Number),
    storageRegions: list(env, 'STORAGE_REGIONS'),
  };
  const isLimited = optional(env, 'SIGN_RATE_PER_MINUTE') !== undefined;
  const rate: Rate | undefined = isLimited
    ? {
        perMinute: integer(env, 'SIGN_RATE_PER_MINUTE', 1, MAX_RATE),
        burst: integer(env, 'SIGN_RATE_BURST', 3, MAX_RATE),
      }
    : undefined;
  return {
    keyParameter: required(env, 'VOD_KEY_PARAMETER'),
    sealParameter: required(env, 'SEAL_KEY_PARAMETER'),
    policy,
    rate,
  };
}
