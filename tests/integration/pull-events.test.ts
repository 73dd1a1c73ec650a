import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { pullConfig } from '../../lib/events/config';
import type { Summary } from '../../lib/events/pull';
import { startFunctions } from '../../local/lambda/functions';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { startPulling, type Pulling } from '../support/pulling';
import { vodResponse, refusal, relay } from '../support/relay';
import { cleanUp, SECRET_ID, SECRET_KEY, upload } from '../support/vod/vod-client';

const nothing = { pulled: 0, recorded: 0, repeated: 0, dropped: 0, ignored: 0, refused: 0, failed: 0, confirmed: 0 };

let pulling: Pulling;
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  pulling = await startPulling(folder);
});
afterAll(async () => {
  await pulling.stop();
  await rm(folder, { recursive: true });
});
afterEach(cleanUp);

const uploads = async (port: number, count: number) => {
  const ids: string[] = [];
  while (ids.length < count) ids.push((await upload(port)).fileId);
  return ids;
};

describe('a run of pull-events', () => {
  test('drains a queue of more events than one response contains, confirms all, and ends when a pull returns none', async () => {
    const queue = await pulling.queue();
    const ids = await uploads(queue.port, 20);
    expect(await queue.run()).toEqual({ ...nothing, pulled: 20, recorded: 20, confirmed: 20 });
    expect(queue.actions).toEqual(['PullEvents', 'ConfirmEvents', 'PullEvents', 'ConfirmEvents', 'PullEvents']);
    for (const fileId of ids) expect(await pulling.itemOf(fileId)).toMatchObject({ status: 'uploaded' });
    queue.comeAgain();
    expect(await queue.run()).toEqual(nothing);
  });

  test('logs each event as the webhook does and its counts at the end, without their content or a secret', async () => {
    const queue = await pulling.queue();
    const { fileId } = await upload(queue.port, { sourceContext: 'hunter2' });
    await queue.run();
    const line = { level: 'info', requestId: expect.any(String) };
    const ids = { fileIds: [fileId], taskIds: [] };
    expect(queue.lines).toEqual([
      { ...line, outcome: 'recorded', eventType: 'NewFileUpload', ...ids },
      { ...line, ...nothing, outcome: 'drained', pulled: 1, recorded: 1, confirmed: 1 },
    ]);
    expect(JSON.stringify(queue.lines)).not.toMatch(new RegExp(`hunter2|${SECRET_KEY}|seal-key`));
  });

  test.each([
    ['null', vodResponse({ EventSet: null })],
    ['absent', vodResponse()],
    ['ResourceNotFound', refusal('ResourceNotFound')],
  ])('ends when the queue is empty, which VOD reports as %s', async (_, empty) => {
    const queue = await pulling.queue(() => empty);
    expect(await queue.run()).toEqual(nothing);
    expect(queue.actions).toEqual(['PullEvents']);
  });

  test('ends in time, however many events there are', async () => {
    let handle = 0;
    const queue = await pulling.queue(async (action) => {
      if (action === 'ConfirmEvents') return vodResponse();
      await queue.clock.sleep(9_000);
      return vodResponse({ EventSet: [{ EventHandle: String(++handle), EventType: 'Invented' }] });
    });
    const began = queue.clock.now();
    const { pulled, ignored, confirmed } = await queue.run(58_000);
    expect(queue.clock.now() - began).toBeLessThan(58_000);
    expect([pulled, ignored, confirmed]).toEqual([handle, handle, handle]);
    expect(handle).toBeGreaterThan(1);
  });

  test('does not pull when there is too little time to record and confirm', async () => {
    const queue = await pulling.queue();
    await upload(queue.port);
    expect(await queue.run(20_000)).toEqual(nothing);
    expect(queue.actions).toEqual([]);
  });

  test('fails when VOD refuses to be pulled from, with the code', async () => {
    const queue = await pulling.queue(() => refusal('AuthFailure.SignatureFailure'));
    await expect(queue.run()).rejects.toMatchObject({ name: 'VodError', code: 'AuthFailure.SignatureFailure' });
    expect(queue.lines).toMatchObject([{ outcome: 'drained', pulled: 0 }]);
  });
});

