import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../local/server';
import type { Upload } from '../local/uploads';
import { startTestRun, temporaryFolder, type TestRun } from './helpers/local';
import {
  apply,
  ask,
  complete,
  cos,
  cosAuthorization,
  initiate,
  md5,
  putPart,
  tag,
  ugc,
  type Applied,
  type Committed,
} from './helpers/vod-client';

// What the vendor's guide promises (266/9219), by the names that it uses, for clients that no test can run here: the
// calls of the Android and iOS SDKs are replayed over HTTP, against all that `npm start` starts. The Web SDK does the
// same for real in tests/browser.

const MIB = 2 ** 20;
const PARTS = [randomBytes(MIB), randomBytes(MIB), randomBytes(1000)];
const WHOLE = Buffer.concat(PARTS);
const COVER = randomBytes(500);
const FILE = { videoName: 'holiday', videoType: 'mp4', videoSize: WHOLE.length };

/** Where a local run is, in this process or in another one. */
interface Stack {
  readonly url: string;
  readonly vodPort: number;
}

async function post<T>({ url }: Stack, path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** 申请上传签名: asks for a signature as an app does whose user is logged in. */
async function askSignature(stack: Stack, wish: object = {}, sub = 'user-42'): Promise<string> {
  const { token } = await post<{ token: string }>(stack, '/local/token', { sub });
  const headers = { authorization: `Bearer ${token}` };
  return (await post<{ signature: string }>(stack, '/upload-signature', wish, headers)).signature;
}

async function rows({ url }: Stack): Promise<Upload[]> {
  return (await (await fetch(`${url}/local/uploads`)).json()) as Upload[];
}

/** The row of a file as soon as it is there and `is` what is waited for. */
async function row(stack: Stack, fileId: string, is: (row: Upload) => boolean = () => true): Promise<Upload> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const found = (await rows(stack)).find((upload) => upload['fileId'] === fileId);
    if (found && is(found)) return found;
    await sleep(50);
  }
  throw new Error(`There is no such row of ${fileId}`);
}

async function stored(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

async function putParts(port: number, applied: Applied, uploadId: string, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const { status } = await putPart(port, applied, uploadId, number, PARTS[number - 1] ?? Buffer.alloc(0));
    expect(status).toBe(200);
  }
}

async function listed(port: number, applied: Applied, uploadId: string): Promise<number[]> {
  const { text } = await cos(port, applied, { path: `${applied.video.storagePath}?uploadId=${uploadId}` });
  return tag(text, 'PartNumber').map(Number);
}

let run: TestRun;
let stack: Stack;
beforeAll(async () => {
  run = await startTestRun();
  stack = { url: run.url, vodPort: run.vod.port };
});
afterAll(() => run.stop());

