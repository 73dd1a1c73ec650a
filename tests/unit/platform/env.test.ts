import { integer, list, optional, required } from '../../../lib/platform/env';

describe('optional and required', () => {
  test('trim a value; an empty or blank one counts as missing', () => {
    const env = { A: ' a ', B: '', C: ' \t\n' };
    expect(['A', 'B', 'C', 'D'].map((name) => optional(env, name))).toEqual(['a', undefined, undefined, undefined]);
    expect(required(env, 'A')).toBe('a');
  });

  test.each(['B', 'C', 'D'])('required names the variable %s that is missing', (name) => {
    expect(() => required({ B: '', C: '  ' }, name)).toThrow(`the environment variable ${name} is missing or empty`);
  });
});

describe('integer', () => {
  test.each([
    ['1', 1],
    ['10', 10],
    [' 5 ', 5],
  ])('integer parses %j as %d', (value, expected) => {
    expect(integer({ N: value }, 'N', 1, 10)).toBe(expected);
  });

  test.each(['0', '11', '1.5', '-1', 'x', '1e400', 'NaN', '9007199254740993'])(
    '%j is refused by name and bounds',
    (value) => {
      expect(() => integer({ N: value }, 'N', 1, 10)).toThrow('N must be an integer from 1 to 10');
    },
  );

  test('a missing number is reported by name', () => {
    expect(() => integer({}, 'N', 1, 10)).toThrow(/variable N is missing/);
  });
});

test('list returns the items without blanks and without empty ones', () => {
  expect(list({ L: ' a, b ,,c,' }, 'L')).toEqual(['a', 'b', 'c']);
  expect(list({}, 'L')).toEqual([]);
  expect(list({ L: ' ' }, 'L')).toEqual([]);
});
