import {
  apply,
  sendRequest,
  cleanUp,
  complete,
  cos,
  initiate,
  md5,
  putPart,
  receiver,
  sign,
  start,
  ugc,
  upload,
  VIDEO,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const MIB = 1024 * 1024;

describe.each([
  ['android', { clientReportId: 'r', clientVersion: '12.4.0.17372' }],
  ['ios', { clientReportId: 'r', clientVersion: '12.4.0.17372', reportId: '' }],
])('the native SDK for %s', (_, client) => {
  test.each([0, 1])(
    'uploads with one signature in Prepare, Apply and Commit, oneTimeValid %i',
    async (oneTimeValid) => {
      const hook = await receiver();
      const { port } = await start({ callbackUrl: hook.url });
      const signature = sign({ oneTimeValid, sourceContext: 'user 42', vodSubAppId: 1500012345 });

      const prepared = await ugc(port, 'Prepare', { signature, ...client });
      expect(prepared.code).toBe(0);
      const domains = prepared.data.cosRegionList.map(({ domain }) => domain);
      expect(domains.length).toBeGreaterThan(1);
      for (const host of domains)
        expect((await sendRequest(port, { method: 'HEAD', host, path: '/' })).status).toBe(403);

      const applied = await apply(port, signature, {
        ...VIDEO,
        ...client,
        coverName: 'c',
        coverType: 'jpg',
        coverSize: 3,
      });
      const bytes = Buffer.alloc(MIB, 'v');
      const uploadId = await initiate(port, applied);
      const { headers } = await putPart(port, applied, uploadId, 1, bytes);
      expect(headers.etag).toBe(`"${md5(bytes)}"`);
      expect((await complete(port, applied, uploadId, [md5(bytes)])).status).toBe(200);
      await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'jpg' });

      const { vodSessionKey } = applied;
      const committed = await ugc(port, 'Commit', { signature, vodSessionKey, ...client }, 'vod2.dnsv1.com');
      expect(committed.code).toBe(0);
      const { fileId, video, cover } = committed.data;
      expect(fileId).toMatch(/^\d{19}$/);
      const [event] = await hook.wait(1);
      expect(event?.event).toEqual({
        EventType: 'NewFileUpload',
        FileUploadEvent: {
          FileId: fileId,
          MediaBasicInfo: expect.objectContaining({
            Name: 'holiday',
            Type: 'mp4',
            MediaUrl: video.url,
            CoverUrl: cover.url,
            SourceInfo: { SourceType: 'Upload', SourceContext: 'user 42' },
          }) as object,
          MetaData: { Size: MIB, Container: 'mp4' },
          ProcedureTaskId: '',
          ReviewAudioVideoTaskId: '',
        },
      });
      expect(Buffer.from(await (await fetch(video.url)).arrayBuffer()).equals(bytes)).toBe(true);
      expect(await (await fetch(cover.url)).text()).toBe('jpg');
    },
  );
});

test('a session can be resumed for one day (断点续传的有效时间为1天)', async () => {
  let now = Date.now();
  const { port } = await start({ now: () => now });
  const { vodSessionKey } = await apply(port);
  const nextDay = (seconds: number) => {
    now += seconds * 1000;
    const time = Math.floor(now / 1000);
    return ugc(port, 'Apply', {
      signature: sign({ currentTimeStamp: time, expireTime: time + 60 }),
      vodSessionKey,
    });
  };
  expect((await nextDay(86_390)).code).toBe(0);
  expect((await nextDay(20)).code).toBe(10001);
});

test('a resumed session keeps the source context of its first Apply', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { vodSessionKey } = await apply(port, sign({ sourceContext: 'first' }));
  const applied = await apply(port, sign({ sourceContext: 'second' }), { vodSessionKey });
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  await ugc(port, 'Commit', { signature: sign({ sourceContext: 'third' }), vodSessionKey });
  const [event] = await hook.wait(1);
  expect(event?.event.FileUploadEvent.MediaBasicInfo.SourceInfo.SourceContext).toBe('first');
});

test('Commit is refused without a file, and returns the same and sends one event if repeated', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const applied = await apply(port);
  const commit = () => ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect((await commit()).code).toBe(10001);
  expect((await ugc(port, 'Commit', { signature: sign(), vodSessionKey: 'none' })).code).toBe(10001);
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  const responses = await Promise.all([commit(), commit(), commit()]);
  expect(new Set(responses.map(({ data }) => data.fileId)).size).toBe(1);
  await upload(port);
  expect(await hook.wait(2)).toHaveLength(2);
});

test('a cover can be replaced later, without an event', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { fileId } = await upload(port);
  const cover = { fileId, coverName: 'new', coverType: 'png', coverSize: 3 };
  const applied = await apply(port, sign(), cover);
  await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'png' });
  const { data } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect([data.fileId, await (await fetch(data.cover.url)).text()]).toEqual([fileId, 'png']);
  const unknown = await ugc(port, 'Apply', { signature: sign(), ...cover, fileId: '5285890000000000000' });
  expect(unknown.code).toBe(10001);
  expect(hook.received).toHaveLength(1);
});

test.each([
  ['the signature', { storageRegion: 'ap-shanghai' }, 'ap-guangzhou', 'ap-shanghai'],
  ['the race', {}, 'ap-guangzhou', 'ap-guangzhou'],
  ['the default', {}, undefined, 'ap-chongqing'],
])('the storage region comes from %s', async (_, signed, storageRegion, region) => {
  const { port } = await start();
  expect((await apply(port, sign(signed), { ...VIDEO, storageRegion })).storageRegionV5).toBe(region);
});

test('duration and size of an MP4 file are read at Commit', async () => {
  const box = (name: string, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(body.length + 8);
    head.write(name, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const mvhd = Buffer.alloc(100);
  mvhd.writeUInt32BE(600, 12);
  mvhd.writeUInt32BE(1500, 16);
  const sound = Buffer.alloc(84);
  const picture = Buffer.alloc(84);
  picture.writeUInt16BE(640, 76);
  picture.writeUInt16BE(360, 80);
  const tracks = [sound, picture].map((tkhd) => box('trak', box('tkhd', tkhd)));
  const file = Buffer.concat([
    box('ftyp', Buffer.from('isom')),
    box('mdat', Buffer.alloc(50)),
    box('moov', box('mvhd', mvhd), ...tracks),
  ]);
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const applied = await apply(port);
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: file });
  await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  const [event] = await hook.wait(1);
  expect(event?.event.FileUploadEvent.MetaData).toMatchObject({
    Duration: 2.5,
    Width: 640,
    Height: 360,
    Size: file.length,
  });
});

test.each([
  ['a box that is longer than any file', `0000000166726565${'ff'.repeat(2 ** 23)}`],
  ['boxes without end', '0000000866726565'.repeat(2 ** 20)],
  ['an index of boxes without end', `001000086d6f6f76${'0000000866726565'.repeat(2 ** 17)}`],
])('Commit responds within 5 s to a file with %s', async (_, hex) => {
  const { port } = await start();
  const applied = await apply(port);
  const body = Buffer.from(hex, 'hex');
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body });
  const began = performance.now();
  const { code } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(5000); // the timeout of the Web SDK
});
