import { StartupError } from '../../startup-error';

/** Whether an event matches. */
export type Filter = (event: unknown) => boolean;

/** Whether the values at one place of the event match; an event without the property has none. */
type ValueFilter = (values: readonly unknown[]) => boolean;

type Scalar = string | number | boolean | null;

/**
 * The filter of an event source mapping: an event passes when it matches any of the patterns; without patterns, every
 * event passes. Values are compared exactly; operators are `exists`, `anything-but`, `prefix`, `suffix` and `$or`.
 * `exists` looks at leaves only, as on AWS: an object does not exist.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 *
 * @param where what the patterns belong to, for the errors
 * @throws StartupError for a malformed pattern, and for an operator that the local run does not support
 */
export function compileFilters(patterns: readonly unknown[] | undefined, where: string): Filter {
  if (!patterns || patterns.length === 0) return () => true;
  const filters = patterns.map((pattern, index) => compilePattern(pattern, `${where}[${index}]`));
  return (event) => filters.some((filter) => filter([event]));
}

/** Returns a filter for the values at the place that the pattern describes. */
function compilePattern(pattern: unknown, where: string): ValueFilter {
  if (Array.isArray(pattern)) return compileLeaf(pattern, where);
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    throw new StartupError(`${where} must be an object with properties, or an array of values`);
  }
  const filters = Object.entries(pattern).map(([name, nested]): ValueFilter => {
    if (name === '$or') return compileAlternatives(nested, `${where}.$or`);
    const filter = compilePattern(nested, `${where}.${name}`);
    return (values) => filter(values.flatMap((value) => valuesOf(value, name)));
  });
  return (values) => filters.every((filter) => filter(values));
}

function compileAlternatives(patterns: unknown, where: string): ValueFilter {
  if (!Array.isArray(patterns) || patterns.length < 2) {
    throw new StartupError(`${where} must be an array of at least two patterns`);
  }
  const filters = patterns.map((pattern, index) => compilePattern(pattern, `${where}[${index}]`));
  return (values) => filters.some((filter) => filter(values));
}

function compileLeaf(conditions: readonly unknown[], where: string): ValueFilter {
  if (conditions.length === 0) throw new StartupError(`${where} must contain at least one value`);
  const filters = conditions.map((condition) => compileCondition(condition, where));
  return (values) => {
    const leaves = values.flat(Infinity).filter((value) => !isObject(value));
    return filters.some((filter) => filter(leaves));
  };
}

function compileCondition(condition: unknown, where: string): ValueFilter {
  if (isScalar(condition)) return (values) => values.includes(condition);
  const [operator = '', argument, ...rest] = isObject(condition) ? Object.entries(condition).flat() : [];
  if (rest.length > 0) throw new StartupError(`${where}: an operator must stand alone in its object`);
  switch (operator) {
    case 'exists':
      if (typeof argument !== 'boolean') throw new StartupError(`${where}: exists must be true or false`);
      return (values) => values.length > 0 === argument;
    case 'prefix':
    case 'suffix': {
      const test = compileAffix(operator, argument, where);
      return (values) => values.some(test);
    }
    case 'anything-but': {
      const excludes = compileExclusion(argument, where);
      return (values) => values.some((value) => !excludes(value));
    }
    default:
      throw new StartupError(
        `${where}: unsupported filter ${JSON.stringify(condition)}; supported are values, exists, anything-but, prefix, suffix and $or`,
      );
  }
}

/** The values that `anything-but` excludes: a value, an array of values, or a prefix or suffix. */
function compileExclusion(argument: unknown, where: string): (value: unknown) => boolean {
  const values: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
  if (values.length > 0 && values.every(isScalar)) {
    const excluded = new Set<unknown>(values);
    return (value) => excluded.has(value);
  }
  const [operator, affix, ...rest] = isObject(argument) ? Object.entries(argument).flat() : [];
  if ((operator === 'prefix' || operator === 'suffix') && rest.length === 0)
    return compileAffix(operator, affix, where);
  throw new StartupError(`${where}: anything-but must be a value, an array of values, or a prefix or suffix`);
}

function compileAffix(operator: 'prefix' | 'suffix', affix: unknown, where: string): (value: unknown) => boolean {
  if (typeof affix !== 'string' || affix === '') throw new StartupError(`${where}: ${operator} must be a string`);
  return (value) =>
    typeof value === 'string' && (operator === 'prefix' ? value.startsWith(affix) : value.endsWith(affix));
}

/** The values of a property; of an array, those of its elements. */
function valuesOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((element) => valuesOf(element, name));
  return isObject(value) && Object.hasOwn(value, name) ? [value[name]] : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
