import { required, type Environment } from '../platform/env';

/**
 * The configuration of `notify-app`, read from its environment.
 *
 * @throws Error that names the variable that is missing
 */
export function notifyConfig(env: Environment) {
  return {
    url: required(env, 'NOTIFY_URL'),
    secretParameter: required(env, 'NOTIFY_SECRET_PARAMETER'),
    queueUrl: required(env, 'NOTIFICATIONS_QUEUE_URL'),
    deadLetterQueueUrl: required(env, 'NOTIFICATIONS_DEAD_LETTERS_URL'),
  };
}

export type NotifyConfig = ReturnType<typeof notifyConfig>;
