import { optional, required, type Environment } from '../platform/env';
import { vodClientConfig } from '../vod/config';

/**
 * The configuration of `uploads`, read from its environment.
 *
 * @throws Error that names the variable that is missing
 */
export function readUploadsConfig(env: Environment) {
  return { tableName: required(env, 'TABLE_NAME'), showsUrls: optional(env, 'URL_KEY_PARAMETER') === undefined };
}

/**
 * The configuration of `delete-upload`, read from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function deleteUploadConfig(env: Environment) {
  return {
    ...readUploadsConfig(env),
    ...vodClientConfig(env),
    keyParameter: required(env, 'VOD_WRITE_KEY_PARAMETER'),
  };
}
