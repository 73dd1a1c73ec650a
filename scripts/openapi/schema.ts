export type Schema = Readonly<Record<string, unknown>>;

/** ISO 8601 in UTC. */
const TIME = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$';

export const text = (description: string): Schema => ({ type: 'string', minLength: 1, description });

export const positive = (type: 'integer' | 'number', description: string): Schema => ({
  type,
  exclusiveMinimum: 0,
  description,
});

export const time = (description: string): Schema => ({ type: 'string', pattern: TIME, description });

/** An object without other properties. */
export const closed = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  ...(required.length > 0 && { required }),
  properties,
});
