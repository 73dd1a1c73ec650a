import fc from 'fast-check';
import { asArray, asNumber, asObject, asString, getField, parseJson } from '../../../lib/platform/json';
import { omitUndefined } from '../../../lib/platform/omit-undefined';

describe('parseJson', () => {
  test('reads what JSON.stringify wrote, in UTF-8', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each<[string, Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['text that is not JSON', Buffer.from('{')],
    ['a value and more', Buffer.from('1 2')],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
  ])('returns undefined for %s', (_, bytes) => {
    expect(parseJson(bytes)).toBeUndefined();
  });

  test('ignores a byte order mark', () => {
    expect(parseJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 });
  });
});

describe('getField', () => {
  test('returns own fields only: nothing that an object inherits', () => {
    for (const name of Object.getOwnPropertyNames(Object.prototype)) {
      expect(getField({}, name)).toBeUndefined();
      expect(getField(JSON.parse(`{"${name}": 7}`), name)).toBe(7);
    }
  });

  test('returns undefined for null, for no object and for a null field', () => {
    expect([null, undefined, 7, 'x', true].map((value) => getField(value, 'length'))).toEqual(Array(5).fill(undefined));
    expect(getField({ a: null }, 'a')).toBeUndefined();
  });

  test('returns false, 0 and an empty string as they are', () => {
    expect([false, 0, ''].map((a) => getField({ a }, 'a'))).toEqual([false, 0, '']);
  });
});

test('asString accepts strings that are not empty', () => {
  expect(['a', '', 7, null, ['a'], {}].map(asString)).toEqual(['a', ...Array<undefined>(5).fill(undefined)]);
});

test('asNumber accepts numbers, and returns 0 for -0, as DynamoDB stores it', () => {
  expect([1.5, '1', null, [1]].map(asNumber)).toEqual([1.5, undefined, undefined, undefined]);
  expect(Object.is(asNumber(-0), 0)).toBe(true);
});

test('asObject accepts objects that are not arrays; asArray accepts only arrays', () => {
  expect([{}, [], null, 'x', 7].map(asObject)).toEqual([{}, undefined, undefined, undefined, undefined]);
  expect([[1], {}, null, 'xy', { length: 1 }].map(asArray)).toEqual([[1], [], [], [], []]);
});

test('omitUndefined keeps every value but undefined', () => {
  const members = { a: 1, b: undefined, c: null, d: false, e: '', f: 0 };
  expect(Object.entries(omitUndefined(members))).toEqual([
    ['a', 1],
    ['c', null],
    ['d', false],
    ['e', ''],
    ['f', 0],
  ]);
});
