import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiClient,
  cleanUp,
  receiver,
  SECRET_ID,
  SECRET_KEY,
  sign,
  start,
  tc3,
  ugc,
  upload,
  VIDEO,
  type HttpResponse,
  type ApiClient,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const at = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

describe('the library', () => {
  test('DescribeMediaInfos returns the requested sections and the ids that do not exist', async () => {
    const { port } = await start();
    const { fileId, video } = await upload(port, { sourceContext: 'mine', procedure: 'FailingPreset' });
    await sleep(200);
    const response = await apiClient(port).DescribeMediaInfos({ FileIds: [fileId, '1'], SubAppId: 1500012345 });
    expect(response.NotExistFileIdSet).toEqual(['1']);
    const [media] = response.MediaInfoSet ?? [];
    expect(media).toMatchObject({
      FileId: fileId,
      BasicInfo: {
        MediaUrl: video.url,
        Category: 'Video',
        Status: 'Normal',
        SourceInfo: { SourceType: 'Upload', SourceContext: 'mine' },
      },
      MetaData: { Size: 3 },
      TranscodeInfo: { TranscodeSet: [{ Definition: 100010 }] },
    });
    expect(media?.BasicInfo?.CoverUrl).toMatch(/snapshot\.png$/);
    const filtered = await apiClient(port).DescribeMediaInfos({ FileIds: [fileId], Filters: ['metaData'] });
    expect(filtered.MediaInfoSet?.[0]).toMatchObject({ BasicInfo: null, MetaData: { Size: 3 }, TranscodeInfo: null });
    await expect(apiClient(port).DescribeMediaInfos({ FileIds: Array<string>(21).fill('1') })).rejects.toMatchObject({
      code: 'InvalidParameterValue.FileIds',
    });
  });

  test('SearchMedia filters by time and class, sorts and returns pages', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const { port } = await start({ now: () => now });
    const uploaded: string[] = [];
    for (let i = 0; i < 5; i++) {
      const seconds = Math.floor(now / 1000);
      const times = { currentTimeStamp: seconds, expireTime: seconds + 600 };
      uploaded.push((await upload(port, { ...times, classId: i % 2, storageRegion: 'ap-tokyo' })).fileId);
      now += 60_000;
    }
    now = Date.now();
    const search = async (request: Parameters<ApiClient['SearchMedia']>[0]) => {
      const { TotalCount, MediaInfoSet } = await apiClient(port).SearchMedia(request);
      return [TotalCount, MediaInfoSet?.map(({ FileId }) => uploaded.indexOf(FileId ?? ''))];
    };
    const window = { After: '2026-01-01T00:01:00Z', Before: '2026-01-01T00:03:00Z' };
    const oldest = { Field: 'CreateTime', Order: 'Asc' };
    expect(await search({})).toEqual([5, [4, 3, 2, 1, 0]]);
    expect(await search({ CreateTime: window, Sort: oldest })).toEqual([3, [1, 2, 3]]);
    expect(await search({ CreateTime: { After: '2026-01-01T08:04:00+08:00' } })).toEqual([1, [4]]);
    expect(await search({ Sort: oldest, Offset: 1, Limit: 2 })).toEqual([5, [1, 2]]);
    expect(await search({ ClassIds: [1], Sort: oldest })).toEqual([2, [1, 3]]);
    expect(await search({ SourceTypes: ['Record'] })).toEqual([0, []]);
    expect(await search({ NamePrefixes: ['holi'], StorageRegions: ['ap-tokyo'], Offset: 5 })).toEqual([5, []]);
    for (const request of [{ Offset: 4999, Limit: 2 }, { CreateTime: { After: 'yesterday', Before: '' } }]) {
      await expect(search(request)).rejects.toMatchObject({
        code: expect.stringMatching(/^InvalidParameterValue/) as string,
      });
    }
    await expect(search({ Tags: ['a'] })).rejects.toMatchObject({ code: 'UnknownParameter' });
  });

  test('the deletion of parts sends no event in format 2.0, which can only report the whole file', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    const { port } = vod;
    const { fileId } = await upload(port);
    vod.setFaults({ format: 'both' });
    await apiClient(port).DeleteMedia({
      FileId: fileId,
      DeleteParts: [{ Type: 'TranscodeFiles', Definition: 100010 }],
    });
    await apiClient(port).DeleteMedia({ FileId: fileId });
    const events = (await hook.wait(4)).map(({ event }): object => event);
    expect(events.map((event): unknown => Reflect.get(event, 'EventType') ?? Reflect.get(event, 'eventType'))).toEqual([
      'NewFileUpload',
      'FileDeleted',
      'FileDeleted',
      'FileDeleted',
    ]);
    expect(events.filter((event) => Reflect.get(event, 'eventType') === 'FileDeleted')).toHaveLength(1);
  });

  test('ModifyEventConfig refuses a NotificationUrl that cannot be called', async () => {
    const { port } = await start();
    for (const NotificationUrl of ['http://a b/', 'http://', 'http://localhost:99999/', 'ftp://localhost/']) {
      const change = apiClient(port).ModifyEventConfig({ NotificationUrl });
      await expect(change).rejects.toMatchObject({ code: 'InvalidParameterValue.NotificationUrl' });
    }
  });

  test('DeleteMedia removes the file and sends FileDeleted', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const { fileId, video } = await upload(port);
    await apiClient(port).DeleteMedia({
      FileId: fileId,
      DeleteParts: [{ Type: 'TranscodeFiles', Definition: 100010 }],
    });
    expect((await fetch(video.url)).status).toBe(200);
    await apiClient(port).DeleteMedia({ FileId: fileId });
    expect((await fetch(video.url)).status).toBe(404);
    const [, parts, whole] = await hook.wait(3);
    expect(parts?.event.FileDeleteEvent.FileDeleteResultInfo).toEqual([
      { FileId: fileId, DeleteParts: [{ Type: 'TranscodeFiles', Definition: 100010 }] },
    ]);
    expect(whole?.event).toEqual({
      EventType: 'FileDeleted',
      FileDeleteEvent: { FileIdSet: [fileId], FileDeleteResultInfo: [{ FileId: fileId, DeleteParts: [] }] },
    });
    await expect(apiClient(port).DeleteMedia({ FileId: fileId })).rejects.toMatchObject({ code: 'ResourceNotFound' });
  });
});

