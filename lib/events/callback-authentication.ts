import { createHash } from 'node:crypto';
import { timingSafeEqualStrings } from '../platform/timing-safe-equal';
import { getField } from '../vod/wire';

/** How far ahead an expiry time may be, in seconds: VOD's ten minutes, and five for clocks that differ. */
const MAX_AHEAD = 15 * 60;
/** Longest token, in bytes: as long as the value of an SSM parameter. */
const MAX_TOKEN_BYTES = 4_096;

/**
 * Whether the URL's token has the form of one: 1 to 4 096 bytes without a comma, a control character, or a blank at either
 * end, because the parameter's values are separated by commas and trimmed. The rule is public, so a refusal reveals
 * nothing about the secret.
 */
export function isWellFormedToken(token: string | null): token is string {
  if (token === null || token === '' || token.trim() !== token || !token.isWellFormed()) return false;
  return Buffer.byteLength(token) <= MAX_TOKEN_BYTES && !/[,\p{Cc}]/u.test(token);
}

/** Whether the URL's token is one of `tokens`. A missing or empty token is never valid. */
export function isTokenValid(token: string | null, tokens: readonly string[]): boolean {
  return token !== null && tokens.some((valid) => valid !== '' && timingSafeEqualStrings(token, valid));
}

/** Where a callback may carry its `Sign` and `T`, in the order in which they are searched. */
export interface SignPlaces {
  readonly message: unknown;
  readonly query: URLSearchParams;
  /** Names in lower case, as API Gateway passes them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/**
 * Whether the callback carries a `Sign` of 32 hex digits and a `T` that is not past and at most 15 minutes ahead. No secret
 * is needed for this part of {@link isSignValid}.
 *
 * @param nowSeconds Unix time
 */
export function isWellFormedSign(places: SignPlaces, nowSeconds: number): boolean {
  return findSign(places, nowSeconds) !== undefined;
}

/**
 * Whether the callback carries `Sign` = MD5(SignKey + T), with T an expiry time in Unix seconds that is not past and at
 * most 15 minutes ahead (`SignKey` of ModifyEventConfig, 266/55244).
 *
 * The documents place both "in the notification message" without a more exact place; the first place that has either is
 * used. They do not cover the body: an attacker who has seen one pair can send any message until T.
 *
 * @param nowSeconds Unix time
 */
export function isSignValid(places: SignPlaces, signKeys: readonly string[], nowSeconds: number): boolean {
  const sign = findSign(places, nowSeconds);
  if (!sign) return false;
  return signKeys.some((key) => {
    const expected = createHash('md5').update(`${key}${sign.expiry}`).digest('hex');
    return key !== '' && timingSafeEqualStrings(sign.sign, expected);
  });
}

interface FoundSign {
  /** In lower case. */
  readonly sign: string;
  /** As it was sent. */
  readonly expiry: string;
}

function findSign({ message, query, headers }: SignPlaces, nowSeconds: number): FoundSign | undefined {
  const candidates = [
    { sign: getField(message, 'Sign'), t: getField(message, 'T') },
    { sign: query.get('Sign'), t: query.get('T') },
    { sign: headers['sign'], t: headers['t'] },
  ];
  const { sign, t } = candidates.find((place) => (place.sign ?? place.t ?? undefined) !== undefined) ?? {};
  if (typeof sign !== 'string' || !/^[0-9a-f]{32}$/i.test(sign)) return undefined;
  const expiry = String(t);
  if (!(typeof t === 'string' || typeof t === 'number') || !/^\d{1,12}$/.test(expiry)) return undefined;
  if (Number(expiry) < nowSeconds || Number(expiry) > nowSeconds + MAX_AHEAD) return undefined;
  return { sign: sign.toLowerCase(), expiry };
}
