import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen, readBody, type Listening } from '../../local/server';
import { startQueues, type Queues } from '../../local/services/queue';
import { createWebhooks, type Webhooks } from '../../local/webhooks/webhooks';
import { startAppServer, status, type AppServer } from '../support/app-server';

// The local proxy between the function that sends webhooks and the app's server.

const QUEUE = 'NotifyAppQueue';
const DEAD_LETTERS = 'NotifyAppDeadLetters';
const DECLARED = [QUEUE, DEAD_LETTERS].map((name) => ({
  name,
  visibilityTimeout: 180,
  delaySeconds: 0,
  retentionSeconds: 1000,
}));
const BODY = '{"type":"upload.ready","timestamp":"2026-11-22T08:01:00.000Z","data":{"fileId":"7"}}';
const MESSAGE = `msg_1\n${BODY}`;

let app: AppServer;
let queues: Queues;
let webhooks: Webhooks;
let forwarder: Listening;
let folder: string;
const lines: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vod-client-upload-'));
  app = await startAppServer();
  queues = await startQueues(DECLARED, { path: folder });
  lines.length = 0;
  webhooks = createWebhooks({ notifyUrl: `${app.url}?key=secret`, queues, log: (line) => lines.push(line) });
  forwarder = await listen(async (request, response) => {
    await webhooks.forward(request, response, (await readBody(request, 2 ** 16)) ?? Buffer.alloc(0));
  });
});
afterEach(async () => {
  await forwarder.close();
  await queues.close();
  await app.stop();
  rmSync(folder, { recursive: true });
});

const post = (id = 'msg_1', signal?: AbortSignal) =>
  fetch(`http://localhost:${forwarder.port}/local/notify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-signature': 'v1,x' },
    body: BODY,
    redirect: 'manual',
    ...(signal && { signal }),
  });
const only = () => webhooks.read('').records[0];

test('a webhook reaches the receiver with its query, headers and body, and all of it is recorded', async () => {
  app.respondWith((response) => response.writeHead(202, { 'x-app': 'yes' }).end('thank you'));
  expect((await post()).status).toBe(202);
  const [received] = app.received;
  expect(received).toMatchObject({ path: '/hooks/vod?key=secret', body: BODY });
  expect(received?.headers).toMatchObject({ 'webhook-id': 'msg_1', 'content-type': 'application/json' });
  expect(received?.headers.host).toBe(new URL(app.url).host);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(only()).toMatchObject({
    webhookId: 'msg_1',
    type: 'upload.ready',
    fileId: '7',
    body: BODY,
    outcome: 'delivered',
    attempts: [{ status: 202, responseBody: 'thank you', milliseconds: expect.any(Number) }],
  });
  const [attempt] = only()?.attempts ?? [];
  expect(Object.fromEntries(attempt?.headers ?? [])).toEqual(received?.headers);
  expect(attempt?.responseHeaders).toContainEqual(['x-app', 'yes']);
});

test('attempts of one webhook are one record, and Retry-After reaches the function', async () => {
  app.respondWith((response, _, attempt) => {
    status(attempt === 1 ? 503 : 204, { 'retry-after': '7' })(response, _, attempt);
  });
  const refused = await post();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '7']);
  expect(only()).toMatchObject({ outcome: 'failed', attempts: [{ status: 503 }] });
  await post();
  expect(webhooks.read('').records).toHaveLength(1);
  expect(only()).toMatchObject({ outcome: 'delivered', attempts: [{ status: 503 }, { status: 204 }] });
});

test.each([
  [410, 'gone'],
  [302, 'failed'],
])('status %i is recorded as %s', async (code, outcome) => {
  app.respondWith(status(code, { location: 'http://localhost/' }));
  expect((await post()).status).toBe(code);
  expect(only()).toMatchObject({ outcome, attempts: [{ status: code }] });
});

test('a receiver that cannot be reached fails the request of the function', async () => {
  await app.stop();
  await expect(post()).rejects.toThrow();
  expect(only()).toMatchObject({
    outcome: 'failed',
    attempts: [{ failure: expect.stringContaining('ECONNREFUSED') }],
  });
  expect(lines).toEqual([expect.stringMatching(/^webhook msg_1: connect ECONNREFUSED/)]);
  await app.restart();
});

test('a request that the function aborts is recorded without a response', async () => {
  app.respondWith(() => undefined);
  await expect(post('msg_1', AbortSignal.timeout(100))).rejects.toThrow();
  for (let waited = 0; only()?.outcome === 'sending' && waited < 5000; waited += 20) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(only()).toMatchObject({ outcome: 'failed', attempts: [{ failure: 'no response in time' }] });
});

test('a long body of the receiver is cut, and does not delay the function', async () => {
  app.respondWith((response) => {
    response.writeHead(200);
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
      if (!response.destroyed) response.once('drain', write);
    };
    write();
  });
  expect((await post()).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(only()?.attempts[0]?.responseBody).toBe('x'.repeat(4096));
});

describe('webhooks.retry', () => {
  test('makes a webhook that waits for its next attempt visible', async () => {
    app.respondWith(status(500));
    await post();
    queues.send(QUEUE, MESSAGE);
    queues.store.receive(QUEUE, { max: 1 });
    expect(queues.stats(QUEUE)).toMatchObject({ visible: 0, inFlight: 1 });
    expect(webhooks.read('').queued).toEqual([{ webhookId: 'msg_1', retryAt: expect.any(Number) }]);
    expect(webhooks.retry(1)).toBe(true);
    expect(queues.stats(QUEUE)).toMatchObject({ visible: 1, inFlight: 0 });
  });

  test('queues a dead letter and a delivered webhook again, under the same id', async () => {
    await post();
    queues.send(DEAD_LETTERS, MESSAGE);
    expect(webhooks.read('').queued).toEqual([{ webhookId: 'msg_1' }]);
    expect(webhooks.retry(1)).toBe(true);
    expect(queues.store.list(DEAD_LETTERS)).toEqual([]);
    expect(queues.store.list(QUEUE).map(({ body }) => body)).toEqual([MESSAGE]);
    queues.store.purge(QUEUE);
    expect(webhooks.retry(1)).toBe(true);
    expect(queues.store.list(QUEUE).map(({ body }) => body)).toEqual([MESSAGE]);
  });

  test('does nothing for an unknown webhook', () => {
    expect(webhooks.retry(7)).toBe(false);
  });

  test('delivers webhooks that an earlier run left in the queues', () => {
    queues.send(DEAD_LETTERS, MESSAGE);
    queues.send(DEAD_LETTERS, 'unreadable');
    const next = createWebhooks({ notifyUrl: app.url, queues, log: () => undefined });
    expect(next.read('').records).toMatchObject([{ webhookId: 'msg_1', fileId: '7', outcome: 'failed', attempts: [] }]);
    expect(next.retry(1)).toBe(true);
    expect(queues.store.list(QUEUE).map(({ body }) => body)).toEqual([MESSAGE]);
  });
});
