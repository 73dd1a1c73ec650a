import fc from 'fast-check';
import { tokenBucket, type Rate } from '../../../lib/signing/token-bucket';
import { runs } from '../../support/thorough';

interface Call {
  readonly caller: string;
  /** Time since the last call, in milliseconds. */
  readonly step: number;
}

/**
 * A model with exact fractions: the missing tokens of each caller, in 60 000ths. A caller with a full bucket is not
 * stored. When there are too many callers, the one with the fewest missing tokens is dropped; of several, the one
 * accepted longest ago.
 */
function model({ perMinute, burst }: Rate, maxCallers: number) {
  const token = 60_000n;
  let missing: { readonly caller: string; readonly of: bigint }[] = [];
  return ({ caller, step }: Call): number => {
    const back = BigInt(Math.max(0, step)) * BigInt(perMinute);
    missing = missing.map(({ caller: who, of }) => ({ caller: who, of: of - back })).filter(({ of }) => of > 0n);
    const after = (missing.find((one) => one.caller === caller)?.of ?? 0n) + token;
    const over = after - BigInt(burst) * token;
    const aSecond = BigInt(perMinute) * 1000n;
    if (over > 0n) return Number((over + aSecond - 1n) / aSecond);
    missing = missing.filter((one) => one.caller !== caller);
    if (missing.length >= maxCallers) {
      const [least] = [...missing].sort((one, other) => Number(one.of - other.of));
      missing = missing.filter((one) => one !== least);
    }
    missing.push({ caller, of: after });
    return 0;
  };
}

const rates = fc.record({
  perMinute: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) },
  ),
  burst: fc.integer({ min: 3, max: 8 }),
});
const steps = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(0, 0, 0, 1, 600, 999, 1000) },
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -100_000_000, max: 100_000_000 }) },
);
const calls = fc.array(fc.record({ caller: fc.constantFrom('a', 'b', 'c', 'd', 'e'), step: steps }), {
  maxLength: 150,
  size: 'max',
});
const start = fc.integer({ min: 0, max: 1_795_350_000_000 });

test('decides as an exact model does, also when the clock is set and when callers are dropped', () => {
  let refused = 0;
  let passed = 0;
  fc.assert(
    fc.property(rates, calls, start, fc.integer({ min: 1, max: 6 }), (rate, made, startsAt, maxCallers) => {
      const limit = tokenBucket(rate, maxCallers);
      const expected = model(rate, maxCallers);
      let now = startsAt;
      for (const [index, call] of made.entries()) {
        const step = index === 0 ? 0 : call.step;
        now += step;
        const wait = limit(call.caller, now);
        expect(wait).toBe(expected({ caller: call.caller, step }));
        if (wait > 0) refused++;
        else passed++;
      }
    }),
    { numRuns: runs(1_000, 300) },
  );
  // A run with few refusals would show little.
  expect(refused).toBeGreaterThan(passed / 50);
});

test('a caller that waits as long as announced gets a token, and one second earlier none', () => {
  fc.assert(
    fc.property(rates, start, fc.nat(90_000), (rate, now, pause) => {
      const limit = tokenBucket(rate);
      for (let n = 0; n < rate.burst; n++) expect(limit('a', now)).toBe(0);
      const at = now + Math.min(pause, Math.floor(59_999 / rate.perMinute));
      const wait = limit('a', at);
      expect(wait).toBeGreaterThanOrEqual(1);
      if (wait > 1) expect(limit('a', at + (wait - 1) * 1000)).toBeGreaterThanOrEqual(1);
      expect(limit('a', at + wait * 1000)).toBe(0);
    }),
  );
});

test('a limit of 30 a minute and 12 at once allows 12, then one every two seconds, and does not affect another caller', () => {
  const limit = tokenBucket({ perMinute: 30, burst: 12 });
  const waits = Array.from({ length: 14 }, () => limit('a', 1000));
  expect(waits).toEqual([...Array<number>(12).fill(0), 2, 2]);
  expect(limit('b', 1000)).toBe(0);
  expect([limit('a', 2999), limit('a', 3000), limit('a', 3000)]).toEqual([1, 0, 2]);
});

test('a clock that is set back by a year blocks no caller and fills no bucket', () => {
  const limit = tokenBucket({ perMinute: 60, burst: 3 });
  const year = 365 * 86_400_000;
  for (let n = 0; n < 3; n++) limit('a', year);
  expect([limit('a', year), limit('a', 0), limit('a', 999), limit('a', 1000), limit('a', 1000)]).toEqual([
    1, 1, 1, 0, 1,
  ]);
  // To and fro: what it showed before counts once more, and no more than a full bucket comes of it.
  const through = Array.from({ length: 10 }, () => limit('a', year)).filter((wait) => wait === 0);
  expect(through).toHaveLength(3);
});

test('10 000 callers are stored, and for one more the caller with the fullest bucket is dropped', () => {
  const limit = tokenBucket({ perMinute: 1, burst: 3 });
  const spend = (caller: string, times: number) => Array.from({ length: times }, () => limit(caller, 0));
  for (let n = 0; n < 9_999; n++) spend(`user-${n}`, 3);
  spend('lightly', 1);
  expect(limit('user-0', 0)).toBeGreaterThan(0);
  spend('one more', 3); // in place of "lightly", who lost least by it
  expect(['user-0', 'user-9998', 'one more'].map((caller) => limit(caller, 0) > 0)).toEqual([true, true, true]);
  expect(spend('lightly', 3)).toEqual([0, 0, 0]);
});
