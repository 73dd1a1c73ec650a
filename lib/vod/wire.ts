import { asArray, asNumber, asObject, asString, getField as getOwnField } from '../platform/json';

/** Longest string that a row keeps, in bytes. */
const MAX_TEXT_BYTES = 2048;
/** Largest absolute number that a row keeps. */
const MAX_NUMBER = 2 ** 53;

/** A field of an untrusted value in 3.0's spelling (`FileId`) or 2.0's (`fileId`); `undefined` for null too. */
export function getField(value: unknown, name: string): unknown {
  return getOwnField(value, name) ?? getOwnField(value, name.charAt(0).toLowerCase() + name.slice(1));
}

/** A string field; `undefined` for an empty string, which VOD sends for unknown values. */
export function getString(value: unknown, name: string): string | undefined {
  return asString(getField(value, name));
}

/** A number field; `undefined` for a value of another type. */
export function getNumber(value: unknown, name: string): number | undefined {
  return asNumber(getField(value, name));
}

/** An object field; `undefined` for a value of another type, arrays included. */
export function getObject(value: unknown, name: string): object | undefined {
  return asObject(getField(value, name));
}

/** The elements of an array field; none for a value of another type. */
export function getArray(value: unknown, name: string): readonly unknown[] {
  return asArray(getField(value, name));
}

/**
 * As {@link getString}, within the table's bounds: at most 2 048 bytes of well-formed Unicode. A string out of bounds is
 * treated as missing, and `name` is added to `droppedFields`.
 */
export function boundedString(value: unknown, name: string, droppedFields: string[]): string | undefined {
  const text = getString(value, name);
  if (text === undefined || (Buffer.byteLength(text) <= MAX_TEXT_BYTES && text.isWellFormed())) return text;
  droppedFields.push(name);
  return undefined;
}

/** As {@link getNumber}, within the table's bounds: 0, or an absolute value over 1e-100 and up to 2^53; else dropped. */
export function boundedNumber(value: unknown, name: string, droppedFields: string[]): number | undefined {
  const parsed = getNumber(value, name);
  const magnitude = Math.abs(parsed ?? 0);
  if (magnitude === 0 || (magnitude > 1e-100 && magnitude <= MAX_NUMBER)) return parsed;
  droppedFields.push(name);
  return undefined;
}

/** A measure such as `Size` or `Duration`: VOD sends 0 until it has analysed the file, so 0 is treated as missing. */
export function boundedMeasure(value: unknown, name: string, droppedFields: string[]): number | undefined {
  const measure = boundedNumber(value, name, droppedFields);
  return measure !== undefined && measure > 0 ? measure : undefined;
}