describe.each([
  ['Android', { clientReportId: 'r', clientVersion: '12.4.0.17372' }],
  ['iOS', { clientReportId: 'r', clientVersion: '12.4.0.17372', reportId: '' }],
])('%s', (_, client) => {
  /** Apply, as the SDK's publishVideo begins. A session that is given goes on. */
  async function begin(signature: string, more: object = {}): Promise<Applied> {
    return apply(stack.vodPort, signature, { ...FILE, ...client, ...more });
  }

  async function finish(signature: string, { vodSessionKey }: Applied): Promise<Committed> {
    const { code, message, data } = await ugc(stack.vodPort, 'Commit', { signature, vodSessionKey, ...client });
    if (code !== 0) throw new Error(`Commit answered ${code} ${message}`);
    return data;
  }

  /** A whole publishVideo: one signature string in Prepare, Apply and Commit. */
  async function publish(signature: string, cover?: Buffer): Promise<Committed> {
    const { vodPort: port } = stack;
    const prepared = await ugc(port, 'Prepare', { signature, ...client });
    for (const { domain: host } of prepared.data.cosRegionList) await ask(port, { method: 'HEAD', host, path: '/' });
    const announced = cover && { coverName: 'c', coverType: 'jpg', coverSize: cover.length };
    const applied = await begin(signature, announced);
    const uploadId = await initiate(port, applied);
    await putParts(port, applied, uploadId, [1, 2, 3]);
    expect((await complete(port, applied, uploadId, PARTS.map(md5))).status).toBe(200);
    if (cover) await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: cover });
    return finish(signature, applied);
  }

  test('申请上传签名 (asking for a signature): by default it may be used many times', async () => {
    const signature = await askSignature(stack);
    const files = [await publish(signature), await publish(signature)];
    expect(new Set(files.map(({ fileId }) => fileId)).size).toBe(2);
    expect((await stored(files[1]?.video.url ?? '')).equals(WHOLE)).toBe(true);
  });

  test.each([
    ['LongVideoPreset', 'ready'],
    ['FailingPreset', 'failed'],
  ])('上传时指定任务流 (a procedure at upload): %s ends as %s', async (procedure, status) => {
    const { fileId } = await publish(await askSignature(stack, { procedure }));
    const { procedureTaskId, tasks } = await row(stack, fileId, (found) => found['status'] === status);
    expect(tasks).toMatchObject({ [String(procedureTaskId)]: { status: 'FINISH', failed: status === 'failed' } });
  });

  test('上传时附带封面 (a cover along with the video)', async () => {
    const { fileId, video, cover } = await publish(await askSignature(stack), COVER);
    expect((await stored(cover.url)).equals(COVER)).toBe(true);
    expect(await row(stack, fileId)).toMatchObject({ url: video.url, coverUrl: cover.url });
  });

  test('单次有效签名 (a one-time signature): one upload, then a new signature is needed', async () => {
    const signature = await askSignature(stack, { oneTimeValid: true });
    await publish(signature);
    await expect(publish(signature)).rejects.toThrow('10004 duplicate vod signature');
    await publish(await askSignature(stack, { oneTimeValid: true }));
  });

  test('a signature must live until Commit; an upload that outlived it takes another one', async () => {
    const signature = await askSignature(stack, { validFor: 1 });
    const applied = await begin(signature);
    await cos(stack.vodPort, applied, { method: 'PUT', path: applied.video.storagePath, body: WHOLE });
    await sleep(2100);
    await expect(finish(signature, applied)).rejects.toThrow('10010');
    const { fileId } = await finish(await askSignature(stack), applied);
    expect(await row(stack, fileId)).toMatchObject({ size: WHOLE.length });
  });

  test.each(['断点续传 (resume from the break point), 暂停/恢复上传 (pause and resume)'])(
    '%s: the session goes on with a new signature and the parts that are missing',
    async () => {
      const wish = { oneTimeValid: true, sourceContext: 'paused' };
      const first = await begin(await askSignature(stack, wish));
      const uploadId = await initiate(stack.vodPort, first);
      await putParts(stack.vodPort, first, uploadId, [1, 3]);

      const { vodSessionKey } = first;
      const signature = await askSignature(stack, wish);
      const again = await begin(signature, { vodSessionKey });
      expect(again.video.storagePath).toBe(first.video.storagePath);
      expect(await listed(stack.vodPort, again, uploadId)).toEqual([1, 3]);
      await putParts(stack.vodPort, again, uploadId, [2]);
      expect((await complete(stack.vodPort, again, uploadId, PARTS.map(md5))).status).toBe(200);
      const { fileId, video } = await finish(signature, again);
      expect((await stored(video.url)).equals(WHOLE)).toBe(true);
      expect(await row(stack, fileId)).toMatchObject({ sourceContext: 'paused', size: WHOLE.length });
    },
  );

  test('取消上传 (cancel): what was sent is aborted, and no row comes of it', async () => {
    const before = (await rows(stack)).length;
    const signature = await askSignature(stack);
    const applied = await begin(signature);
    const uploadId = await initiate(stack.vodPort, applied);
    await putParts(stack.vodPort, applied, uploadId, [1]);
    const path = `${applied.video.storagePath}?uploadId=${uploadId}`;
    expect((await cos(stack.vodPort, applied, { method: 'DELETE', path })).status).toBe(204);
    await expect(finish(signature, applied)).rejects.toThrow('10001');
    expect(await rows(stack)).toHaveLength(before);
  });

  describe('事件通知 (event notification), 如何识别是哪个客户上传的 (whose upload it was)', () => {
    afterEach(() => {
      run.vod.setFaults(undefined);
    });

    test.each(['3.0', '2.0', 'both'] as const)(
      'in format %s: FileId and URL, SourceType, SourceContext and procedureTaskId are in the row',
      async (format) => {
        run.vod.setFaults({ format });
        const sourceContext = '订单=7&a+b';
        const { fileId, video } = await publish(
          await askSignature(stack, { sourceContext, procedure: 'LongVideoPreset' }, 'user-安'),
        );
        expect(await row(stack, fileId, ({ status }) => status === 'ready')).toMatchObject({
          fileId,
          url: video.url,
          sourceType: 'Upload', // the guide says ServerUpload; 2.0 says ClientUpload, 3.0 Upload
          sourceContext,
          uploader: 'user-安',
          seal: 'valid',
          procedureTaskId: expect.any(String) as string,
        });
      },
    );
  });
});

