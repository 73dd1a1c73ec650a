import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startAppServer, status, type AppServer } from '../support/app-server';
import { cleanUp, onceDone, start, until, upload } from '../support/vod/vod-client';

// The local VOD's log of sent callbacks, and how they are sent again.

afterEach(cleanUp);

const SIGN_KEY = 'Key123';

async function startReceiver(): Promise<AppServer> {
  const receiver = await startAppServer();
  onceDone(() => receiver.stop());
  return receiver;
}

/** A VOD with one callback that got a response. */
async function startWithCallback() {
  const receiver = await startReceiver();
  const vod = await start({ callbackUrl: `${receiver.url}?token=right`, signKey: SIGN_KEY });
  const { fileId } = await upload(vod.port);
  await until(() => vod.callbackLog.get(1)?.attempts[0]?.responseBody !== undefined);
  return { vod, receiver, fileId };
}

const records = ({ callbackLog }: { readonly callbackLog: { read: (cursor: string) => object } }) =>
  (callbackLog.read('') as { records: object[] }).records;

test('a callback is kept with its body as sent, the time, and the status and body of the response', async () => {
  const receiver = await startReceiver();
  receiver.respondWith((response) => response.writeHead(200).end('{"outcome":"recorded"}'));
  const vod = await start({ callbackUrl: receiver.url, signKey: SIGN_KEY });
  const before = Date.now();
  const { fileId } = await upload(vod.port);
  await until(() => vod.callbackLog.get(1)?.attempts[0]?.responseBody !== undefined);
  const record = vod.callbackLog.get(1);
  expect(record).toEqual({
    id: 1,
    kind: 'event',
    type: 'NewFileUpload',
    fileId,
    format: '3.0',
    time: expect.any(Number),
    body: receiver.received[0]?.body,
    outcome: 'accepted',
    attempts: [
      {
        time: expect.any(Number),
        milliseconds: expect.any(Number),
        status: 200,
        responseBody: '{"outcome":"recorded"}',
      },
    ],
  });
  expect(record?.time).toBeGreaterThanOrEqual(before);
  expect(record?.body).toContain('"Sign"');
});

test('a refused callback, a timeout in each attempt and a refused connection have different outcomes', async () => {
  const receiver = await startReceiver();
  receiver.respondWith(status(401));
  const refused = await start({ callbackUrl: receiver.url });
  await upload(refused.port);
  const silent = await startReceiver();
  silent.respondWith(() => undefined);
  const timeout = await start({ callbackUrl: silent.url, callbackTimeoutMs: 50 });
  await upload(timeout.port);
  const closed = await start({ callbackUrl: 'http://127.0.0.1:1/' });
  await upload(closed.port);
  await until(() => [refused, timeout, closed].every((vod) => vod.callbackLog.get(1)?.outcome !== 'sending'));
  await until(() => timeout.callbackLog.get(1)?.attempts[2]?.failure !== undefined);

  expect(refused.callbackLog.get(1)).toMatchObject({ outcome: 'refused', attempts: [{ status: 401 }] });
  const failures = timeout.callbackLog.get(1)?.attempts.map(({ failure }) => failure);
  expect(failures).toEqual(['timeout', 'timeout', 'timeout']);
  expect(timeout.callbackLog.get(1)?.outcome).toBe('no-response');
  expect(closed.callbackLog.get(1)).toMatchObject({
    outcome: 'no-response',
    attempts: [{ failure: 'connect ECONNREFUSED 127.0.0.1:1' }],
  });
});

test('a callback that a fault drops is kept without an attempt', async () => {
  const receiver = await startReceiver();
  const vod = await start({ callbackUrl: receiver.url });
  vod.setFaults({ drop: 1 });
  const { fileId } = await upload(vod.port);
  expect(records(vod)).toMatchObject([{ fileId, outcome: 'dropped', attempts: [] }]);
  expect(receiver.received).toEqual([]);
});

