import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiClient,
  sendRequest,
  cleanUp,
  eventOf,
  receiver,
  start,
  temporaryDirectory,
  until,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const CLIP = { name: 'clip', type: 'mp4', size: 1000, sourceContext: 'mine' };

describe('put', () => {
  test('adds a file, sends NewFileUpload and runs the procedure', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    const { fileId, taskId, reviewTaskId } = vod.put({ ...CLIP, procedure: 'LongVideoPreset', duration: 4 });
    expect([fileId, taskId, reviewTaskId]).toEqual([
      expect.stringMatching(/^\d{19}$/),
      expect.stringMatching(/^1500000001-procedurev2-[0-9a-f]{32}t0$/),
      '',
    ]);
    const received = await hook.wait(2);
    expect(eventOf(received, 'NewFileUpload')).toMatchObject({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        MediaBasicInfo: { Name: 'clip', Type: 'mp4', SourceInfo: { SourceType: 'Upload', SourceContext: 'mine' } },
        MetaData: { Size: 1000, Duration: 4 },
        ProcedureTaskId: taskId,
      },
    });
    expect(eventOf(received, 'ProcedureStateChanged')?.ProcedureStateChangeEvent).toMatchObject({
      TaskId: taskId,
      FileId: fileId,
      Status: 'FINISH',
    });
    const [media] = (await apiClient(vod.port).DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet ?? [];
    expect(media).toMatchObject({ BasicInfo: { Name: 'clip' }, TranscodeInfo: { TranscodeSet: [{}, {}] } });
  });

  test('without a procedure starts no task, with taskNotifyMode None sends no event of the task', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    expect(vod.put(CLIP)).toMatchObject({ taskId: '', reviewTaskId: '' });
    const { taskId } = vod.put({ ...CLIP, procedure: 'LongVideoPreset', taskNotifyMode: 'None' });
    const statusOf = async () => (await apiClient(vod.port).DescribeTaskDetail({ TaskId: taskId })).Status;
    await until(async () => (await statusOf()) === 'FINISH');
    await hook.wait(2);
    await sleep(100);
    expect(hook.received.map(({ event }) => event.EventType)).toEqual(['NewFileUpload', 'NewFileUpload']);
  });

  test('stores no bytes: the URL of the file returns 404', async () => {
    const vod = await start();
    const { fileId } = vod.put(CLIP);
    const [media] = (await apiClient(vod.port).DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet ?? [];
    const { pathname } = new URL(media?.BasicInfo?.MediaUrl ?? '');
    expect((await sendRequest(vod.port, { path: pathname })).status).toBe(404);
  });

  test('with a createTime in the past adds an old file, whose task is as old', async () => {
    const vod = await start();
    const createTime = Date.parse('2026-01-01T00:00:00Z');
    const { fileId } = vod.put({ ...CLIP, createTime, procedure: 'LongVideoPreset' });
    vod.put(CLIP);
    const { TotalCount, MediaInfoSet } = await apiClient(vod.port).SearchMedia({
      CreateTime: { After: '2025-12-31T00:00:00Z', Before: '2026-01-01T00:00:00Z' },
    });
    expect([TotalCount, MediaInfoSet?.[0]?.BasicInfo?.CreateTime]).toEqual([1, '2026-01-01T00:00:00Z']);
    expect((await apiClient(vod.port).DescribeTasks({ FileId: fileId })).TaskSet).toEqual([]);
  });

  test('survives a restart', async () => {
    const dataDir = temporaryDirectory();
    const first = await start({ dataDir });
    const { fileId } = first.put(CLIP);
    await first.stop();
    const { port } = await start({ dataDir });
    expect((await apiClient(port).DescribeMediaInfos({ FileIds: [fileId] })).NotExistFileIdSet).toEqual([]);
  });

  test('200 files in quick succession: each has its events, none twice', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url, callbackTimeoutMs: 60_000 });
    for (let i = 0; i < 200; i++) {
      vod.put({ ...CLIP, name: `clip ${i}`, procedure: 'LongVideoPreset' });
      if (i % 10 === 9) await sleep(5);
    }
    expect(await hook.wait(400)).toHaveLength(400);
  });
});

test('calls counts the calls of each action, refused ones included', async () => {
  const vod = await start();
  const client = apiClient(vod.port);
  expect(vod.calls).toMatchObject({ DescribeMediaInfos: 0, SearchMedia: 0, DescribeTasks: 0 });
  const before = vod.calls;
  await client.DescribeMediaInfos({ FileIds: ['1'] });
  await client.DescribeMediaInfos({ FileIds: ['2'] });
  await client.SearchMedia({});
  vod.setFaults({ api: 1 });
  await expect(client.SearchMedia({})).rejects.toMatchObject({ code: 'InternalError' });
  expect(vod.calls).toMatchObject({ DescribeMediaInfos: 2, SearchMedia: 2, DescribeTasks: 0 });
  expect(before.DescribeMediaInfos).toBe(0);
  expect(Object.keys(vod.calls)).not.toContain('constructor');
});

test('describing a file among 500 files with tasks takes about as long as among 20', async () => {
  const vod = await start();
  const client = apiClient(vod.port);
  const addFiles = async (count: number): Promise<string[]> => {
    const options = { procedure: 'LongVideoPreset', taskNotifyMode: 'None' } as const;
    const files = Array.from({ length: count }, () => vod.put({ ...CLIP, ...options }));
    await until(async () => (await client.DescribeTasks({ Status: 'PROCESSING', Limit: 1 })).TaskSet?.length === 0);
    return files.map(({ fileId }) => fileId);
  };
  /** CPU time of one call in milliseconds, including the client's. */
  const measure = async (FileIds: string[]): Promise<number> => {
    const before = process.cpuUsage();
    for (let i = 0; i < 30; i++) {
      await client.DescribeMediaInfos({ FileIds });
      await client.DescribeTasks({ FileId: FileIds[0] ?? '' });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / 60;
  };
  const few = await addFiles(20);
  await measure(few);
  const millisecondsOfFew = await measure(few);
  const many = await addFiles(500);
  expect(await measure(many.slice(0, 20))).toBeLessThan(millisecondsOfFew * 3 + 2);
});
