import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiClient,
  sendRequest,
  cleanUp,
  eventOf,
  receiver,
  start,
  temporaryDirectory,
  upload,
  until,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const CLIP = { name: 'clip', type: 'mp4', size: 1000, sourceContext: '' };
const TASK_ID = /^1500000001-ReviewAudioVideo-[0-9a-f]{32}t0$/;

async function reviewInfoOf(port: number, fileId: string, Filters?: string[]) {
  const { MediaInfoSet } = await apiClient(port).DescribeMediaInfos({ FileIds: [fileId], ...(Filters && { Filters }) });
  return MediaInfoSet?.[0]?.ReviewInfo;
}

describe.each([
  ['BlockingPreset', { Suggestion: 'block', Label: 'Porn', Form: 'Image' }, 'Image.Porn'],
  ['ReviewPreset', { Suggestion: 'review', Label: 'Ad', Form: 'OCR' }, 'OCR.Ad'],
])('the procedure %s', (procedure, result, type) => {
  test('processes the file and ends with a review task of its own id', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const { fileId } = await upload(port, { procedure, sessionContext: 'mine' });
    const received = await hook.wait(3);
    const { ProcedureTaskId, ReviewAudioVideoTaskId } = eventOf(received, 'NewFileUpload')?.FileUploadEvent ?? {};
    expect(ProcedureTaskId).toMatch(/-procedurev2-/);
    expect(ReviewAudioVideoTaskId).toMatch(TASK_ID);
    expect(eventOf(received, 'ProcedureStateChanged')?.ProcedureStateChangeEvent).toMatchObject({
      TaskId: ProcedureTaskId,
      Status: 'FINISH',
      MediaProcessResultSet: [{}, {}, {}],
      AiContentReviewResultSet: [],
    });
    expect(eventOf(received, 'ReviewAudioVideoComplete')).toEqual({
      EventType: 'ReviewAudioVideoComplete',
      ReviewAudioVideoCompleteEvent: {
        TaskId: ReviewAudioVideoTaskId,
        Status: 'FINISH',
        ErrCodeExt: '',
        Message: 'SUCCESS',
        Input: { FileId: fileId, Definition: 10, ReviewContents: ['Media'] },
        Output: {
          ...result,
          SegmentSet: [],
          SegmentSetFileUrl: '',
          SegmentSetFileUrlExpireTime: '',
          CoverReviewResult: null,
        },
        SessionId: '',
        SessionContext: 'mine',
      },
    });
  });

  test('shows the result in DescribeMediaInfos, DescribeTasks and DescribeTaskDetail', async () => {
    const vod = await start({ stepMs: 100 });
    const { port } = vod;
    const client = apiClient(port);
    const { fileId, taskId, reviewTaskId } = vod.put({ ...CLIP, procedure });
    expect(await reviewInfoOf(port, fileId)).toBeNull();
    const running = await client.DescribeTaskDetail({ TaskId: reviewTaskId });
    expect(running).toMatchObject({
      Status: 'PROCESSING',
      ReviewAudioVideoTask: { Status: 'PROCESSING', Output: null },
    });
    await until(async () => (await client.DescribeTaskDetail({ TaskId: reviewTaskId })).Status === 'FINISH');
    const reviewInfo = {
      MediaReviewInfo: {
        Definition: 10,
        Suggestion: result.Suggestion,
        TypeSet: [type],
        ReviewTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      },
      CoverReviewInfo: null,
    };
    expect(await reviewInfoOf(port, fileId)).toEqual(reviewInfo);
    expect(await reviewInfoOf(port, fileId, ['reviewInfo'])).toEqual(reviewInfo);
    expect(await reviewInfoOf(port, fileId, ['basicInfo'])).toBeNull();
    const { TaskSet = [] } = await client.DescribeTasks({ FileId: fileId });
    expect(new Map(TaskSet.map(({ TaskId, TaskType }) => [TaskId, TaskType]))).toEqual(
      new Map([
        [taskId, 'Procedure'],
        [reviewTaskId, 'ReviewAudioVideo'],
      ]),
    );
    expect(await client.DescribeTaskDetail({ TaskId: reviewTaskId })).toMatchObject({
      TaskType: 'ReviewAudioVideo',
      Status: 'FINISH',
      ProcedureTask: null,
      ReviewAudioVideoTask: { TaskId: reviewTaskId, Input: { FileId: fileId }, Output: result },
    });
    expect(await client.DescribeTaskDetail({ TaskId: taskId })).toMatchObject({
      TaskType: 'Procedure',
      ReviewAudioVideoTask: null,
    });
  });

  test('is also started by ProcessMediaByProcedure, which returns the ids of both tasks', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const { fileId } = await upload(port);
    const response = await apiClient(port).ProcessMediaByProcedure({ FileId: fileId, ProcedureName: procedure });
    expect(response.ReviewAudioVideoTaskId).toMatch(TASK_ID);
    const reviewed = eventOf(await hook.wait(3), 'ReviewAudioVideoComplete');
    expect(reviewed?.ReviewAudioVideoCompleteEvent).toMatchObject({
      TaskId: response.ReviewAudioVideoTaskId,
      Output: result,
    });
  });
});

