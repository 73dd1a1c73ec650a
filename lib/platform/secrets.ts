import { describe, type Log } from './log';
import type { GetParameters } from './ssm';

/** How long a secret is used before it is read again, in milliseconds. */
const FRESH_FOR = 5 * 60_000;
/** How soon a read that failed is tried again, in milliseconds: with a value at hand, and without one. */
const RETRY_AFTER = 30_000;
const RETRY_FIRST_AFTER = 1_000;

/**
 * Returns a function that resolves to what `load` loads, and loads it anew when it is older than five minutes; all calls
 * meanwhile share one load. A load that fails keeps the last value and is logged; without one it throws what `load`
 * threw, again for a second, so that a crowd of callers does not use up the store's quota.
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
 * The values of SSM SecureStrings, by name.
 *
 * @throws Error that names a parameter which does not exist; what `getParameters` threw otherwise
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
 * @throws Error that names the parameter when it has none, for an empty secret must not open anything
 */
export function parseSecretVersions(name: string, value: string): readonly [string, ...string[]] {
  const [first, ...others] = value.split(',').flatMap((part) => part.trim() || []);
  if (first === undefined) throw new Error(`Cannot read secrets: the SSM parameter ${name} is empty`);
  return [first, ...others];
}
