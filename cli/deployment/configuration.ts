import type { Environment } from '../../lib/platform/env';
import type { PlaybackContent } from '../../lib/playback/playback';
import { AUDIO_VIDEO_TYPES } from '../../lib/playback/psign';
import { UsageError } from '../command-line/usage-error';

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
  /** Where reconcile resumes; each run writes it. */
  readonly checkpoint: string;
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
  /** VOD's application id; absent for the account's main application, because its id is unknown here. */
  readonly appId: number | undefined;
  readonly content: PlaybackContent;
  /** Lifetime of a playback. */
  readonly seconds: number;
}

/** Lifetime of a playback, in seconds. */
const MIN_SECONDS = 60;
const MAX_SECONDS = 604_800;

/** Returns the deploy parameter, else `fallback`; '' is a value. */
type Parameter = (name: string, fallback?: string) => string;

/**
 * The configuration in deploy parameters, with the deploy's defaults for the stage. A value that the deploy refuses is refused
 * here too, because nothing was deployed with it; only VOD_API_URL and NOTIFY_URL may be http here, for a VOD and a receiver
 * on this machine.
 *
 * @throws UsageError
 */
export function configurationOf(variables: Environment, stage: string): Configuration {
  const prefix = `/vod-client-upload/${stage}`;
  const parameter: Parameter = (name, fallback = '') => {
    const value = variables[name] ?? fallback;
    if (!value.includes('${')) return value;
    throw new UsageError(
      `${name} contains "\${", which the deploy resolves and this command does not: write the value`,
    );
  };
  const mode = choice(parameter, 'EVENT_MODE', ['push', 'pull'], 'push');
  const vodSubAppId = integer(parameter, 'VOD_SUB_APP_ID', 0);
  return {
    stage,
    mode: mode === 'push' ? 'PUSH' : 'PULL',
    vodSubAppId,
    vodApiUrl: apiUrl(parameter),
    notifyUrl: notifyUrl(parameter),
    playback: playbackSettings(parameter, vodSubAppId),
    parameters: {
      ...secretNames(parameter, prefix, mode),
      registered: `${prefix}/registered`,
      rotation: `${prefix}/rotation`,
      checkpoint: `${prefix}/reconcile-checkpoint`,
    },
  };
}

function secretNames(parameter: Parameter, prefix: string, mode: 'push' | 'pull') {
  const secretName = (name: string, fallback = ''): string | undefined => {
    const value = parameter(name, fallback);
    if (value === '') return undefined;
    if (/^([\w.-]+|(\/[\w.-]+)+)$/.test(value)) return value;
    // The value may be a secret that was given by mistake.
    const rule = 'must be the name of an SSM parameter (letters, digits and _.-, with a / in front if it has any)';
    throw new UsageError(`${name} ${rule}, for example ${prefix}/my-secret`);
  };
  const required = (name: string, fallback: string): string => {
    const value = secretName(name, fallback);
    if (value !== undefined) return value;
    throw new UsageError(`${name} is empty: name the SSM parameter, for example ${fallback}, or remove the line`);
  };
  return {
    vodKey: required('VOD_KEY_PARAMETER', `${prefix}/vod-key`),
    vodApiKey: secretName('VOD_API_KEY_PARAMETER'),
    sealKey: required('SEAL_KEY_PARAMETER', `${prefix}/seal-key`),
    // Pulled events pass no webhook.
    callbackToken: mode === 'pull' ? undefined : secretName('CALLBACK_TOKEN_PARAMETER', `${prefix}/callback-token`),
    callbackSignKey: mode === 'pull' ? undefined : secretName('CALLBACK_SIGN_KEY_PARAMETER'),
    notifySecret:
      parameter('NOTIFY_URL') === '' ? undefined : required('NOTIFY_SECRET_PARAMETER', `${prefix}/notify-secret`),
    playerKey: secretName('PLAYER_KEY_PARAMETER'),
    urlKey: secretName('URL_KEY_PARAMETER'),
    writeKey: secretName('VOD_WRITE_KEY_PARAMETER'),
  };
}

function apiUrl(parameter: Parameter): string {
  const value = parameter('VOD_API_URL', 'https://vod.tencentcloudapi.com');
  const isUrl = /^https?:\/\//.test(value) && URL.canParse(value) && new URL(value).origin === value;
  if (isUrl) return value;
  throw new UsageError(
    `VOD_API_URL must be an https URL without a path, not "${value}", for example https://vod.tencentcloudapi.com`,
  );
}

function notifyUrl(parameter: Parameter): string | undefined {
  const value = parameter('NOTIFY_URL');
  if (value === '') return undefined;
  const url = !/\s/.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  const isUsable = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (isUsable) return value;
  throw new UsageError('NOTIFY_URL must be an https URL without user and password, or empty');
}

/** @throws UsageError */
function playbackSettings(parameter: Parameter, vodSubAppId: number | undefined): PlaybackSettings {
  const audioVideoType = choice(parameter, 'PLAYBACK_CONTENT', AUDIO_VIDEO_TYPES, 'Original');
  const definition = integer(parameter, 'PLAYBACK_DEFINITION', 1);
  const seconds = parameter('PLAYBACK_SECONDS', '3600');
  if (!isInteger(seconds, MIN_SECONDS, MAX_SECONDS)) {
    const rule = `must be a whole number from ${MIN_SECONDS} to ${MAX_SECONDS}`;
    throw new UsageError(`PLAYBACK_SECONDS ${rule}, not "${seconds}"`);
  }
  return {
    // 0 is the main application for VOD's API, and no id in a psign.
    appId: integer(parameter, 'PLAYBACK_APP_ID', 1) ?? (vodSubAppId === 0 ? undefined : vodSubAppId),
    content: { audioVideoType, ...(definition !== undefined && { definition }) },
    seconds: Number(seconds),
  };
}

/** @throws UsageError that lists the values */
function choice<T extends string>(parameter: Parameter, name: string, values: readonly T[], fallback: T): T {
  const given = parameter(name, fallback);
  const value = values.find((one) => one === given);
  if (value !== undefined) return value;
  throw new UsageError(`${name} must be one of: ${values.join(', ')}, not "${given}"`);
}

/** @throws UsageError with the rule; `undefined` where the parameter is empty */
function integer(parameter: Parameter, name: string, min: number): number | undefined {
  const value = parameter(name);
  if (value === '') return undefined;
  if (isInteger(value, min, Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new UsageError(`${name} must be a whole number from ${min}, or empty, not "${value}"`);
}

function isInteger(text: string, min: number, max: number): boolean {
  return /^(0|[1-9]\d*)$/.test(text) && Number(text) >= min && Number(text) <= max;
}
