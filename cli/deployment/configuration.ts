import type { Environment } from '../../lib/platform/env';
import { defaultOf } from '../../deploy/parameter-list';
import { SERVICE } from '../../deploy/stages';
import { parsePlaybackSettings, type PlaybackSettings } from '../../lib/playback/settings';
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

/** The settings of a deploy that these commands need. */
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

/** Returns the value of a deploy parameter, or its default; '' is a value. */
type Parameter = (name: string) => string;

/**
 * The configuration in deploy parameters, with the deploy's defaults for the stage. A value that the deploy refuses is refused
 * here too, because nothing was deployed with it; only VOD_API_URL and NOTIFY_URL may be http here, for a VOD and a receiver
 * on this machine.
 *
 * @throws UsageError
 */
export function configurationOf(variables: Environment, stage: string): Configuration {
  const prefix = `/${SERVICE}/${stage}`;
  const parameter: Parameter = (name) => {
    const value = variables[name] ?? defaultOf(name, stage);
    if (!value.includes('${')) return value;
    throw new UsageError(
      `${name} contains a Serverless variable ("\${"), which this command cannot resolve: write the value itself`,
    );
  };
  const mode = eventMode(parameter);
  const vodSubAppId = subAppId(parameter);
  return {
    stage,
    mode: mode === 'push' ? 'PUSH' : 'PULL',
    vodSubAppId,
    vodApiUrl: apiUrl(parameter),
    notifyUrl: notifyUrl(parameter),
    playback: playbackSettings(parameter, vodSubAppId),
    parameters: {
      ...secretNames(parameter, stage, mode),
      registered: `${prefix}/registered`,
      rotation: `${prefix}/rotation`,
      checkpoint: `${prefix}/reconcile-checkpoint`,
    },
  };
}

function secretNames(parameter: Parameter, stage: string, mode: 'push' | 'pull') {
  const secretName = (name: string): string | undefined => {
    const value = parameter(name);
    if (value === '') return undefined;
    if (/^([\w.-]+|(\/[\w.-]+)+)$/.test(value)) return value;
    // The value may be a secret that was given by mistake.
    const rule = 'must be the name of an SSM parameter (letters, digits and _.-, with a / in front if it has any)';
    throw new UsageError(`${name} ${rule}, for example /${SERVICE}/${stage}/my-secret`);
  };
  const required = (name: string): string => {
    const value = secretName(name);
    if (value !== undefined) return value;
    throw new UsageError(
      `${name} is empty: name the SSM parameter, for example ${defaultOf(name, stage)}, or remove the line`,
    );
  };
  return {
    vodKey: required('VOD_KEY_PARAMETER'),
    vodApiKey: secretName('VOD_API_KEY_PARAMETER'),
    sealKey: required('SEAL_KEY_PARAMETER'),
    // Pulled events pass no webhook.
    callbackToken: mode === 'pull' ? undefined : secretName('CALLBACK_TOKEN_PARAMETER'),
    callbackSignKey: mode === 'pull' ? undefined : secretName('CALLBACK_SIGN_KEY_PARAMETER'),
    notifySecret: parameter('NOTIFY_URL') === '' ? undefined : required('NOTIFY_SECRET_PARAMETER'),
    playerKey: secretName('PLAYER_KEY_PARAMETER'),
    urlKey: secretName('URL_KEY_PARAMETER'),
    writeKey: secretName('VOD_WRITE_KEY_PARAMETER'),
  };
}

/** @throws UsageError */
function eventMode(parameter: Parameter): 'push' | 'pull' {
  const value = parameter('EVENT_MODE');
  if (value === 'push' || value === 'pull') return value;
  throw new UsageError(`EVENT_MODE must be one of: push, pull, not "${value}"`);
}

function apiUrl(parameter: Parameter): string {
  const value = parameter('VOD_API_URL');
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
  try {
    const settings = parsePlaybackSettings(parameter);
    // 0 is the main application for VOD's API, but not an id for a psign.
    return { ...settings, appId: settings.appId ?? (vodSubAppId === 0 ? undefined : vodSubAppId) };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

/** @throws UsageError; `undefined` where the parameter is empty */
function subAppId(parameter: Parameter): number | undefined {
  const value = parameter('VOD_SUB_APP_ID');
  if (value === '') return undefined;
  if (/^(0|[1-9]\d*)$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new UsageError(`VOD_SUB_APP_ID must be a whole number from 0, or empty, not "${value}"`);
}
