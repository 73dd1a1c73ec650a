import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoryOf, newKey } from '../../local/vod/media-keys';
import type { Vod } from '../../local/vod/server';
import {
  apiClient,
  apply,
  sendRequest,
  cleanUp,
  eventOf,
  initiate,
  putPart,
  receiver,
  sign,
  start,
  temporaryDirectory,
  ugc,
  until,
  upload,
} from '../support/vod/vod-client';

afterEach(cleanUp);

interface Seeded {
  readonly message: string;
  readonly files: readonly { readonly fileId: string; readonly url: string }[];
  readonly tasks: readonly { readonly taskId: string; readonly fileId: string }[];
}

async function post({ port }: Vod, path: string, body: unknown = {}): Promise<{ status: number; response: Seeded }> {
  const { status, text } = await sendRequest(port, {
    method: 'POST',
    path: `/local/${path}`,
    body: JSON.stringify(body),
  });
  return { status, response: JSON.parse(text) as Seeded };
}

async function seed(vod: Vod, body: unknown): Promise<Seeded> {
  const { status, response } = await post(vod, 'seed', body);
  expect([status, response.message]).toEqual([200, undefined]);
  return response;
}

describe('POST /local/seed', () => {
  test('adds a file with defaults, which plays and which the server API describes', async () => {
    const vod = await start();
    const [file] = (await seed(vod, { files: [{}] })).files;
    expect(file?.fileId).toMatch(/^\d{19}$/);
    const { MediaInfoSet } = await apiClient(vod.port).DescribeMediaInfos({ FileIds: [file?.fileId ?? ''] });
    expect(MediaInfoSet?.[0]).toMatchObject({
      BasicInfo: {
        Name: 'seeded',
        Type: 'mp4',
        MediaUrl: file?.url,
        Status: 'Normal',
        SourceInfo: { SourceContext: '' },
      },
      MetaData: { Size: 1000 },
    });
    const played = await fetch(file?.url ?? '');
    expect([played.status, (await played.arrayBuffer()).byteLength]).toEqual([200, 1000]);
  });

  test('adds files and tasks as described, and keeps them over a restart', async () => {
    const dataDir = temporaryDirectory();
    const first = await start({ dataDir });
    const fileId = '5285890784273533167';
    const other = '5285890784273533168';
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    const file = { name: '动物世界', type: 'mov', content: Buffer.from('abc').toString('base64'), classId: 7 };
    const { files } = await seed(first, {
      files: [
        { fileId, ...file, sourceContext: 'order=7', createTime: '2026-01-09T16:36:22Z', duration: 12.5 },
        { fileId: other, status: 'Forbidden', review: 'block', size: 10 ** 10, width: 1920, height: 1080 },
      ],
      tasks: [
        { taskId: 'finished', createTime: hourAgo, finishTime: hourAgo },
        { taskId: 'aborted', fileId: other, procedure: 'FailingPreset', status: 'ABORTED' },
        { taskId: 'review', type: 'ReviewAudioVideo', suggestion: 'review', sessionContext: 'session' },
      ],
    });
    await first.stop();

    const client = apiClient((await start({ dataDir })).port);
    const { MediaInfoSet } = await client.DescribeMediaInfos({ FileIds: [fileId, other] });
    expect(MediaInfoSet).toMatchObject([
      {
        BasicInfo: {
          Name: '动物世界',
          Type: 'mov',
          ClassId: 7,
          CreateTime: '2026-01-09T16:36:22Z',
          SourceInfo: { SourceContext: 'order=7' },
          CoverUrl: expect.stringContaining('snapshot') as string,
        },
        MetaData: { Size: 3, Duration: 12.5 },
        TranscodeInfo: { TranscodeSet: [{ Definition: 100010 }, { Definition: 100020 }] },
        ReviewInfo: { MediaReviewInfo: { Suggestion: 'review' } },
      },
      {
        BasicInfo: { Status: 'Forbidden' },
        MetaData: { Size: 10 ** 10, Width: 1920, Height: 1080 },
        ReviewInfo: { MediaReviewInfo: { Suggestion: 'block' } },
      },
    ]);
    expect(files.map(({ fileId: id }) => id)).toEqual([fileId, other]);
    const finished = await client.DescribeTaskDetail({ TaskId: 'finished' });
    expect(finished).toMatchObject({ TaskType: 'Procedure', Status: 'FINISH', CreateTime: `${hourAgo.slice(0, 19)}Z` });
    expect(await client.DescribeTaskDetail({ TaskId: 'aborted' })).toMatchObject({ Status: 'ABORTED' });
    expect(await client.DescribeTaskDetail({ TaskId: 'review' })).toMatchObject({
      TaskType: 'ReviewAudioVideo',
      ReviewAudioVideoTask: { SessionContext: 'session', Output: { Suggestion: 'review' } },
    });
  });

  test('sends no events by default, and with "events" those of files and of finished tasks', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    await seed(vod, { files: [{}], tasks: [{}] });
    const { files, tasks } = await seed(vod, {
      files: [{ sourceContext: 'order=7' }],
      tasks: [{ procedure: 'FailingPreset' }, { type: 'ReviewAudioVideo', suggestion: 'block' }],
      events: true,
    });
    const received = await hook.wait(3);
    const [{ fileId }, [procedure, review]] = [files[0] ?? { fileId: '' }, tasks];
    expect(received.map(({ event }) => event.EventType).sort()).toEqual([
      'NewFileUpload',
      'ProcedureStateChanged',
      'ReviewAudioVideoComplete',
    ]);
    expect(eventOf(received, 'NewFileUpload')?.FileUploadEvent).toMatchObject({
      FileId: fileId,
      ProcedureTaskId: procedure?.taskId,
      ReviewAudioVideoTaskId: review?.taskId,
      MediaBasicInfo: { SourceInfo: { SourceContext: 'order=7' } },
    });
    expect(eventOf(received, 'ProcedureStateChanged')?.ProcedureStateChangeEvent.MediaProcessResultSet).toMatchObject([
      { TranscodeTask: { Status: 'SUCCESS' } },
      { TranscodeTask: { Status: 'FAIL' } },
      { CoverBySnapshotTask: { Status: 'SUCCESS' } },
    ]);
  });

  test('adds the review task of a procedure that has one', async () => {
    const vod = await start();
    const { files, tasks } = await seed(vod, { files: [{}], tasks: [{ procedure: 'BlockingPreset' }] });
    expect(tasks.map(({ taskId }) => taskId.split('-')[1])).toEqual(['procedurev2', 'ReviewAudioVideo']);
    const { MediaInfoSet } = await apiClient(vod.port).DescribeMediaInfos({ FileIds: [files[0]?.fileId ?? ''] });
    expect(MediaInfoSet?.[0]?.ReviewInfo).toMatchObject({ MediaReviewInfo: { Suggestion: 'block' } });
  });

  test('adds nothing if the content of one file cannot be written', async () => {
    const dataDir = temporaryDirectory();
    const vod = await start({ dataDir });
    const first = '5285890784273533167';
    const second = '5285890784273533168';
    const occupied = join(dataDir, 'storage/files', directoryOf(newKey(second, 'video', 'mp4')));
    mkdirSync(dirname(occupied), { recursive: true });
    writeFileSync(occupied, 'a file where a folder must be');
    const { status } = await sendRequest(vod.port, {
      method: 'POST',
      path: '/local/seed',
      body: JSON.stringify({ files: [{ fileId: first }, { fileId: second }], events: true }),
    });
    expect(status).toBe(500);
    expect((await apiClient(vod.port).SearchMedia({})).TotalCount).toBe(0);
    expect(filesIn(join(dataDir, 'storage')).filter((file) => file.includes(first))).toEqual([]);
  });

  test('refuses a property that is nested deeper than the stack', async () => {
    const vod = await start();
    const body = `{"files":[{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`;
    const { status, text } = await sendRequest(vod.port, { method: 'POST', path: '/local/seed', body });
    expect([status, text]).toEqual([400, expect.stringContaining('at most 200 characters, not an array')]);
  });

  test('runs a task that is PROCESSING, and sends its event at its end', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    const { tasks } = await seed(vod, { files: [{}], tasks: [{ status: 'PROCESSING' }] });
    const [{ event } = { event: undefined }] = await hook.wait(1);
    expect(event?.ProcedureStateChangeEvent).toMatchObject({ TaskId: tasks[0]?.taskId, Status: 'FINISH' });
  });

  test.each<[unknown, string]>([
    [[], 'The body must be a JSON object'],
    [{ file: [] }, 'Unknown property "file": must be one of: files, tasks, events'],
    [{ files: {} }, '"files" must be an array of at most 1000 elements, not an object'],
    [{ files: [1] }, '"files[0]" must be a JSON object'],
    [{ files: [{}, { size: -1 }] }, '"files[1].size" must be an integer from 0 to 107374182400, not -1'],
    [{ files: [{ fileId: 7 }] }, '"files[0].fileId" must be a string of 19 digits, not 7'],
    [
      { files: [{ createTime: 'now' }] },
      '"files[0].createTime" must be an ISO 8601 time such as "2026-01-31T12:00:00Z", not "now"',
    ],
    [{ files: [{ content: '%' }] }, '"files[0].content" must be Base64, not "%"'],
    [
      { tasks: [{ status: 'DONE' }] },
      '"tasks[0].status" must be one of: "PROCESSING", "FINISH", "ABORTED", not "DONE"',
    ],
    [
      { tasks: [{ taskId: '../x' }] },
      '"tasks[0].taskId" must be a string of at most 100 letters, digits, "-" and "_", not "../x"',
    ],
    [{ events: 1 }, '"events" must be true or false, not 1'],
    [
      { files: [{}], tasks: [{ procedure: 'LongVideo' }] },
      '"tasks[0].procedure" must be one of: LongVideoPreset, FailingPreset, BlockingPreset, ReviewPreset, not "LongVideo"',
    ],
    [{ tasks: [{ suggestion: 'block' }] }, '"tasks[0].suggestion" must be absent unless "type" is "ReviewAudioVideo"'],
    [
      { tasks: [{ type: 'ReviewAudioVideo', procedure: 'ReviewPreset' }] },
      '"tasks[0].procedure" must be absent if "type" is "ReviewAudioVideo"',
    ],
    [
      { tasks: [{ status: 'PROCESSING', finishTime: '2026-01-31T12:00:00Z' }] },
      '"tasks[0].finishTime" must be absent if "status" is "PROCESSING"',
    ],
  ])('refuses %j with what would be right, and adds nothing', async (body, message) => {
    const vod = await start();
    expect(await post(vod, 'seed', body)).toMatchObject({ status: 400, response: { message } });
    expect((await apiClient(vod.port).SearchMedia({})).TotalCount).toBe(0);
  });
});

