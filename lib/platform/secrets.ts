import { describe, type Log } from './log';
import type { GetParameters } from './ssm';

/** How long a secret is used before it is read again, in milliseconds. */
const FRESH_FOR = 5 * 60_000;
/** How soon a read that failed is tried again, in milliseconds. */
const RETRY_AFTER = 30_000;

/**
 * A function that answers what `load` loads, and loads it anew when it is older than five minutes; all who ask meanwhile
 * share one load. A load that fails keeps the last value and is logged; without one it throws what `load` threw.
 */
export function cached<T>(load: () => Promise<T>, now: () => number, log: Log) {
  let value: { readonly is: T; readonly until: number } | undefined;
  let loading: Promise<T> | undefined;

  async function refresh(): Promise<T> {
    try {
      value = { is: await load(), until: now() + FRESH_FOR };
    } catch (error) {
      if (value === undefined) throw error;
      log({ level: 'error', outcome: 'secret-refresh-failed', ...describe(error) });
      value = { is: value.is, until: now() + RETRY_AFTER };
    } finally {
      loading = undefined;
    }
    return value.is;
  }

  return async (): Promise<T> => (value && now() < value.until ? value.is : (loading ??= refresh()));
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
