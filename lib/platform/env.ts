import type { Policy } from '../signing/policy';
import type { Rate } from '../signing/token-bucket';
import { MAX_VALIDITY } from '../vod/schemas';

/** Keeps the arithmetic of lib/rate.ts exact for as long as an instance may live. */
const MAX_RATE = 1_000_000;

export type Environment = Readonly<Record<string, string | undefined>>;

export type SignerConfig = ReturnType<typeof signerConfig>;
export type WebhookConfig = ReturnType<typeof webhookConfig>;
export type PullConfig = ReturnType<typeof pullConfig>;

/**
 * What `upload-signature` reads from its environment.
 *
 * The values were checked when they were deployed (deploy/parameters.js); here what would harm is.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function signerConfig(env: Environment) {
  const validForMax = integer(env, 'VALID_FOR_MAX', 1, MAX_VALIDITY);
  const policy: Policy = {
    vodSubAppId: subApp(env),
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
  const [keyParameter, sealParameter] = [required(env, 'VOD_KEY_PARAMETER'), required(env, 'SEAL_KEY_PARAMETER')];
  return { keyParameter, sealParameter, policy, rate };
}

/**
 * What `vod-events` reads from its environment; at least one of the two parameters that authenticate is there.
 *
 * @throws Error that names the variable that is missing
 */
export function webhookConfig(env: Environment) {
  const tokenParameter = optional(env, 'CALLBACK_TOKEN_PARAMETER');
  const signKeyParameter = optional(env, 'CALLBACK_SIGN_KEY_PARAMETER');
  if (tokenParameter === undefined && signKeyParameter === undefined) {
    throw new Error('Cannot start: CALLBACK_TOKEN_PARAMETER or CALLBACK_SIGN_KEY_PARAMETER must name an SSM parameter');
  }
  const sealParameter = required(env, 'SEAL_KEY_PARAMETER');
  return { tableName: required(env, 'TABLE_NAME'), sealParameter, tokenParameter, signKeyParameter };
}

/**
 * What `pull-events` reads from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function pullConfig(env: Environment) {
  return {
    tableName: required(env, 'TABLE_NAME'),
    sealParameter: required(env, 'SEAL_KEY_PARAMETER'),
    keyParameter: required(env, 'VOD_API_KEY_PARAMETER'),
    url: required(env, 'VOD_API_URL'),
    subAppId: subApp(env),
  };
}

/**
 * What `reconcile` reads from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function reconcileConfig(env: Environment) {
  return { ...pullConfig(env), checkpointParameter: required(env, 'CHECKPOINT_PARAMETER') };
}

function subApp(env: Environment): number | undefined {
  return optional(env, 'VOD_SUB_APP_ID') === undefined ? undefined : integer(env, 'VOD_SUB_APP_ID', 0);
}

/** A variable's value; an empty one is as good as none. */
export function optional(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function required(env: Environment, name: string): string {
  const value = optional(env, name);
  if (value === undefined) throw new Error(`Cannot start: the environment variable ${name} is missing or empty`);
  return value;
}

function integer(env: Environment, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(required(env, name));
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new Error(`Cannot start: the environment variable ${name} must be an integer from ${min} to ${max}`);
}

function list(env: Environment, name: string): string[] {
  return (env[name] ?? '').split(',').flatMap((item) => item.trim() || []);
}
