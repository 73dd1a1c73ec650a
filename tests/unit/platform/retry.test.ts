import fc from 'fast-check';
import { backoff, retryUntil } from '../../../lib/platform/retry';
import { virtualClock } from '../../support/unit/clock';

describe('backoff', () => {
  test('doubles from the first pause to the longest, and takes off at most half of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (attempt, random) => {
          const full = Math.min(50 * 2 ** (attempt - 1), 1_000);
          const pause = backoff(attempt, () => random);
          expect(pause).toBeGreaterThanOrEqual(full / 2);
          expect(pause).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  test('accepts another first and longest pause', () => {
    const pauses = [1, 2, 3, 4].map((attempt) => Math.round(backoff(attempt, () => 0.999_999, 100, 350)));
    expect(pauses).toEqual([100, 200, 350, 350]);
  });
});

describe('retryUntil', () => {
  const failing = (times: number, error = new Error('no capacity')) => {
    let attempts = 0;
    const attempt = () => {
      attempts++;
      return attempts > times ? Promise.resolve('done') : Promise.reject(error);
    };
    return { attempt, attempts: () => attempts, error };
  };
  const never = () => false;

  test('returns the value of the first attempt that succeeds', async () => {
    const clock = virtualClock();
    const { attempt, attempts } = failing(4);
    const deps = { ...clock, random: () => 0.5 };
    expect(await retryUntil(clock.now() + 10_000, attempt, never, deps)).toBe('done');
    expect(attempts()).toBe(5);
  });

  test('throws the last error once another pause would pass the deadline, and never sleeps beyond it', async () => {
    const clock = virtualClock();
    const deadline = clock.now() + 5_000;
    const { attempt, attempts, error } = failing(1_000);
    await expect(retryUntil(deadline, attempt, never, { ...clock, random: () => 1 })).rejects.toBe(error);
    expect(clock.now()).toBeLessThan(deadline);
    expect(deadline - clock.now()).toBeLessThanOrEqual(1_000);
    expect(attempts()).toBeGreaterThan(5);
  });

  test('throws a final error at once', async () => {
    const clock = virtualClock();
    const { attempt, attempts, error } = failing(1_000);
    const isFinal = (thrown: unknown) => thrown === error;
    await expect(retryUntil(clock.now() + 10_000, attempt, isFinal, { ...clock, random: () => 0 })).rejects.toBe(error);
    expect(attempts()).toBe(1);
  });

  test('tries once when the deadline is past', async () => {
    const clock = virtualClock();
    const { attempt, attempts } = failing(0);
    expect(await retryUntil(clock.now() - 1, attempt, never, { ...clock, random: () => 0 })).toBe('done');
    expect(attempts()).toBe(1);
  });
});
