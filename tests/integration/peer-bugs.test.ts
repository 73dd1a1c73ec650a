import crypto from 'node:crypto';
import { rm } from 'node:fs/promises';
import { webhookConfig } from '../../lib/events/config';
import { parseRequest } from '../../lib/signing/request';
import { original, parse, sign, verify } from '../../lib/signing/signature';
import { open, seal } from '../../lib/vod/source-context';
import { inSeconds, md5, sample, signed } from '../support/callbacks';
import { newFileUpload, procedureStateChanged } from '../support/events';
import { context, delivery, signRequest } from '../support/lambda';
import { temporaryFolder } from '../support/local';
import { startPulling, type Pulling } from '../support/pulling';
import { startReconciliation } from '../support/reconciliation';
import { cleanUp, upload } from '../support/vod/vod-client';
import { startWebhook, type Webhook } from '../support/webhook';

// Bugs that others shipped in this same job, each of them a test once the code that it concerns exists.
// B9 (event configuration) has none yet; B15 is proved where the routes are: tests/deploy/template/routes.ts and
// tests/local/gateway.test.ts.

const required = { secretId: 'AKID', currentTimeStamp: 1571215095, expireTime: 1571216895, random: 220625 };

let webhook: Webhook;
let signOnly: ReturnType<Webhook['handler']>;
let lastId = 0;
const freshFile = () => ({ fileId: `5285${++lastId}`, procedureTaskId: 'task-1' });

