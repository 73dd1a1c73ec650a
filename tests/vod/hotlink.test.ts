import { findHotlinkViolation, signUrl } from '../../local/vod/hotlink';
import { apiClient, cleanUp, eventOf, receiver, start, upload } from '../support/vod/vod-client';
import { hexSeconds, keyUrl, uploadWithCover, URL_KEY } from '../support/vod/vod-playback';

afterEach(cleanUp);

const NOW = Date.parse('2026-01-01T00:00:00Z');
const T = hexSeconds(NOW + 600_000);
/** For uploads while the emulator's clock is at NOW. */
const SIGNED_NOW = { currentTimeStamp: NOW / 1000, expireTime: NOW / 1000 + 3600 };

const inAMinute = (): string => hexSeconds(Date.now() + 60_000);

async function responseOf(url: string, method = 'GET'): Promise<[status: number, body: string]> {
  const response = await fetch(url, { method });
  return [response.status, await response.text()];
}

const statusesOf = (urls: readonly string[]): Promise<number[]> =>
  Promise.all(urls.map(async (url) => (await fetch(url)).status));

describe('the official vectors of Key hotlink protection', () => {
  test.each([
    ['t=5a71afc0&us=72d4cd1101', '3d8488faeb37d52d6bf63b63c1b171c3'],
    ['t=5a71afc0&rlimit=3&us=72d4cd1101', 'c5214f0d5961b13acd558b4957c4dfc5'],
    ['t=5a71afc0&exper=300&us=72d4cd1101', '547d98c4b91e81b5ea55c95cef63223f'],
  ])('%s has the sign %s', (query, digest) => {
    const url = 'http://example.com/dir1/dir2/myVideo.mp4';
    const signed = `${query}&sign=${digest}`;
    const { t = '', us = '', ...numbers } = Object.fromEntries(new URLSearchParams(query));
    const limits = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
    expect(signUrl(url, { t, us, ...limits }, URL_KEY)).toBe(`${url}?${signed}`);
    const violation = (text: string, path = '/dir1/dir2/myVideo.mp4', key = URL_KEY) =>
      findHotlinkViolation(path, new URLSearchParams(text), [key], 0x5a71afc0 * 1000);
    expect(violation(signed)).toBeUndefined();
    expect(violation(signed, '/dir1/myVideo.mp4')).toBe('sign is wrong for Dir "/dir1/"');
    expect(violation(signed, undefined, 'another')).toBe('sign is wrong for Dir "/dir1/dir2/"');
  });
});

