/** Longest string, in bytes, and largest number that the table keeps of what VOD sends. */
const MAX_TEXT_BYTES = 2048;
const MAX_NUMBER = 2 ** 53;

/** Which members were left out, by VOD's names for them. */
export type Notes = string[];

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value of bytes that are JSON in UTF-8, `undefined` where they are not. A byte order mark is no part of it. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

/** A member of an untrusted JSON value, in 3.0's spelling (`FileId`) or 2.0's (`fileId`); `undefined` for null too. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const camel = name.charAt(0).toLowerCase() + name.slice(1);
  const { [name]: in3, [camel]: in2 } = value as Readonly<Record<string, unknown>>;
  return in3 ?? in2 ?? undefined;
}

/** A member that is an object; an array is not one. */
export function object(value: unknown, name: string): object | undefined {
  const found = member(value, name);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : undefined;
}

/** The elements of a member that is an array, none for anything else. */
export function list(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : [];
}

/** A member that is a string; VOD writes an empty one for what it does not know. */
export function text(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** A member that is a number, whatever its size; -0 is 0, as it is for DynamoDB. */
export function number(value: unknown, name: string): number | undefined {
  const found = member(value, name);
  return typeof found === 'number' ? found + 0 : undefined;
}

/** As {@link text}, for the table: at most {@link MAX_TEXT_BYTES}, no lone surrogates; else absent and noted. */
export function boundedString(value: unknown, name: string, notes: Notes): string | undefined {
  const found = text(value, name);
  if (found === undefined || (Buffer.byteLength(found) <= MAX_TEXT_BYTES && found.isWellFormed())) return found;
  notes.push(name);
  return undefined;
}

/** As {@link number}, for the table: at most {@link MAX_NUMBER}, nothing below DynamoDB's range; else absent and noted. */
export function boundedNumber(value: unknown, name: string, notes: Notes): number | undefined {
  const found = number(value, name);
  const magnitude = Math.abs(found ?? 0);
  if (magnitude === 0 || (magnitude > 1e-100 && magnitude <= MAX_NUMBER)) return found;
  notes.push(name);
  return undefined;
}
