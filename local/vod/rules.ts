import { isObject } from './http';

/** The values that a property of a JSON object may have. */
export interface Rule {
  readonly isValid: (value: unknown) => boolean;
  /** Follows `must be` in the message: `a number from 0 to 1`. */
  readonly expected: string;
}

const MAX_QUOTED_LENGTH = 100;

/**
 * Returns what is wrong with a JSON object, or undefined if nothing is. Absent properties are not checked.
 *
 * @param name of the object in its document, such as `files[0]`; undefined for the document itself
 */
export function findViolation(
  value: unknown,
  rules: Readonly<Record<string, Rule>>,
  name?: string,
): string | undefined {
  if (!isObject(value)) return `${name === undefined ? 'The body' : `"${name}"`} must be a JSON object`;
  const prefix = name === undefined ? '' : `${name}.`;
  for (const [key, property] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (!rule) return `Unknown property "${prefix}${key}": must be one of: ${Object.keys(rules).join(', ')}`;
    if (!rule.isValid(property)) return `"${prefix}${key}" must be ${rule.expected}, not ${quote(property)}`;
  }
  return undefined;
}

export function text(maxLength: number): Rule {
  return {
    isValid: (value) => typeof value === 'string' && value.length <= maxLength,
    expected: `a string of at most ${maxLength} characters`,
  };
}

export function matching(pattern: RegExp, expected: string): Rule {
  return { isValid: (value) => typeof value === 'string' && pattern.test(value), expected };
}

export function integer(minimum: number, maximum: number): Rule {
  return {
    isValid: (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
    expected: `an integer from ${minimum} to ${maximum}`,
  };
}

export function number(minimum: number, maximum: number): Rule {
  return {
    isValid: (value) => typeof value === 'number' && value >= minimum && value <= maximum,
    expected: `a number from ${minimum} to ${maximum}`,
  };
}

export function oneOf(choices: readonly string[]): Rule {
  return {
    isValid: (value) => typeof value === 'string' && choices.includes(value),
    expected: `one of: ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
  };
}

/** A list of anything: its elements have rules of their own. */
export function list(maxLength: number): Rule {
  return {
    isValid: (value) => Array.isArray(value) && value.length <= maxLength,
    expected: `an array of at most ${maxLength} elements`,
  };
}

/** The value for a message. The content of arrays and objects is not shown: it may be nested deeper than the stack. */
function quote(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (isObject(value)) return 'an object';
  const json = JSON.stringify(value);
  return json.length > MAX_QUOTED_LENGTH ? `${json.slice(0, MAX_QUOTED_LENGTH)}...` : json;
}
