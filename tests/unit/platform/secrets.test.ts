import { cached, parseSecretVersions, readParameters } from '../../../lib/platform/secrets';
import { virtualClock } from '../../support/unit/clock';

/** A cache of a value that counts up with every load, or fails while `error` is set. */
function startCache() {
  const clock = virtualClock();
  const lines: object[] = [];
  const times: number[] = [];
  let loads = 0;
  let error: Error | undefined;
  const read = cached(
    async (timeout) => {
      loads++;
      times.push(timeout);
      await Promise.resolve();
      if (error) throw error;
      return loads;
    },
    clock.now,
    (fields) => lines.push(fields),
  );
  return {
    clock,
    lines,
    read,
    loads: () => loads,
    /** For how long each load might retry, in milliseconds. */
    times,
    failWith: (next: Error | undefined) => {
      error = next;
    },
  };
}

describe('cached', () => {
  test('loads once for concurrent calls, and again after five minutes', async () => {
    const { read, loads, clock } = startCache();
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
    clock.advance(5 * 60_000 - 1);
    expect(await read()).toBe(1);
    clock.advance(1);
    expect(await Promise.all([read(), read()])).toEqual([2, 2]);
    expect(loads()).toBe(2);
  });

  test('keeps the last value when a refresh fails, logs it, and tries again after 30 s', async () => {
    const { read, loads, clock, lines, failWith } = startCache();
    await read();
    clock.advance(5 * 60_000);
    failWith(new Error('SSM does not respond'));
    expect(await read()).toBe(1);
    expect(lines).toEqual([
      { level: 'error', outcome: 'secret-refresh-failed', error: 'Error', reason: 'SSM does not respond' },
    ]);
    clock.advance(29_999);
    await read();
    expect(loads()).toBe(2);
    clock.advance(1);
    failWith(undefined);
    expect(await read()).toBe(3);
  });

  test("H7: throws the error of a failed first load for a second, so that many callers do not use up the store's quota", async () => {
    const { read, loads, clock, failWith } = startCache();
    const error = new Error('SSM does not respond');
    failWith(error);
    const crowd = await Promise.allSettled(Array.from({ length: 100 }, () => read()));
    expect(new Set(crowd.map(({ status }) => status))).toEqual(new Set(['rejected']));
    clock.advance(999);
    await expect(read()).rejects.toBe(error);
    expect(loads()).toBe(1);
    clock.advance(1);
    failWith(undefined);
    expect(await read()).toBe(2);
  });
});

describe('A4: cached', () => {
  test('retries a first load for as long as the caller has time', async () => {
    const { read, times } = startCache();
    await read(4_000);
    expect(times).toEqual([4_000]);
  });

  test('retries a refresh for 3 s at most, because there is a last value to use', async () => {
    const { read, times, clock, failWith } = startCache();
    await read();
    clock.advance(5 * 60_000);
    failWith(new Error('SSM is busy'));
    await read(9_000);
    clock.advance(30_000);
    await read(2_000);
    expect(times).toEqual([Infinity, 3_000, 2_000]);
  });
});

describe('readParameters', () => {
  test('requests each name once and returns a function from names to values', async () => {
    const loadedNames: (readonly string[])[] = [];
    const value = await readParameters(
      (names) => {
        loadedNames.push(names);
        return Promise.resolve(new Map(names.map((name) => [name, `value of ${name}`])));
      },
      ['/a', '/b', '/a'],
    );
    expect(loadedNames).toEqual([['/a', '/b']]);
    expect(value('/b')).toBe('value of /b');
  });

  test('names a parameter that does not exist', async () => {
    const value = await readParameters(() => Promise.resolve(new Map<string, string>()), ['/a']);
    expect(() => value('/a')).toThrow('create the SSM parameter /a as a SecureString');
    expect(() => value('constructor')).toThrow(/constructor/);
  });
});

describe('parseSecretVersions', () => {
  test.each([
    ['one', ['one']],
    ['new,old', ['new', 'old']],
    [' new , old ', ['new', 'old']],
    ['new,', ['new']],
    [',old', ['old']],
  ])('parseSecretVersions parses %j', (value, expected) => {
    expect(parseSecretVersions('/a', value)).toEqual(expected);
  });

  test.each(['', ' ', ',', ' , '])('%j is refused: an empty secret must not open anything', (value) => {
    expect(() => parseSecretVersions('/a', value)).toThrow('the SSM parameter /a is empty');
  });
});