describe('断点续传 (resume from the break point)', () => {
  const children: ChildProcess[] = [];
  let dataDir: string;
  let ports: { readonly PORT: string; readonly VOD_PORT: string };
  beforeEach(async () => {
    dataDir = await temporaryFolder();
    ports = { PORT: await freePort(), VOD_PORT: await freePort() };
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  /** Below those that systems give out, so that nobody else has it while nothing runs between two starts. */
  async function freePort(): Promise<string> {
    for (;;) {
      const port = 12_000 + randomInt(18_000);
      try {
        await (await listen(() => Promise.resolve(), port)).close();
        return String(port);
      } catch {
        // Somebody's; another one.
      }
    }
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** `npm start`, ready, on the ports and the data of the one before. */
  async function start(): Promise<Stack & { readonly child: ChildProcess }> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
      cwd: resolve(__dirname, '..'),
      env: { PATH: process.env['PATH'], ...ports, TABLE_PORT: '0', DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let said = '';
    await new Promise<void>((ready, failed) => {
      const listenTo = (data: Buffer) => {
        said += data.toString();
        if (/^ready/m.test(said)) ready();
      };
      child.stdout.on('data', listenTo);
      child.stderr.on('data', listenTo);
      child.on('exit', () => {
        failed(new Error(said));
      });
    });
    return { child, url: `http://localhost:${ports.PORT}`, vodPort: Number(ports.VOD_PORT) };
  }

  async function uploadWhole(stack: Stack, wish: object): Promise<Committed> {
    const signature = await askSignature(stack, wish);
    const applied = await apply(stack.vodPort, signature, FILE);
    await cos(stack.vodPort, applied, { method: 'PUT', path: applied.video.storagePath, body: WHOLE });
    return (await ugc(stack.vodPort, 'Commit', { signature, vodSessionKey: applied.vodSessionKey })).data;
  }

  /** Sends the first half of a part and leaves the connection so. */
  async function putHalf(port: number, applied: Applied, uploadId: string, part: Buffer): Promise<void> {
    const asked = { method: 'PUT', path: `${applied.video.storagePath}?partNumber=2&uploadId=${uploadId}` };
    const half = request({
      host: '127.0.0.1',
      port,
      ...asked,
      headers: {
        host: `${applied.storageBucket}-${applied.storageAppId}.cos.${applied.storageRegionV5}.myqcloud.com`,
        authorization: cosAuthorization(applied, asked),
        'x-cos-security-token': applied.tempCertificate.token,
        'content-length': part.length,
      },
    });
    half.on('error', () => undefined);
    await new Promise((written) => half.write(part.subarray(0, part.length / 2), written));
    await sleep(200);
  }

  test('after kill -9 of all that `npm start` started: the upload goes on; rows, files and events are whole', async () => {
    const first = await start();
    const earlier = await uploadWhole(first, { sourceContext: 'earlier', procedure: 'LongVideoPreset' });
    const earlierRow = await row(first, earlier.fileId, ({ status }) => status === 'ready');
    const delay = { method: 'PUT', body: JSON.stringify({ delayMs: 60_000 }) };
    expect((await fetch(`http://localhost:${first.vodPort}/local/faults`, delay)).status).toBe(200);
    const untold = await uploadWhole(first, { sourceContext: 'untold' });

    const wish = { oneTimeValid: true, sourceContext: 'over a crash', procedure: 'LongVideoPreset' };
    const applied = await apply(first.vodPort, await askSignature(first, wish), FILE);
    const uploadId = await initiate(first.vodPort, applied);
    await putParts(first.vodPort, applied, uploadId, [1]);
    await putHalf(first.vodPort, applied, uploadId, PARTS[1] ?? Buffer.alloc(0));
    expect(await rows(first)).toEqual([earlierRow]);
    await kill(first.child);

    const second = await start();
    const signature = await askSignature(second, wish);
    const again = await apply(second.vodPort, signature, { vodSessionKey: applied.vodSessionKey });
    expect(await listed(second.vodPort, again, uploadId)).toEqual([1]);
    await putParts(second.vodPort, again, uploadId, [2, 3]);
    expect((await complete(second.vodPort, again, uploadId, PARTS.map(md5))).status).toBe(200);
    const { vodSessionKey } = again;
    const resumed = (await ugc(second.vodPort, 'Commit', { signature, vodSessionKey })).data;

    expect(await row(second, resumed.fileId, ({ status }) => status === 'ready')).toMatchObject({
      url: resumed.video.url,
      size: WHOLE.length,
      sourceContext: 'over a crash',
      uploader: 'user-42',
    });
    expect(await row(second, untold.fileId)).toMatchObject({ sourceContext: 'untold', uploader: 'user-42' });
    expect(await row(second, earlier.fileId)).toEqual(earlierRow);
    expect(await rows(second)).toHaveLength(3);
    for (const { video } of [earlier, untold, resumed]) expect((await stored(video.url)).equals(WHOLE)).toBe(true);
  });
});
