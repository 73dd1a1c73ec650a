import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { explainPlayback } from '../../cli/playback/explain';
import { signKeyUrl } from '../../lib/playback/key-url';
import { vod } from '../support/cli/cli';
import {
  DIR,
  explain,
  keys,
  keyUrl,
  md5,
  notesOf,
  NOW,
  PLAYER_KEY,
  rulesOf,
  SECRET_KEY,
  T,
  URL_KEY,
  VIDEO,
} from '../support/playback';

const HOST = 'example.vod2.myqcloud.com';
const good = keyUrl(`t=${T}&us=abc`, `${URL_KEY}${DIR}${T}abc`);
/** A URL that expires at a time, in Unix seconds. */
const until = (time: number) => keyUrl(`t=${time.toString(16)}`, `${URL_KEY}${DIR}${time.toString(16)}`);
/** A URL with a `sign` over another `Dir`. */
const withDir = (hashed: string, video = VIDEO) => keyUrl(`t=${T}`, `${URL_KEY}${hashed}${T}`, video);

const VALID: readonly (readonly [name: string, make: () => string])[] = [
  ['t and us', () => good],
  ['every parameter', () => keyUrl(`t=${T}&exper=30&rlimit=9&us=a`, `${URL_KEY}${DIR}${T}309a`)],
  ['empty parameters', () => keyUrl(`t=${T}&exper=&rlimit=&us=abc`, `${URL_KEY}${DIR}${T}abc`)],
  ['other parameters', () => keyUrl(`a=1&t=${T}`, `${URL_KEY}${DIR}${T}`)],
  ['limits to regions and sites', () => keyUrl(`t=${T}&whref=a.com&whreg=CHN`, `${URL_KEY}${DIR}${T}a.comCHN`)],
  ['a path that is encoded', () => withDir('/%E7%9B%AE/', 'https://example.com/%E7%9B%AE/a.mp4')],
  ['a path that a client will encode', () => withDir('/%E7%9B%AE/', 'https://example.com/目/a.mp4')],
  ['quotes around it', () => `'${good}'`],
];

describe('explain > a valid Key URL', () => {
  test.each(VALID)('explain finds a Key URL valid with %s', (_, make) => {
    expect(explain(make())).toMatchObject({ violations: [], notes: [], verified: true });
  });

  test.each(VALID)('explain without a key finds a valid Key URL without violations, not verified: %s', (_, make) => {
    const nothing = { playerKeys: [], urlKeys: [] };
    expect(explain(make(), nothing)).toMatchObject({ violations: [], notes: [], verified: false });
  });

  test('explain verifies a Key URL with each of two versions of the key', () => {
    const rotating = { ...keys, urlKeys: ['NewUrlKey1', URL_KEY] };
    expect(explain(good, rotating)).toMatchObject({ violations: [], verified: true });
  });

  test('explain finds no violation of a Key URL if only another key is known, and does not verify it', () => {
    const found = explain(good.replace('us=abc', 'us=abd'), { ...keys, urlKeys: [] });
    expect(found).toMatchObject({ violations: [], verified: false });
  });
});

