import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Notification } from '../../lib/notifications/announcement';
import { seal } from '../../lib/vod/source-context';
import { idOf, startAppServer, status, verifyWebhook, type AppServer } from '../support/app-server';
import { startListening, type Listening } from '../support/cli/listen';
import { vod } from '../support/cli/cli';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../support/events';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { apiClient, until } from '../support/vod/vod-client';

// `listen` against a local run that also sends its webhooks to an app's server, and against stubs of AWS.

let dataDir: string;
/** Receives the webhooks of notify-app. */
let app: AppServer;
/** Receives the webhooks that `listen` forwards. */
let laptop: AppServer;
let run: TestRun;

beforeAll(async () => {
  dataDir = await temporaryFolder();
  [app, laptop] = await Promise.all([startAppServer(), startAppServer()]);
  run = await startTestRun({ dataDir, features: { notifyUrl: app.url } });
});

afterAll(async () => {
  await Promise.all([run.stop(), app.stop(), laptop.stop()]);
  await rm(dataDir, { recursive: true });
});

const started: Listening[] = [];
afterEach(async () => {
  for (const { stop } of started.splice(0)) await stop();
  laptop.respondWith(status(204));
});

async function listen(args: readonly string[] = ['--local']): Promise<Listening> {
  const listening = await startListening(['--forward-to', laptop.url, ...args], { DATA_DIR: dataDir });
  started.push(listening);
  return listening;
}

function upload(name = 'clip'): string {
  const [key = ''] = run.secrets.sealKey.split(',');
  const sourceContext = seal('order=7', 'user-42', false, key);
  return run.vod.put({ name, type: 'mp4', size: 1_000, duration: 2, width: 4, height: 3, sourceContext }).fileId;
}

function deleteAtVod(fileId: string) {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  return apiClient(run.vod.port, { secretId, secretKey }).DeleteMedia({ FileId: fileId });
}

/** The webhooks about a file that a server got, in their order. */
const about = (server: AppServer, fileId: string) => server.received.filter(({ body }) => body.includes(fileId));
const typesOf = (server: AppServer, fileId: string, secret = run.secrets.notifySecret) =>
  about(server, fileId).map((webhook) => (verifyWebhook(webhook, secret) as Notification).type);

