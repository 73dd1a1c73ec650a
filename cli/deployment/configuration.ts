import { optional, type Environment } from '../../lib/platform/env';
import type { PlaybackContent } from '../../lib/playback/playback';
import { AUDIO_VIDEO_TYPES } from '../../lib/playback/psign';
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
  /** 播放密钥. */
  readonly playerKey: string | undefined;
  /** The key of Key hotlink protection (Key 防盗链). */
  readonly urlKey: string | undefined;
  /** The key pair that deletes and forbids files at VOD. */
  readonly writeKey: string | undefined;
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
  readonly playback: PlaybackSettings;
  readonly parameters: ParameterNames;
}

export interface PlaybackSettings {
  /** VOD's application id; absent for the account's main application, whose id is not known here. */
  readonly appId: number | undefined;
  readonly content: PlaybackContent;
  /** Lifetime of a playback. */
  readonly seconds: number;
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
  const vodSubAppId = subAppId === undefined ? undefined : Number(subAppId);
  const isPushed = optional(set, 'EVENT_MODE') !== 'pull';
  const notifyUrl = optional(set, 'NOTIFY_URL');
  const callbackToken = set['CALLBACK_TOKEN_PARAMETER'] ?? `${prefix}/callback-token`;
  return {
    stage,
    mode: isPushed ? 'PUSH' : 'PULL',
    vodSubAppId,
    vodApiUrl: optional(set, 'VOD_API_URL') ?? 'https://vod.tencentcloudapi.com',
    notifyUrl,
    playback: playbackSettings(set, vodSubAppId),
    parameters: {
      vodKey: set['VOD_KEY_PARAMETER'] ?? `${prefix}/vod-key`,
      vodApiKey: optional(set, 'VOD_API_KEY_PARAMETER'),
      sealKey: set['SEAL_KEY_PARAMETER'] ?? `${prefix}/seal-key`,
      // Pulled events pass no webhook.
      callbackToken: isPushed && callbackToken.trim() !== '' ? callbackToken : undefined,
      callbackSignKey: isPushed ? optional(set, 'CALLBACK_SIGN_KEY_PARAMETER') : undefined,
      notifySecret: notifyUrl === undefined ? undefined : (set['NOTIFY_SECRET_PARAMETER'] ?? `${prefix}/notify-secret`),
      playerKey: optional(set, 'PLAYER_KEY_PARAMETER'),
      urlKey: optional(set, 'URL_KEY_PARAMETER'),
      writeKey: optional(set, 'VOD_WRITE_KEY_PARAMETER'),
      registered: `${prefix}/registered`,
      rotation: `${prefix}/rotation`,
    },
  };
}

/** @throws UsageError */
function playbackSettings(set: Environment, vodSubAppId: number | undefined): PlaybackSettings {
  const type = optional(set, 'PLAYBACK_CONTENT') ?? 'Original';
  const audioVideoType = AUDIO_VIDEO_TYPES.find((known) => known === type);
  if (!audioVideoType) throw new UsageError(`PLAYBACK_CONTENT must be one of: ${AUDIO_VIDEO_TYPES.join(', ')}`);
  const number = (name: string) => {
    const value = optional(set, name);
    if (value === undefined || /^[1-9]\d{0,14}$/.test(value)) return value === undefined ? undefined : Number(value);
    throw new UsageError(`${name} must be digits, or empty`);
  };
  const definition = number('PLAYBACK_DEFINITION');
  return {
    // 0 is the main application for VOD's API, and no id in a psign.
    appId: number('PLAYBACK_APP_ID') ?? (vodSubAppId === 0 ? undefined : vodSubAppId),
    content: { audioVideoType, ...(definition !== undefined && { definition }) },
    seconds: number('PLAYBACK_SECONDS') ?? 3600,
  };
}
