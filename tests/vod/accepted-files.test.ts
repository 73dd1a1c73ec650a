import { apiClient, apply, cleanUp, cos, eventOf, receiver, sign, start, ugc, upload } from '../support/vod/vod-client';

afterEach(cleanUp);

const VIDEO_TYPES = [
  'WMV',
  'RM',
  'MOV',
  'MPEG',
  'MP4',
  '3GP',
  'FLV',
  'AVI',
  'RMVB',
  'TS',
  'ASF',
  'MPG',
  'WEBM',
  'MKV',
  'M3U8',
  'WM',
  'ASX',
  'RAM',
  'MPE',
  'VOB',
  'DAT',
  'MP4V',
  'M4V',
  'F4V',
  'MXF',
  'QT',
];
const AUDIO_TYPES = ['MP3', 'M4A', 'FLAC', 'OGG', 'WAV', 'RA', 'AAC', 'AMR'];
const IMAGE_TYPES = ['JPG', 'JPEG', 'PNG', 'GIF', 'BMP', 'TIFF', 'AI', 'CDR', 'EPS', 'TIF', 'HEIF'];

test.each([
  ['Video', VIDEO_TYPES],
  ['Audio', AUDIO_TYPES],
  ['Image', IMAGE_TYPES],
])('V9: the category of every accepted type of 266/2846 is right, in either case: %s', async (category, types) => {
  const { port } = await start();
  for (const type of types) {
    for (const videoType of [type, type.toLowerCase()]) {
      const { fileId } = await upload(port, {}, { videoName: 'clip', videoType });
      const [media] = (await apiClient(port).DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet ?? [];
      expect([type, media?.BasicInfo?.Category, media?.BasicInfo?.Type]).toEqual([type, category, videoType]);
    }
  }
  const found = await apiClient(port).SearchMedia({ Categories: [category] });
  expect(found.TotalCount).toBe(types.length * 2);
});

test.each([
  ['MOV', 'video/quicktime'],
  ['MP4', 'video/mp4'],
  ['Mp4', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['WebM', 'video/webm'],
  ['MP3', 'audio/mpeg'],
])('V9: the original and the outputs of a file of type %s are served as %s', async (videoType, contentType) => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { video } = await upload(port, { procedure: 'LongVideoPreset' }, { videoName: 'clip', videoType });
  const finished = eventOf(await hook.wait(2), 'ProcedureStateChanged');
  const results = finished?.ProcedureStateChangeEvent.MediaProcessResultSet ?? [];
  const outputs = results.flatMap(({ TranscodeTask }) => TranscodeTask?.Output.Url ?? []);
  expect(outputs).toHaveLength(2);
  for (const url of [video.url, ...outputs]) {
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      contentType,
      'abc',
    ]);
  }
});

test('an output that the procedure has not made yet does not exist', async () => {
  const { port } = await start({ stepMs: 100_000 });
  const { video } = await upload(port, { procedure: 'LongVideoPreset' });
  const output = video.url.replace(/[^/]+$/, 'v.f100010.mp4');
  expect((await fetch(output)).status).toBe(404);
});

test('V9: a cover of type JPG is served as image/jpeg', async () => {
  const { port } = await start();
  const { fileId } = await upload(port);
  const cover = { fileId, coverName: 'c', coverType: 'JPG', coverSize: 3 };
  const applied = await apply(port, sign(), cover);
  await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'jpg' });
  const { data } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect((await fetch(data.cover.url)).headers.get('content-type')).toBe('image/jpeg');
});

describe('V8: refusals of Apply', () => {
  const VIDEO = { videoName: 'clip', videoType: 'mp4', videoSize: 3 };

  test.each<[string, object, RegExp]>([
    ['the type pdf', { ...VIDEO, videoType: 'pdf' }, /videoType "pdf" is not supported/],
    ['the type exe', { ...VIDEO, videoType: 'exe' }, /videoType "exe" is not supported/],
    ['a type with a dot', { ...VIDEO, videoType: '.mp4' }, /videoType "\.mp4" is not supported/],
    ['a type that is a name of Object.prototype', { ...VIDEO, videoType: 'constructor' }, /videoType/],
    ['a very long type', { ...VIDEO, videoType: 'x'.repeat(5000) }, /^.{0,120}videoType.{0,80}$/],
    ['an empty type', { ...VIDEO, videoType: '' }, /videoType is missing/],
    ['no type', { videoName: 'clip', videoSize: 3 }, /videoType is missing/],
    ['no file at all', {}, /videoType is missing/],
    ['a cover type txt', { ...VIDEO, coverName: 'c', coverType: 'txt' }, /coverType "txt" is not supported/],
    ['a video as cover', { ...VIDEO, coverName: 'c', coverType: 'mp4' }, /coverType "mp4" is not supported/],
    ['a name of 5000 characters', { ...VIDEO, videoName: 'x'.repeat(5000) }, /videoName has 5000 bytes/],
    ['a name of 201 bytes', { ...VIDEO, videoName: '好'.repeat(67) }, /videoName has 201 bytes/],
    [
      'a cover name of 201 bytes',
      { ...VIDEO, coverName: 'x'.repeat(201), coverType: 'png' },
      /coverName has 201 bytes/,
    ],
    ...['/', ':', '*', '?', '"', '<', '>', '\\', '|'].map((character): [string, object, RegExp] => [
      `a name with ${character}`,
      { ...VIDEO, videoName: `a${character}b` },
      /videoName "a\S+b" has a forbidden character/,
    ]),
  ])('Apply refuses %s with code 10001, and the message names the parameter', async (_, body, message) => {
    const { port } = await start();
    const response = await ugc(port, 'Apply', { signature: sign(), ...body });
    expect(response.code).toBe(10001);
    expect(response.message).toMatch(message);
  });

  test('Apply refuses a missing or unknown cover type with code 10001 if only a cover is announced', async () => {
    const { port } = await start();
    const { fileId } = await upload(port);
    for (const cover of [{}, { coverType: 'txt' }]) {
      const response = await ugc(port, 'Apply', { signature: sign(), fileId, coverName: 'c', ...cover });
      expect([response.code, response.message]).toEqual([10001, expect.stringContaining('coverType')]);
    }
  });
});

test.each([
  ['200 bytes', '好'.repeat(66) + 'ab'],
  ['spaces, dots and quotes', "été 2026 v1.2 (final) 'x'"],
  ['no characters', ''],
])('V8: Apply accepts a name of %s', async (_, videoName) => {
  const { port } = await start();
  expect((await ugc(port, 'Apply', { signature: sign(), videoName, videoType: 'mp4' })).code).toBe(0);
});
