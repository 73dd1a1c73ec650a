import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import {
  apply,
  ask,
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
} from '../helpers/vod-client';
import type { VodOptions } from '../../local/vod/server';

afterEach(cleanUp);

async function startProcess(
  options: Partial<VodOptions>,
  deadly: readonly string[] = [],
): Promise<{ child: ChildProcess; port: number }> {
  const all = { port: 0, secretId: SECRET_ID, secretKey: SECRET_KEY, callbackUrl: '', ...options };
  const script = join(__dirname, '../helpers/vod-process.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(all), ...deadly], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onceDone(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(line.toString()) };
}

test('kill -9 between two parts: the upload resumes and the file is whole', async () => {
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

// One after the other, what the upload's last request and its task flow change.
test.each(['/journal.json', '/media/', '/outbox/', '/tasks/', '/sessions/'])(
  'kill -9 just before a write to %s: the upload is there as a whole, its event and its task flow with it',
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
    // As the SDKs do when no answer came. What was all undone comes with it, and what was all done comes without.
    if (deadly === '/journal.json') await ugc(port, 'Commit', { signature, vodSessionKey });
    const events = await hook.wait(2);
    expect(events.map(({ event }) => event.EventType)).toEqual(['NewFileUpload', 'ProcedureStateChanged']);
    const again = await ugc(port, 'Commit', { signature, vodSessionKey });
    expect(again).toMatchObject({ code: 0, data: { fileId: events[0]?.event.FileUploadEvent.FileId } });
    expect(hook.received).toHaveLength(2);
  },
);

test('kill -9 in the middle of a deletion: its event comes, and the file is gone', async () => {
  const dataDir = temporaryDirectory();
  const first = await start({ dataDir });
  const { fileId, video } = await upload(first.port);
  await first.stop();
  const client = (port: number) => {
    const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${port}` };
    const credential = { secretId: SECRET_ID, secretKey: SECRET_KEY };
    return new sdk.v20180717.Client({ credential, region: '', profile: { httpProfile } });
  };
  const doomed = await startProcess({ dataDir }, ['/outbox/']);
  await Promise.all([
    once(doomed.child, 'exit'),
    expect(client(doomed.port).DeleteMedia({ FileId: fileId })).rejects.toThrow(),
  ]);
  const hook = await receiver();
  const { port } = await start({ dataDir, callbackUrl: hook.url });
  const [event] = await hook.wait(1);
  expect(event?.event.EventType).toBe('FileDeleted');
  expect((await client(port).DescribeMediaInfos({ FileIds: [fileId] })).NotExistFileIdSet).toEqual([fileId]);
  expect((await ask(port, { path: new URL(video.url).pathname })).status).toBe(404);
});

test('library, task flows, events and certificate go on after a restart', async () => {
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
  const served = await ask(second.port, { path: new URL(video.url).pathname });
  expect(served.text).toBe('abc');
  await second.stop();

  const third = await start({ dataDir, mode: 'PULL' });
  await upload(third.port);
  await third.stop();
  const fourth = await start({ dataDir, callbackUrl: hook.url });
  const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${fourth.port}` };
  const credential = { secretId: SECRET_ID, secretKey: SECRET_KEY };
  const api = new sdk.v20180717.Client({ credential, region: '', profile: { httpProfile } });
  expect((await api.PullEvents({})).EventSet).toMatchObject([{ EventType: 'NewFileUpload' }]);
  expect((await api.SearchMedia({})).TotalCount).toBe(2);
  expect(hook.received).toHaveLength(2);
});

test('data that cannot be read is an error that names the file, and the port is free again', async () => {
  const dataDir = temporaryDirectory();
  const first = await start({ dataDir });
  const { port } = first;
  await first.stop();
  writeFileSync(join(dataDir, 'media', '1.json'), '');
  await expect(start({ dataDir, port })).rejects.toThrow(/^Cannot read .*1\.json: remove it/);
  await start({ port });
});

test('a port that is taken is an error that can be caught', async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
