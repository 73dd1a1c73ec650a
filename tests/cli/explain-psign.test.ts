import fc from 'fast-check';
import { explainPlayback } from '../../cli/playback/explain';
import { signPsign } from '../../lib/playback/psign';
import { vod } from '../support/cli/cli';
import {
  CLAIMS,
  encodeJson,
  explain,
  keys,
  mac,
  notesOf,
  NOW,
  PLAYER_KEY,
  psign,
  rulesOf,
  SECRET_KEY,
  T,
  unsigned,
  URL_KEY,
} from '../support/playback';

const contentInfo = (content: unknown) => () => psign({ contentInfo: content });
const access = (urlAccessInfo: unknown) => () => psign({ urlAccessInfo });
const hexMac = () => mac(unsigned(CLAIMS)).toString('hex');

const VALID: readonly (readonly [name: string, make: () => string])[] = [
  ['the documented claims', psign],
  ['the original', contentInfo({ audioVideoType: 'Original' })],
  ['a transcoding', contentInfo({ audioVideoType: 'Transcode', transcodeDefinition: 100_040 })],
  [
    'encrypted streaming',
    contentInfo({ audioVideoType: 'ProtectedAdaptive', drmAdaptiveInfo: { privateEncryptionDefinition: 12 } }),
  ],
  ['DRM', contentInfo({ audioVideoType: 'ProtectedAdaptive', drmAdaptiveInfo: { widevineDefinition: 13 } })],
  ['a watermark', () => psign({ ghostWatermarkInfo: { text: 'user-42' } })],
  ['no preview', access({ t: T, exper: 0 })],
  ['the URL that the player requests', () => `https://playvideo.qcloud.com/getplayinfo/v4/1/2?psign=${psign()}`],
  ['quotes around it', () => `"${psign()}"`],
];

describe('explain > a valid psign', () => {
  test.each(VALID)('explain finds a psign valid with %s', (_, make) => {
    expect(explain(make())).toMatchObject({ violations: [], notes: [], verified: true });
  });

  test.each(VALID)('explain without a key finds a valid psign without violations, not verified: %s', (_, make) => {
    const nothing = { playerKeys: [], urlKeys: [] };
    expect(explain(make(), nothing)).toMatchObject({ violations: [], notes: [], verified: false });
  });

  test('explain verifies a psign with each of two versions of the key', () => {
    const rotating = { ...keys, playerKeys: ['NewPlayerKey1', PLAYER_KEY] };
    expect(explain(psign(), rotating)).toMatchObject({ violations: [], verified: true });
  });

  test('explain finds a psign without urlAccessInfo valid if there is no URL key', () => {
    expect(rulesOf(psign({ urlAccessInfo: undefined }), { ...keys, urlKeys: [] })).toEqual([]);
  });

  test('explain finds no violation of a psign if only another key is known, and does not verify it', () => {
    const found = explain(psign({}, 'another'), { ...keys, playerKeys: [] });
    expect(found).toMatchObject({ violations: [], verified: false });
  });
});