describe('POST /local/reset', () => {
  test('removes files, tasks, sessions, used signatures, storage and waiting events, on disk too', async () => {
    const dataDir = temporaryDirectory();
    const vod = await start({ dataDir, mode: 'PULL', stepMs: 100_000 });
    const { port } = vod;
    const signature = sign({ oneTimeValid: 1, procedure: 'LongVideoPreset' });
    const applied = await apply(port, signature);
    await putPart(port, applied, await initiate(port, applied), 1, Buffer.from('abc'));
    const { video } = await upload(port, { procedure: 'ReviewPreset' });
    expect((await post(vod, 'reset')).status).toBe(200);

    const isEmpty = async (client: ReturnType<typeof apiClient>) => {
      expect(await client.SearchMedia({})).toMatchObject({ TotalCount: 0 });
      expect(await client.DescribeTasks({})).toMatchObject({ TaskSet: [] });
      expect(await client.PullEvents({})).toMatchObject({ EventSet: [] });
    };
    await isEmpty(apiClient(port));
    expect((await fetch(video.url)).status).toBe(404);
    const committed = { signature: sign(), vodSessionKey: applied.vodSessionKey };
    expect(await ugc(port, 'Commit', committed)).toMatchObject({ code: 10001 });
    expect((await apply(port, signature)).vodSessionKey).not.toBe(applied.vodSessionKey);
    await post(vod, 'reset');
    expect(filesIn(dataDir)).toEqual(['certificate.json', 'storage-secret']);
    await vod.stop();
    await isEmpty(apiClient((await start({ dataDir })).port));
  });

  test('restores the event configuration and the faults of the start', async () => {
    const vod = await start({ callbackUrl: 'http://localhost:1/', faults: { format: 'both', seed: 7 } });
    await apiClient(vod.port).ModifyEventConfig({ Mode: 'PULL', UploadMediaCompleteEventSwitch: 'OFF' });
    vod.setFaults({ format: '2.0', api: 0.5 });
    await post(vod, 'reset');
    expect(vod.setFaults({})).toMatchObject({ format: 'both', seed: 7, api: 0 });
    expect(await apiClient(vod.port).DescribeEventConfig({})).toMatchObject({
      Mode: 'PUSH',
      NotificationUrl: 'http://localhost:1/',
      UploadMediaCompleteEventSwitch: 'ON',
    });
  });

  test('stops events that are being sent, delayed or due', async () => {
    const hook = await receiver((index) => (index === 0 ? 'never' : 200));
    const vod = await start({ callbackUrl: hook.url, callbackTimeoutMs: 300 });
    await upload(vod.port);
    await until(() => hook.received.length === 1);
    vod.setFaults({ delayMs: 200 });
    await upload(vod.port, { procedure: 'LongVideoPreset' });
    await post(vod, 'reset');
    await sleep(800);
    expect(hook.received).toHaveLength(1);
    const { fileId } = await upload(vod.port);
    await until(() => hook.received.length === 2);
    expect(hook.received[1]?.event.FileUploadEvent.FileId).toBe(fileId);
  });
});

/** Files below a folder, except those of its owner, as paths from there. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