test('every key pair in `keys` signs uploads and server API calls, and none that was removed', async () => {
  const { port, keys } = await start();
  const second = { secretId: 'AKIDsecond', secretKey: 'another-secret-key' };
  const codes = async ({ secretId, secretKey } = second) => [
    (await ugc(port, 'Apply', { signature: sign({ secretId }, secretKey), ...VIDEO })).code,
    await apiClient(port, { secretId, secretKey })
      .DescribeEventConfig({})
      .then(
        () => 'responded',
        (error: unknown) => (error as { code: string }).code,
      ),
  ];
  const refused = [10004, 'AuthFailure.SecretIdNotFound'];
  expect(await codes()).toEqual(refused);
  keys.set(second.secretId, second.secretKey);
  expect(await codes()).toEqual([0, 'responded']);
  expect(await codes({ secretId: SECRET_ID, secretKey: SECRET_KEY })).toEqual([0, 'responded']);
  expect(await codes({ secretId: SECRET_ID, secretKey: second.secretKey })).toEqual([
    10004,
    'AuthFailure.SignatureFailure',
  ]);
  keys.delete(SECRET_ID);
  expect(await codes({ secretId: SECRET_ID, secretKey: SECRET_KEY })).toEqual(refused);
  expect(await codes()).toEqual([0, 'responded']);
});

test('DescribeTasks and DescribeTaskDetail return the tasks of the last three days', async () => {
  let now = Date.now();
  const { port } = await start({ stepMs: 150, now: () => now });
  const { fileId } = await upload(port, { procedure: 'LongVideoPreset', sessionContext: 's' });
  await upload(port, { procedure: 'FailingPreset' });
  const { TaskSet } = await apiClient(port).DescribeTasks({ FileId: fileId });
  expect(TaskSet).toMatchObject([{ TaskType: 'Procedure', Status: 'PROCESSING', FileId: fileId, FinishTime: '' }]);
  const TaskId = TaskSet?.[0]?.TaskId ?? '';
  await sleep(700);
  expect((await apiClient(port).DescribeTasks({ Status: 'PROCESSING' })).TaskSet).toEqual([]);
  const first = await apiClient(port).DescribeTasks({
    Limit: 1,
    CreateTime: { After: at(now - 60_000), Before: at(now + 60_000) },
  });
  const second = await apiClient(port).DescribeTasks({ Limit: 1, ScrollToken: first.ScrollToken ?? '' });
  expect([first.TaskSet?.length, second.TaskSet?.length, second.ScrollToken]).toEqual([1, 1, '']);
  expect(first.TaskSet?.[0]?.TaskId).not.toBe(second.TaskSet?.[0]?.TaskId);
  expect(await apiClient(port).DescribeTaskDetail({ TaskId })).toMatchObject({
    TaskType: 'Procedure',
    Status: 'FINISH',
    ProcedureTask: { TaskId, FileId: fileId, SessionContext: 's', MediaProcessResultSet: [{}, {}, {}] },
  });
  await expect(apiClient(port).DescribeTaskDetail({ TaskId: 'none' })).rejects.toMatchObject({
    code: 'ResourceNotFound',
  });
  now += 4 * 24 * 60 * 60 * 1000;
  const later = await tc3(port, { action: 'DescribeTaskDetail', body: JSON.stringify({ TaskId }), time: now });
  expect(codeOf(later)).toBe('ResourceNotFound');
});