describe('explain > violations of a psign', () => {
  test.each<[rules: string, make: () => string]>([
    // Keys
    ['url-key', () => psign({}, URL_KEY)],
    ['secret-key', () => psign({}, SECRET_KEY)],
    ['secret-id', () => psign({}, 'AKIDtest')],
    ['key-with-line-break', () => psign({}, `${PLAYER_KEY}\n`)],
    ['key-with-line-break', () => psign({}, `${PLAYER_KEY}\r\n`)],
    ['key-decoded', () => psign({}, Buffer.from(PLAYER_KEY, 'base64'))],
    ['wrong-mac', () => psign({}, 'another')],
    ['wrong-mac', () => `${psign().slice(0, -4)}AAAA`],
    ['another-application', () => psign({ appId: 1_500_000_009 }, 'another')],
    // Form
    ['no-mac', () => `${unsigned(CLAIMS)}.`],
    ['no-mac', () => unsigned(CLAIMS)],
    ['mac-in-hex', () => `${unsigned(CLAIMS)}.${hexMac()}`],
    ['mac-in-hex', () => `${unsigned(CLAIMS)}.${Buffer.from(hexMac()).toString('base64url')}`],
    ['mac-length', () => `${unsigned(CLAIMS)}.${mac(unsigned(CLAIMS), PLAYER_KEY, 'sha1').toString('base64url')}`],
    ['mac-length', () => `${unsigned(CLAIMS)}.${mac(unsigned(CLAIMS), PLAYER_KEY, 'sha512').toString('base64url')}`],
    ['algorithm', () => psign({}, PLAYER_KEY, { alg: 'HS512', typ: 'JWT' })],
    ['algorithm', () => psign({}, PLAYER_KEY, { typ: 'JWT' })],
    ['line-wrapped', () => psign().replace(/.{60}/g, '$&\n')],
    ['not-base64url', () => `${psign()}=`],
    ['another-jwt', () => psign({ appId: null, fileId: null, contentInfo: null, urlAccessInfo: null, sub: 'user-42' })],
    ['another-jwt', () => `${encodeJson({ alg: 'HS256' })}.${encodeJson('text')}.AAAA`],
    // Claims
    ['number-as-text', () => psign({ appId: '1255566655' })],
    ['not-an-integer', () => psign({ appId: 1.5 })],
    ['not-an-integer', () => psign({ appId: true })],
    ['missing', () => psign({ appId: undefined })],
    ['missing', () => psign({ fileId: null })],
    ['file-id-number', () => psign({ fileId: 45_649_728 })],
    ['file-id-not-text', () => psign({ fileId: '' })],
    ['content-info-name', () => psign({ contentInfo: undefined, contentInfo1: CLAIMS.contentInfo })],
    ['content-info-name', () => psign({ contentInfo: undefined, ContentInfo: CLAIMS.contentInfo })],
    ['content-info-name', () => psign({ contentInfo: undefined, content: CLAIMS.contentInfo })],
    ['content-info-name,audio-video-type', () => psign({ contentInfo: undefined, content_info: {} })],
    ['content-info-not-object', contentInfo('Original')],
    ['missing', () => psign({ contentInfo: undefined })],
    ['audio-video-type', contentInfo({})],
    ['audio-video-type', contentInfo({ audioVideoType: 'Transocde', transcodeDefinition: 20 })],
    ['audio-video-type', contentInfo({ audioVideoType: 'original' })],
    ['audio-video-type', contentInfo({ audioVideoType: 1 })],
    ['missing', contentInfo({ audioVideoType: 'Transcode' })],
    ['missing', contentInfo({ audioVideoType: 'RawAdaptive', transcodeDefinition: 10 })],
    ['missing', contentInfo({ audioVideoType: 'ProtectedAdaptive', rawAdaptiveDefinition: 10 })],
    ['number-as-text', contentInfo({ audioVideoType: 'Transcode', transcodeDefinition: '14011' })],
    // Times
    ['expired', () => psign({ currentTimeStamp: NOW - 700, expireTimeStamp: NOW - 100 })],
    ['missing', () => psign({ currentTimeStamp: undefined })],
    ['not-yet-valid', () => psign({ currentTimeStamp: NOW + 700 })],
    ['no-validity', () => psign({ expireTimeStamp: 3_600 })],
    ['number-as-text', () => psign({ expireTimeStamp: '1663294210' })],
    [
      'milliseconds,milliseconds',
      () => psign({ currentTimeStamp: 1_663_064_276_000, expireTimeStamp: 1_663_294_210_000 }),
    ],
    // urlAccessInfo
    ['url-t-missing', access(undefined)],
    ['url-t-missing', access({ rlimit: 3 })],
    ['url-access-not-object', access('6323e6b0')],
    ['t-decimal', access({ t: '1663297200' })],
    ['t-decimal', access({ t: '1663297200000' })],
    ['t-not-text', access({ t: 1_663_297_200 })],
    ['t-not-hex', access({ t: '0x6323e6b0' })],
    ['t-not-hex', access({ t: 'tomorrow' })],
    ['t-upper-case', access({ t: '6323E6B0' })],
    ['milliseconds', access({ t: (1_663_297_200_000).toString(16) })],
    ['url-expired', access({ t: (NOW - 10).toString(16) })],
    ['exper-bounds', access({ t: T, exper: 10 })],
    ['number-as-text', access({ t: T, exper: '300' })],
    ['rlimit-bounds', access({ t: T, rlimit: 10 })],
    ['us-not-text', access({ t: T, us: 7 })],
    // Several at once are all named
    [
      'number-as-text,file-id-number,content-info-name,t-decimal,url-key',
      () => {
        const contentInfo1 = CLAIMS.contentInfo;
        const wrong = { appId: '1255566655', fileId: 4_564_972_818, contentInfo: undefined, contentInfo1 };
        return psign({ ...wrong, urlAccessInfo: { t: '1663297200' } }, URL_KEY);
      },
    ],
  ])('explain reports the rules of a psign: %s', (rules, make) => {
    expect(rulesOf(make())?.join()).toBe(rules);
  });

  test.each<[name: string, make: () => string, message: string]>([
    [
      'the URL key in place of the player key',
      () => psign({}, URL_KEY),
      'signed with the URL key; a psign needs the player key (播放密钥)',
    ],
    [
      'appId as text',
      () => psign({ appId: '1255566655' }),
      'appId is the string "1255566655": it must be the number 1255566655, without quotes',
    ],
    [
      'fileId as a number',
      () => psign({ fileId: 4_564_972_818 }),
      'fileId is a number: it must be a string, because a JSON number loses digits of a file id',
    ],
    [
      'audioVideoType with a typing error',
      contentInfo({ audioVideoType: 'Transocde' }),
      'audioVideoType is "Transocde": it must be one of: RawAdaptive, ProtectedAdaptive, Transcode, Original',
    ],
    ['t in decimal', access({ t: '1663297200' }), 'urlAccessInfo.t is decimal, must be hexadecimal: 6323e6b0'],
    [
      'no t',
      access(undefined),
      'urlAccessInfo.t is missing, and there is a URL key for the URLs that VOD returns: set it to the expiry in hexadecimal, otherwise they never expire',
    ],
  ])('explain tells what to do about a psign with %s', (_, make, message) => {
    expect(explain(make())?.violations.map((violation) => violation.message)).toEqual([message]);
  });

  test('explain reports only the name of contentInfo in the vendor’s documented psign', () => {
    // 266/45554: its payload contains contentInfo1, but the JSON printed next to it contentInfo.
    const documented =
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhcHBJZCI6MTI1NTU2NjY1NSwiZmlsZUlkIjoiNDU2NDk3MjgxODUxOTYwMjQ0NyIsImNv' +
      'bnRlbnRJbmZvMSI6eyJhdWRpb1ZpZGVvVHlwZSI6IlJhd0FkYXB0aXZlIiwicmF3QWRhcHRpdmVEZWZpbml0aW9uIjoxMCwiaW1hZ2VTcHJpd' +
      'GVEZWZpbml0aW9uIjoxMH0sImN1cnJlbnRUaW1lU3RhbXAiOjE2NjMwNjQyNzYsImV4cGlyZVRpbWVTdGFtcCI6MTY2MzI5NDIxMCwidXJsQW' +
      'NjZXNzSW5mbyI6eyJ0IjoiNjMyM2U2YjAiLCJybGltaXQiOjMsInVzIjoiNzJkNGNkMTEwMSJ9fQ.QFcBX9830ysTzJIyZxoOlRmNb2Gqy2fn' +
      's9yOfriaDI8';
    expect(explain(documented)).toMatchObject({
      violations: [{ rule: 'content-info-name', message: '"contentInfo1" must be called contentInfo' }],
      verified: true,
    });
  });

  test('explain adds a note to a psign that never expires', () => {
    const forever = psign({ expireTimeStamp: undefined });
    expect([rulesOf(forever), notesOf(forever)]).toEqual([[], ['never-expires']]);
  });

  test('explain adds a note to a psign in the form of before October 2022, which VOD documented with the URL key', () => {
    const old = { contentInfo: undefined, pcfg: 'basicDrmPreset' };
    const notes = [{ rule: 'old-psign' }];
    expect(explain(psign(old, URL_KEY))).toMatchObject({ violations: [], notes, verified: true });
    expect(rulesOf(psign(old, PLAYER_KEY))).toEqual(['missing']);
  });
});

