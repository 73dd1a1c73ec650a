export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value; an empty one counts as missing. */
export function optional(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

/** @throws Error that names the variable where it is missing or empty */
export function required(env: Environment, name: string): string {
  const value = optional(env, name);
  if (value === undefined) throw new Error(`Cannot start: the environment variable ${name} is missing or empty`);
  return value;
}

/** @throws Error that names the variable and its bounds where it is not an integer within them */
export function integer(env: Environment, name: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(required(env, name));
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new Error(`Cannot start: the environment variable ${name} must be an integer from ${min} to ${max}`);
}

/** As {@link integer}; `undefined` where the variable is missing or empty. @throws Error as {@link integer} */
export function optionalInteger(
  env: Environment,
  name: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  return optional(env, name) === undefined ? undefined : integer(env, name, min, max);
}

/** The items of a comma separated list, without blanks around them; none where the variable is missing. */
export function list(env: Environment, name: string): string[] {
  return (env[name] ?? '').split(',').flatMap((item) => item.trim() || []);
}
