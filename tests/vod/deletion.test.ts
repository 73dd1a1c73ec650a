import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  apiClient,
  apply,
  cleanUp,
  cos,
  eventOf,
  receiver,
  sign,
  start,
  temporaryDirectory,
  ugc,
  VIDEO,
  type Committed,
  type Receiver,
} from '../support/vod/vod-client';

afterEach(cleanUp);

/** Uploads a video, with a cover if there is one, and waits until its procedure has finished. */
async function processed(port: number, hook: Receiver, cover?: string): Promise<Committed & { outputs: string[] }> {
  const parameters = { procedure: 'LongVideoPreset' };
  const announced = cover === undefined ? {} : { coverName: 'c', coverType: 'png', coverSize: cover.length };
  const applied = await apply(port, sign(parameters), { ...VIDEO, ...announced });
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  if (cover !== undefined) await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: cover });
  const { data } = await ugc(port, 'Commit', { signature: sign(parameters), vodSessionKey: applied.vodSessionKey });
  const finished = eventOf(await hook.wait(2), 'ProcedureStateChanged');
  const results = finished?.ProcedureStateChangeEvent.MediaProcessResultSet ?? [];
  return { ...data, outputs: results.flatMap(({ TranscodeTask }) => TranscodeTask?.Output.Url ?? []) };
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

async function describeFile(port: number, fileId: string) {
  const [media] = (await apiClient(port).DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet ?? [];
  return {
    mediaUrl: media?.BasicInfo?.MediaUrl,
    coverUrl: media?.BasicInfo?.CoverUrl,
    definitions: media?.TranscodeInfo?.TranscodeSet.map(({ Definition }) => Definition),
  };
}

const storedFiles = (dataDir: string): string[] =>
  readdirSync(join(dataDir, 'storage', 'files'), { recursive: true })
    .map(String)
    .filter((name) => name.includes('.'));

test('DeleteMedia of OriginalFiles removes the source and the uploaded cover; the outputs stay', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { fileId, video, cover, outputs } = await processed(port, hook, 'png');
  await apiClient(port).DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'OriginalFiles' }] });
  expect(await describeFile(port, fileId)).toEqual({ mediaUrl: '', coverUrl: '', definitions: [100010, 100020] });
  expect([await statusOf(video.url), await statusOf(cover.url)]).toEqual([404, 404]);
  expect(await Promise.all(outputs.map(statusOf))).toEqual([200, 200]);
  const [, , deleted] = await hook.wait(3);
  expect(deleted?.event.FileDeleteEvent).toEqual({
    FileIdSet: [fileId],
    FileDeleteResultInfo: [{ FileId: fileId, DeleteParts: [{ Type: 'OriginalFiles', Definition: 0 }] }],
  });
  const process = apiClient(port).ProcessMediaByProcedure({ FileId: fileId, ProcedureName: 'LongVideoPreset' });
  await expect(process).rejects.toMatchObject({ code: 'FailedOperation' });
});

test('DeleteMedia of OriginalFiles keeps a cover that a procedure made', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { fileId } = await processed(port, hook);
  await apiClient(port).DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'OriginalFiles' }] });
  const { coverUrl } = await describeFile(port, fileId);
  expect(await statusOf(coverUrl ?? '')).toBe(200);
});

test('DeleteMedia of TranscodeFiles removes one output by its template, or all with the covers that procedures made', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const client = apiClient(port);
  const { fileId, video, outputs } = await processed(port, hook);
  await client.DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'TranscodeFiles', Definition: 100010 }] });
  expect((await describeFile(port, fileId)).definitions).toEqual([100020]);
  expect(await Promise.all(outputs.map(statusOf))).toEqual([404, 200]);
  await client.DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'TranscodeFiles' }] });
  expect(await describeFile(port, fileId)).toEqual({ mediaUrl: video.url, coverUrl: '', definitions: undefined });
  expect(await Promise.all([video.url, ...outputs].map(statusOf))).toEqual([200, 404, 404]);
  await client.ProcessMediaByProcedure({ FileId: fileId, ProcedureName: 'LongVideoPreset' });
  await hook.wait(5);
  expect((await describeFile(port, fileId)).definitions).toEqual([100010, 100020]);
});

test('an uploaded cover survives the deletion of TranscodeFiles', async () => {
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url });
  const { fileId, cover } = await processed(port, hook, 'png');
  await apiClient(port).DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'TranscodeFiles' }] });
  expect([(await describeFile(port, fileId)).coverUrl, await statusOf(cover.url)]).toEqual([cover.url, 200]);
});

test('once all parts are deleted, no bytes stay on disk, and the file is still in the library', async () => {
  const dataDir = temporaryDirectory();
  const hook = await receiver();
  const { port } = await start({ callbackUrl: hook.url, dataDir });
  const { fileId } = await processed(port, hook, 'png');
  expect(storedFiles(dataDir)).toHaveLength(2);
  const DeleteParts = [{ Type: 'OriginalFiles' }, { Type: 'TranscodeFiles' }];
  await apiClient(port).DeleteMedia({ FileId: fileId, DeleteParts });
  expect(storedFiles(dataDir)).toEqual([]);
  expect(await describeFile(port, fileId)).toEqual({ mediaUrl: '', coverUrl: '', definitions: undefined });
});

test.each(['AdaptiveDynamicStreamingFiles', 'WechatPublishFiles', 'WechatMiniProgramPublishFiles'])(
  'DeleteMedia of %s, which no file has here, only sends the event',
  async (Type) => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const { fileId, video } = await processed(port, hook);
    await apiClient(port).DeleteMedia({ FileId: fileId, DeleteParts: [{ Type }] });
    expect(await statusOf(video.url)).toBe(200);
    const [, , deleted] = await hook.wait(3);
    expect(deleted?.event.FileDeleteEvent.FileDeleteResultInfo).toMatchObject([{ DeleteParts: [{ Type }] }]);
  },
);

test('DeleteMedia refuses a part that VOD does not have', async () => {
  const vod = await start();
  const { fileId } = vod.put({ name: 'clip', type: 'mp4', size: 1, sourceContext: '' });
  const deletion = apiClient(vod.port).DeleteMedia({ FileId: fileId, DeleteParts: [{ Type: 'Everything' }] });
  await expect(deletion).rejects.toMatchObject({ code: 'InvalidParameterValue.Type' });
});
