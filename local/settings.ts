import { resolve } from 'node:path';
import { StartupError } from './startup-error';
import { LIMIT_PARAMETERS, type LocalFeatures } from './deployment';
import type { GivenSecrets } from './secrets';

export interface Settings {
  readonly port: number;
  readonly vodPort: number;
  readonly tablePort: number;
  readonly dataDir: string;
  readonly features: LocalFeatures;
  readonly given: GivenSecrets;
}

/**
 * What `npm start` reads from its environment, once.
 *
 * @throws StartupError that names the variable and what it may be
 */
export function settings(env: NodeJS.ProcessEnv): Settings {
  return {
    port: port(env, 'PORT', 3000),
    vodPort: port(env, 'VOD_PORT', 3443),
    tablePort: port(env, 'TABLE_PORT', 8000),
    dataDir: resolve(given(env, 'DATA_DIR') ?? '.local'),
    features: {
      notifyUrl: given(env, 'NOTIFY_URL') ?? '',
      playback: isOn(env, 'PLAYBACK'),
      allowDelete: isOn(env, 'DELETE'),
      limits: Object.fromEntries(
        LIMIT_PARAMETERS.flatMap((name) => {
          const value = given(env, name);
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
    },
    given: {
      vodSecretId: env['VOD_SECRET_ID'],
      vodSecretKey: env['VOD_SECRET_KEY'],
      callbackToken: env['VOD_CALLBACK_TOKEN'],
      callbackSignKey: env['VOD_CALLBACK_SIGN_KEY'],
      notifySecret: env['NOTIFY_SECRET'],
    },
  };
}

function isOn(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = given(env, name) ?? 'on';
  if (value !== 'on' && value !== 'off') throw new StartupError(`${name} must be on or off, not "${value}"`);
  return value === 'on';
}

function port(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = given(env, name) ?? String(otherwise);
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new StartupError(`${name} must be a port, a whole number up to 65535 (0 takes a free one), not "${text}"`);
  }
  return Number(text);
}

/** An empty variable counts as missing. */
function given(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}
