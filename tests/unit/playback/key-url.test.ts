import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { keyUrlDir, keyUrlSign, signKeyUrl, type KeyUrlParameters } from '../../../lib/playback/key-url';

interface Vector {
  readonly url: string;
  readonly parameters: KeyUrlParameters;
  readonly signed: string;
}

const { keyUrls } = JSON.parse(readFileSync(join(__dirname, '../../fixtures/playback/vectors.json'), 'utf8')) as {
  readonly keyUrls: readonly Vector[];
};

// The three examples of 266/14047
const KEY = '24FEQmTzro4V5u3D5epW';
const VIDEO = 'http://example.vod2.myqcloud.com/dir1/dir2/myVideo.mp4';
const COMMON = { key: KEY, expireTime: 1_517_400_000, us: '72d4cd1101' };

describe('signKeyUrl, the vendor’s examples', () => {
  test.each<[string, Partial<KeyUrlParameters>, string]>([
    ['with an expiry', {}, 't=5a71afc0&us=72d4cd1101&sign=3d8488faeb37d52d6bf63b63c1b171c3'],
    ['with rlimit', { rlimit: 3 }, 't=5a71afc0&rlimit=3&us=72d4cd1101&sign=c5214f0d5961b13acd558b4957c4dfc5'],
    ['with exper', { exper: 300 }, 't=5a71afc0&exper=300&us=72d4cd1101&sign=547d98c4b91e81b5ea55c95cef63223f'],
  ])('signKeyUrl makes the URL of the vendor’s example %s', (_, parameters, query) => {
    expect(signKeyUrl(VIDEO, { ...COMMON, ...parameters })).toBe(`${VIDEO}?${query}`);
  });
});

test('keyUrlSign hashes key, Dir and values without anything between them', () => {
  expect(keyUrlSign(KEY, '/dir1/dir2/', ['5a71afc0', '3', '72d4cd1101'])).toBe('c5214f0d5961b13acd558b4957c4dfc5');
});

test('signKeyUrl makes the same URLs as Python’s hashlib and urllib', () => {
  expect(keyUrls).toHaveLength(100);
  for (const { url, parameters, signed } of keyUrls) expect(signKeyUrl(url, parameters)).toBe(signed);
});

