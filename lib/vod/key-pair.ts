import { keyPair as isKeyPair } from '../generated/signature';
import { parseJson } from '../platform/json';
import type { KeyPair } from './schemas';

/**
 * The VOD key pair in a parameter's value, `{"secretId": "…", "secretKey": "…"}`.
 *
 * @throws Error that names the parameter and never contains its value
 */
export function keyPair(name: string, value: string): KeyPair {
  const pair = parseJson(Buffer.from(value));
  if (isKeyPair(pair)) return pair;
  throw new Error(`Cannot read secrets: ${name} must be JSON like {"secretId": "…", "secretKey": "…"}`);
}