describe('explain > random input', () => {
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('Original', T, NOW, '4564972818519602447', { audioVideoType: 'Original' }, { t: T }),
  );
  const names = fc.oneof(fc.constantFrom(...Object.keys(CLAIMS), '__proto__', 'constructor'), fc.string());

  test('explain verifies any psign or reports a violation, and throws nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(names, value), fc.constantFrom(PLAYER_KEY, URL_KEY, 'another'), (claims, key) => {
        const { verified = false, violations = [] } = explain(psign(claims, key)) ?? {};
        expect(verified || violations.length > 0).toBe(true);
      }),
    );
  });

  test('explain finds every psign valid that the library signs', () => {
    const options = fc.record(
      { exper: fc.integer({ min: 30, max: 999 }), rlimit: fc.integer({ min: 1, max: 9 }), us: fc.string() },
      { requiredKeys: [] },
    ) as fc.Arbitrary<{ readonly exper?: number; readonly rlimit?: number; readonly us?: string }>;
    fc.assert(
      fc.property(fc.integer({ min: NOW, max: 2 ** 32 }), options, (expireTime, more) => {
        const claims = {
          appId: CLAIMS.appId,
          fileId: CLAIMS.fileId,
          contentInfo: { audioVideoType: 'Original' as const },
          currentTimeStamp: NOW - 1,
          expireTimeStamp: expireTime,
          urlAccessInfo: { t: expireTime.toString(16), ...more },
        };
        const found = explain(signPsign(claims, PLAYER_KEY));
        expect(found).toMatchObject({ violations: [], notes: [], verified: true });
      }),
    );
  });

  test('explain shows no secret for any psign', () => {
    for (const key of [PLAYER_KEY, URL_KEY, SECRET_KEY, `${PLAYER_KEY}\n`, 'another']) {
      const text = JSON.stringify(explainPlayback(psign({}, key), keys, NOW));
      for (const secret of [PLAYER_KEY, URL_KEY, SECRET_KEY]) expect(text).not.toContain(secret);
    }
  });

  test('explainPlayback returns undefined for text that is neither a psign nor a URL', () => {
    for (const text of ['', 'a.b.c', 'c2VjcmV0SWQ9', 'https://', 'ftp://example.com/a.mp4?t=1&sign=2', 'undefined']) {
      expect(explainPlayback(text, keys, NOW)).toBeUndefined();
    }
  });
});

