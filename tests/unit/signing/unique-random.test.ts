import { uniqueRandom } from '../../../lib/signing/unique-random';

/** Draws these numbers, one after the other. */
const drawing =
  (...numbers: number[]) =>
  () =>
    numbers.shift() ?? 99;

test('a number that was already drawn in this second is replaced by another draw', () => {
  const next = uniqueRandom(drawing(7, 7, 7, 8, 7, 8, 9));
  expect([next(1), next(1), next(1)]).toEqual([7, 8, 9]);
});

test('a number may be drawn again in another second', () => {
  const next = uniqueRandom(drawing(7, 7));
  expect([next(1), next(2)]).toEqual([7, 7]);
});

test('a clock that is set back makes no number available again', () => {
  const next = uniqueRandom(drawing(7, 7, 8));
  expect([next(2), next(1)]).toEqual([7, 8]);
});