test('duplicates and both formats are separate records', async () => {
  const receiver = await startReceiver();
  const vod = await start({ callbackUrl: receiver.url });
  vod.setFaults({ duplicate: 1, format: 'both' });
  const { fileId } = await upload(vod.port);
  await until(() => receiver.received.length === 4);
  expect(records(vod)).toMatchObject(['3.0', '2.0', '3.0', '2.0'].map((format) => ({ format, fileId })));
});

test('a callback that is sent again has the same content and a fresh Sign', async () => {
  const { vod, receiver } = await startWithCallback();
  const record = await vod.repeatCallback(1, undefined);
  expect(record).toMatchObject({
    id: 2,
    kind: 'again',
    outcome: 'accepted',
    attempts: [{ status: 204, responseBody: '' }],
  });
  const [first, second] = receiver.received.map(({ body }) => JSON.parse(body) as { Sign: string; T: number });
  expect({ ...second, Sign: '', T: 0 }).toEqual({ ...first, Sign: '', T: 0 });
  const expected = createHash('md5')
    .update(`${SIGN_KEY}${second?.T ?? 0}`)
    .digest('hex');
  expect(second?.Sign).toBe(expected);
  expect(receiver.received.map(({ path }) => path)).toEqual(Array(2).fill('/hooks/vod?token=right'));
});

test('a forged callback differs from the original in one thing only', async () => {
  const { vod, receiver, fileId } = await startWithCallback();
  for (const forgery of ['wrong-token', 'wrong-sign', 'other-file', 'cut'] as const) {
    expect(await vod.repeatCallback(1, forgery)).toMatchObject({ kind: forgery, outcome: 'accepted' });
  }
  const [original, wrongToken, wrongSign, otherFile, cut] = receiver.received;
  const signed = /"Sign":"[0-9a-f]{32}","T":\d{10}/;
  const unsigned = (body = '') => body.replace(signed, '');
  expect(wrongToken?.path).toMatch(/\?token=[\w-]{32}$/);
  expect(unsigned(wrongToken?.body)).toBe(unsigned(original?.body));
  expect(wrongSign?.path).toBe(original?.path);
  expect(wrongSign?.body).toMatch(signed);
  const { Sign, T } = JSON.parse(wrongSign?.body ?? '') as { Sign: string; T: number };
  expect(Sign).not.toBe(createHash('md5').update(`${SIGN_KEY}${T}`).digest('hex'));
  expect(otherFile?.body).not.toContain(fileId);
  const { fileId: otherId = '' } = vod.callbackLog.findNewest(({ kind }) => kind === 'other-file') ?? {};
  expect(otherFile?.body).toContain(`"FileId":"${otherId}"`);
  expect(unsigned(otherFile?.body)).toHaveLength(unsigned(original?.body).length);
  expect(original?.body.startsWith(cut?.body.slice(0, 100) ?? 'x')).toBe(true);
  expect(() => JSON.parse(cut?.body ?? '') as unknown).toThrow(SyntaxError);

  const broken = vod.callbackLog.findNewest(({ kind }) => kind === 'cut')?.id ?? 0;
  await vod.repeatCallback(broken, undefined);
  expect(receiver.received.at(-1)?.body).toBe(cut?.body);
});

test('an unknown callback, or one without a callback URL, is not sent again', async () => {
  const vod = await start();
  await upload(vod.port);
  expect(await vod.repeatCallback(1, undefined)).toBeUndefined();
  expect(records(vod)).toEqual([]);
});

test('a response of 101 is a failure of the attempt, and sending again by hand returns', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onceDone(async () => {
    server.close();
    await once(server, 'close');
  });
  const vod = await start({ callbackUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  await upload(vod.port);
  const failed = { outcome: 'no-response', attempts: [{ failure: 'the connection was closed without a response' }] };
  await until(() => vod.callbackLog.get(1)?.outcome === 'no-response');
  expect(vod.callbackLog.get(1)).toMatchObject(failed);
  expect(await vod.repeatCallback(1, undefined)).toMatchObject({ ...failed, kind: 'again' });
});
