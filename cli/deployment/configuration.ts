import { optional, type Environment } from '../../lib/platform/env';
import { UsageError } from '../command';

/** The names of SSM parameters; a secret that the deployment does not use has none. */
export interface ParameterNames {
  readonly vodKey: string;
  /** The key pair for the server API, where that is not `vodKey`. */
  readonly vodApiKey: string | undefined;
  readonly sealKey: string;
  readonly callbackToken: string | undefined;
  readonly callbackSignKey: string | undefined;
  readonly notifySecret: string | undefined;
  readonly registered: string;
  readonly rotation: string;
}

/** What a deploy chose, as far as these commands need it. */
export interface Configuration {
  readonly stage: string;
  readonly mode: 'PUSH' | 'PULL';
  readonly vodSubAppId: number | undefined;
  readonly vodApiUrl: string;
  /** Where webhooks go; absent where none are sent. */
  readonly notifyUrl: string | undefined;
  readonly parameters: ParameterNames;
}

/**
 * The configuration in deploy parameters, with the deploy's defaults for the stage.
 *
 * @throws UsageError
 */
export function configurationOf(set: Environment, stage: string): Configuration {
  const prefix = `/vod-client-upload/${stage}`;
  const subAppId = optional(set, 'VOD_SUB_APP_ID');
  if (subAppId !== undefined && !/^\d+$/.test(subAppId)) {
    throw new UsageError('VOD_SUB_APP_ID must be digits, or empty');
  }
  const isPushed = optional(set, 'EVENT_MODE') !== 'pull';
  const notifyUrl = optional(set, 'NOTIFY_URL');
  const callbackToken = set['CALLBACK_TOKEN_PARAMETER'] ?? `${prefix}/callback-token`;
  return {
    stage,
    mode: isPushed ? 'PUSH' : 'PULL',
    vodSubAppId: subAppId === undefined ? undefined : Number(subAppId),
    vodApiUrl: optional(set, 'VOD_API_URL') ?? 'https://vod.tencentcloudapi.com',
    notifyUrl,
    parameters: {
      vodKey: set['VOD_KEY_PARAMETER'] ?? `${prefix}/vod-key`,
      vodApiKey: optional(set, 'VOD_API_KEY_PARAMETER'),
      sealKey: set['SEAL_KEY_PARAMETER'] ?? `${prefix}/seal-key`,
      // Pulled events pass no webhook.
      callbackToken: isPushed && callbackToken.trim() !== '' ? callbackToken : undefined,
      callbackSignKey: isPushed ? optional(set, 'CALLBACK_SIGN_KEY_PARAMETER') : undefined,
      notifySecret: notifyUrl === undefined ? undefined : (set['NOTIFY_SECRET_PARAMETER'] ?? `${prefix}/notify-secret`),
      registered: `${prefix}/registered`,
      rotation: `${prefix}/rotation`,
    },
  };
}
