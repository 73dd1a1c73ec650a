import { isObject } from '../http';
import { ApiError } from './error';

/** The parameters of one call, not verified yet. Every function here throws an ApiError for a wrong type or value. */
export type Parameters = Readonly<Record<string, unknown>>;

export function invalidValue(name: string, message: string): ApiError {
  return new ApiError(`InvalidParameterValue.${name}`, message);
}

export function requireParameter<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ApiError('MissingParameter', `The request is missing the parameter \`${name}\``);
  return value;
}

export function getString(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new ApiError('InvalidParameter', `\`${name}\` is not a string`);
}

export function getChoice<T extends string>(
  parameters: Parameters,
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = getString(parameters, name);
  const choice = choices.find((one) => one === value);
  if (value !== undefined && choice === undefined) {
    throw invalidValue(name, `\`${name}\` must be one of: ${choices.join(', ')}`);
  }
  return choice;
}

export function getInteger(
  parameters: Parameters,
  name: string,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new ApiError('InvalidParameter', `\`${name}\` is not an integer`);
  }
  if (value < minimum || value > maximum) {
    throw invalidValue(name, `\`${name}\` must be from ${minimum} to ${maximum}`);
  }
  return value;
}

export function getArray(
  parameters: Parameters,
  name: string,
  maxLength: number,
  type: 'string' | 'number' | 'object',
): unknown[] | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (!isArray(value) || !value.every((one) => typeof one === type)) {
    throw new ApiError('InvalidParameter', `\`${name}\` is not an array of ${type}s`);
  }
  if (value.length > maxLength) throw invalidValue(name, `\`${name}\` has more than ${maxLength} elements`);
  return value;
}

export function getStrings(parameters: Parameters, name: string, maxLength: number): string[] | undefined {
  return getArray(parameters, name, maxLength, 'string')?.map(String);
}

/** The order of results. Newest first by default. */
export function getSort<T extends string>(
  parameters: Parameters,
  fields: readonly [T, ...T[]],
): { readonly field: T; readonly isAscending: boolean } {
  const sort = parameters['Sort'] ?? {};
  if (!isObject(sort)) throw new ApiError('InvalidParameter', '`Sort` is not an object');
  const field = getChoice(sort, 'Field', fields) ?? fields[0];
  return { field, isAscending: getChoice(sort, 'Order', ['Asc', 'Desc']) === 'Asc' };
}

/** A range of times in milliseconds: from `from` up to and not including `to`. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a range of ISO 8601 times. `After` is inclusive; whether `Before` is depends on the action.
 * The API compares whole seconds.
 */
export function getTimeRange(parameters: Parameters, name: string, end: 'inclusive' | 'exclusive'): TimeRange {
  const range = parameters[name] ?? {};
  if (!isObject(range)) throw new ApiError('InvalidParameter', `\`${name}\` is not an object`);
  const after = getTime(range, 'After', name) ?? -Infinity;
  const before = getTime(range, 'Before', name) ?? Infinity;
  return {
    from: Math.ceil(after / 1000) * 1000,
    to: end === 'inclusive' ? (Math.floor(before / 1000) + 1) * 1000 : Math.ceil(before / 1000) * 1000,
  };
}

function getTime(range: Parameters, side: 'After' | 'Before', name: string): number | undefined {
  const value = getString(range, side);
  if (value === undefined) return undefined;
  const time = Date.parse(value);
  if (Number.isNaN(time)) throw invalidValue(name, `${name}.${side} is not an ISO 8601 time`);
  return time;
}

function isArray(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
