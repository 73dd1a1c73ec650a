import { defaultsOf } from '../deploy/parameter-list';
import type { Secrets } from './secrets';
import { APP_ID } from './vod/state';

export const AUDIENCE = 'local-app';

const NAME = {
  key: '/local/vod-key',
  seal: '/local/seal-key',
  token: '/local/callback-token',
  sign: '/local/sign-key',
  notify: '/local/notify-secret',
  writeKey: '/local/vod-write-key',
  playerKey: '/local/player-key',
  urlKey: '/local/url-key',
};

/** Deploy parameters that set limits on uploads. */
export const LIMIT_PARAMETERS = [
  'MAX_BYTES',
  'MAX_SECONDS',
  'ALLOWED_CATEGORIES',
  'UPLOADS_PER_DAY',
  'REJECT_ACTION',
] as const;

/** A deploy's optional features, as the local run has them. */
export interface LocalFeatures {
  /** '' = no webhooks are sent, the default. */
  readonly notifyUrl?: string;
  /** Default: true. */
  readonly playback?: boolean;
  /** Default: true. */
  readonly allowDelete?: boolean;
  /** Default: none. */
  readonly limits?: Readonly<Partial<Record<(typeof LIMIT_PARAMETERS)[number], string>>>;
}

/**
 * The deploy parameters of the local run. All of them are given, the defaults of deploy/parameter-list.js too, so that a
 * developer's .env, which is about AWS, changes nothing here.
 */
export function deployParameters(
  url: string,
  vodUrl: string,
  secrets: Secrets,
  { notifyUrl = '', playback = true, allowDelete = true, limits = {} }: LocalFeatures = {},
): Record<string, string> {
  return {
    ...defaultsOf('local'),
    JWT_ISSUER: `${url}/local/issuer`,
    JWT_AUDIENCE: AUDIENCE,
    CORS_ORIGINS: url,
    VOD_API_URL: vodUrl,
    PROCEDURES: 'LongVideoPreset,FailingPreset,BlockingPreset,ReviewPreset',
    NOTIFY_URL: notifyUrl,
    ALLOW_DELETE: String(allowDelete),
    PLAYBACK_APP_ID: String(APP_ID),
    ...limits,
    VOD_KEY_PARAMETER: NAME.key,
    SEAL_KEY_PARAMETER: NAME.seal,
    CALLBACK_TOKEN_PARAMETER: secrets.callbackToken && NAME.token,
    CALLBACK_SIGN_KEY_PARAMETER: secrets.callbackSignKey && NAME.sign,
    NOTIFY_SECRET_PARAMETER: NAME.notify,
    VOD_WRITE_KEY_PARAMETER: NAME.writeKey,
    PLAYER_KEY_PARAMETER: playback ? NAME.playerKey : '',
    URL_KEY_PARAMETER: playback ? NAME.urlKey : '',
  };
}

/** The parameter store's content, under the names that {@link deployParameters} returns. */
export function storedParameters(secrets: Secrets): [string, string][] {
  const {
    vodSecretId: secretId,
    vodSecretKey: secretKey,
    sealKey,
    notifySecret,
    callbackToken,
    callbackSignKey,
    playerKey,
    urlKey,
  } = secrets;
  return [
    [NAME.key, JSON.stringify({ secretId, secretKey })],
    [NAME.writeKey, JSON.stringify({ secretId, secretKey })],
    [NAME.playerKey, playerKey],
    [NAME.urlKey, urlKey],
    [NAME.seal, sealKey],
    [NAME.notify, notifySecret],
    ...(callbackToken ? ([[NAME.token, callbackToken]] as [string, string][]) : []),
    ...(callbackSignKey ? ([[NAME.sign, callbackSignKey]] as [string, string][]) : []),
  ];
}

/** Where VOD sends its events, with the first of the callback tokens. */
export function callbackUrl(url: string, { callbackToken }: Secrets): string {
  const [token = ''] = callbackToken.split(',');
  return `${url}/vod-events${token && `?token=${encodeURIComponent(token.trim())}`}`;
}
