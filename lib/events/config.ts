import { optional, required, type Environment } from '../platform/env';
import { vodApiConfig } from '../vod/config';

export type WebhookConfig = ReturnType<typeof webhookConfig>;
export type PullConfig = ReturnType<typeof pullConfig>;

/**
 * The configuration of `vod-events`, read from its environment; the token or the SignKey parameter is set, or both.
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
 * The configuration of `pull-events`, read from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function pullConfig(env: Environment) {
  return { ...vodApiConfig(env), tableName: required(env, 'TABLE_NAME') };
}
