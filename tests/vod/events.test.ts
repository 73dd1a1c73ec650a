import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendRequest, cleanUp, receiver, start, upload, type Received } from '../support/vod/vod-client';

afterEach(cleanUp);

const put = (port: number, body: unknown) =>
  sendRequest(port, {
    method: 'PUT',
    path: '/local/faults',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const kindOf = ({ event }: Received): string => event.EventType;

describe('a callback', () => {
  test('is a POST request with JSON in format 3.0', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const { fileId } = await upload(port, { classId: 7 });
    const [first] = await hook.wait(1);
    expect(first?.headers['content-type']).toBe('application/json');
    expect(first?.event).toMatchObject({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        MediaBasicInfo: { ClassId: 7, ExpireTime: '9999-12-31T23:59:59Z', Vid: fileId },
      },
    });
    expect(first?.event.FileUploadEvent.MediaBasicInfo.CreateTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(first?.event).not.toHaveProperty('Sign');
  });

  test('is in format 2.0 with the fault format "2.0"', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await put(port, { format: '2.0' });
    const { fileId, video } = await upload(port, { sourceContext: 'x', procedure: 'FailingPreset' });
    const [uploaded, processed] = await hook.wait(2);
    expect(uploaded?.event).toEqual({
      version: '4.0',
      eventType: 'NewFileUpload',
      data: {
        status: 0,
        message: '',
        vodTaskId: '',
        fileId,
        fileUrl: video.url,
        fileName: 'holiday',
        coverUrl: '',
        continued: 0,
        author: '',
        sourceType: 'ClientUpload',
        sourceContext: 'x',
        metaData: { size: 3, container: 'mp4' },
        procedureTaskId: expect.stringMatching(/^1500000001-procedurev2-/) as string,
      },
    });
    expect(processed?.event).toMatchObject({
      version: '4.0',
      eventType: 'ProcedureStateChanged',
      data: {
        vodTaskId: uploaded?.event.data.procedureTaskId,
        status: 'FINISH',
        fileId,
        processTaskList: [
          { taskType: 'Transcode', status: 'SUCCESS', errCode: 0, input: { definition: 100010 }, output: { size: 3 } },
          { taskType: 'Transcode', status: 'FAIL', errCode: 30000, output: null },
          { taskType: 'CoverBySnapshot', status: 'SUCCESS', errCode: 0 },
        ],
      },
    });
  });

  test('is sent in both formats with the fault format "both"', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await put(port, { format: 'both' });
    await upload(port);
    const both = await hook.wait(2);
    expect(both.map(({ event }) => Object.keys(event)[0])).toEqual(['EventType', 'version']);
  });

  test.each(['3.0', '2.0'])('has Sign and T in format %s if a SignKey is set', async (format) => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url, signKey: 'Key123' });
    await put(port, { format });
    const before = Math.floor(Date.now() / 1000);
    await upload(port);
    const [first] = await hook.wait(1);
    const { Sign, T } = first?.event ?? { Sign: '', T: 0 };
    expect(T - before - 600).toBeGreaterThanOrEqual(0);
    expect(T - before - 600).toBeLessThan(5);
    expect(Sign).toBe(createHash('md5').update(`Key123${T}`).digest('hex'));
  });

  test.each([500, 404, 302])('is not retried after status %i', async (status) => {
    const hook = await receiver(() => status);
    const { port } = await start({ callbackUrl: hook.url, callbackTimeoutMs: 100 });
    await upload(port);
    await hook.wait(1);
    await sleep(300);
    expect(hook.received).toHaveLength(1);
  });

  test('is retried after a timeout, three attempts in all', async () => {
    const never = await receiver(() => 'never');
    const once = await receiver((index) => (index === 0 ? 'never' : 200));
    for (const hook of [never, once]) {
      const { port } = await start({ callbackUrl: hook.url, callbackTimeoutMs: 100 });
      await upload(port);
    }
    await sleep(700);
    expect([never.received.length, once.received.length]).toEqual([3, 2]);
    expect(new Set(never.received.map(({ body }) => body)).size).toBe(1);
  });

  test('waits for callableOnce', async () => {
    const hook = await receiver();
    let open: () => void = () => undefined;
    const callableOnce = new Promise<void>((resolve) => (open = resolve));
    const { port } = await start({ callbackUrl: hook.url, callableOnce });
    await upload(port);
    await sleep(100);
    expect(hook.received).toHaveLength(0);
    open();
    expect(await hook.wait(1)).toHaveLength(1);
  });

  test('is not retried after a refused connection', async () => {
    const log: string[] = [];
    const { port } = await start({ callbackUrl: 'http://127.0.0.1:9/', log: (line) => log.push(line) });
    await upload(port);
    await sleep(100);
    expect(log.filter((line) => line.startsWith('callback NewFileUpload: failed'))).toHaveLength(1);
  });
});

