import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { deliver, type Delivery } from '../../lib/notifications/delivery';
import { idOf, startAppServer, status, verifyWebhook, type AppServer, type Respond } from '../support/app-server';
import { announcement, OTHER_SECRET, SECRET } from '../support/notifications';

let app: AppServer;
beforeEach(async () => {
  app = await startAppServer();
});
afterEach(() => app.stop());

const now = Date.now;

/** One attempt of a delivery to an app that responds like this. */
async function attempt(respond: Respond, url = app.url): Promise<Delivery> {
  app.respondWith(respond);
  return deliver(announcement(1), { url, secrets: [SECRET], now, fetch });
}

describe('delivery of a webhook', () => {
  test('posts the body as it was announced, with headers that the package of Standard Webhooks verifies', async () => {
    expect(await attempt(status(204))).toEqual({ outcome: 'delivered', status: 204 });
    const [webhook] = app.received;
    if (!webhook) throw new Error('nothing was received');
    expect(webhook).toMatchObject({ path: '/hooks/vod', body: announcement(1).body });
    expect(webhook.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'msg_1' });
    expect(verifyWebhook(webhook, SECRET)).toMatchObject({ type: 'upload.ready', data: { fileId: '1' } });
    expect(() => verifyWebhook(webhook, OTHER_SECRET)).toThrow('No matching signature found');
    const changed = { ...webhook, body: webhook.body.replace('"1"', '"2"') };
    expect(() => verifyWebhook(changed, SECRET)).toThrow('No matching signature found');
  });

  test.each([200, 201, 202, 204, 299])('succeeds when the app returns %i', async (code) => {
    expect(await attempt(status(code))).toEqual({ outcome: 'delivered', status: code });
  });

  test.each([300, 304, 400, 401, 404, 409, 429, 500, 502, 503])('fails when the app returns %i', async (code) => {
    expect(await attempt(status(code))).toEqual({
      outcome: 'failed',
      status: code,
      reason: `the receiver returned ${code}`,
    });
  });

  test('fails permanently when the app returns 410', async () => {
    expect(await attempt(status(410, { 'retry-after': '60' }))).toEqual({ outcome: 'gone', status: 410 });
  });

  test.each([301, 302, 303, 307, 308])('fails when the app redirects with %i, which is not followed', async (code) => {
    const location = app.url.replace('vod', 'elsewhere');
    expect(await attempt(status(code, { location }))).toMatchObject({ outcome: 'failed', status: code });
    expect(app.received.map(({ path }) => path)).toEqual(['/hooks/vod']);
  });

  test.each([
    ['seconds', () => '120', 120],
    ['a date', () => new Date(Date.now() + 120_000).toUTCString(), 120],
    ['a date that is past', () => new Date(Date.now() - 120_000).toUTCString(), 0],
  ])('reports Retry-After in %s as seconds', async (_, header, seconds) => {
    const { retryAfter = NaN } = (await attempt(status(429, { 'retry-after': header() }))) as { retryAfter?: number };
    expect(retryAfter).toBeGreaterThan(seconds - 5);
    expect(retryAfter).toBeLessThanOrEqual(seconds);
  });

  test.each(['soon', '-5', '1e9', '12345678901'])('ignores the Retry-After "%s"', async (header) => {
    const delivery = await attempt(status(503, { 'retry-after': header }));
    expect(delivery).toMatchObject({ outcome: 'failed', status: 503 });
    expect((delivery as { retryAfter?: number }).retryAfter ?? 0).toBeLessThanOrEqual(0);
  });

  test('fails when the app closes the connection before its response', async () => {
    const delivery = await attempt((response) => response.destroy());
    expect(delivery).toEqual({
      outcome: 'failed',
      reason: expect.stringMatching(/^the receiver could not be reached/),
    });
  });

  test('succeeds when the app closes the connection after the head of a 200', async () => {
    for (let time = 0; time < 20; time++) {
      const delivery = await attempt((response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
      });
      expect(delivery).toEqual({ outcome: 'delivered', status: 200 });
    }
  });

  test('succeeds at once when the app returns 200 with an endless body, and closes the connection', async () => {
    const began = performance.now();
    const closed = new Promise<void>((resolve) => {
      app.respondWith((response) => {
        response.on('close', resolve);
        const write = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.writeHead(200).on('drain', write);
        write();
      });
    });
    expect(await deliver(announcement(1), { url: app.url, secrets: [SECRET], now, fetch })).toMatchObject({
      outcome: 'delivered',
    });
    await closed;
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('fails while the app is down, and succeeds when it is up again', async () => {
    await app.stop();
    expect(await attempt(status(200))).toEqual({
      outcome: 'failed',
      reason: 'the receiver could not be reached (ECONNREFUSED)',
    });
    await app.restart();
    expect(await attempt(status(200))).toMatchObject({ outcome: 'delivered' });
  });

  test('fails when the name of the app does not exist', async () => {
    const delivery = await attempt(status(200), 'http://app.invalid/');
    expect(delivery).toMatchObject({ reason: expect.stringMatching(/^the receiver could not be reached \(E/) });
  });
});

describe('a receiver that does not speak HTTP', () => {
  let server: Server;
  afterEach(() => {
    server.close();
  });

  test.each([
    ['responds with something else', 'SSH-2.0-OpenSSH\r\n'],
    ['sends endless headers', `HTTP/1.1 200 OK\r\n${'x-padding: x\r\n'.repeat(20_000)}`],
  ])('fails the delivery when it %s', async (_, text) => {
    server = createServer((socket) => socket.on('error', () => undefined).end(text)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await attempt(status(200), `http://127.0.0.1:${port}`)).toMatchObject({ outcome: 'failed' });
  });
});

// All of them at once: each takes 15 s of real time.
test('a receiver has 15 s: a response after 14 s succeeds; no response, a slow head or a later response fails', async () => {
  const began = performance.now();
  const apps = await Promise.all([startAppServer(), startAppServer(), startAppServer(), startAppServer()]);
  const [late, hanging, tooLate, dripping] = apps;
  const after = (milliseconds: number, respond: Respond): Respond => {
    return (...call) => {
      setTimeout(respond, milliseconds, ...call).unref();
    };
  };
  late.respondWith(after(14_000, status(200)));
  tooLate.respondWith(after(17_000, status(200)));
  hanging.respondWith(() => undefined);
  dripping.respondWith((response) => {
    const { socket } = response;
    socket?.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => socket?.write('x: y\r\n'), 500);
    socket?.on('close', () => {
      clearInterval(timer);
    });
  });
  try {
    const deliveries = await Promise.all(
      apps.map(async ({ url }) => {
        const delivery = await deliver(announcement(1), { url, secrets: [SECRET], now, fetch });
        return { delivery, seconds: (performance.now() - began) / 1_000 };
      }),
    );
    const failed = { outcome: 'failed', reason: 'the receiver did not respond within 15 s' };
    expect(deliveries.map(({ delivery }) => delivery)).toEqual([
      { outcome: 'delivered', status: 200 },
      failed,
      failed,
      failed,
    ]);
    for (const { seconds } of deliveries.slice(1)) {
      expect(seconds).toBeGreaterThan(14.9);
      expect(seconds).toBeLessThan(20);
    }
    expect(apps.map(({ received }) => received.map(idOf))).toEqual([['msg_1'], ['msg_1'], ['msg_1'], ['msg_1']]);
  } finally {
    await Promise.all(apps.map((one) => one.stop()));
  }
});
