import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../local/server';
import { temporaryFolder } from '../support/local';
import {
  requestSignature,
  FILE,
  hasStatus,
  listed,
  PARTS,
  putParts,
  row,
  rows,
  stored,
  WHOLE,
  type Stack,
} from '../support/stack';
import {
  apply,
  complete,
  cos,
  cosAuthorization,
  initiate,
  md5,
  ugc,
  type Applied,
  type Committed,
} from '../support/vod/vod-client';

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

  /** Below those that systems give out, so that no other program takes it between two starts. */
  async function freePort(): Promise<string> {
    for (;;) {
      const port = 12_000 + randomInt(18_000);
      try {
        await (await listen(() => Promise.resolve(), port)).close();
        return String(port);
      } catch {
        // Of another user; another one.
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
      cwd: resolve(__dirname, '../..'),
      env: { PATH: process.env['PATH'], ...ports, TABLE_PORT: '0', DATA_DIR: dataDir, PLAYBACK: 'off' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    await new Promise<void>((ready, failed) => {
      const listenTo = (data: Buffer) => {
        output += data.toString();
        if (/^ready/m.test(output)) ready();
      };
      child.stdout.on('data', listenTo);
      child.stderr.on('data', listenTo);
      child.on('exit', () => {
        failed(new Error(output));
      });
    });
    return { child, url: `http://localhost:${ports.PORT}`, vodPort: Number(ports.VOD_PORT) };
  }

  async function uploadWhole(stack: Stack, wish: object): Promise<Committed> {
    const signature = await requestSignature(stack, wish);
    const applied = await apply(stack.vodPort, signature, FILE);
    await cos(stack.vodPort, applied, { method: 'PUT', path: applied.video.storagePath, body: WHOLE });
    return (await ugc(stack.vodPort, 'Commit', { signature, vodSessionKey: applied.vodSessionKey })).data;
  }

  /** Sends the first half of a part and leaves the connection so. */
  async function putHalf(port: number, applied: Applied, uploadId: string, part: Buffer): Promise<void> {
    const options = { method: 'PUT', path: `${applied.video.storagePath}?partNumber=2&uploadId=${uploadId}` };
    const half = request({
      host: '127.0.0.1',
      port,
      ...options,
      headers: {
        host: `${applied.storageBucket}-${applied.storageAppId}.cos.${applied.storageRegionV5}.myqcloud.com`,
        authorization: cosAuthorization(applied, options),
        'x-cos-security-token': applied.tempCertificate.token,
        'content-length': part.length,
      },
    });
    half.on('error', () => undefined);
    await new Promise((written) => half.write(part.subarray(0, part.length / 2), written));
    await sleep(200);
  }

  test('after kill -9 of all that `npm start` started the upload resumes, and rows, files and events are complete', async () => {
    const first = await start();
    const earlier = await uploadWhole(first, { sourceContext: 'earlier', procedure: 'LongVideoPreset' });
    const earlierRow = await row(first, earlier.fileId, hasStatus('ready'));
    const delay = { method: 'PUT', body: JSON.stringify({ delayMs: 60_000 }) };
    expect((await fetch(`http://localhost:${first.vodPort}/local/faults`, delay)).status).toBe(200);
    const unsent = await uploadWhole(first, { sourceContext: 'unsent' });

    const wish = { oneTimeValid: true, sourceContext: 'over a crash', procedure: 'LongVideoPreset' };
    const applied = await apply(first.vodPort, await requestSignature(first, wish), FILE);
    const uploadId = await initiate(first.vodPort, applied);
    await putParts(first.vodPort, applied, uploadId, [1]);
    await putHalf(first.vodPort, applied, uploadId, PARTS[1] ?? Buffer.alloc(0));
    expect(await rows(first)).toEqual([earlierRow]);
    await kill(first.child);

    const second = await start();
    const signature = await requestSignature(second, wish);
    const again = await apply(second.vodPort, signature, { vodSessionKey: applied.vodSessionKey });
    expect(await listed(second.vodPort, again, uploadId)).toEqual([1]);
    await putParts(second.vodPort, again, uploadId, [2, 3]);
    expect((await complete(second.vodPort, again, uploadId, PARTS.map(md5))).status).toBe(200);
    const { vodSessionKey } = again;
    const resumed = (await ugc(second.vodPort, 'Commit', { signature, vodSessionKey })).data;

    expect(await row(second, resumed.fileId, hasStatus('ready'))).toMatchObject({
      url: resumed.video.url,
      size: WHOLE.length,
      sourceContext: 'over a crash',
      uploader: 'user-42',
    });
    expect(await row(second, unsent.fileId)).toMatchObject({ sourceContext: 'unsent', uploader: 'user-42' });
    expect(await row(second, earlier.fileId)).toEqual(earlierRow);
    expect(await rows(second)).toHaveLength(3);
    for (const { video } of [earlier, unsent, resumed]) expect((await stored(video.url)).equals(WHOLE)).toBe(true);
  });
});
