import { UnsecuredJWT } from 'jose';
import { cleanUp, start } from '../support/vod/vod-client';
import { APP_ID, playInfo, PLAYER_KEY, psignOf, URL_KEY } from '../support/vod/vod-playback';

afterEach(cleanUp);

const CLIP = { name: 'clip', type: 'mp4', size: 1000, sourceContext: '' };

describe('refusals of a psign', () => {
  const seconds = Math.floor(Date.now() / 1000);
  const integer = (name: string) => `psign check failed: ${name} must be an integer`;
  const transcode = { audioVideoType: 'Transcode' };

  test.each<[title: string, changed: Record<string, unknown>, code: number, message: string]>([
    ['appId as a string', { appId: String(APP_ID) }, 1009, `${integer('appId')}, not "${APP_ID}"`],
    ['no appId', { appId: undefined }, 1009, 'appId is missing'],
    ['another appId', { appId: 1255566655 }, 1009, `appId is 1255566655, but the request is for ${APP_ID}`],
    ['fileId as a number', { fileId: 5285890 }, 1009, 'fileId must be a string, not 5285890'],
    [
      'another fileId',
      { fileId: '5285890000000000000' },
      1009,
      'fileId is "5285890000000000000", but the request is for',
    ],
    ['no currentTimeStamp', { currentTimeStamp: undefined }, 1009, 'currentTimeStamp is missing'],
    ['a fractional currentTimeStamp', { currentTimeStamp: 1.5 }, 1009, integer('currentTimeStamp')],
    ['expireTimeStamp as a string', { expireTimeStamp: String(seconds) }, 1009, integer('expireTimeStamp')],
    [
      'expired',
      { expireTimeStamp: seconds - 60 },
      1004,
      `The psign expired: expireTimeStamp is ${seconds - 60}, now is`,
    ],
    ['no contentInfo', { contentInfo: undefined }, 1009, 'contentInfo must be an object'],
    [
      'an unknown type',
      { contentInfo: { audioVideoType: 'Transocde' } },
      1009,
      'audioVideoType must be one of: Original, Transcode, RawAdaptive, ProtectedAdaptive',
    ],
    ['no template', { contentInfo: transcode }, 1009, 'contentInfo.transcodeDefinition is missing'],
    [
      'a template as a string',
      { contentInfo: { ...transcode, transcodeDefinition: '100010' } },
      1009,
      integer('contentInfo.transcodeDefinition'),
    ],
    [
      'a template without output',
      { contentInfo: { ...transcode, transcodeDefinition: 100010 } },
      1010,
      'The file has no output of the transcoding template 100010',
    ],
    [
      'RawAdaptive',
      { contentInfo: { audioVideoType: 'RawAdaptive', rawAdaptiveDefinition: 10 } },
      1005,
      'The local VOD makes no adaptive streams: use Original or Transcode',
    ],
    [
      'ProtectedAdaptive',
      { contentInfo: { audioVideoType: 'ProtectedAdaptive', drmAdaptiveInfo: { privateEncryptionDefinition: 12 } } },
      1005,
      'The local VOD makes no adaptive streams',
    ],
    [
      'RawAdaptive without template',
      { contentInfo: { audioVideoType: 'RawAdaptive' } },
      1009,
      'contentInfo.rawAdaptiveDefinition is missing',
    ],
    ['urlAccessInfo as a string', { urlAccessInfo: 't' }, 1009, 'urlAccessInfo must be an object'],
    ['t as a number', { urlAccessInfo: { t: seconds } }, 1009, `urlAccessInfo.t must be a string, not ${seconds}`],
    ['t not hexadecimal', { urlAccessInfo: { t: 'soon' } }, 1009, 'urlAccessInfo.t is not hexadecimal in lower case'],
    ['rlimit as a string', { urlAccessInfo: { rlimit: '3' } }, 1009, integer('urlAccessInfo.rlimit')],
    ['rlimit over 9', { urlAccessInfo: { rlimit: 10 } }, 1009, 'urlAccessInfo.rlimit must be at most 9'],
    ['a short preview', { urlAccessInfo: { exper: 29 } }, 1002, 'urlAccessInfo.exper must be 0 or at least 30'],
    ['us as a number', { urlAccessInfo: { us: 1 } }, 1009, 'urlAccessInfo.us must be a string, not 1'],
  ])('a psign is refused with a code and a message that names the reason: %s', async (_, changed, code, message) => {
    const vod = await start({ playerKey: PLAYER_KEY });
    const { fileId } = vod.put(CLIP);
    const response = await playInfo(vod.port, fileId, await psignOf(fileId, Date.now(), changed));
    expect(response).toMatchObject({ code, message: expect.stringContaining(message) as string, version: 4 });
    expect(response.media).toBeUndefined();
  });

  test('a psign that is missing, not a JWT, or made with another algorithm or key is refused', async () => {
    const lines: string[] = [];
    const vod = await start({ playerKey: PLAYER_KEY, urlKey: URL_KEY, log: (line) => lines.push(line) });
    const { fileId } = vod.put(CLIP);
    const good = await psignOf(fileId, Date.now());
    const [header = '', payload = '', mac = ''] = good.split('.');
    const changedMac = (mac.startsWith('A') ? 'B' : 'A') + mac.slice(1);
    const other = Buffer.from(JSON.stringify({ alg: 'HS256' })).toString('base64url');
    const jwt = 'psign check failed: it is not a JWT, which has three parts separated by "."';
    const wrongHeader = 'psign check failed: the header must be {"alg":"HS256","typ":"JWT"}';
    const wrongKey = 'psign check failed: it is not signed with the player key';
    const cases: [psign: string, code: number, message: string][] = [
      ['', 1008, 'The request has no psign'],
      ['psign', 1009, jwt],
      [`${good}.`, 1009, jwt],
      [new UnsecuredJWT({ appId: APP_ID }).encode(), 1009, jwt],
      [`${other}.${payload}.${mac}`, 1009, wrongHeader],
      [`${header}.${payload}.${changedMac}`, 1009, wrongKey],
      [`${header}.${payload.slice(0, -1)}.${mac}`, 1009, wrongKey],
      [await psignOf(fileId, Date.now(), {}, 'another-key'), 1009, wrongKey],
      [
        await psignOf(fileId, Date.now(), {}, URL_KEY),
        1009,
        'psign check failed: it is signed with the key of Key hotlink protection, not with the player key',
      ],
    ];
    for (const [psign, code, message] of cases) {
      expect(await playInfo(vod.port, fileId, psign)).toMatchObject({ code, message });
    }
    expect(lines.filter((line) => line.startsWith('getplayinfo'))).toEqual(
      cases.map(([, code, message]) => `getplayinfo: ${code}: ${message}`),
    );
    // The last character of a MAC in base64url has two bits that no decoder reads.
    const alias = mac.slice(0, -1) + String.fromCharCode(mac.charCodeAt(mac.length - 1) + 1);
    expect((await playInfo(vod.port, fileId, `${header}.${payload}.${alias}`)).code).toBe(1009);
  });

  test('a psign is refused once its expireTimeStamp is reached, by the clock of the emulator', async () => {
    const begin = Date.now();
    let now = begin;
    const vod = await start({ playerKey: PLAYER_KEY, now: () => now });
    const { fileId } = vod.put(CLIP);
    const limited = await psignOf(fileId, now);
    const unlimited = await psignOf(fileId, now, { expireTimeStamp: undefined });
    const codes = async () => [
      (await playInfo(vod.port, fileId, limited)).code,
      (await playInfo(vod.port, fileId, unlimited)).code,
    ];
    now = Math.floor(begin / 1000) * 1000 + 3_600_000;
    expect(await codes()).toEqual([0, 0]);
    now += 1;
    expect(await codes()).toEqual([1004, 0]);
  });
});
