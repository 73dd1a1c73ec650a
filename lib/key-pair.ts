import { keyPair as isKeyPair } from './generated/signature';
import type { KeyPair } from './schemas';

/**
 * The VOD key pair in a parameter's value, `{"secretId": "…", "secretKey": "…"}`.
 *
 * @throws Error that names the parameter, and never shows its value
 */
export function keyPair(name: string, value: string): KeyPair {
  try {
    const pair: unknown = JSON.parse(value);
    if (isKeyPair(pair)) return pair;
  } catch {
    // Told below, without what the parser says: that quotes the value.
  }
  throw new Error(`Cannot read secrets: ${name} must be JSON like {"secretId": "…", "secretKey": "…"}`);
}
