import {
  apiClient,
  sendRequest,
  cleanUp,
  receiver,
  start,
  tc3,
  until,
  upload,
  type HttpResponse,
} from '../support/vod/vod-client';

afterEach(cleanUp);

const PATH = '/local/faults';
const DEFAULTS = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  format: '3.0',
  seed: 1,
  api: 0,
  visibleAfterMs: 0,
  analysedAfterMs: 0,
};

const change = (port: number, body: unknown) =>
  sendRequest(port, { method: 'PUT', path: PATH, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('/local/faults', () => {
  test('PUT changes the given faults and returns all of them, DELETE resets them', async () => {
    const { port } = await start();
    const first = await change(port, { drop: 0.5, seed: 7, api: 0.25 });
    expect([first.status, JSON.parse(first.text)]).toEqual([200, { ...DEFAULTS, drop: 0.5, seed: 7, api: 0.25 }]);
    const second = await change(port, { format: 'both', visibleAfterMs: 1000, analysedAfterMs: 600_000 });
    const changed = { drop: 0.5, seed: 7, api: 0.25, format: 'both', visibleAfterMs: 1000, analysedAfterMs: 600_000 };
    expect(JSON.parse(second.text)).toEqual({ ...DEFAULTS, ...changed });
    expect(JSON.parse((await sendRequest(port, { path: PATH })).text)).toEqual({ ...DEFAULTS, ...changed });
    const reset = await sendRequest(port, { method: 'DELETE', path: PATH });
    expect([reset.status, JSON.parse(reset.text)]).toEqual([200, DEFAULTS]);
  });

  test.each<[unknown, RegExp]>([
    ['no json', /must be a JSON object/],
    ['[]', /must be a JSON object/],
    [{ drop: 2 }, /^"drop" must be a number from 0 to 1, not 2$/],
    [{ drop: '1' }, /^"drop" must be/],
    [{ api: -0.1 }, /^"api" must be a number from 0 to 1/],
    [{ delayMs: 1.5 }, /^"delayMs" must be an integer/],
    [{ visibleAfterMs: 600_001 }, /^"visibleAfterMs" must be an integer from 0 to 600000/],
    [{ analysedAfterMs: '5' }, /^"analysedAfterMs" must be an integer from 0 to 600000/],
    [{ format: '1.0' }, /^"format" must be one of/],
    [{ seed: null }, /^"seed" must be/],
    [{ loss: 1 }, /Unknown property "loss": must be one of: drop/],
    ['{"__proto__":1}', /Unknown property "__proto__"/],
  ])('PUT refuses %j with status 400 and changes nothing', async (body, message) => {
    const { port } = await start();
    const response = await change(port, body);
    expect(response.status).toBe(400);
    expect((JSON.parse(response.text) as { message: string }).message).toMatch(message);
    expect(JSON.parse((await change(port, {})).text)).toEqual(DEFAULTS);
  });

  test('other methods are refused with status 405', async () => {
    const { port } = await start();
    expect((await sendRequest(port, { method: 'POST', path: PATH })).status).toBe(405);
  });
});

describe('/local/*', () => {
  test.each<[string, (port: number) => Record<string, string>, number]>([
    ['no Origin', () => ({}), 200],
    ['the same origin', (port) => ({ host: `localhost:${port}`, origin: `http://localhost:${port}` }), 200],
    ['the same port over TLS', (port) => ({ host: `[::1]:${port}`, origin: `https://127.0.0.1:${port}` }), 200],
    ['a page on another port', (port) => ({ host: `localhost:${port}`, origin: 'http://localhost:3000' }), 403],
    ['a page of another site', (port) => ({ host: `localhost:${port}`, origin: 'https://evil.example' }), 403],
    [
      'an origin that begins like localhost',
      () => ({ host: 'localhost', origin: 'http://localhost.evil.example' }),
      403,
    ],
    ['an opaque origin', (port) => ({ host: `localhost:${port}`, origin: 'null' }), 403],
    ['a foreign Host (DNS rebinding)', (port) => ({ host: `evil.example:${port}` }), 403],
    ['a Host of VOD', () => ({ host: 'vod2.qcloud.com' }), 403],
  ])('a request with %s', async (_, headersFor, status) => {
    const { port } = await start();
    for (const path of [PATH, '/local/review']) {
      const { status: actual } = await sendRequest(port, {
        method: 'PUT',
        path,
        headers: headersFor(port),
        body: '{}',
      });
      expect(actual === 403).toBe(status === 403);
    }
    expect((await sendRequest(port, { method: 'PUT', path: PATH, headers: headersFor(port), body: '{}' })).status).toBe(
      status,
    );
  });

  test('an unknown path is refused with status 404', async () => {
    const { port } = await start();
    expect((await sendRequest(port, { path: '/local/nothing' })).status).toBe(404);
  });
});

describe('the fault "api"', () => {
  const outcomes = async (port: number, count: number): Promise<string> => {
    const client = apiClient(port);
    const codes: string[] = [];
    for (let i = 0; i < count; i++) {
      codes.push(
        await client.DescribeEventConfig({}).then(
          () => '.',
          (error: unknown) => ((error as { code: string }).code === 'InternalError' ? 'E' : '?'),
        ),
      );
    }
    return codes.join('');
  };

  test('makes calls of the server API fail with InternalError, the same ones for the same seed', async () => {
    const vod = await start();
    vod.setFaults({ api: 0.5, seed: 3 });
    const first = await outcomes(vod.port, 20);
    vod.setFaults({ seed: 3 });
    expect(await outcomes(vod.port, 20)).toBe(first);
    expect(first).toMatch(/^(?=.*E)(?=.*\.)[E.]{20}$/);
    vod.setFaults({ seed: 4 });
    expect(await outcomes(vod.port, 20)).not.toBe(first);
    vod.setFaults({ api: 1 });
    expect(await outcomes(vod.port, 3)).toBe('EEE');
    vod.setFaults(undefined);
    expect(await outcomes(vod.port, 3)).toBe('...');
  });

  test('changes nothing: the failed call has no effect', async () => {
    const vod = await start();
    const { fileId } = await upload(vod.port);
    vod.setFaults({ api: 1 });
    await expect(apiClient(vod.port).DeleteMedia({ FileId: fileId })).rejects.toMatchObject({ code: 'InternalError' });
    vod.setFaults(undefined);
    expect((await apiClient(vod.port).SearchMedia({})).TotalCount).toBe(1);
  });

  test('does not change which events the other faults hit', async () => {
    const outcome = async (calls: number): Promise<number[]> => {
      const hook = await receiver();
      const outcomesOfEvents: string[] = [];
      const log = (line: string) => line.startsWith('callback ') && outcomesOfEvents.push(line);
      const vod = await start({ callbackUrl: hook.url, log });
      vod.setFaults({ drop: 0.5, api: 0.5, seed: 11 });
      await outcomes(vod.port, calls);
      const ids = Array.from({ length: 12 }, (_, i) =>
        vod.put({ name: `${i}`, type: 'mp4', size: 1, sourceContext: '' }),
      );
      await until(() => outcomesOfEvents.length === ids.length);
      return ids.flatMap(({ fileId }, i) => (hook.received.some(({ body }) => body.includes(fileId)) ? [i] : []));
    };
    expect(await outcome(0)).toEqual(await outcome(5));
  });

  test('does not replace the refusal of a wrong signature', async () => {
    const vod = await start();
    vod.setFaults({ api: 1 });
    const response = await tc3(vod.port, { action: 'DescribeEventConfig', secretKey: 'wrong' });
    expect(codeOf(response)).toBe('AuthFailure.SignatureFailure');
  });
});

describe('the fault "visibleAfterMs"', () => {
  test('hides a file from DescribeMediaInfos and SearchMedia until its creation is that long ago', async () => {
    let now = Date.now();
    const vod = await start({ now: () => now });
    const { fileId: earlier } = await upload(vod.port);
    now += 10_000;
    vod.setFaults({ visibleAfterMs: 5_000 });
    const { fileId } = vod.put({ name: 'new', type: 'mp4', size: 1, sourceContext: '' });
    const shown = async () => {
      const body = JSON.stringify({ FileIds: [earlier, fileId] });
      const described = responseOf(await tc3(vod.port, { action: 'DescribeMediaInfos', body, time: now }));
      const found = responseOf(await tc3(vod.port, { action: 'SearchMedia', time: now }));
      return {
        notExist: described.NotExistFileIdSet,
        described: described.MediaInfoSet?.map(({ FileId }) => FileId),
        found: found.MediaInfoSet?.map(({ FileId }) => FileId),
        total: found.TotalCount,
      };
    };
    const hidden = { notExist: [fileId], described: [earlier], found: [earlier], total: 1 };
    const visible = { notExist: [], described: [earlier, fileId], found: [fileId, earlier], total: 2 };
    expect(await shown()).toEqual(hidden);
    now += 4_999;
    expect(await shown()).toEqual(hidden);
    now += 1;
    expect(await shown()).toEqual(visible);
    vod.setFaults({ visibleAfterMs: 60_000 });
    expect((await shown()).total).toBe(0);
    vod.setFaults(undefined);
    expect(await shown()).toEqual(visible);
  });

  test('does not delay the event', async () => {
    const hook = await receiver();
    const vod = await start({ callbackUrl: hook.url });
    vod.setFaults({ visibleAfterMs: 600_000 });
    const { fileId } = await upload(vod.port);
    expect((await hook.wait(1))[0]?.event.FileUploadEvent.FileId).toBe(fileId);
  });
});

test('the fault "analysedAfterMs" makes MetaData null in the server API and zeros in events, until that time has passed', async () => {
  let now = Date.now();
  const hook = await receiver();
  const vod = await start({ callbackUrl: hook.url, now: () => now, stepMs: 300 });
  vod.setFaults({ analysedAfterMs: 5_000, format: 'both' });
  const media = { name: 'clip', type: 'mp4', size: 1000, sourceContext: '', duration: 8, width: 640, height: 360 };
  const { fileId, taskId } = vod.put({ ...media, procedure: 'LongVideoPreset', taskNotifyMode: 'Change' });
  const metaData = async (): Promise<unknown> => {
    const body = JSON.stringify({ FileIds: [fileId] });
    return responseOf(await tc3(vod.port, { action: 'DescribeMediaInfos', body, time: now })).MediaInfoSet?.[0]
      ?.MetaData;
  };
  expect(await metaData()).toBeNull();
  const detail = await tc3(vod.port, {
    action: 'DescribeTaskDetail',
    body: JSON.stringify({ TaskId: taskId }),
    time: now,
  });
  expect(responseOf(detail).ProcedureTask?.MetaData).toBeNull();
  const [uploaded, legacy, changed] = await hook.wait(4);
  const zeros = { Size: 0, Duration: 0, Width: 0, Height: 0 };
  expect(uploaded?.event.FileUploadEvent.MetaData).toMatchObject(zeros);
  expect(legacy?.event).toMatchObject({ data: { metaData: { size: 0, duration: 0, width: 0, height: 0 } } });
  expect(changed?.event.ProcedureStateChangeEvent).toMatchObject({ MetaData: zeros });
  now += 5_000;
  const known = { Size: 1000, Container: 'mp4', Duration: 8, Width: 640, Height: 360, Bitrate: 1000 };
  expect(await metaData()).toMatchObject(known);
  const last = (await hook.wait(8)).at(-2);
  expect(last?.event.ProcedureStateChangeEvent).toMatchObject({ Status: 'FINISH', MetaData: known });
});

interface Response {
  readonly Error?: { readonly Code: string };
  readonly TotalCount?: number;
  readonly NotExistFileIdSet?: string[];
  readonly MediaInfoSet?: { readonly FileId: string; readonly MetaData: unknown }[];
  readonly ProcedureTask?: { readonly MetaData: unknown };
}

function responseOf(response: HttpResponse): Response {
  return (JSON.parse(response.text) as { Response: Response }).Response;
}

function codeOf(response: HttpResponse): string {
  return responseOf(response).Error?.Code ?? '';
}
