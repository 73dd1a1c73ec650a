import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { webhookConfig } from '../../lib/events/config';
import { inSeconds, md5 } from '../support/callbacks';
import { newFileUpload, newFileUpload2 } from '../support/events';
import { context, delivery } from '../support/lambda';
import { temporaryFolder } from '../support/local';
import { startWebhook, type Webhook } from '../support/webhook';

const WITH_TOKEN = { CALLBACK_TOKEN_PARAMETER: '/vod/token' };
const WITH_SIGN_KEY = { CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' };

let webhook: Webhook;
let folder: string;
let lastId = 0;
const freshId = () => `387702${++lastId}`;

beforeAll(async () => {
  folder = await temporaryFolder();
  webhook = await startWebhook({ path: folder });
});
beforeEach(() => {
  webhook.lines.length = 0;
  webhook.takeCounts();
});
afterAll(async () => {
  await webhook.stop();
  await rm(folder, { recursive: true });
});

describe('the webhook while the table is unavailable', () => {
  test('stores every event within an outage of 10 s, and returns 200 for none before', async () => {
    const ids = Array.from({ length: 30 }, freshId);
    const events = webhook.handler();
    await events(delivery(newFileUpload({ fileId: freshId() })), context());
    await webhook.table.kill();
    let responseCount = 0;
    const responses = ids.map(async (fileId, index) => {
      await sleep(index * 300);
      const { statusCode } = await events(delivery(newFileUpload({ fileId })), context(25_000));
      responseCount++;
      return statusCode;
    });
    await sleep(10_000);
    expect(responseCount).toBe(0);
    await webhook.table.restart();
    expect(new Set(await Promise.all(responses))).toEqual(new Set([200]));
    for (const fileId of ids) expect(await webhook.itemOf(fileId)).toMatchObject({ fileId });
  });

  test('A4: returns 500 after its time is over, and logs the ids', async () => {
    const fileId = freshId();
    const events = webhook.handler();
    await events(delivery(newFileUpload({ fileId: freshId() })), context());
    await webhook.table.kill();
    const response = await events(delivery(newFileUpload({ fileId, procedureTaskId: 'task-1' })), context(2_500));
    await webhook.table.restart();
    expect(response.statusCode).toBe(500);
    expect(webhook.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'write-failed', fileIds: [fileId], taskIds: ['task-1'] }),
    );
  });

  test('accepts a second delivery of an event meanwhile', async () => {
    const fileId = freshId();
    const events = webhook.handler();
    await events(delivery(newFileUpload({ fileId: freshId() })), context());
    await webhook.table.kill();
    const both = [newFileUpload({ fileId }), newFileUpload2({ fileId })].map((body) =>
      events(delivery(body), context()),
    );
    await webhook.table.restart();
    for (const response of await Promise.all(both)) expect(response.statusCode).toBe(200);
    expect(await webhook.itemOf(fileId)).toMatchObject({ trust: 'pushed', status: 'uploaded' });
  });
});

describe('the webhook while its secrets cannot be read', () => {
  test.each([
    ['the token', '/vod/token', WITH_TOKEN],
    ['the SignKey', '/vod/sign-key', WITH_SIGN_KEY],
    ['the seal key', '/vod/seal', WITH_TOKEN],
  ])('the webhook returns 500 while %s is missing or blank', async (_, name, env) => {
    const before = webhook.parameters.get(name) ?? '';
    for (const lose of [() => webhook.parameters.delete(name), () => webhook.parameters.set(name, ' ')]) {
      lose();
      const T = inSeconds(600);
      const body = { ...newFileUpload({ fileId: freshId() }), Sign: md5(String(T)), T };
      expect(await webhook.status(body, { query: 'token=x' }, webhook.handler(env))).toBe(500);
    }
    webhook.parameters.set(name, before);
    expect(webhook.takeCounts()).toEqual({});
  });

  test('H7: a first read that failed is cached for a second: many requests read the store once', async () => {
    const before = webhook.parameters.get('/vod/seal') ?? '';
    webhook.parameters.delete('/vod/seal');
    const fresh = webhook.handler();
    const reads = webhook.secretReads();
    const post = () => webhook.status(newFileUpload({ fileId: freshId() }), {}, fresh);
    const statuses = [...(await Promise.all(Array.from({ length: 20 }, post))), await post()];
    expect(new Set(statuses)).toEqual(new Set([500]));
    expect(webhook.secretReads()).toBe(reads + 1);
    webhook.parameters.set('/vod/seal', before);
    await sleep(1_100);
    expect(await post()).toBe(200);
    expect(webhook.secretReads()).toBe(reads + 2);
  });

  test('without a name for the token or the SignKey the function does not start', () => {
    expect(() => webhookConfig({ TABLE_NAME: 't', SEAL_KEY_PARAMETER: 's' })).toThrow(/CALLBACK_TOKEN_PARAMETER or/);
  });
});
