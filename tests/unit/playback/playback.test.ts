import { decodeJwt, jwtVerify } from 'jose';
import { keyUrlSign } from '../../../lib/playback/key-url';
import { signPlayback, type PlaybackConfig, type PlayableFile } from '../../../lib/playback/playback';

const NOW = 1_795_334_400;
const EXPIRES = NOW + 3_600;
const HEX = EXPIRES.toString(16);
const keys = { playerKey: 'TxtyhLlgo7J3iOADIron', urlKey: '24FEQmTzro4V5u3D5epW' };

const folder = 'http://1500000001.vod2.myqcloud.com/43832a63/5285890784273533167';
const file: PlayableFile = {
  fileId: '5285890784273533167',
  url: `${folder}/original.mp4`,
  outputs: [
    { type: 'Transcode', definition: 10, url: `${folder}/v.f10.mp4` },
    { type: 'Transcode', definition: 20 },
    { type: 'Transcode', definition: 30, url: `${folder}/v.f30.mp4` },
    { type: 'AdaptiveDynamicStreaming', definition: 10, url: `${folder}/adp.10.m3u8` },
    { type: 'AdaptiveDynamicStreaming', definition: 12, url: `${folder}/adp.12.m3u8` },
    { url: `${folder}/cover.jpg` },
  ],
};

const configOf = (content: PlaybackConfig['content']): PlaybackConfig => ({
  appId: 1_500_000_001,
  seconds: 3_600,
  content,
});
const original = configOf({ audioVideoType: 'Original' });

/** The file that the URL plays, and its sign. */
function parts(url = '') {
  const { pathname, searchParams } = new URL(url);
  return { name: pathname.split('/').at(-1), t: searchParams.get('t'), sign: searchParams.get('sign') };
}

describe('signPlayback', () => {
  test('returns a psign and a URL that expire together', async () => {
    const playback = signPlayback(file, original, keys, NOW);
    expect(playback).toEqual({
      appId: 1_500_000_001,
      fileId: file.fileId,
      psign: expect.any(String),
      url: expect.any(String),
      expireTime: EXPIRES,
    });
    const { payload } = await jwtVerify(playback.psign ?? '', Buffer.from(keys.playerKey));
    expect(payload).toEqual({
      appId: 1_500_000_001,
      fileId: file.fileId,
      contentInfo: { audioVideoType: 'Original' },
      currentTimeStamp: NOW,
      expireTimeStamp: EXPIRES,
      urlAccessInfo: { t: HEX },
    });
    const dir = '/43832a63/5285890784273533167/';
    expect(parts(playback.url)).toEqual({ name: 'original.mp4', t: HEX, sign: keyUrlSign(keys.urlKey, dir, [HEX]) });
  });

  test('returns no URL without a URL key, and a psign without urlAccessInfo', () => {
    const { psign = '', ...rest } = signPlayback(file, original, { playerKey: keys.playerKey }, NOW);
    expect(rest).toEqual({ appId: 1_500_000_001, fileId: file.fileId, expireTime: EXPIRES });
    expect(decodeJwt(psign)).not.toHaveProperty('urlAccessInfo');
  });

  test('returns no psign without a player key', () => {
    const playback = signPlayback(file, original, { urlKey: keys.urlKey }, NOW);
    expect(playback).not.toHaveProperty('psign');
    expect(parts(playback.url).name).toBe('original.mp4');
  });

  test('returns no URL of a file without one', () => {
    const playback = signPlayback({ fileId: file.fileId }, original, keys, NOW);
    expect(playback).not.toHaveProperty('url');
    expect(playback.psign).toBeDefined();
  });
});

describe('signPlayback, content', () => {
  test.each<[string, PlaybackConfig['content'], object, string | undefined]>([
    [
      'a transcoding by its template',
      { audioVideoType: 'Transcode', definition: 30 },
      { audioVideoType: 'Transcode', transcodeDefinition: 30 },
      'v.f30.mp4',
    ],
    [
      'adaptive streaming by its template',
      { audioVideoType: 'RawAdaptive', definition: 12 },
      { audioVideoType: 'RawAdaptive', rawAdaptiveDefinition: 12 },
      'adp.12.m3u8',
    ],
    [
      'encrypted streaming by its psign only',
      { audioVideoType: 'ProtectedAdaptive', definition: 12 },
      { audioVideoType: 'ProtectedAdaptive', drmAdaptiveInfo: { privateEncryptionDefinition: 12 } },
      undefined,
    ],
    [
      'the original, whatever the template',
      { audioVideoType: 'Original', definition: 10 },
      { audioVideoType: 'Original' },
      'original.mp4',
    ],
    [
      'an output without a URL by its psign only',
      { audioVideoType: 'Transcode', definition: 20 },
      { audioVideoType: 'Transcode', transcodeDefinition: 20 },
      undefined,
    ],
    [
      'the content of a template that made nothing by its psign only',
      { audioVideoType: 'RawAdaptive', definition: 99 },
      { audioVideoType: 'RawAdaptive', rawAdaptiveDefinition: 99 },
      undefined,
    ],
    [
      'the first transcoding without a template',
      { audioVideoType: 'Transcode' },
      { audioVideoType: 'Transcode' },
      'v.f10.mp4',
    ],
  ])('signPlayback plays %s', (_, content, contentInfo, name) => {
    const { psign = '', url } = signPlayback(file, configOf(content), keys, NOW);
    expect(decodeJwt(psign)['contentInfo']).toEqual(contentInfo);
    expect(url === undefined ? undefined : parts(url).name).toBe(name);
  });
});
