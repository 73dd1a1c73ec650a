import { createPacer } from '../../../lib/vod/pace';
import { virtualClock } from '../../support/unit/clock';

/** When each of `count` calls that are made at once may begin, in milliseconds from now. */
const takeAll = (pacer: ReturnType<typeof createPacer>, count: number, action = 'DescribeMediaInfos') =>
  Array.from({ length: count }, () => pacer.take(action, Infinity) ?? NaN);

/** How many of the calls begin within the first second. */
const inFirstSecond = (waits: readonly number[]) => waits.filter((wait) => wait < 1_000).length;

describe('createPacer', () => {
  test('lets 100 calls a second through, evenly, and the first at once', () => {
    const waits = takeAll(createPacer(virtualClock().now), 300);
    expect(waits[0]).toBe(0);
    for (const second of [0, 1, 2]) {
      expect(waits.filter((wait) => Math.floor(wait / 1_000) === second)).toHaveLength(100);
    }
  });

  test('limits each action by itself, also one that is called "constructor"', () => {
    const pacer = createPacer(virtualClock().now);
    takeAll(pacer, 100);
    expect(pacer.take('DescribeTasks', Infinity)).toBe(0);
    expect(pacer.take('constructor', Infinity)).toBe(0);
    expect(pacer.take('constructor', Infinity)).toBe(10);
  });

  test('takes no place for a call that would begin after its deadline', () => {
    const clock = virtualClock();
    const pacer = createPacer(clock.now);
    takeAll(pacer, 100);
    for (let call = 0; call < 1_000; call++)
      expect(pacer.take('DescribeMediaInfos', clock.now() + 500)).toBeUndefined();
    clock.advance(1_000);
    expect(pacer.take('DescribeMediaInfos', clock.now() + 500)).toBe(0);
  });

  test('does not accumulate unused calls', () => {
    const clock = virtualClock();
    const pacer = createPacer(clock.now);
    takeAll(pacer, 10);
    clock.advance(60_000);
    expect(inFirstSecond(takeAll(pacer, 300))).toBe(100);
  });

  test('is halved for a minute by each refusal, for this action alone', () => {
    const clock = virtualClock();
    const pacer = createPacer(clock.now);
    pacer.slowDown('DescribeMediaInfos');
    expect(inFirstSecond(takeAll(pacer, 100))).toBe(50);
    expect(inFirstSecond(takeAll(pacer, 200, 'DescribeTasks'))).toBe(100);
    clock.advance(10_000);
    pacer.slowDown('DescribeMediaInfos');
    expect(inFirstSecond(takeAll(pacer, 100))).toBe(25);
    clock.advance(50_000); // the first refusal is a minute ago
    expect(inFirstSecond(takeAll(pacer, 100))).toBe(50);
    clock.advance(10_000);
    expect(inFirstSecond(takeAll(pacer, 200))).toBe(100);
  });

  test('counts the refusals of one second as one', () => {
    const pacer = createPacer(virtualClock().now);
    for (let refusals = 0; refusals < 30; refusals++) pacer.slowDown('DescribeMediaInfos');
    expect(inFirstSecond(takeAll(pacer, 100))).toBe(50);
  });

  test('never falls under 5 calls a second, however often VOD refuses', () => {
    const clock = virtualClock();
    const pacer = createPacer(clock.now);
    for (let second = 0; second < 50; second++) {
      for (let refusals = 0; refusals < 40; refusals++) pacer.slowDown('DescribeMediaInfos');
      clock.advance(1_000);
    }
    expect(takeAll(pacer, 6)).toEqual([0, 200, 400, 600, 800, 1_000]);
  });
});
