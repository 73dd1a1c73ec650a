import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  apiClient,
  apply,
  sendRequest,
  cleanUp,
  complete,
  cos,
  initiate,
  md5,
  onceDone,
  putPart,
  receiver,
  SECRET_ID,
  SECRET_KEY,
  sign,
  start,
  tag,
  temporaryDirectory,
  ugc,
  upload,
} from '../support/vod/vod-client';
import type { VodOptions } from '../../local/vod/server';

afterEach(cleanUp);

async function startProcess(
  options: Partial<VodOptions>,
  deadly: readonly string[] = [],
): Promise<{ child: ChildProcess; port: number }> {
  const all = { port: 0, secretId: SECRET_ID, secretKey: SECRET_KEY, callbackUrl: '', ...options };
  const script = join(__dirname, '../support/vod/vod-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(all), ...deadly], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onceDone(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(line.toString()) };
}

test('after kill -9 between two parts the upload resumes and the file is complete', async () => {
  const dataDir = temporaryDirectory();
  const parts = [randomBytes(2 ** 20), randomBytes(2 ** 20), randomBytes(1000)];
  const first = await startProcess({ dataDir });
  const applied = await apply(first.port, sign({ sourceContext: 'over a crash', procedure: 'LongVideoPreset' }));
  const uploadId = await initiate(first.port, applied);
  await putPart(first.port, applied, uploadId, 1, parts[0] ?? Buffer.alloc(0));
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');

  const hook = await receiver();
  const { port } = await startProcess({ dataDir, callbackUrl: hook.url, stepMs: 20 });
  const again = await apply(port, sign(), { vodSessionKey: applied.vodSessionKey });
  const listed = await cos(port, applied, { path: `${applied.video.storagePath}?uploadId=${uploadId}` });
  expect(tag(listed.text, 'PartNumber')).toEqual(['1']);
  expect(tag(listed.text, 'ETag')).toEqual([`&quot;${md5(parts[0] ?? '')}&quot;`]);
  for (const number of [2, 3]) await putPart(port, again, uploadId, number, parts[number - 1] ?? Buffer.alloc(0));
  expect((await complete(port, again, uploadId, parts.map(md5))).status).toBe(200);
  const { data } = await ugc(port, 'Commit', { signature: sign(), vodSessionKey: applied.vodSessionKey });
  const stored = Buffer.from(await (await fetch(data.video.url)).arrayBuffer());
  expect(stored.equals(Buffer.concat(parts))).toBe(true);
  const [event] = await hook.wait(1);
  expect(event?.event.FileUploadEvent.MediaBasicInfo.SourceInfo.SourceContext).toBe('over a crash');
});

// The files that Commit and the procedure write, in this order.
test.each(['/journal.json', '/media/', '/outbox/', '/tasks/', '/sessions/'])(
  'after kill -9 just before a write to %s the upload, its event and its procedure are all there',
  async (deadly) => {
    const dataDir = temporaryDirectory();
    const signature = sign({ sourceContext: 'over a crash', procedure: 'LongVideoPreset' });
    const before = await startProcess({ dataDir });
    const { vodSessionKey, ...applied } = await apply(before.port, signature);
    await cos(
      before.port,
      { vodSessionKey, ...applied },
      { method: 'PUT', path: applied.video.storagePath, body: 'abc' },
    );
    before.child.kill('SIGKILL');
    await once(before.child, 'exit');

    const doomed = await startProcess({ dataDir }, [deadly]);
    const committed = ugc(doomed.port, 'Commit', { signature, vodSessionKey });
    await Promise.all([once(doomed.child, 'exit'), expect(committed).rejects.toThrow()]);

    const hook = await receiver();
    const { port } = await start({ dataDir, callbackUrl: hook.url });
    // The SDKs commit again if they got no response. Only a kill before the journal was written makes that necessary.
    if (deadly === '/journal.json') await ugc(port, 'Commit', { signature, vodSessionKey });
    const events = await hook.wait(2);
    expect(events.map(({ event }) => event.EventType)).toEqual(['NewFileUpload', 'ProcedureStateChanged']);
    const again = await ugc(port, 'Commit', { signature, vodSessionKey });
    expect(again).toMatchObject({ code: 0, data: { fileId: events[0]?.event.FileUploadEvent.FileId } });
    expect(hook.received).toHaveLength(2);
  },
);

test('after kill -9 in the middle of a deletion its event is sent and the file does not exist', async () => {
  const dataDir = temporaryDirectory();
  const first = await start({ dataDir });
  const { fileId, video } = await upload(first.port);
  await first.stop();
  const doomed = await startProcess({ dataDir }, ['/outbox/']);
  await Promise.all([
    once(doomed.child, 'exit'),
    expect(apiClient(doomed.port).DeleteMedia({ FileId: fileId })).rejects.toThrow(),
  ]);
  const hook = await receiver();
  const { port } = await start({ dataDir, callbackUrl: hook.url });
  const [event] = await hook.wait(1);
  expect(event?.event.EventType).toBe('FileDeleted');
  expect((await apiClient(port).DescribeMediaInfos({ FileIds: [fileId] })).NotExistFileIdSet).toEqual([fileId]);
  expect((await sendRequest(port, { path: new URL(video.url).pathname })).status).toBe(404);
});

test('library, procedures, events and certificate survive a restart', async () => {
  const dataDir = temporaryDirectory();
  const silent = await receiver(() => 'never');
  const first = await start({ dataDir, callbackUrl: silent.url, stepMs: 100_000 });
  const { fileId, video } = await upload(first.port, { procedure: 'LongVideoPreset' });
  await silent.wait(1);
  await first.stop();

  const hook = await receiver();
  const second = await start({ dataDir, callbackUrl: hook.url });
  expect(second.certificate).toBe(first.certificate);
  const events = await hook.wait(2);
  expect(events.map(({ event }) => event.EventType)).toEqual(['NewFileUpload', 'ProcedureStateChanged']);
  expect(events[0]?.event.FileUploadEvent.FileId).toBe(fileId);
  const served = await sendRequest(second.port, { path: new URL(video.url).pathname });
  expect(served.text).toBe('abc');
  await second.stop();

  const third = await start({ dataDir, mode: 'PULL' });
  await upload(third.port);
  await third.stop();
  const fourth = await start({ dataDir, callbackUrl: hook.url });
  const api = apiClient(fourth.port);
  expect((await api.PullEvents({})).EventSet).toMatchObject([{ EventType: 'NewFileUpload' }]);
  expect((await api.SearchMedia({})).TotalCount).toBe(2);
  expect(hook.received).toHaveLength(2);
});

test('data that cannot be read causes an error that names the file, and frees the port', async () => {
  const dataDir = temporaryDirectory();
  const first = await start({ dataDir });
  const { port } = first;
  await first.stop();
  writeFileSync(join(dataDir, 'media', '1.json'), '');
  await expect(start({ dataDir, port })).rejects.toThrow(/^Cannot read .*1\.json: remove it/);
  await start({ port });
});

test('a port that is in use rejects with EADDRINUSE', async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
