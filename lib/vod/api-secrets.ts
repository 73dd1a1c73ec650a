import { keyPair } from './key-pair';
import type { Log } from '../platform/log';
import type { GetParameters } from '../platform/ssm';
import { readParameters, cached, parseSecretVersions } from '../platform/secrets';

export interface ApiSecretsDeps {
  readonly config: { readonly keyParameter: string; readonly sealParameter: string };
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Returns a function that resolves to the key pair of VOD's server API and the seal keys, see {@link cached}. */
export function apiSecrets({ config, getParameters, now, log }: ApiSecretsDeps) {
  const { keyParameter, sealParameter } = config;
  async function read(timeout: number) {
    const value = await readParameters(getParameters, [keyParameter, sealParameter], { timeout });
    const pair = keyPair(keyParameter, value(keyParameter));
    return { pair, sealKeys: parseSecretVersions(sealParameter, value(sealParameter)) };
  }
  return cached(read, now, log);
}

export interface KeyPairDeps extends Omit<ApiSecretsDeps, 'config'> {
  /** The SSM parameter. */
  readonly name: string;
}

/** Returns a function that resolves to the key pair in an SSM parameter, see {@link cached}. */
export function cachedKeyPair({ name, getParameters, now, log }: KeyPairDeps) {
  const read = async (timeout: number) => {
    const value = await readParameters(getParameters, [name], { timeout });
    return keyPair(name, value(name));
  };
  return cached(read, now, log);
}