describe('pull-events confirms only what is durable', () => {
  test('while the table is unavailable the run fails, and the events are pulled again and recorded', async () => {
    const queue = await pulling.queue();
    const ids = await uploads(queue.port, 3);
    await pulling.table.kill();
    await expect(queue.run().finally(pulling.table.restart)).rejects.toThrow('Cannot record 3 of 3 events');
    expect(queue.actions).not.toContain('ConfirmEvents');
    expect(queue.lines.filter(({ outcome }) => outcome === 'write-failed').flatMap(({ fileIds }) => fileIds)).toEqual(
      expect.arrayContaining(ids),
    );
    queue.comeAgain();
    expect(await queue.run()).toEqual({ ...nothing, pulled: 3, recorded: 3, confirmed: 3 });
    for (const fileId of ids) expect(await pulling.itemOf(fileId)).toMatchObject({ fileId });
  });

  test('writing ends in time to confirm what was written', async () => {
    const queue = await pulling.queue(async (_, pass) => {
      await queue.clock.sleep(9_000);
      return pass();
    });
    await upload(queue.port);
    await pulling.table.kill();
    const began = queue.clock.now();
    await expect(queue.run(35_000).finally(pulling.table.restart)).rejects.toThrow('Cannot record');
    expect(queue.clock.now() - began).toBeLessThan(25_000);
  });

  test('after a failed confirmation the events are pulled again and lead to the same rows', async () => {
    let refused = 0;
    const queue = await pulling.queue((action, pass) =>
      action === 'ConfirmEvents' && refused++ === 0 ? refusal('InvalidParameterValue') : pass(),
    );
    const [fileId = ''] = await uploads(queue.port, 1);
    expect(await queue.run()).toEqual({ ...nothing, pulled: 1, recorded: 1 });
    expect(queue.lines).toContainEqual(
      expect.objectContaining({ level: 'error', outcome: 'confirm-failed', events: 1, error: 'VodError' }),
    );
    const row = await pulling.itemOf(fileId);
    queue.comeAgain();
    expect(await queue.run()).toEqual({ ...nothing, pulled: 1, repeated: 1, confirmed: 1 });
    expect(await pulling.itemOf(fileId)).toEqual(row);
  });
});

test('an event that can never be recorded is named in the log and confirmed, and the others are recorded', async () => {
  let broken = '';
  const queue = await pulling.queue(async (action, pass) => {
    const response = await pass();
    if (action !== 'PullEvents' || broken === '') return response;
    const text = JSON.stringify(response);
    return JSON.parse(text.replaceAll(`"FileId":"${broken}"`, `"FileId":"not-an-id","TaskId":"task-7"`)) as object;
  });
  const [first = '', good = ''] = await uploads(queue.port, 2);
  broken = first;
  expect(await queue.run()).toEqual({ ...nothing, pulled: 2, recorded: 1, refused: 1, confirmed: 2 });
  expect(queue.lines).toContainEqual({
    level: 'warn',
    requestId: expect.any(String),
    outcome: 'refused',
    code: 'invalid-request',
    eventType: 'NewFileUpload',
    fileIds: ['not-an-id'],
    taskIds: ['task-7'],
    errors: [{ path: '/FileUploadEvent/FileId', message: expect.any(String) }],
  });
  expect(await pulling.itemOf(first)).toBeUndefined();
  expect(await pulling.itemOf(good)).toMatchObject({ status: 'uploaded', trust: 'pushed' });
  queue.comeAgain();
  expect(await queue.run()).toEqual(nothing);
});

test('a task without a VOD file is ignored and confirmed: it is not an unreadable event', async () => {
  let handle = 0;
  const byUrl = { TaskId: 'task-1', Status: 'FINISH', FileId: '', FileUrl: 'http://example.com/a.mp4' };
  const queue = await pulling.queue((action) => {
    if (action === 'ConfirmEvents') return vodResponse();
    const event = { EventHandle: 'h', EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: byUrl };
    return vodResponse({ EventSet: handle++ === 0 ? [event] : [] });
  });
  expect(await queue.run()).toEqual({ ...nothing, pulled: 1, ignored: 1, confirmed: 1 });
  expect(queue.lines.map(({ level }) => level)).toEqual(['info', 'info']);
});

