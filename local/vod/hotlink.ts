// Key hotlink protection (Key 防盗链): https://cloud.tencent.com/document/product/266/14047
import { createHash, timingSafeEqual } from 'node:crypto';

/** In the order in which they are hashed. Those that a URL does not have count as ''. */
const HASHED_PARAMETERS = ['t', 'exper', 'rlimit', 'us', 'uv', 'whref', 'bkref', 'whreg', 'bkreg'] as const;
/** The order in the query string; playback fails in any other (notes of 266/33986). */
const QUERY_ORDER: readonly string[] = ['t', 'exper', 'rlimit', 'us', 'sign'];

/** The signed parameters of a URL, named as in the URL. */
export interface UrlAccess {
  /** Unix seconds of the expiry, in hexadecimal. */
  readonly t: string;
  /** Seconds of the preview. */
  readonly exper?: number;
  /** How many IP addresses may play. */
  readonly rlimit?: number;
  readonly us?: string;
}

/**
 * Returns why the protection refuses a URL, or undefined if it does not.
 *
 * @param path as sent, percent-encoded
 * @param now milliseconds
 */
export function findHotlinkViolation(
  path: string,
  query: URLSearchParams,
  keys: readonly string[],
  now: number,
): string | undefined {
  const t = query.get('t') ?? '';
  const sign = query.get('sign') ?? '';
  if (sign === '') return 'the URL has no sign';
  if (t === '') return 'the URL has no t';
  if (!/^[0-9a-f]+$/.test(t)) return 't is not hexadecimal in lower case';
  if (!isInOrder(query)) return `the parameters must be in the order ${QUERY_ORDER.join(', ')}, each at most once`;
  const dir = directoryOfPath(path);
  if (!keys.some((key) => isEqual(signOf(key, dir, query), sign))) return `sign is wrong for Dir "${dir}"`;
  const expiresAt = parseInt(t, 16) * 1000;
  return expiresAt < now ? `the URL expired at ${new Date(expiresAt).toISOString()}` : undefined;
}

/** Returns the URL with the parameters and their sign. `url` must not have a query. */
export function signUrl(url: string, { t, exper, rlimit, us }: UrlAccess, key: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ t, exper, rlimit, us })) {
    if (value !== undefined) query.append(name, String(value));
  }
  query.append('sign', signOf(key, directoryOfPath(new URL(url).pathname), query));
  return `${url}?${query.toString()}`;
}

function signOf(key: string, dir: string, query: URLSearchParams): string {
  const values = HASHED_PARAMETERS.map((name) => query.get(name) ?? '');
  return createHash('md5')
    .update(key + dir + values.join(''))
    .digest('hex');
}

/** `Dir` of the document: the path up to and including its last "/". */
function directoryOfPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function isInOrder(query: URLSearchParams): boolean {
  const positions = [...query.keys()].map((name) => QUERY_ORDER.indexOf(name)).filter((position) => position >= 0);
  return positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? position));
}

function isEqual(expected: string, received: string): boolean {
  return /^[0-9a-f]{32}$/.test(received) && timingSafeEqual(Buffer.from(expected), Buffer.from(received));
}
