import { optionalInteger, required, type Environment } from '../platform/env';

/**
 * The configuration of a function that calls VOD's server API, read from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function vodApiConfig(env: Environment) {
  return {
    ...vodClientConfig(env),
    keyParameter: required(env, 'VOD_API_KEY_PARAMETER'),
    sealParameter: required(env, 'SEAL_KEY_PARAMETER'),
  };
}

/** Where VOD's server API is, and for which application. @throws Error that names the variable */
export function vodClientConfig(env: Environment) {
  return { url: required(env, 'VOD_API_URL'), subAppId: subAppId(env) };
}

/** VOD's application id; absent = the main application of an account older than 2023-12-25. */
export function subAppId(env: Environment): number | undefined {
  return optionalInteger(env, 'VOD_SUB_APP_ID', 0);
}