test.each(['LongVideoPreset', 'FailingPreset', 'constructor'])(
  'the procedure %s has no review: no id, no event, no ReviewInfo',
  async (procedure) => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    const { fileId, reviewTaskId } = vod.put({ ...CLIP, procedure });
    await hook.wait(2);
    await sleep(100);
    expect(reviewTaskId).toBe('');
    expect(hook.received.map(({ event }) => event.EventType)).toEqual(['NewFileUpload', 'ProcedureStateChanged']);
    expect(await reviewInfoOf(vod.port, fileId)).toBeNull();
  },
);

test('a review that a restart interrupts is finished after it', async () => {
  const dataDir = temporaryDirectory();
  const first = await start({ dataDir, stepMs: 100_000 });
  const { reviewTaskId } = first.put({ ...CLIP, procedure: 'BlockingPreset' });
  await first.stop();
  const second = await start({ dataDir });
  const statusOf = async () => (await apiClient(second.port).DescribeTaskDetail({ TaskId: reviewTaskId })).Status;
  await until(async () => (await statusOf()) === 'FINISH');
});

test('the review of a file that is deleted meanwhile is aborted, without an event', async () => {
  const hook = await receiver();
  const vod = await start({ callbackUrl: hook.url, stepMs: 100 });
  const { fileId, reviewTaskId } = vod.put({ ...CLIP, procedure: 'BlockingPreset' });
  await apiClient(vod.port).DeleteMedia({ FileId: fileId });
  const client = apiClient(vod.port);
  await until(async () => (await client.DescribeTaskDetail({ TaskId: reviewTaskId })).Status === 'ABORTED');
  await sleep(100);
  expect(hook.received.map(({ event }) => event.EventType)).toEqual(['NewFileUpload', 'FileDeleted']);
  const detail = await apiClient(vod.port).DescribeTaskDetail({ TaskId: reviewTaskId });
  expect(detail).toMatchObject({ Status: 'ABORTED', ReviewAudioVideoTask: { Output: null } });
});

test('in format 2.0 a review sends no event, since that format has none', async () => {
  const hook = await receiver();
  const vod = await start({ callbackUrl: hook.url });
  vod.setFaults({ format: '2.0' });
  const { reviewTaskId } = vod.put({ ...CLIP, procedure: 'BlockingPreset' });
  const client = apiClient(vod.port);
  await until(async () => (await client.DescribeTaskDetail({ TaskId: reviewTaskId })).Status === 'FINISH');
  await hook.wait(2);
  await sleep(100);
  expect(hook.received.map(({ event }) => event.eventType)).toEqual(['NewFileUpload', 'ProcedureStateChanged']);
});

test('a pulled review event has the members of the other types as null', async () => {
  const vod = await start({ mode: 'PULL' });
  const { reviewTaskId } = vod.put({ ...CLIP, procedure: 'ReviewPreset' });
  const client = apiClient(vod.port);
  await until(async () => (await client.DescribeTaskDetail({ TaskId: reviewTaskId })).Status === 'FINISH');
  const { EventSet = [] } = await client.PullEvents({});
  expect(EventSet[2]).toMatchObject({
    EventType: 'ReviewAudioVideoComplete',
    FileUploadEvent: null,
    ReviewAudioVideoCompleteEvent: { TaskId: reviewTaskId },
  });
  expect(EventSet[0]).toMatchObject({ EventType: 'NewFileUpload', ReviewAudioVideoCompleteEvent: null });
});

test('a template of the options can have an AI content review inside its procedure', async () => {
  const hook = await receiver();
  const contentReview = { suggestion: 'block', label: 'sexy', confidence: 98 } as const;
  const steps = [{ type: 'Transcode', definition: 100010, fails: false }] as const;
  const vod = await start({ callbackUrl: hook.url, procedures: { OldReview: { steps, contentReview } }, stepMs: 100 });
  const { fileId, taskId, reviewTaskId } = vod.put({ ...CLIP, procedure: 'OldReview' });
  const running = await apiClient(vod.port).DescribeTaskDetail({ TaskId: taskId });
  expect(running.ProcedureTask?.AiContentReviewResultSet).toMatchObject([
    { Type: 'Porn', PornTask: { Status: 'PROCESSING', Output: null } },
  ]);
  const finished = eventOf(await hook.wait(2), 'ProcedureStateChanged');
  expect(finished?.ProcedureStateChangeEvent).toMatchObject({
    AiContentReviewResultSet: [
      {
        Type: 'Porn',
        PornTask: {
          Status: 'SUCCESS',
          ErrCode: 0,
          Input: { Definition: 10 },
          Output: { Confidence: 98, Suggestion: 'block', Label: 'sexy' },
        },
      },
    ],
  });
  // VOD's ReviewInfo does not show reviews of this kind.
  expect([reviewTaskId, await reviewInfoOf(vod.port, fileId)]).toEqual(['', null]);
});