describe('vod explain', () => {
  const now = { now: () => NOW * 1000 };
  const env = { VOD_PLAYER_KEY: PLAYER_KEY, VOD_URL_KEY: URL_KEY };

  test('vod explain prints the content of a psign, and who may play what until when', async () => {
    const { code, out } = await vod(['explain', psign()], env, now);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'valid',
      '  appId                              1255566655',
      '  fileId                             4564972818519602447',
      '  contentInfo.audioVideoType         RawAdaptive',
      '  contentInfo.rawAdaptiveDefinition  10',
      '  contentInfo.imageSpriteDefinition  10',
      '  currentTimeStamp                   1663064276',
      '  expireTimeStamp                    1663294210',
      '  urlAccessInfo.t                    6323e6b0',
      '  urlAccessInfo.rlimit               3',
      '  urlAccessInfo.us                   72d4cd1101',
      '  it permits playing 4564972818519602447 of application 1255566655 (RawAdaptive), until 2022-09-16T02:10:10.000Z (3832 min)',
    ]);
  });

  test('vod explain prints each violation of a psign, exits 1, and prints JSON with --json', async () => {
    const wrong = psign({ appId: '1255566655' }, URL_KEY);
    const { code, out } = await vod(['explain', wrong], env, now);
    expect([code, out.split('\n')[0]]).toEqual([1, 'NOT valid']);
    expect(out).toContain('url-key: signed with the URL key; a psign needs the player key');
    const json = await vod(['explain', wrong, '--json'], env, now);
    expect(JSON.parse(json.out)).toMatchObject({
      valid: false,
      verified: false,
      violations: [{ rule: 'number-as-text' }, { rule: 'url-key' }],
      parameters: { appId: '1255566655' },
    });
  });

  test('vod explain names VOD_PLAYER_KEY if it has no key for a psign', async () => {
    const { code, out } = await vod(['explain', psign()], {}, now);
    const expected = 'no violations; NOT verified: give --stage, --local or VOD_PLAYER_KEY';
    expect([code, out.split('\n')[0]]).toEqual([0, expected]);
  });

  test('text in a psign cannot add lines to the output of vod explain', async () => {
    const forged = 'mine\nvalid\r\u001b[2J\u2028\u202e';
    const made = [psign({ fileId: forged, 'x\nvalid': 'y' }), psign({ contentInfo: { audioVideoType: forged } })];
    for (const text of made) {
      const { out } = await vod(['explain', text], {}, now);
      expect(out.split('\n').map((line) => line.trim())).not.toContain('valid');
      // eslint-disable-next-line no-control-regex -- which is what is looked for
      expect(out).not.toMatch(/[\r\u001b\u2028\u202e]/);
    }
  });
});
