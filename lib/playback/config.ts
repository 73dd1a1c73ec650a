import { integer, optional, required, type Environment } from '../platform/env';
import type { Log } from '../platform/log';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { GetParameters } from '../platform/ssm';
import type { PlaybackConfig, PlaybackKeys } from './playback';
import { parsePlaybackSettings, type PlaybackSettings } from './settings';

export type PlaybackFunctionConfig = ReturnType<typeof playbackFunctionConfig>;

/**
 * The configuration of `playback`, read from its environment.
 *
 * @throws Error that names the variable that is missing or out of bounds
 */
export function playbackFunctionConfig(env: Environment) {
  const { appId, content, seconds } = parseSettings(env);
  const playback: PlaybackConfig = { appId: appId ?? integer(env, 'PLAYBACK_APP_ID', 1), seconds, content };
  return {
    playback,
    tableName: required(env, 'TABLE_NAME'),
    playerKeyParameter: optional(env, 'PLAYER_KEY_PARAMETER'),
    urlKeyParameter: optional(env, 'URL_KEY_PARAMETER'),
  };
}

function parseSettings(env: Environment): PlaybackSettings {
  try {
    return parsePlaybackSettings((name) => optional(env, name) ?? '');
  } catch (error) {
    throw new Error(`Cannot start: the environment variable ${(error as Error).message}`, { cause: error });
  }
}

export interface PlaybackKeysDeps {
  readonly config: Pick<PlaybackFunctionConfig, 'playerKeyParameter' | 'urlKeyParameter'>;
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * Returns a function that resolves to the keys to sign with: the first value of each parameter. See {@link cached} for how
 * long they are kept; `timeout` is the longest wait for them, in milliseconds.
 */
export function playbackKeys({ config, getParameters, now, log }: PlaybackKeysDeps) {
  const { playerKeyParameter: player, urlKeyParameter: url } = config;
  async function read(timeout: number): Promise<PlaybackKeys> {
    const value = await readParameters(
      getParameters,
      [player, url].filter((name) => name !== undefined),
      { timeout },
    );
    const currentVersion = (name: string) => parseSecretVersions(name, value(name))[0];
    return {
      ...(player !== undefined && { playerKey: currentVersion(player) }),
      ...(url !== undefined && { urlKey: currentVersion(url) }),
    };
  }
  return cached(read, now, log);
}