test('without its variables the function does not start', () => {
  const env = {
    TABLE_NAME: 't',
    SEAL_KEY_PARAMETER: 's',
    VOD_API_KEY_PARAMETER: 'k',
    VOD_API_URL: 'https://v.example',
  };
  expect(pullConfig({ ...env, VOD_SUB_APP_ID: '7' })).toMatchObject({ subAppId: 7, url: 'https://v.example' });
  for (const name of Object.keys(env)) expect(() => pullConfig({ ...env, [name]: '' })).toThrow(`variable ${name} is`);
});

describe('pull-events in the local run', () => {
  let run: TestRun;
  let pulled: () => Promise<Summary>;
  beforeAll(async () => {
    const givenSecrets = { vodSecretId: SECRET_ID, vodSecretKey: SECRET_KEY };
    run = await startTestRun({ givenSecrets, confirmWithinMs: 3_000 });
    const client = new sdk.v20180717.Client({
      credential: { secretId: SECRET_ID, secretKey: SECRET_KEY },
      profile: { httpProfile: { protocol: 'http://', endpoint: `127.0.0.1:${run.vod.port}` } },
    });
    await client.ModifyEventConfig({ Mode: 'PULL' });
    pulled = async () =>
      (await (await fetch(`${run.url}/local/run/pull-events`, { method: 'POST' })).json()) as Summary;
  });
  afterAll(() => run.stop());

  test('POST /local/run/pull-events drains the queue and returns its counts', async () => {
    const ids = await uploads(run.vod.port, 17);
    expect(await pulled()).toEqual({ ...nothing, pulled: 17, recorded: 17, confirmed: 17 });
    expect((await run.rows()).map(({ fileId }) => fileId).sort()).toEqual(ids.sort());
  });

  test('after a crash between recording and confirming the events are pulled again, and recorded once', async () => {
    let confirming: () => void = () => undefined;
    const atConfirm = new Promise<void>((resolve) => (confirming = resolve));
    const { url } = await relay(run.vod.port, (action, pass) => {
      if (action !== 'ConfirmEvents') return pass();
      confirming();
      return new Promise(() => undefined); // the function is gone before the response
    });
    const declared = run.config.functions['pullEvents'];
    if (!declared) throw new Error('Cannot find the function in serverless.yml');
    const buildDir = await temporaryFolder();
    const functions = await startFunctions({
      config: {
        ...run.config,
        functions: { pullEvents: { ...declared, environment: { ...declared.environment, VOD_API_URL: url } } },
      },
      projectDir: resolve(__dirname, '../..'),
      buildDir,
      dynamodbUrl: run.table.url,
      ssmUrl: run.parameterStore.url,
      sqsUrl: run.queues.url,
      log: () => undefined,
    });
    const ids = await uploads(run.vod.port, 2);
    const crashed = functions.invoke('pullEvents', {});
    await atConfirm;
    await functions.kill('pullEvents');
    expect(await crashed).toBe('failed');
    await functions.stop();
    await rm(buildDir, { recursive: true });

    const recorded = (await run.rows()).filter(({ fileId }) => ids.includes(String(fileId)));
    expect(recorded).toHaveLength(2);
    let did = await pulled();
    while (did.pulled === 0) did = await pulled(); // until VOD gives them out again
    expect(did).toEqual({ ...nothing, pulled: 2, repeated: 2, confirmed: 2 });
    const again = (await run.rows()).filter(({ fileId }) => ids.includes(String(fileId)));
    // The events are in the rows once; what has happened meanwhile is verification.
    const facts = ({
      fileId,
      url,
      firstSeenAt,
    }: object & { fileId?: unknown; url?: unknown; firstSeenAt?: unknown }) => [fileId, url, firstSeenAt];
    expect(again.map(facts).sort()).toEqual(recorded.map(facts).sort());
  });
});
