/**
 * Whether this run tries everything (`npm run test:thorough`, about twice as long). The usual run tries a sample where each
 * case starts a process or a browser and differs from the others in a value only.
 */
export const isThorough = process.env['THOROUGH'] === 'true';

/** All cases, or the first ones of them. */
export function sample<T>(cases: readonly T[], size: number): readonly T[] {
  return isThorough ? cases : cases.slice(0, size);
}

/** A test that only `npm run test:thorough` runs: others cover its main case. */
export const thoroughTest = isThorough ? test : test.skip;

/** How many runs a property gets. */
export function runs(thorough: number, usual: number): number {
  return isThorough ? thorough : usual;
}
