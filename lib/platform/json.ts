const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value of bytes that are JSON in UTF-8, else `undefined`. A byte order mark is ignored. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

/** An own field of an untrusted value; `undefined` where it is missing or null. */
export function getField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (Reflect.get(value, name) as unknown) ?? undefined;
}

/** The value if it is a string that is not empty. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The value if it is a number; -0 becomes 0, as DynamoDB stores it. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value + 0 : undefined;
}

/** The value if it is an object; an array is not one. */
export function asObject(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/** The elements of an array; none for any other value. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
