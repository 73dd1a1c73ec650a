import { createHash } from 'node:crypto';

export interface KeyUrlParameters {
  /** The URL key: the key of the domain's Key hotlink protection (Key 防盗链). */
  readonly key: string;
  /** Unix seconds at which the URL expires. */
  readonly expireTime: number;
  /** Seconds of preview; absent = all of it. */
  readonly exper?: number;
  /** How many different IP addresses may play, up to 9; absent = any number. */
  readonly rlimit?: number;
  /** A random text that makes URLs of one second differ: letters, digits and `-._~`. */
  readonly us?: string;
  /** A text of the app that is signed too, of the same characters. */
  readonly uv?: string;
}

/** The parameters that VOD hashes, in its order. It requires the query to have them in this order too (266/33986). */
export const KEY_URL_PARAMETERS = ['t', 'exper', 'rlimit', 'us', 'uv', 'whref', 'bkref', 'whreg', 'bkreg'] as const;

const OWN_PARAMETERS: ReadonlySet<string> = new Set([...KEY_URL_PARAMETERS, 'sign']);

/**
 * Returns the URL with Key hotlink protection (Key 防盗链, 266/14047): `sign` = MD5(KEY + Dir + t + exper + rlimit + us + uv),
 * without absent parameters; `t` is the expiry in lower-case hexadecimal. Parameters of an earlier signature are replaced.
 * All other parameters stay unchanged and come first.
 *
 * @throws TypeError when `url` is not an absolute URL
 * @throws RangeError when `us` or `uv` contains other characters: VOD does not document whether it hashes them decoded
 */
export function signKeyUrl(url: string, parameters: KeyUrlParameters): string {
  const { key, expireTime, exper, rlimit, us, uv } = parameters;
  for (const [name, value] of Object.entries({ us, uv })) {
    if (value === undefined || /^[\w.~-]+$/.test(value)) continue;
    throw new RangeError(`Cannot sign a URL: ${name} must be letters, digits and -._~`);
  }
  const signed = new URL(url);
  const query = Object.entries({ t: expireTime.toString(16), exper, rlimit, us, uv }).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value: String(value) }],
  );
  const sign = keyUrlSign(
    key,
    keyUrlDir(signed),
    query.map(({ value }) => value),
  );
  const others = signed.search.slice(1).split('&');
  const isOther = (pair: string) => pair !== '' && !OWN_PARAMETERS.has(pair.split('=', 1)[0] ?? '');
  // As text: URLSearchParams would re-encode the other parameters.
  signed.search = [
    ...others.filter(isOther),
    ...query.map(({ name, value }) => `${name}=${value}`),
    `sign=${sign}`,
  ].join('&');
  return signed.href;
}

/** Returns `Dir` of the hash: the path up to and including its last `/`, percent-encoded as it is sent. */
export function keyUrlDir({ pathname }: URL): string {
  return pathname.slice(0, pathname.lastIndexOf('/') + 1);
}

/** Returns the value of `sign`; `values` are in the order in which they are hashed (266/14047). */
export function keyUrlSign(key: string, dir: string, values: readonly string[]): string {
  return createHash('md5')
    .update(key + dir + values.join(''))
    .digest('hex');
}
