import { describe, type Log } from './log';
import type { GetParameters } from './ssm';

/** How long a secret is used before it is read again, in milliseconds. */
const FRESH_FOR = 5 * 60_000;
/** When a failed refresh is retried, in milliseconds; meanwhile the last value is used. */
const RETRY_AFTER = 30_000;
/** When a failed first load is retried, in milliseconds. */
const RETRY_FIRST_AFTER = 1_000;

/**
 * Returns a function that resolves to what `load` returns, cached for five minutes; concurrent calls share one load. When
 * a refresh fails, the failure is logged and the last value is returned. When the first load fails, its error is thrown,
 * and thrown again for a second without another load, so that many callers do not use up the store's quota.
 *
 * @param now milliseconds since 1970
 */
export function cached<T>(load: () => Promise<T>, now: () => number, log: Log) {
  let value: { readonly content: T; readonly until: number } | undefined;
  let failure: { readonly error: unknown; readonly until: number } | undefined;
  let loading: Promise<T> | undefined;

  async function refresh(): Promise<T> {
    try {
      value = { content: await load(), until: now() + FRESH_FOR };
      failure = undefined;
    } catch (error) {
      if (value === undefined) {
        failure = { error, until: now() + RETRY_FIRST_AFTER };
        throw error;
      }
      log({ level: 'error', outcome: 'secret-refresh-failed', ...describe(error) });
      value = { content: value.content, until: now() + RETRY_AFTER };
    } finally {
      loading = undefined;
    }
    return value.content;
  }

  return async (): Promise<T> => {
    if (value && now() < value.until) return value.content;
    if (failure && now() < failure.until) throw failure.error;
    return (loading ??= refresh());
  };
}

/**
 * Reads SSM SecureStrings. Returns a function from a name to its value, which throws an Error that names the parameter when
 * it does not exist.
 *
 * @throws what `getParameters` throws
 */
export async function readParameters(getParameters: GetParameters, names: readonly string[]) {
  const values = await getParameters([...new Set(names)]);
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
