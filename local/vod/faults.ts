import { isObject, jsonObject, readBody, replyJson, type Call } from './http';

/** What may go wrong with callbacks, on demand. */
export interface Faults {
  readonly drop: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly delayMs: number;
  readonly format: '3.0' | '2.0' | 'both';
  readonly seed: number;
}

export const NO_FAULTS: Faults = { drop: 0, duplicate: 0, reorder: 0, delayMs: 0, format: '3.0', seed: 1 };

const probability = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;

const RULES: Record<keyof Faults, { fits: (value: unknown) => boolean; rule: string }> = {
  drop: { fits: probability, rule: 'a number from 0 to 1' },
  duplicate: { fits: probability, rule: 'a number from 0 to 1' },
  reorder: { fits: probability, rule: 'a number from 0 to 1' },
  delayMs: {
    fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 600_000,
    rule: 'an integer from 0 to 600000',
  },
  format: { fits: (value) => value === '3.0' || value === '2.0' || value === 'both', rule: '"3.0", "2.0" or "both"' },
  seed: { fits: Number.isSafeInteger, rule: 'an integer' },
};

/** Reads, changes or resets the faults in force. */
export async function changeFaults(
  { request, response, method }: Call,
  inForce: Faults,
  set: (changed: Partial<Faults> | undefined) => Faults,
): Promise<void> {
  if (method === 'GET') {
    replyJson(response, 200, inForce);
  } else if (method === 'DELETE') {
    replyJson(response, 200, set(undefined));
  } else if (method === 'PUT') {
    const changed: Partial<Faults> | undefined = jsonObject(await readBody(request));
    const problem = problemWith(changed);
    if (problem === undefined) replyJson(response, 200, set(changed ?? {}));
    else replyJson(response, 400, { message: problem });
  } else {
    replyJson(response, 405, { message: 'Faults are read with GET, changed with PUT, reset with DELETE' });
  }
}

/** The sentence that says what is wrong with the values, or undefined if nothing is. */
function problemWith(values: unknown): string | undefined {
  if (!isObject(values)) return 'Faults are a JSON object';
  for (const [name, value] of Object.entries(values)) {
    if (!isFault(name)) return `"${name}" is not one of ${Object.keys(RULES).join(', ')}`;
    if (!RULES[name].fits(value)) return `"${name}" is ${RULES[name].rule}, not ${JSON.stringify(value)}`;
  }
  return undefined;
}

function isFault(name: string): name is keyof Faults {
  return Object.hasOwn(RULES, name);
}

/** Numbers from 0 up to 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