describe('explain > violations of a Key URL', () => {
  test.each<[rules: string, make: () => string]>([
    // Keys
    ['player-key', () => keyUrl(`t=${T}&us=abc`, `${PLAYER_KEY}${DIR}${T}abc`)],
    ['secret-key', () => keyUrl(`t=${T}&us=abc`, `${SECRET_KEY}${DIR}${T}abc`)],
    ['wrong-sign', () => keyUrl(`t=${T}&us=abc`, `another${DIR}${T}abc`)],
    ['wrong-sign', () => good.replace('us=abc', 'us=abd')],
    // Dir
    ['dir-with-file', () => withDir(`${DIR}myVideo.mp4`)],
    ['dir-with-file', () => withDir(VIDEO)],
    ['dir-without-slash', () => withDir('/dir1/dir2')],
    ['dir-without-slash', () => withDir('dir1/dir2/')],
    ['dir-without-slash', () => withDir('dir1/dir2')],
    ['dir-with-host', () => withDir(`${HOST}${DIR}`)],
    ['dir-with-host', () => withDir(`http://${HOST}${DIR}`)],
    ['dir-decoded', () => withDir('/目/', 'https://example.com/%E7%9B%AE/a.mp4')],
    ['dir-decoded', () => withDir('/目/a.mp4', 'https://example.com/%E7%9B%AE/a.mp4')],
    ['dir-encoded', () => withDir('%2Fdir1%2Fdir2%2F')],
    ['dir-missing', () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}${T}abc`)],
    // Values and their order
    ['hash-order', () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}${DIR}abc${T}`)],
    ['hash-order', () => keyUrl(`t=${T}&exper=30&rlimit=3&us=a&uv=b`, `${URL_KEY}${DIR}30a${T}b3`)],
    ['not-hashed', () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}${DIR}${T}`)],
    ['not-hashed', () => keyUrl(`t=${T}&exper=0&us=abc`, `${URL_KEY}${DIR}${T}abc`)],
    ['t-hashed-decimal', () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}${DIR}1663297200abc`)],
    ['query-order', () => keyUrl(`us=abc&t=${T}`, `${URL_KEY}${DIR}${T}abc`)],
    ['query-order', () => `${VIDEO}?sign=${md5(`${URL_KEY}${DIR}${T}`)}&t=${T}`],
    ['duplicated', () => keyUrl(`t=${T}&us=abc&us=abc`, `${URL_KEY}${DIR}${T}abc`)],
    // t
    ['t-decimal', () => keyUrl('t=1663297200', `${URL_KEY}${DIR}1663297200`)],
    ['t-not-hex', () => keyUrl(`t=0x${T}`, `${URL_KEY}${DIR}0x${T}`)],
    ['t-upper-case', () => keyUrl('t=6323E6B0', `${URL_KEY}${DIR}6323E6B0`)],
    ['milliseconds', () => keyUrl('t=18343f1b980', `${URL_KEY}${DIR}18343f1b980`)],
    ['url-expired', () => until(NOW - 301)],
    ['missing', () => keyUrl('us=abc', `${URL_KEY}${DIR}abc`)],
    ['missing', () => `${VIDEO}?t=${T}`],
    ['not-signed', () => VIDEO],
    ['not-signed', () => `${VIDEO}?a=1`],
    // Others
    ['rlimit-bounds', () => keyUrl(`t=${T}&rlimit=10`, `${URL_KEY}${DIR}${T}10`)],
    ['not-a-number', () => keyUrl(`t=${T}&exper=5m`, `${URL_KEY}${DIR}${T}5m`)],
    ['sign-form', () => `${VIDEO}?t=${T}&sign=${createHash('sha1').update(URL_KEY).digest('hex')}`],
    ['html', () => good.replaceAll('&', '&amp;')],
    // Two mistakes at once are both named
    ['player-key,dir-with-file', () => keyUrl(`t=${T}`, `${PLAYER_KEY}${DIR}myVideo.mp4${T}`)],
    ['dir-without-slash,hash-order', () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}/dir1/dir2abc${T}`)],
    ['t-decimal,dir-with-host', () => keyUrl('t=1663297200', `${URL_KEY}${HOST}${DIR}1663297200`)],
  ])('explain reports the rules of a Key URL: %s', (rules, make) => {
    expect(rulesOf(make())?.join()).toBe(rules);
  });

  test.each<[name: string, make: () => string, message: string]>([
    [
      'the player key in place of the URL key',
      () => keyUrl(`t=${T}`, `${PLAYER_KEY}${DIR}${T}`),
      'signed with the player key (播放密钥); a URL needs the URL key',
    ],
    [
      't in decimal milliseconds',
      () => keyUrl('t=1663297200000', `${URL_KEY}${DIR}1663297200000`),
      't is decimal milliseconds, must be hexadecimal seconds: 6323e6b0',
    ],
    [
      'another order of the hash',
      () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}${DIR}abc${T}`),
      'hashed in the order us, t: it must be MD5(KEY + Dir + t + exper + rlimit + us + uv)',
    ],
    [
      'a parameter that was not hashed',
      () => keyUrl(`t=${T}&us=abc`, `${URL_KEY}${DIR}${T}`),
      'us is in the query, but was not hashed: MD5(KEY + Dir + t + exper + rlimit + us + uv)',
    ],
    [
      'Dir without its trailing slash',
      () => withDir('/dir1/dir2'),
      'Dir was hashed without its trailing "/": Dir is the path up to and including its last "/"',
    ],
    [
      'another order of the query',
      () => keyUrl(`us=abc&t=${T}`, `${URL_KEY}${DIR}${T}abc`),
      'the query has us, t, sign: VOD requires the order t, us, sign',
    ],
  ])('explain tells what to do about a Key URL with %s', (_, make, message) => {
    expect(explain(make())?.violations.map((violation) => violation.message)).toEqual([message]);
  });

  test('explain adds a note to a Key URL within the five minutes in which VOD plays it after its expiry', () => {
    const late = until(NOW - 299);
    expect([rulesOf(late), notesOf(late)]).toEqual([[], ['expired-lately']]);
  });

  test('explain adds a note to a Key URL with sign in upper case', () => {
    const upper = good.replace(/sign=.*/, (sign) => `sign=${sign.slice(5).toUpperCase()}`);
    expect([rulesOf(upper), notesOf(upper)]).toEqual([[], ['sign-upper-case']]);
  });

  test('explain reports within a second that no key fits a Key URL, even with all parameters', () => {
    const query = `t=${T}&exper=30&rlimit=3&us=a&uv=b&whref=c&bkref=d&whreg=e&bkreg=f`;
    const many = { ...keys, urlKeys: [URL_KEY, 'second-key'], playerKeys: [PLAYER_KEY, 'third-key'] };
    const start = performance.now();
    expect(rulesOf(keyUrl(query, 'something else'), many)).toEqual(['wrong-sign']);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe('explain > random input', () => {
  const paths = fc.webPath().map((path) => (path.startsWith('/') ? path : '/'));

  test('explain verifies any URL or reports a violation, and throws nothing', () => {
    const names = fc.constantFrom('t', 'exper', 'rlimit', 'us', 'uv', 'sign', 'whref', 'a', '', '__proto__');
    const pairs = fc.array(fc.tuple(names, fc.string({ maxLength: 12 })), { maxLength: 6 });
    fc.assert(
      fc.property(paths, pairs, (path, query) => {
        const text = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
        const { verified = false, violations = [] } = explain(`https://example.com${path}?${text}`) ?? {};
        expect(verified || violations.length > 0).toBe(true);
      }),
    );
  });

  test('explain finds every URL valid that the library signs', () => {
    const safe = fc.stringMatching(/^[\w.~-]{1,12}$/);
    const options = fc.record(
      { exper: fc.integer({ min: 30, max: 999 }), rlimit: fc.integer({ min: 1, max: 9 }), us: safe, uv: safe },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Pick<Parameters<typeof signKeyUrl>[1], 'exper' | 'rlimit' | 'us' | 'uv'>>;
    fc.assert(
      fc.property(fc.integer({ min: NOW, max: 2 ** 32 }), options, paths, (expireTime, more, path) => {
        const signed = signKeyUrl(`https://example.com:8443${path}`, { key: URL_KEY, expireTime, ...more });
        expect(explain(signed)).toMatchObject({ violations: [], notes: [], verified: true });
      }),
    );
  });

  test('explain shows no secret for any URL', () => {
    for (const key of [PLAYER_KEY, URL_KEY, SECRET_KEY, 'another']) {
      const text = JSON.stringify(explainPlayback(keyUrl(`t=${T}`, `${key}${DIR}${T}`), keys, NOW));
      for (const secret of [PLAYER_KEY, URL_KEY, SECRET_KEY]) expect(text).not.toContain(secret);
    }
  });
});

describe('vod explain', () => {
  const now = { now: () => NOW * 1000 };
  const env = { VOD_URL_KEY: URL_KEY };

  test('vod explain prints that a signed URL fits every file of its folder', async () => {
    const { code, out } = await vod(['explain', good], env, now);
    expect([code, out.split('\n')[0]]).toEqual([0, 'valid']);
    expect(out).toContain(
      `it permits playing every file in /dir1/dir2/ of ${HOST}, until 2022-09-16T03:00:00.000Z (3882 min)`,
    );
    const limited = keyUrl(`t=${T}&exper=300&rlimit=3`, `${URL_KEY}${DIR}${T}3003`);
    const { out: more } = await vod(['explain', limited], env, now);
    expect(more).toContain(`${HOST} from 3 IP addresses, 300 s of it, until`);
  });

  test('vod explain names VOD_URL_KEY if it has no key for a URL', async () => {
    const { code, out } = await vod(['explain', good], {}, now);
    const expected = 'no violations; NOT verified: give --stage, --local or VOD_URL_KEY';
    expect([code, out.split('\n')[0]]).toEqual([0, expected]);
  });
});
