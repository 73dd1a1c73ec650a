import { optional, required, type Environment } from '../platform/env';
import { limitsConfig } from '../uploads/limits-config';
import { vodApiConfig } from '../vod/config';

/**
 * The configuration of `upload-changed`, read from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function uploadChangedConfig(env: Environment) {
  return {
    ...verificationConfig(env),
    deadLettersUrl: required(env, 'VERIFICATION_DEAD_LETTERS_URL'),
    /** Absent where the app is not notified of changes. */
    notificationsUrl: optional(env, 'NOTIFICATIONS_QUEUE_URL'),
    /** Absent where limits have no action. */
    writeKeyParameter: optional(env, 'VOD_WRITE_KEY_PARAMETER'),
  };
}

/**
 * The configuration of `reconcile`, read from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function reconcileConfig(env: Environment) {
  return { ...verificationConfig(env), checkpointParameter: required(env, 'CHECKPOINT_PARAMETER') };
}

function verificationConfig(env: Environment) {
  return {
    ...vodApiConfig(env),
    tableName: required(env, 'TABLE_NAME'),
    limits: limitsConfig(env),
    queueUrl: required(env, 'VERIFICATION_QUEUE_URL'),
  };
}
