import { apiClient, sendRequest, cleanUp, start, upload, until } from '../support/vod/vod-client';
import {
  APP_ID,
  hexSeconds,
  keyUrl,
  playInfo,
  PLAYER_KEY,
  psignOf,
  uploadWithCover,
  URL_KEY,
} from '../support/vod/vod-playback';

afterEach(cleanUp);

const CLIP = { name: 'clip', type: 'mp4', size: 1000, sourceContext: '' };

describe('GET /getplayinfo/v4/{appId}/{fileId}', () => {
  test('returns the original in the format that the vendor parses, to pages of any origin', async () => {
    const { port } = await start({ playerKey: PLAYER_KEY });
    const { fileId, video, cover } = await uploadWithCover(port, 'abc');
    const psign = await psignOf(fileId, Date.now());
    const expected = {
      code: 0,
      message: '',
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      version: 4,
      context: '',
      warning: '',
      media: {
        basicInfo: { name: 'holiday', size: 3, duration: 0, description: '', coverUrl: cover.url },
        audioVideoType: 'Original',
        originalInfo: { url: video.url },
      },
    };
    expect(await playInfo(port, fileId, psign)).toEqual(expected);
    const url = `http://localhost:${port}/playvideo.qcloud.com/getplayinfo/v4/${APP_ID}/${fileId}?psign=${psign}`;
    const byPath = await fetch(url, { headers: { origin: 'https://app.example' } });
    expect([byPath.status, byPath.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    expect(await byPath.json()).toEqual(expected);
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example' } });
    expect(preflight.status).toBe(204);
  });

  test('returns the output of the template that the psign names', async () => {
    const vod = await start({ playerKey: PLAYER_KEY });
    const { fileId } = await upload(vod.port, { procedure: 'LongVideoPreset' });
    const outputs = async () => {
      const { MediaInfoSet } = await apiClient(vod.port).DescribeMediaInfos({ FileIds: [fileId] });
      return MediaInfoSet?.[0]?.TranscodeInfo?.TranscodeSet ?? [];
    };
    await until(async () => (await outputs()).length === 2);
    for (const { Definition, Url } of await outputs()) {
      const contentInfo = { audioVideoType: 'Transcode', transcodeDefinition: Definition };
      const { code, media } = await playInfo(vod.port, fileId, await psignOf(fileId, Date.now(), { contentInfo }));
      expect([code, media?.audioVideoType, media?.transcodeInfo]).toEqual([0, 'Transcode', { url: Url }]);
    }
  });

  test('signs the URLs with urlAccessInfo while Key hotlink protection is on, and leaves them otherwise', async () => {
    const t = hexSeconds(Date.now() + 60_000);
    const urlAccessInfo = { t, exper: 0, rlimit: 3, us: 'a1' };
    for (const urlKey of [`${URL_KEY},old-key-1`, '']) {
      const { port } = await start({ playerKey: PLAYER_KEY, urlKey });
      const { fileId, video, cover } = await uploadWithCover(port, 'abc');
      const { media } = await playInfo(port, fileId, await psignOf(fileId, Date.now(), { urlAccessInfo }));
      const values = { t, exper: '0', rlimit: '3', us: 'a1' };
      const expected = [video.url, cover.url].map((url) => (urlKey === '' ? url : keyUrl(url, values)));
      expect([media?.originalInfo?.url, media?.basicInfo.coverUrl]).toEqual(expected);
      for (const url of expected) expect((await fetch(url)).status).toBe(200);
    }
  });

  test('returns URLs that do not play if urlAccessInfo has no t while Key hotlink protection is on', async () => {
    const { port } = await start({ playerKey: PLAYER_KEY, urlKey: URL_KEY });
    const { fileId, video } = await upload(port);
    for (const urlAccessInfo of [undefined, {}, { us: 'a1' }]) {
      const { code, media } = await playInfo(port, fileId, await psignOf(fileId, Date.now(), { urlAccessInfo }));
      expect([code, media?.originalInfo?.url]).toEqual([0, video.url]);
    }
    expect((await fetch(video.url)).status).toBe(403);
  });

  test('accepts both player keys during a rotation, and none while the player key is switched off', async () => {
    const codes = async (playerKey?: string) => {
      const vod = await start(playerKey === undefined ? {} : { playerKey });
      const { fileId } = vod.put(CLIP);
      const psigns = await Promise.all(['old-key-1', 'new-key-1'].map((key) => psignOf(fileId, Date.now(), {}, key)));
      return Promise.all(psigns.map(async (psign) => (await playInfo(vod.port, fileId, psign)).code));
    };
    expect(await codes('new-key-1, old-key-1')).toEqual([0, 0]);
    expect(await codes('new-key-1')).toEqual([1009, 0]);
    expect([await codes(''), await codes()]).toEqual([
      [1009, 1009],
      [1009, 1009],
    ]);
  });

  test.each<[title: string, path: (fileId: string) => string, method: string, code: number, message: string]>([
    ['another application', (id) => `/v4/1255566655/${id}`, 'GET', 1007, 'There is no application 1255566655'],
    ['another version', (id) => `/v2/${APP_ID}/${id}`, 'GET', 1006, 'The request must be GET /getplayinfo/v4/'],
    ['no fileId', () => `/v4/${APP_ID}/`, 'GET', 1006, 'The request must be GET /getplayinfo/v4/'],
    ['a POST', (id) => `/v4/${APP_ID}/${id}`, 'POST', 1006, 'The request must be GET /getplayinfo/v4/'],
  ])('refuses a request for %s', async (_, pathOf, method, code, message) => {
    const vod = await start({ playerKey: PLAYER_KEY });
    const { fileId } = vod.put(CLIP);
    const path = `/getplayinfo${pathOf(fileId)}?psign=${await psignOf(fileId, Date.now())}`;
    const { status, text } = await sendRequest(vod.port, { host: 'playvideo.qcloud.com', method, path });
    expect([status, JSON.parse(text)]).toEqual([
      200,
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    ]);
  });

  test('refuses a file that does not exist, and an original that was deleted', async () => {
    const vod = await start({ playerKey: PLAYER_KEY });
    const { fileId } = vod.put(CLIP);
    const psign = await psignOf(fileId, Date.now());
    const client = apiClient(vod.port);
    await client.DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'OriginalFiles' }] });
    const deleted = 'The original of this file was deleted';
    expect(await playInfo(vod.port, fileId, psign)).toMatchObject({ code: 1001, message: deleted });
    await client.DeleteMedia({ FileId: fileId });
    const unknown = `There is no file ${fileId}`;
    expect(await playInfo(vod.port, fileId, psign)).toMatchObject({ code: 1001, message: unknown });
  });

  test('refuses a preview that is longer than the file', async () => {
    const vod = await start({ playerKey: PLAYER_KEY });
    const { fileId } = vod.put({ ...CLIP, duration: 59.6 });
    const response = async (exper: number) =>
      playInfo(vod.port, fileId, await psignOf(fileId, Date.now(), { urlAccessInfo: { exper } }));
    expect(await response(59)).toMatchObject({ code: 0, media: { basicInfo: { duration: 60 } } });
    expect(await response(60)).toMatchObject({
      code: 1002,
      message: 'urlAccessInfo.exper must be at most the duration, 59.6 s',
    });
  });
});