describe('PullEvents and ConfirmEvents', () => {
  test('return 16 events at a time, and none that was confirmed', async () => {
    const { port } = await start({ mode: 'PULL' });
    const uploaded = new Set<string>();
    for (let i = 0; i < 20; i++) uploaded.add((await upload(port)).fileId);
    const pulled: string[] = [];
    for (const count of [16, 4]) {
      const { EventSet = [] } = await apiClient(port).PullEvents({});
      expect(EventSet).toHaveLength(count);
      expect(EventSet[0]).toMatchObject({ EventType: 'NewFileUpload', FileDeleteEvent: null });
      pulled.push(...EventSet.map(({ FileUploadEvent }) => FileUploadEvent?.FileId ?? ''));
      const handles = EventSet.map(({ EventHandle }) => EventHandle ?? '');
      await apiClient(port).ConfirmEvents({ EventHandles: handles });
      await expect(apiClient(port).ConfirmEvents({ EventHandles: handles })).rejects.toMatchObject({
        code: 'InvalidParameterValue.EventHandles',
      });
    }
    expect(new Set(pulled)).toEqual(uploaded);
    expect((await apiClient(port).PullEvents({})).EventSet).toEqual([]);
  });

  test('return an unconfirmed event again after 30 s, for four days', async () => {
    let now = Date.now();
    const vod = await start({ mode: 'PULL', now: () => now });
    const pull = async (port: number) => {
      const response = await tc3(port, { action: 'PullEvents', time: now });
      return (JSON.parse(response.text) as { Response: { EventSet: { EventHandle: string }[] } }).Response.EventSet;
    };
    await upload(vod.port);
    const [first] = await pull(vod.port);
    now += 29_000;
    expect(await pull(vod.port)).toEqual([]);
    now += 2_000;
    const late = JSON.stringify({ EventHandles: [first?.EventHandle] });
    expect(codeOf(await tc3(vod.port, { action: 'ConfirmEvents', body: late, time: now }))).toBe(
      'InvalidParameterValue.EventHandles',
    );
    const [again] = await pull(vod.port);
    expect(again).toMatchObject({ EventType: 'NewFileUpload' });
    expect(again?.EventHandle).not.toBe(first?.EventHandle);
    now += 5 * 24 * 60 * 60 * 1000;
    expect(await pull(vod.port)).toEqual([]);
  });

  test('wait for the first event', async () => {
    const { port } = await start({ mode: 'PULL' });
    const pulled = apiClient(port).PullEvents({});
    await sleep(200);
    await upload(port);
    expect((await pulled).EventSet).toHaveLength(1);
  });
});

test('ModifyEventConfig changes the mode, the URL, the switches and the SignKey', async () => {
  const hook = await receiver();
  const { port } = await start();
  const api = apiClient(port);
  expect(await api.DescribeEventConfig({})).toMatchObject({
    Mode: 'PUSH',
    NotificationUrl: '',
    UploadMediaCompleteEventSwitch: 'ON',
    DeleteMediaCompleteEventSwitch: 'ON',
    PersistenceCompleteEventSwitch: 'OFF',
  });
  await api.ModifyEventConfig({
    NotificationUrl: hook.url,
    UploadMediaCompleteEventSwitch: 'OFF',
    DeleteMediaCompleteEventSwitch: 'OFF',
    SignKey: 'abc123',
  });
  const { fileId } = await upload(port, { procedure: 'LongVideoPreset' });
  await sleep(200);
  await api.DeleteMedia({ FileId: fileId });
  await sleep(100);
  expect(hook.received.map(({ event }) => [event.EventType, typeof event.Sign])).toEqual([
    ['ProcedureStateChanged', 'string'],
  ]);
  await api.ModifyEventConfig({ Mode: 'PULL', UploadMediaCompleteEventSwitch: 'ON' });
  await upload(port);
  expect((await api.PullEvents({})).EventSet).toHaveLength(1);
  expect(hook.received).toHaveLength(1);
  const config = await api.DescribeEventConfig({});
  expect(config).toMatchObject({ Mode: 'PULL', NotificationUrl: hook.url, DeleteMediaCompleteEventSwitch: 'OFF' });
  expect(config).not.toHaveProperty('SignKey');
  for (const wrong of [{ SignKey: 'not ok' }, { Mode: 'BOTH' }, { NotificationUrl: 'ftp://x' }]) {
    await expect(api.ModifyEventConfig(wrong)).rejects.toMatchObject({
      code: expect.stringMatching(/^InvalidParameterValue/) as string,
    });
  }
});

test('with subAppIds, every call must name one of them', async () => {
  const { port } = await start({ subAppIds: [1500000001, 1500000002] });
  const code = 'InvalidParameterValue.SubAppId';
  await expect(apiClient(port).DescribeEventConfig({})).rejects.toMatchObject({ code });
  await expect(apiClient(port).PullEvents({ SubAppId: 1500000009 })).rejects.toMatchObject({ code });
  expect(await apiClient(port).DescribeEventConfig({ SubAppId: 1500000002 })).toMatchObject({ Mode: 'PUSH' });
});

function codeOf(response: HttpResponse): string {
  return (JSON.parse(response.text) as { Response: { Error?: { Code: string } } }).Response.Error?.Code ?? '';
}
