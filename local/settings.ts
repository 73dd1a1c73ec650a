import { resolve } from 'node:path';
import type { TokenIssuer } from './lambda/gateway';
import { StartupError } from './startup-error';
import { LIMIT_PARAMETERS, type LocalFeatures } from './deployment';
import type { GivenSecrets } from './secrets';

export interface Settings {
  readonly port: number;
  readonly vodPort: number;
  readonly tablePort: number;
  readonly dataDir: string;
  /** An address or name of this machine to listen on in addition to loopback. */
  readonly host?: string;
  /** An issuer that is accepted in addition to the built-in one. */
  readonly ownIssuer?: TokenIssuer;
  readonly features: LocalFeatures;
  readonly givenSecrets: GivenSecrets;
}

/**
 * The settings of `npm start`, read once from its environment.
 *
 * @throws StartupError that names the variable and what it may be
 */
export function settings(env: NodeJS.ProcessEnv): Settings {
  const host = hostOf(env);
  const ownIssuer = ownIssuerOf(env);
  return {
    port: portOf(env, 'PORT', 3000),
    vodPort: portOf(env, 'VOD_PORT', 3443),
    tablePort: portOf(env, 'TABLE_PORT', 8000),
    dataDir: resolve(readNonEmpty(env, 'DATA_DIR') ?? '.local'),
    ...(host !== undefined && { host }),
    ...(ownIssuer && { ownIssuer }),
    features: {
      notifyUrl: readNonEmpty(env, 'NOTIFY_URL') ?? '',
      playback: isOn(env, 'PLAYBACK'),
      allowDelete: isOn(env, 'DELETE'),
      limits: Object.fromEntries(
        LIMIT_PARAMETERS.flatMap((name) => {
          const value = readNonEmpty(env, name);
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
    },
    givenSecrets: {
      vodSecretId: env['VOD_SECRET_ID'],
      vodSecretKey: env['VOD_SECRET_KEY'],
      callbackToken: env['VOD_CALLBACK_TOKEN'],
      callbackSignKey: env['VOD_CALLBACK_SIGN_KEY'],
      notifySecret: env['NOTIFY_SECRET'],
    },
  };
}

function hostOf(env: NodeJS.ProcessEnv): string | undefined {
  const host = readNonEmpty(env, 'HOST')?.replace(/^\[(.*)\]$/, '$1');
  if (host !== undefined && !/^[\w.:-]+$/.test(host)) {
    throw new StartupError(`HOST must be an address or a name of this machine, such as 192.168.1.5, not "${host}"`);
  }
  return host;
}

function ownIssuerOf(env: NodeJS.ProcessEnv): TokenIssuer | undefined {
  const issuer = readNonEmpty(env, 'JWT_ISSUER');
  const audience = (readNonEmpty(env, 'JWT_AUDIENCE') ?? '').split(',').map((name) => name.trim());
  const audiences = audience.filter((name) => name !== '');
  if (issuer === undefined && audiences.length === 0) return undefined;
  if (issuer === undefined) throw new StartupError('JWT_AUDIENCE is given without JWT_ISSUER: give both, or none');
  if (!isIssuerUrl(issuer)) {
    throw new StartupError(
      `JWT_ISSUER must be an https URL, or an http URL of localhost, identical to iss in the tokens, not "${issuer}"`,
    );
  }
  if (audiences.length === 0) {
    throw new StartupError(
      "JWT_AUDIENCE is missing: set it to the aud of your users' tokens; separate several with commas",
    );
  }
  return { issuer, audience: audiences };
}

function isIssuerUrl(text: string): boolean {
  if (!URL.canParse(text) || /[?#\s]/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}

function isOn(env: NodeJS.ProcessEnv, name: string): boolean {
  const value = readNonEmpty(env, name) ?? 'on';
  if (value !== 'on' && value !== 'off') throw new StartupError(`${name} must be on or off, not "${value}"`);
  return value === 'on';
}

/** @throws StartupError */
export function portOf(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = readNonEmpty(env, name) ?? String(otherwise);
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new StartupError(`${name} must be a port, a whole number up to 65535 (0 takes a free one), not "${text}"`);
  }
  return Number(text);
}

/** An empty variable counts as missing. */
function readNonEmpty(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = env[name]?.trim();
  return text === '' ? undefined : text;
}