describe('listen --local', () => {
  test('listen forwards the webhooks of notify-app: the same ids and bodies, once, in order, with valid signatures', async () => {
    const { out, err, stop } = await listen();
    expect(out).toEqual([
      `stream    of ${run.tableName}, from now on`,
      expect.stringMatching(/^webhooks {2}to http:\S+\/hooks\/vod, secret sha256:\w{8} of \/local\/notify-secret$/),
      'ready     Ctrl-C ends it',
    ]);
    const fileId = upload();
    await until(() => about(laptop, fileId).length === 1 && about(app, fileId).length === 1);
    await deleteAtVod(fileId);
    await until(() => about(laptop, fileId).length === 2 && about(app, fileId).length === 2);
    expect(typesOf(laptop, fileId)).toEqual(['upload.ready', 'upload.deleted']);
    expect(about(laptop, fileId).map(idOf)).toEqual(about(app, fileId).map(idOf));
    expect(about(laptop, fileId).map(({ body }) => body)).toEqual(about(app, fileId).map(({ body }) => body));
    const line = new RegExp(`^\\d{4}-\\S+Z  upload\\.ready     ${fileId}  204  \\d+ ms$`);
    await until(() => out.length === 5);
    expect(out[3]).toMatch(line);
    expect(await stop()).toBe(0);
    expect(err).toEqual([]);
  });

  test('listen forwards no change from before its start', async () => {
    const before = upload();
    await until(() => about(app, before).length === 1);
    await listen();
    const after = upload();
    await until(() => about(laptop, after).length === 1);
    expect(about(laptop, before)).toEqual([]);
  });

  test('listen loses no webhook while the receiver restarts, and keeps the order of each file', async () => {
    const { out, err } = await listen();
    await laptop.stop();
    const fileIds = [upload(), upload(), upload()];
    await until(() => fileIds.every((fileId) => about(app, fileId).length === 1));
    await Promise.all(fileIds.map(deleteAtVod));
    await until(() => fileIds.every((fileId) => about(app, fileId).length === 2) && err.length > 0);
    await sleep(3_500); // a few attempts, which must not lengthen the pause after a refusal
    let refused = 0;
    laptop.respondWith((response) => response.writeHead(refused++ === 0 ? 500 : 204).end());
    await laptop.restart();
    await until(() => fileIds.every((fileId) => new Set(about(laptop, fileId).map(idOf)).size === 2));
    for (const fileId of fileIds) {
      const accepted = new Set(about(laptop, fileId).map(idOf));
      expect([...accepted]).toEqual(about(app, fileId).map(idOf));
    }
    expect(out.filter((line) => line.includes(' 500 '))).toEqual([expect.stringMatching(/, retry in 2 s$/)]);
    expect(err).toEqual([
      'the receiver could not be reached (ECONNREFUSED): retrying until it responds',
      'the receiver responds again',
    ]);
  });

  test('listen retries a refused webhook, and delivers the next change of the file after it', async () => {
    const { out } = await listen();
    laptop.respondWith((response, _, attempt) => response.writeHead(attempt === 1 ? 500 : 204).end());
    const fileId = upload();
    await until(() => about(laptop, fileId).length === 1);
    await deleteAtVod(fileId);
    await until(() => about(laptop, fileId).length === 4);
    expect(typesOf(laptop, fileId)).toEqual(['upload.ready', 'upload.ready', 'upload.deleted', 'upload.deleted']);
    expect(out.filter((line) => / 500 {2}\d+ ms, retry in 2 s$/.test(line))).toHaveLength(2);
  });

  test('listen does not retry a webhook that the receiver refuses with 410', async () => {
    const { out } = await listen();
    laptop.respondWith(status(410));
    const fileId = upload();
    await until(() => out.some((line) => line.includes(fileId)));
    expect(out.at(-1)).toMatch(/ 410 {2}\d+ ms, not retried: 410 means gone$/);
    expect(about(laptop, fileId)).toHaveLength(1);
  });

  test('listen forwards nothing about forged events and rows that notify-app does not announce', async () => {
    await listen();
    const confirmed = upload();
    await until(() => about(laptop, confirmed).length === 1);
    const forged = { fileId: '5285890784273533169', trust: 'unknown', status: 'ready', version: 1 };
    const times = { firstSeenAt: '2026-11-22T08:00:00.000Z', updatedAt: '2026-11-22T08:00:00.000Z' };
    const item = marshall({ ...forged, ...times });
    await run.table.client.send(new PutItemCommand({ TableName: run.tableName, Item: item }));
    const invented = '5285890784273533167';
    for (const event of [
      newFileUpload({ fileId: invented }),
      procedureStateChanged({ fileId: confirmed }, 'FINISH', { taskId: 'forged', failed: true }),
      fileDeleted({ fileId: confirmed }),
    ]) {
      await fetch(run.callbackUrl, { method: 'POST', body: JSON.stringify(event) });
    }
    await run.eventSources.idle();
    const last = upload();
    await until(() => about(laptop, last).length === 1 && about(app, last).length === 1);
    for (const server of [app, laptop]) {
      expect(typesOf(server, confirmed)).toEqual(['upload.ready']);
      expect(about(server, invented)).toEqual([]);
      expect(about(server, forged.fileId)).toEqual([]);
    }
  });

  test('listen --secret signs in place of the secret of the deployment, and is not printed', async () => {
    const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
    const { out } = await listen(['--local', '--secret', secret]);
    const fileId = upload();
    await until(() => about(laptop, fileId).length === 1);
    expect(typesOf(laptop, fileId, secret)).toEqual(['upload.ready']);
    expect(out.join('\n')).not.toContain(secret);
  });

  test('listen ends quietly with exit code 0 at Ctrl-C', async () => {
    const args = ['--import', 'tsx', 'cli/main.ts', 'listen', '--local', '--forward-to', laptop.url];
    const child = spawn(process.execPath, args, {
      cwd: resolve(__dirname, '../..'),
      env: { PATH: process.env['PATH'], DATA_DIR: dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const errors = text(child.stderr);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await until(() => out.includes('ready'));
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect([code, await errors]).toEqual([0, '']);
  });
});

test.each([
  [[], /--forward-to <url> is missing: .*http:\/\/localhost:4000\/hook/],
  [['--forward-to', 'localhost:4000'], /must be a URL with http:\/\/ or https:\/\//],
  [['--forward-to', 'ftp://localhost/hook'], /must be a URL with http:\/\/ or https:\/\//],
  [['--forward-to', 'http://user:hidden@localhost/'], /must not contain a user or password/],
  [['--forward-to', 'http://localhost/', '--secret', 'hidden'], /--secret must be whsec_/],
])('listen %j exits 2 with a message that contains the rule', async (args, message) => {
  const { code, err } = await vod(['listen', '--local', ...args]);
  expect(code).toBe(2);
  expect(err).toMatch(message);
  expect(err).not.toContain('hidden');
});