describe('Key hotlink protection', () => {
  test('covers the original, the outputs, an uploaded cover and a cover made by a procedure', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url, urlKey: URL_KEY, now: () => NOW });
    const { video, cover } = await uploadWithCover(port, 'abc', { ...SIGNED_NOW, procedure: 'LongVideoPreset' });
    const finished = eventOf(await hook.wait(2), 'ProcedureStateChanged');
    const results = finished?.ProcedureStateChangeEvent.MediaProcessResultSet ?? [];
    const outputs = results.flatMap(({ TranscodeTask }) => TranscodeTask?.Output.Url ?? []);
    const snapshots = results.flatMap(({ CoverBySnapshotTask }) => CoverBySnapshotTask?.Output.CoverUrl ?? []);
    expect([outputs.length, snapshots.length]).toEqual([2, 1]);
    const urls = [video.url, cover.url, ...outputs, ...snapshots];
    expect(await statusesOf(urls)).toEqual([403, 403, 403, 403, 403]);
    expect(await statusesOf(urls.map((url) => keyUrl(url, { t: T })))).toEqual([200, 200, 200, 200, 200]);
  });

  describe('refused URLs', () => {
    const values = { t: T, exper: '300', rlimit: '3', us: 'a1', uv: 'b2' };
    const wrongSign = /^sign is wrong for Dir "\/media\/1500000001\/[0-9a-f]{8}\d{19}\/"$/;
    const order = /^the parameters must be in the order t, exper, rlimit, us, sign, each at most once$/;
    const last = (text: string, digit: string) => text.slice(0, -1) + (text.endsWith(digit) ? '0' : digit);

    test.each<[title: string, url: (plain: string) => string, reason: RegExp]>([
      ['no parameters', (plain) => plain, /^the URL has no sign$/],
      ['no sign', (plain) => `${plain}?t=${T}`, /^the URL has no sign$/],
      ['no t', (plain) => keyUrl(plain, { us: 'a1' }), /^the URL has no t$/],
      ['t in words', (plain) => keyUrl(plain, { t: 'soon' }), /^t is not hexadecimal in lower case$/],
      ['t with 0x', (plain) => keyUrl(plain, { t: `0x${T}` }), /^t is not hexadecimal in lower case$/],
      ['t in upper case', (plain) => keyUrl(plain, { t: 'FFFFFFFF' }), /^t is not hexadecimal in lower case$/],
      ['one changed character', (plain) => last(keyUrl(plain, values), 'f'), wrongSign],
      ['a sign of other length', (plain) => `${keyUrl(plain, values)}0`, wrongSign],
      ['another key', (plain) => keyUrl(plain, values, 'another-key'), wrongSign],
      ['a changed t', (plain) => keyUrl(plain, values).replace(T, `f${T}`), wrongSign],
      ['a changed exper', (plain) => keyUrl(plain, values).replace('exper=300', 'exper=0'), wrongSign],
      ['a changed rlimit', (plain) => keyUrl(plain, values).replace('rlimit=3', 'rlimit=9'), wrongSign],
      ['a changed us', (plain) => keyUrl(plain, values).replace('us=a1', 'us=a2'), wrongSign],
      ['a changed uv', (plain) => keyUrl(plain, values).replace('uv=b2', 'uv='), wrongSign],
      ['another order', (plain) => keyUrl(plain, { us: 'a1', t: T }), order],
      ['sign before t', (plain) => keyUrl(plain, { t: T }).replace(/\?(t=.*)&(sign=.*)$/, '?$2&$1'), order],
      ['sign twice', (plain) => `${keyUrl(plain, { t: T })}&sign=0`, order],
    ])('refuses a URL with one message that names the reason: %s', async (_, urlOf, reason) => {
      const { port } = await start({ urlKey: URL_KEY, now: () => NOW });
      const { video } = await upload(port, SIGNED_NOW);
      const good = keyUrl(video.url, values);
      expect([await responseOf(good), await responseOf(good, 'HEAD')]).toEqual([
        [200, 'abc'],
        [200, ''],
      ]);
      const [status, body] = await responseOf(urlOf(video.url));
      const [, message] = /^Key hotlink protection: (.*)\n$/.exec(body) ?? [];
      expect([status, message]).toEqual([403, expect.stringMatching(reason)]);
      expect(await responseOf(urlOf(video.url), 'HEAD')).toEqual([403, '']);
    });

    test('refuses a URL after its t', async () => {
      let now = NOW;
      const { port } = await start({ urlKey: URL_KEY, now: () => now });
      const { video } = await upload(port, SIGNED_NOW);
      const url = keyUrl(video.url, { t: T });
      now = NOW + 600_000;
      expect((await responseOf(url))[0]).toBe(200);
      now += 1;
      const message = 'Key hotlink protection: the URL expired at 2026-01-01T00:10:00.000Z\n';
      expect(await responseOf(url)).toEqual([403, message]);
    });
  });

  test('a sign is valid for its directory only, and for ranges and preflights as without protection', async () => {
    const { port } = await start({ urlKey: URL_KEY });
    const first = await upload(port);
    const second = await upload(port);
    const good = keyUrl(first.video.url, { t: inAMinute() });
    const moved = second.video.url + new URL(good).search;
    expect((await responseOf(moved))[0]).toBe(403);
    const range = await fetch(good, { headers: { range: 'bytes=1-' } });
    expect([range.status, await range.text()]).toEqual([206, 'bc']);
    const preflight = await fetch(first.video.url, { method: 'OPTIONS', headers: { origin: 'https://app.example' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    const refusal = await fetch(first.video.url);
    expect([refusal.status, refusal.headers.get('access-control-allow-origin')]).toEqual([403, '*']);
    expect((await responseOf(keyUrl(`${good.split('/video-')[0]}/other.mp4`, { t: inAMinute() })))[0]).toBe(404);
  });

  test('a forbidden file returns 403 with a valid sign too', async () => {
    const { port } = await start({ urlKey: URL_KEY });
    const { fileId, video } = await upload(port);
    await apiClient(port).ForbidMediaDistribution({ FileIds: [fileId], Operation: 'forbid' });
    expect(await responseOf(keyUrl(video.url, { t: inAMinute() }))).toEqual([
      403,
      'Forbidden by ForbidMediaDistribution\n',
    ]);
  });

  test.each([
    ['old-key-1,new-key-1', [200, 200, 403]],
    [' old-key-1 , new-key-1,', [200, 200, 403]],
    ['old-key-1', [200, 403, 403]],
    ['', [200, 200, 200]],
    [',', [200, 200, 200]],
  ])('with the urlKey "%s", URLs of the old, the new and no key return %j', async (urlKey, statuses) => {
    const { port } = await start({ urlKey });
    const { video } = await upload(port);
    const urls = [
      keyUrl(video.url, { t: inAMinute() }, 'old-key-1'),
      keyUrl(video.url, { t: inAMinute() }, 'new-key-1'),
      video.url,
    ];
    expect(await statusesOf(urls)).toEqual(statuses);
  });
});