describe('POST /local/review', () => {
  const decide = (port: number, body: object) =>
    sendRequest(port, { method: 'POST', path: '/local/review', body: JSON.stringify(body) });

  test.each([
    ['pass', []],
    ['block', ['OCR.Ad']],
  ])('the decision "%s" of a person replaces the result, without an event', async (suggestion, types) => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    const { fileId } = vod.put({ ...CLIP, procedure: 'ReviewPreset' });
    await hook.wait(3);
    const response = await decide(vod.port, { fileId, suggestion });
    expect([response.status, JSON.parse(response.text)]).toEqual([200, { fileId, suggestion }]);
    expect(await reviewInfoOf(vod.port, fileId)).toMatchObject({
      MediaReviewInfo: { Suggestion: suggestion, TypeSet: types },
    });
    const { MediaInfoSet } = await apiClient(vod.port).DescribeMediaInfos({ FileIds: [fileId] });
    expect(MediaInfoSet?.[0]?.BasicInfo?.Status).toBe('Normal');
    await sleep(100);
    expect(hook.received).toHaveLength(3);
  });

  test('a file without a review can be decided on too', async () => {
    const vod = await start();
    const { fileId } = vod.put(CLIP);
    await decide(vod.port, { fileId, suggestion: 'block' });
    expect(await reviewInfoOf(vod.port, fileId)).toMatchObject({
      MediaReviewInfo: { Suggestion: 'block', TypeSet: [] },
    });
  });

  test.each([
    [{ fileId: '5285890000000000000', suggestion: 'pass' }, 404],
    [{ fileId: 1, suggestion: 'pass' }, 400],
    [{ suggestion: 'pass' }, 400],
    [{ fileId: '1', suggestion: 'review' }, 400],
    [{}, 400],
  ])('%j is refused with status %i', async (body, status) => {
    const { port } = await start();
    expect((await decide(port, body)).status).toBe(status);
    expect((await sendRequest(port, { path: '/local/review' })).status).toBe(405);
  });
});

describe('ForbidMediaDistribution', () => {
  test('forbids a file: its Status is Forbidden and its URLs return 403, until it is recovered', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const client = apiClient(port);
    const { fileId, video } = await upload(port, { procedure: 'LongVideoPreset' });
    const finished = eventOf(await hook.wait(2), 'ProcedureStateChanged');
    const [transcode, , cover] = finished?.ProcedureStateChangeEvent.MediaProcessResultSet ?? [];
    const urls = [video.url, transcode?.TranscodeTask?.Output.Url, cover?.CoverBySnapshotTask?.Output.CoverUrl];
    const statuses = () => Promise.all(urls.map(async (url) => (await fetch(url ?? '')).status));
    const statusOf = async () =>
      (await client.DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet?.[0]?.BasicInfo?.Status;
    expect([await statusOf(), await statuses()]).toEqual(['Normal', [200, 200, 200]]);
    const forbidden = await client.ForbidMediaDistribution({ FileIds: [fileId, '1'], Operation: 'forbid' });
    expect(forbidden.NotExistFileIdSet).toEqual(['1']);
    expect([await statusOf(), await statuses()]).toEqual(['Forbidden', [403, 403, 403]]);
    expect((await client.SearchMedia({ Status: ['Forbidden'] })).TotalCount).toBe(1);
    await client.ForbidMediaDistribution({ FileIds: [fileId], Operation: 'recover' });
    expect([await statusOf(), await statuses()]).toEqual(['Normal', [200, 200, 200]]);
    expect((await client.SearchMedia({ Status: ['Forbidden'] })).TotalCount).toBe(0);
    await sleep(100);
    expect(hook.received).toHaveLength(2);
  });

  test('refuses more than 20 files and other operations', async () => {
    const client = apiClient((await start()).port);
    const many = { FileIds: Array.from({ length: 21 }, (_, i) => `${i}`), Operation: 'forbid' };
    await expect(client.ForbidMediaDistribution(many)).rejects.toMatchObject({ code: 'InvalidParameterValue.FileIds' });
    const other = { FileIds: ['1'], Operation: 'delete' };
    await expect(client.ForbidMediaDistribution(other)).rejects.toMatchObject({
      code: 'InvalidParameterValue.Operation',
    });
  });
});
