import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  isWellFormedSign,
  isSignValid,
  isWellFormedToken,
  isTokenValid,
} from '../../../lib/events/callback-authentication';
import { parseSecretVersions } from '../../../lib/platform/secrets';

const NOW = 1_795_350_000;
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const signed = (t: number | string, key = 'SignKey1', T: number | string = t) => ({ Sign: md5(`${key}${t}`), T });

interface Place {
  readonly message?: unknown;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
}
const valid = ({ message = {}, query = {}, headers = {} }: Place, keys = ['SignKey1']) =>
  isSignValid({ message, query: new URLSearchParams(query), headers }, keys, NOW);

describe('isTokenValid', () => {
  test.each<[string, string | null, string[], boolean]>([
    ['the right token is valid', 'token-1', ['token-1'], true],
    ['the second of two tokens is valid too', 'token-2', ['token-1', 'token-2'], true],
    ['another token is invalid', 'token-3', ['token-1', 'token-2'], false],
    ['a prefix of the token is invalid', 'token-', ['token-1'], false],
    ['a missing token is invalid', null, ['token-1'], false],
    ['an empty token is invalid, even if a secret is empty', '', [''], false],
  ])('isTokenValid: %s', (_, token, tokens, expected) => {
    expect(isTokenValid(token, tokens)).toBe(expected);
  });
});

describe('H7: isWellFormedToken', () => {
  test.each<[string, string | null, boolean]>([
    ['a missing token', null, false],
    ['an empty token', '', false],
    ['blanks', '  ', false],
    ['a blank at the end', 'token ', false],
    ['a comma', 'a,b', false],
    ['a line break', 'a\nb', false],
    ['half of a character', '\ud800', false],
    ['over 4 096 bytes', '文'.repeat(1_366), false],
    ['4 096 bytes', 'x'.repeat(4_096), true],
    ['a token of `secrets create`', 'q0N8v-3_gX2k1mZr5tYwB7dF9hJ4lP6sA8cE0uI2oQW', true],
    ['a blank inside, which a + in the URL becomes', 'a b', true],
    ['other scripts', '令牌', true],
  ])('H7: isWellFormedToken classifies %s', (_, token, expected) => {
    expect(isWellFormedToken(token)).toBe(expected);
  });

  test('accepts every text that an operator can store as a token', () => {
    const visible = fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(fc.array(visible, { minLength: 1, maxLength: 3 }), (texts) => {
        fc.pre(texts.some((text) => text.replaceAll(',', '').trim() !== ''));
        for (const token of parseSecretVersions('/token', texts.join(','))) {
          expect([isWellFormedToken(token), isTokenValid(token, [token])]).toEqual([true, true]);
        }
      }),
    );
  });
});

describe('isSignValid', () => {
  test.each<[string, Place, boolean]>([
    ['as VOD sends it, ten minutes ahead', { message: signed(NOW + 600) }, true],
    ['T as a string of digits', { message: signed(NOW + 600, 'SignKey1', String(NOW + 600)) }, true],
    ['hex in upper case', { message: { Sign: md5(`SignKey1${NOW + 1}`).toUpperCase(), T: NOW + 1 } }, true],
    ['expiring this very second', { message: signed(NOW) }, true],
    ['expired a second ago', { message: signed(NOW - 1) }, false],
    ['15 minutes ahead', { message: signed(NOW + 900) }, true],
    ['more than 15 minutes ahead', { message: signed(NOW + 901) }, false],
    ['made with another key', { message: signed(NOW + 600, 'Other') }, false],
    ['of another T', { message: { ...signed(NOW + 600), T: NOW + 599 } }, false],
    ['no Sign', { message: { T: NOW + 600 } }, false],
    ['no T', { message: { Sign: md5(`SignKey1${NOW + 600}`) } }, false],
    ['no message at all', { message: undefined }, false],
    ['a T that is not an integer', { message: signed(`${NOW}.5`) }, false],
    ['a T with a sign', { message: signed(`+${NOW + 600}`) }, false],
    ['a Sign that is not a string', { message: { Sign: [md5(`SignKey1${NOW}`)], T: NOW } }, false],
    ['in the query, where the message has neither', { query: queryOf(NOW + 600) }, true],
    ['in the headers, where message and query have neither', { headers: headersOf(NOW + 600) }, true],
    ['right in the query but wrong in the message', { message: signed(NOW, 'Other'), query: queryOf(NOW) }, false],
    [
      'Sign in the message but T in the query',
      { message: { Sign: md5(`SignKey1${NOW}`) }, query: { T: `${NOW}` } },
      false,
    ],
  ])('isSignValid classifies a Sign and T: %s', (_, place, expected) => {
    expect(valid(place)).toBe(expected);
  });

  test('H7: isWellFormedSign accepts every valid Sign, and one of another key', () => {
    const times = fc.integer({ min: NOW - 10, max: NOW + 1_000 });
    fc.assert(
      fc.property(times, fc.string(), fc.constantFrom('message', 'query', 'headers'), (t, key, place) => {
        const { Sign, T } = signed(t, key, String(t));
        const sent: Record<string, string> =
          place === 'headers' ? { sign: Sign, t: T as string } : { Sign, T: T as string };
        const places = { message: {}, headers: {}, [place]: sent };
        const query = new URLSearchParams(place === 'query' ? sent : {});
        const isInTime = t >= NOW && t <= NOW + 900;
        expect(isWellFormedSign({ ...places, query }, NOW)).toBe(isInTime);
        expect(isSignValid({ ...places, query }, [key], NOW)).toBe(isInTime && key !== '');
      }),
    );
  });

  test('accepts either of two keys', () => {
    expect(valid({ message: signed(NOW, 'New') }, ['New', 'Old'])).toBe(true);
    expect(valid({ message: signed(NOW, 'Old') }, ['New', 'Old'])).toBe(true);
  });

  test('rejects everything with an empty key, even what was signed with an empty key', () => {
    expect(valid({ message: signed(NOW, '') }, [''])).toBe(false);
    expect(valid({ message: signed(NOW) }, [])).toBe(false);
  });
});

function queryOf(t: number): Record<string, string> {
  return { Sign: md5(`SignKey1${t}`), T: String(t) };
}

function headersOf(t: number): Record<string, string> {
  return { sign: md5(`SignKey1${t}`), t: String(t) };
}
