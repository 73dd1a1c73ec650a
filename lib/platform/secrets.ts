import type { CallOptions } from './aws-json';
import { describe, type Log } from './log';
import type { GetParameters } from './ssm';

/** How long a secret is used before it is read again, in milliseconds. */
export const MAX_AGE = 5 * 60_000;
/**
 * How long a refresh is tried, in milliseconds: less than a first read, because there is a last value to use, and no caller should
 * wait for a store that throttles many instances whose five minutes end together.
 */
export const REFRESH_TIMEOUT = 3_000;
/** When a failed refresh is retried, in milliseconds; meanwhile the last value is used. */
export const RETRY_AFTER = 30_000;
/** When a failed first load is retried, in milliseconds. */
const RETRY_FIRST_AFTER = 1_000;

/** Resolves to a cached value. `timeout` limits the load, if there is one, in milliseconds. */
export type Cached<T> = (timeout?: number) => Promise<T>;

/**
 * Returns a function that resolves to what `load` returns, cached for five minutes; concurrent calls share one load. When
 * a refresh fails, the failure is logged and the last value is returned. When the first load fails, its error is thrown,
 * and thrown again for a second without another load, so that many callers do not use up the store's quota.
 *
 * @param load gets the longest time that it may retry, in milliseconds
 * @param now milliseconds since 1970
 */
export function cached<T>(load: (timeout: number) => Promise<T>, now: () => number, log: Log): Cached<T> {
  let value: { readonly content: T; readonly expiresAt: number } | undefined;
  let failure: { readonly error: unknown; readonly expiresAt: number } | undefined;
  let loading: Promise<T> | undefined;

  async function refresh(timeout: number): Promise<T> {
    try {
      const content = await load(value === undefined ? timeout : Math.min(timeout, REFRESH_TIMEOUT));
      value = { content, expiresAt: now() + MAX_AGE };
      failure = undefined;
    } catch (error) {
      if (value === undefined) {
        failure = { error, expiresAt: now() + RETRY_FIRST_AFTER };
        throw error;
      }
      log({ level: 'error', outcome: 'secret-refresh-failed', ...describe(error) });
      value = { content: value.content, expiresAt: now() + RETRY_AFTER };
    } finally {
      loading = undefined;
    }
    return value.content;
  }

  return async (timeout = Infinity) => {
    if (value && now() < value.expiresAt) return value.content;
    if (failure && now() < failure.expiresAt) throw failure.error;
    return (loading ??= refresh(timeout));
  };
}

/**
 * Reads SSM SecureStrings. Returns a function from a name to its value, which throws an Error that names the parameter when
 * it does not exist.
 *
 * @throws what `getParameters` throws
 */
export async function readParameters(getParameters: GetParameters, names: readonly string[], options?: CallOptions) {
  const values = await getParameters([...new Set(names)], options);
  return (name: string): string => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`Cannot read secrets: create the SSM parameter ${name} as a SecureString`);
    return value;
  };
}

/**
 * The one or two values of a parameter, comma separated: the first is for new work, all are accepted (rotation).
 *
 * @throws Error that names the parameter when it has no value: an empty secret must never authenticate anything
 */
export function parseSecretVersions(name: string, value: string): readonly [string, ...string[]] {
  const [first, ...others] = value.split(',').flatMap((part) => part.trim() || []);
  if (first === undefined) throw new Error(`Cannot read secrets: the SSM parameter ${name} is empty`);
  return [first, ...others];
}