describe('signKeyUrl', () => {
  const sign = (url: string, parameters: Partial<KeyUrlParameters> = {}) =>
    signKeyUrl(url, { key: KEY, expireTime: 1_517_400_000, ...parameters });

  test('leaves the other parameters as they are, in front of its own', () => {
    expect(sign(`${VIDEO}?name=%7Ea+b&flag&c=%E4%BD%A0&empty=`)).toMatch(
      /\?name=%7Ea\+b&flag&c=%E4%BD%A0&empty=&t=5a71afc0&sign=\w{32}$/,
    );
  });

  test('replaces what an earlier signature left in the query', () => {
    const signed = sign(VIDEO, { us: 'a', exper: 30, rlimit: 9, uv: 'b' });
    expect(sign(signed)).toBe(sign(VIDEO));
    expect(sign(`${VIDEO}?whref=a.com&bkref=b.com&whreg=CHN&bkreg=USA`)).toBe(sign(VIDEO));
  });

  test('hashes the path percent-encoded, as it is sent', () => {
    const encoded = 'http://example.com/%E7%9B%AE%E5%BD%95/a.mp4';
    expect(sign('http://example.com/目录/a.mp4')).toBe(sign(encoded));
    const values = ['5a71afc0'];
    expect(sign(encoded)).toBe(`${encoded}?t=5a71afc0&sign=${keyUrlSign(KEY, '/%E7%9B%AE%E5%BD%95/', values)}`);
    // The case of the escapes is part of what is sent.
    expect(sign('http://example.com/%e7%9b/a.mp4')).toContain(keyUrlSign(KEY, '/%e7%9b/', values));
  });

  test.each(['http://example.com:8443/a/b.mp4', 'https://example.com/a/b.mp4', 'http://[::1]:80/a/b.mp4'])(
    'keeps scheme and port of %s, and hashes neither',
    (url) => {
      const { protocol, port } = new URL(sign(url));
      expect({ protocol, port }).toMatchObject({ protocol: new URL(url).protocol, port: new URL(url).port });
      expect(sign(url)).toContain(keyUrlSign(KEY, '/a/', ['5a71afc0']));
    },
  );

  test('keeps a fragment behind the query', () => {
    expect(sign(`${VIDEO}#t=10`)).toMatch(/\?t=5a71afc0&sign=\w{32}#t=10$/);
  });

  test('hashes exper and rlimit of 0, which it sends', () => {
    expect(sign(VIDEO, { exper: 0 })).toBe(
      `${VIDEO}?t=5a71afc0&exper=0&sign=${keyUrlSign(KEY, '/dir1/dir2/', ['5a71afc0', '0'])}`,
    );
  });

  test.each(['a b', '你', 'a&b', 'a%20', ''])('rejects us and uv of %j', (text) => {
    expect(() => sign(VIDEO, { us: text })).toThrow(
      new RangeError('Cannot sign a URL: us must be letters, digits and -._~'),
    );
    expect(() => sign(VIDEO, { uv: text })).toThrow(RangeError);
  });

  test.each(['', '/a/b.mp4', 'example.com/a.mp4'])('rejects %j, which is not an absolute URL', (url) => {
    expect(() => sign(url)).toThrow('Invalid URL');
  });
});

describe('for any input, signKeyUrl', () => {
  const segment = fc.string({ unit: 'binary', maxLength: 8 });
  const urls = fc
    .record({
      host: fc.constantFrom('example.com', '1500000001.vod2.myqcloud.com', '127.0.0.1:3443'),
      path: fc
        .array(segment, { maxLength: 4 })
        .map((parts) => parts.map((part) => `/${encodeURIComponent(part)}`).join('')),
      query: fc
        .array(fc.tuple(segment, segment), { maxLength: 3 })
        .map((pairs) => new URLSearchParams(pairs).toString()),
    })
    .map(({ host, path, query }) => `https://${host}${path === '' ? '/' : path}${query && `?${query}`}`);
  const safe = fc.stringMatching(/^[\w.~-]{1,12}$/);
  const options = fc.record(
    { exper: fc.nat(1_000), rlimit: fc.nat(9), us: safe, uv: safe },
    { requiredKeys: [] },
  ) as fc.Arbitrary<Omit<KeyUrlParameters, 'key' | 'expireTime'>>;
  const times = fc.integer({ min: 1, max: 2 ** 32 });

  test('sends what it hashed, in VOD’s order, and keeps the rest of the query', () => {
    fc.assert(
      fc.property(urls, options, times, (url, more, expireTime) => {
        const signed = new URL(signKeyUrl(url, { key: KEY, expireTime, ...more }));
        const names = ['t', 'exper', 'rlimit', 'us', 'uv', 'whref', 'bkref', 'whreg', 'bkreg', 'sign'];
        const all = [...signed.searchParams];
        const own = all.filter(([name]) => names.includes(name));
        expect(own.map(([name]) => name)).toEqual(names.filter((name) => own.some(([sent]) => sent === name)));
        const values = own.slice(0, -1).map(([, value]) => value);
        expect(own.at(-1)?.[1]).toBe(keyUrlSign(KEY, keyUrlDir(signed), values));
        expect(parseInt(signed.searchParams.get('t') ?? '', 16)).toBe(expireTime);
        const before = new URL(url);
        expect(all.slice(0, -own.length)).toEqual([...before.searchParams].filter(([name]) => !names.includes(name)));
        expect([signed.host, signed.pathname]).toEqual([before.host, before.pathname]);
      }),
    );
  });

  test('returns the same URL for one that is already signed', () => {
    fc.assert(
      fc.property(urls, options, times, (url, more, expireTime) => {
        const parameters = { key: KEY, expireTime, ...more };
        const signed = signKeyUrl(url, parameters);
        expect(signKeyUrl(signed, parameters)).toBe(signed);
      }),
    );
  });

  test('gives files of one folder the same sign, and those of another folder another one', () => {
    const signOf = (path: string) =>
      new URL(signKeyUrl(`https://example.com${path}`, { key: KEY, expireTime: 1_517_400_000 })).searchParams.get(
        'sign',
      );
    fc.assert(
      fc.property(safe, safe, (one, other) => {
        expect(signOf(`/dir/${one}.mp4`)).toBe(signOf(`/dir/${other}.ts`));
        expect(signOf(`/dir/${one}.mp4`)).not.toBe(signOf(`/dir/${one}.d/${other}.ts`));
      }),
    );
  });
});