describe('the fault', () => {
  test('"drop" loses an event', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await put(port, { drop: 1 });
    await upload(port);
    await sleep(200);
    expect(hook.received).toHaveLength(0);
  });

  test('"duplicate" sends an event twice', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await put(port, { duplicate: 1 });
    await upload(port);
    const [first, second] = await hook.wait(2);
    expect(first?.body).toBe(second?.body);
  });

  test('"reorder" sends an event after the next one, or alone after 3 s', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await put(port, { reorder: 1 });
    const ids = [await upload(port), await upload(port), await upload(port)].map(({ fileId }) => fileId);
    const received = (await hook.wait(3)).map(({ event }) => event.FileUploadEvent.FileId);
    expect(received).toEqual([ids[1], ids[0], ids[2]]);
  });

  test('"delayMs" sends an event later', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await put(port, { delayMs: 300 });
    await upload(port);
    await sleep(150);
    expect(hook.received).toHaveLength(0);
    expect(await hook.wait(1)).toHaveLength(1);
  });

  test('"seed" determines which events are hit', async () => {
    const outcome = async (seed: number): Promise<string> => {
      const hook = await receiver();
      const { port } = await start({ callbackUrl: hook.url });
      await put(port, { drop: 0.4, duplicate: 0.4, seed });
      const ids: string[] = [];
      for (let i = 0; i < 12; i++) ids.push((await upload(port)).fileId);
      await sleep(200);
      return ids.map((id) => hook.received.filter(({ body }) => body.includes(id)).length).join('');
    };
    const first = await outcome(5);
    const again = await outcome(5);
    const other = await outcome(6);
    expect(first).toBe(again);
    expect(first).not.toBe(other);
    expect(first).toMatch(/^(?=.*0)(?=.*1)(?=.*2)[012]{12}$/);
  });
});

describe('a procedure', () => {
  const statuses = (received: Received | undefined): (string | undefined)[] | undefined =>
    received?.event.ProcedureStateChangeEvent.MediaProcessResultSet.map(
      ({ TranscodeTask, CoverBySnapshotTask }) => (TranscodeTask ?? CoverBySnapshotTask)?.Status,
    );

  test('sends one event at its end with taskNotifyMode Finish, the default', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    const { fileId, video } = await upload(port, {
      procedure: 'LongVideoPreset',
      taskPriority: -3,
      sessionContext: 'mine',
    });
    const [uploaded, finished] = await hook.wait(2);
    const { ProcedureTaskId } = uploaded?.event.FileUploadEvent ?? {};
    expect(ProcedureTaskId).toMatch(/^1500000001-procedurev2-[0-9a-f]{32}t0$/);
    expect(finished?.event).toMatchObject({
      EventType: 'ProcedureStateChanged',
      ProcedureStateChangeEvent: {
        TaskId: ProcedureTaskId,
        Status: 'FINISH',
        FileId: fileId,
        FileName: 'holiday',
        FileUrl: video.url,
        TasksPriority: -3,
        TasksNotifyMode: 'Finish',
        SessionContext: 'mine',
        MetaData: { Size: 3 },
      },
    });
    expect(statuses(finished)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
    const [transcode, , cover] = finished?.event.ProcedureStateChangeEvent.MediaProcessResultSet ?? [];
    expect(await (await fetch(transcode?.TranscodeTask?.Output.Url ?? '')).text()).toBe('abc');
    const image = await fetch(cover?.CoverBySnapshotTask?.Output.CoverUrl ?? '');
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/png']);
    await sleep(100);
    expect(hook.received).toHaveLength(2);
  });

  test('sends one event per sub-task with taskNotifyMode Change', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await upload(port, { procedure: 'LongVideoPreset', taskNotifyMode: 'Change' });
    const [, ...changes] = await hook.wait(4);
    expect(changes.map(({ event }) => event.ProcedureStateChangeEvent.Status)).toEqual([
      'PROCESSING',
      'PROCESSING',
      'FINISH',
    ]);
    expect(changes.map(statuses)).toEqual([
      ['SUCCESS', 'PROCESSING', 'PROCESSING'],
      ['SUCCESS', 'SUCCESS', 'PROCESSING'],
      ['SUCCESS', 'SUCCESS', 'SUCCESS'],
    ]);
  });

  test('sends no event with taskNotifyMode None', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await upload(port, { procedure: 'LongVideoPreset', taskNotifyMode: 'None' });
    await sleep(300);
    expect(hook.received.map(kindOf)).toEqual(['NewFileUpload']);
  });

  test('FailingPreset finishes with one failed sub-task', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await upload(port, { procedure: 'FailingPreset' });
    const [, finished] = await hook.wait(2);
    expect(finished?.event.ProcedureStateChangeEvent).toMatchObject({ Status: 'FINISH', ErrCode: 0 });
    expect(statuses(finished)).toEqual(['SUCCESS', 'FAIL', 'SUCCESS']);
  });

  test('a procedure of an unknown template succeeds, and none starts without a template', async () => {
    const hook = await receiver();
    const { port } = await start({ callbackUrl: hook.url });
    await upload(port, { procedure: 'MyOwnTemplate' });
    await upload(port, { taskNotifyMode: 'Change' });
    await sleep(300);
    expect(hook.received.map(kindOf).sort()).toEqual(['NewFileUpload', 'NewFileUpload', 'ProcedureStateChanged']);
  });
});