beforeAll(async () => {
  webhook = await startWebhook();
  signOnly = webhook.handler({ CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' });
});
afterAll(async () => {
  await webhook.stop();
});

test('B1: T is an expiry time, ten minutes ahead when VOD sends it, and a past T is refused', async () => {
  const event = newFileUpload(freshFile());
  expect(await webhook.status({ ...event, ...signed(inSeconds(600)) }, {}, signOnly)).toBe(200);
  expect(await webhook.status({ ...event, ...signed(inSeconds(-100)) }, {}, signOnly)).toBe(401);
});

test('B2: Sign and T are read from the message first, and from elsewhere only when it has neither', async () => {
  const event = newFileUpload(freshFile());
  const T = inSeconds(600);
  const { Sign } = signed(T);
  expect(await webhook.status(event, { headers: { sign: Sign, t: String(T) } }, signOnly)).toBe(200);
  expect(await webhook.status(event, { query: `Sign=${Sign}&T=${T}` }, signOnly)).toBe(200);
  const wrong = { ...event, Sign: md5('x'), T };
  expect(await webhook.status(wrong, { headers: { sign: Sign, t: String(T) } }, signOnly)).toBe(401);
});

test('B3: the source context is that of MediaBasicInfo.SourceInfo', async () => {
  const file = { ...freshFile(), sourceContext: 'order=7' };
  await webhook.post(newFileUpload(file));
  expect(await webhook.itemOf(file.fileId)).toMatchObject({ sourceContext: 'order=7' });
});

test('B4: an event that arrives before there is a row creates it', async () => {
  const file = freshFile();
  await webhook.post(procedureStateChanged(file, 'FINISH', { taskId: 'task-1' }));
  expect(await webhook.itemOf(file.fileId)).toMatchObject({ status: 'processing', _news: ['end:task-1'] });
});

test.each([
  ['NewFileUpload', 'FileUploadEvent', 'new-file-upload'],
  ['ProcedureStateChanged', 'ProcedureStateChangeEvent', 'procedure-state-changed.finish'],
  ['PullComplete', 'PullCompleteEvent', 'pull-complete'],
  ['FileDeleted', 'FileDeleteEvent', 'file-deleted.ids-only'],
])('B5: %s is in the property %s, as the vendor spells it', async (eventType, payload, name) => {
  expect(JSON.parse(sample(name))).toMatchObject({ EventType: eventType, [payload]: {} });
  expect(await webhook.post(sample(name))).toMatchObject({ statusCode: 200, body: '{"outcome":"recorded"}' });
});

test('B6: with taskNotifyMode=Change the FINISH notice does not collide with PROCESSING, nor a retry with its new T', async () => {
  const file = freshFile();
  const task = { taskId: 'task-1' };
  await webhook.post(procedureStateChanged(file, 'PROCESSING', task));
  const finish = procedureStateChanged(file, 'FINISH', task);
  for (const [T, outcome] of [
    [inSeconds(500), 'recorded'],
    [inSeconds(600), 'repeated'],
  ] as const) {
    expect(await webhook.outcome({ ...finish, ...signed(T) }, {}, signOnly)).toBe(outcome);
  }
  expect(await webhook.itemOf(file.fileId)).toMatchObject({ _news: ['task:task-1', 'end:task-1'], version: 2 });
});

test('B7: a late upload event neither loses earlier events nor overwrites ready', async () => {
  const file = freshFile();
  await webhook.post(procedureStateChanged(file, 'FINISH', { taskId: 'task-1' }));
  await webhook.post(newFileUpload({ ...file, sourceContext: 'order=7' }));
  const news = ['end:task-1', 'task:task-1'];
  expect(await webhook.itemOf(file.fileId)).toMatchObject({ sourceContext: 'order=7', _news: news });
  const world = await startReconciliation();
  try {
    const fileId = world.upload();
    const late = newFileUpload({ fileId });
    await world.deliver(late);
    await world.verify();
    expect(await world.webhook.outcome(late)).toBe('repeated');
    expect(await world.item(fileId)).toMatchObject({ status: 'ready', trust: 'confirmed' });
  } finally {
    await world.stop();
    await cleanUp();
  }
});

test('B8: an upload whose MetaData is null is kept', async () => {
  const { fileId } = freshFile();
  const FileUploadEvent = { FileId: fileId, MetaData: null, MediaBasicInfo: null, ProcedureTaskId: null };
  expect(await webhook.status({ EventType: 'NewFileUpload', FileUploadEvent })).toBe(200);
  expect(await webhook.itemOf(fileId)).toMatchObject({ status: 'uploaded' });
});

test('B8, B17: tokens, Sign, seals and signatures are compared in constant time', async () => {
  const compare = jest.spyOn(crypto, 'timingSafeEqual');
  const uses = async (work: () => unknown) => {
    compare.mockClear();
    await work();
    return compare.mock.calls.length;
  };
  const event = newFileUpload(freshFile());
  expect(await uses(() => webhook.post(event))).toBeGreaterThan(0);
  expect(
    await uses(() => webhook.post({ ...event, ...signed(inSeconds(600)) }, { query: '' }, signOnly)),
  ).toBeGreaterThan(0);
  expect(await uses(() => open(seal('text', 'user-42', false, 'key'), ['key']))).toBeGreaterThan(0);
  expect(await uses(() => verify(sign(required, 'key'), 'key'))).toBeGreaterThan(0);
  compare.mockRestore();
});

test('B10: the parameter is called currentTimeStamp', () => {
  expect(original(required)).toMatch(/&currentTimeStamp=1571215095&/);
});

test('B11: original is a query string, not JSON', () => {
  expect(original(required)).toBe('secretId=AKID&currentTimeStamp=1571215095&expireTime=1571216895&random=220625');
});

test('B12: Sign is computed from the key and T, not the body, and nothing is accepted without a configured key', async () => {
  const event = newFileUpload(freshFile());
  const T = inSeconds(600);
  const ofBody = { ...event, T, Sign: md5(`SignKey1${JSON.stringify(event)}`) };
  expect(await webhook.status(ofBody, {}, signOnly)).toBe(401);
  expect(() => webhookConfig({ TABLE_NAME: 't', SEAL_KEY_PARAMETER: 's' })).toThrow(/must name an SSM parameter/);
});

test('B13: random goes over the whole unsigned 32-bit range, and times are whole seconds', async () => {
  // The function as it is deployed, with the random and the clock that it has there.
  webhook.parameters.set('/vod/key', '{"secretId":"AKID","secretKey":"key"}');
  Object.assign(process.env, {
    VOD_KEY_PARAMETER: '/vod/key',
    SEAL_KEY_PARAMETER: '/vod/seal',
    ONE_TIME_VALID: 'true',
    ONE_TIME_VALID_FIXED: 'true',
    VALID_FOR: '60',
    VALID_FOR_MAX: '60',
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SSM: webhook.parameterStoreUrl,
  });
  const { handler } = await import('../../functions/upload-signature.js');
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  const responses = await Promise.all(Array.from({ length: 500 }, () => handler(signRequest(), context())));
  write.mockRestore();
  const signed = responses.map(
    ({ body = '' }) => parse((JSON.parse(body) as { signature: string }).signature).parameters,
  );
  const randoms = signed.map(({ random }) => Number(random));
  expect(randoms.every((random) => Number.isInteger(random) && random >= 0 && random < 2 ** 32)).toBe(true);
  // 500 draws miss the upper or lower half of the range once in 10^150 runs.
  expect(Math.max(...randoms)).toBeGreaterThan(2 ** 31);
  expect(Math.min(...randoms)).toBeLessThan(2 ** 31);
  expect(new Set(randoms).size).toBe(500);
  for (const { currentTimeStamp, expireTime } of signed) {
    expect(currentTimeStamp).toMatch(/^\d{10}$/);
    expect(Number(expireTime) - Number(currentTimeStamp)).toBe(60);
  }
  expect(original({ ...required, random: 2 ** 32 - 1 })).toContain('random=4294967295');
  expect(() => original({ ...required, random: 2 ** 32 })).toThrow(RangeError);
  expect(() => original({ ...required, currentTimeStamp: Date.now() / 1000 })).toThrow(RangeError);
});

describe('B14: PullEvents', () => {
  let folder: string;
  let pulling: Pulling;
  beforeAll(async () => {
    folder = await temporaryFolder();
    pulling = await startPulling(folder);
  });
  afterEach(cleanUp);
  afterAll(async () => {
    await pulling.stop();
    await rm(folder, { recursive: true });
  });

  test('an event whose write failed is not confirmed, and one whose write did not fail is', async () => {
    const queue = await pulling.queue();
    const { fileId } = await upload(queue.port);
    await pulling.table.kill();
    await expect(queue.run().finally(pulling.table.restart)).rejects.toThrow('Cannot record 1 of 1 events');
    expect(queue.actions).not.toContain('ConfirmEvents');
    queue.comeAgain();
    expect(await queue.run()).toMatchObject({ recorded: 1, confirmed: 1 });
    expect(await pulling.itemOf(fileId)).toMatchObject({ fileId });
  });

  test('an empty pull ends the run, and the next run pulls again', async () => {
    const queue = await pulling.queue();
    expect(await queue.run()).toMatchObject({ pulled: 0 });
    await upload(queue.port);
    expect(await queue.run()).toMatchObject({ pulled: 1, confirmed: 1 });
    expect(queue.actions).toEqual(['PullEvents', 'PullEvents', 'ConfirmEvents', 'PullEvents']);
  });
});

test("B16: a file id in a browser's request is refused", () => {
  expect(() => parseRequest(Buffer.from('{"fileId":"5285890784273533167"}'))).toThrow(/does not match the schema/);
});

test('B18: the webhook does not return 200 before the row is durable', async () => {
  const { fileId } = freshFile();
  await webhook.table.kill();
  const response = await webhook.handler()(delivery(newFileUpload({ fileId })), context(3_000));
  await webhook.table.restart();
  expect(response.statusCode).toBe(500);
});
