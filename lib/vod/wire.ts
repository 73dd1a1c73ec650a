import { asArray, asNumber, asObject, asString, getField as getOwnField } from '../platform/json';

/** Longest string, in bytes, and largest number that a row keeps of what VOD sends. */
const MAX_TEXT_BYTES = 2048;
const MAX_NUMBER = 2 ** 53;

/** A field of an untrusted value in 3.0's spelling (`FileId`) or 2.0's (`fileId`); `undefined` for null too. */
export function getField(value: unknown, name: string): unknown {
  return getOwnField(value, name) ?? getOwnField(value, name.charAt(0).toLowerCase() + name.slice(1));
}

/** A field that is a string; VOD writes an empty one for what it does not know. */
export function getString(value: unknown, name: string): string | undefined {
  return asString(getField(value, name));
}

export function getNumber(value: unknown, name: string): number | undefined {
  return asNumber(getField(value, name));
}

export function getObject(value: unknown, name: string): object | undefined {
  return asObject(getField(value, name));
}

export function getArray(value: unknown, name: string): readonly unknown[] {
  return asArray(getField(value, name));
}

/**
 * As {@link getString}, for the table: at most 2 048 bytes of well-formed Unicode; any other string counts as absent and
 * its name is added to `droppedFields`.
 */
export function boundedString(value: unknown, name: string, droppedFields: string[]): string | undefined {
  const found = getString(value, name);
  if (found === undefined || (Buffer.byteLength(found) <= MAX_TEXT_BYTES && found.isWellFormed())) return found;
  droppedFields.push(name);
  return undefined;
}

/** As {@link getNumber}, for the table: at most 2^53 and not below DynamoDB's range; else absent and dropped. */
export function boundedNumber(value: unknown, name: string, droppedFields: string[]): number | undefined {
  const found = getNumber(value, name);
  const magnitude = Math.abs(found ?? 0);
  if (magnitude === 0 || (magnitude > 1e-100 && magnitude <= MAX_NUMBER)) return found;
  droppedFields.push(name);
  return undefined;
}

/** A measure such as `Size` or `Duration`: VOD writes 0 before it has analysed the file, so 0 counts as absent. */
export function boundedMeasure(value: unknown, name: string, droppedFields: string[]): number | undefined {
  const found = boundedNumber(value, name, droppedFields);
  return found !== undefined && found > 0 ? found : undefined;
}
