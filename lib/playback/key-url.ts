import { createHash } from 'node:crypto';

export interface KeyUrlParameters {
  /** The URL key: 8 to 32 letters and digits of the domain's Key hotlink protection. */
  readonly key: string;
  /** Unix seconds at which the URL expires. */
  readonly expireTime: number;
  /** Seconds of preview; absent = all of it. */
  readonly exper?: number;
  /** How many different IP addresses may play; absent = any number. */
  readonly rlimit?: number;
  /** A random text that makes URLs of one second differ. */
  readonly us?: string;
  /** A text of the app's that is signed along. */
  readonly uv?: string;
}

/**
 * The URL with Key hotlink protection (Key 防盗链, 266/14047): `sign` = MD5(KEY + Dir + t + exper + rlimit + us + uv), of
 * which only the given ones; `t` is the expiry in hexadecimal, `Dir` the path up to and including its last `/`.
 *
 * @throws TypeError when `url` is not an absolute URL
 */
export function signKeyUrl(url: string, parameters: KeyUrlParameters): string {
  const { key, expireTime, exper, rlimit, us, uv } = parameters;
  const signed = new URL(url);
  const dir = signed.pathname.slice(0, signed.pathname.lastIndexOf('/') + 1);
  const query = Object.entries({ t: expireTime.toString(16), exper, rlimit, us, uv }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  const sign = keyUrlSign(
    key,
    dir,
    query.map(([, value]) => value),
  );
  for (const [name, value] of [...query, ['sign', sign] as const]) signed.searchParams.set(name, value);
  return signed.href;
}

/** The value of `sign`, of values in the order in which they are hashed (266/14047). */
export function keyUrlSign(key: string, dir: string, values: readonly string[]): string {
  return createHash('md5')
    .update(key + dir + values.join(''))
    .digest('hex');
}
