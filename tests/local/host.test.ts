import { rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { networkInterfaces } from 'node:os';
import { isListening } from '../../local/network/open-port';
import { addressesOf, publicAddressOf } from '../../local/network/public-address';
import { settings } from '../../local/settings';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { killProcesses, startProcess } from '../support/npm-start';
import { requestSignature } from '../support/stack';
import { apply, cos, ugc } from '../support/vod/vod-client';

// N13: HOST, for phones and containers.

const address = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
/** A machine without a network has no second address to listen on. */
const describeWithNetwork = address === undefined ? describe.skip : describe;

interface Sent {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly isSecure?: boolean;
}

/** A request to this address with any Host header. */
function send(host: string, port: number, { path, method = 'GET', headers, body, isSecure = false }: Sent) {
  return new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const options = { host, port, path, method, headers, agent: false, rejectUnauthorized: false };
    const outgoing = (isSecure ? httpsRequest : httpRequest)(options, (incoming) => {
      let text = '';
      incoming.on('data', (data: Buffer) => (text += data.toString()));
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, text, headers: incoming.headers });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describeWithNetwork('N13: with HOST, from another machine', () => {
  const host = address ?? '';
  let run: TestRun;
  let port: number;
  beforeAll(async () => {
    run = await startTestRun({ host });
    port = Number(new URL(run.url).port);
  }, 60_000);
  afterAll(() => run.stop());

  test('the page, tokens, rows and the functions can be reached', async () => {
    for (const path of ['/', '/local/config', '/local/uploads', '/local/page/main.js']) {
      expect([path, (await send(host, port, { path })).status]).toEqual([path, 200]);
    }
    const stack = { url: `http://${host}:${port}`, vodPort: run.vod.port };
    expect(await requestSignature(stack)).toMatch(/^[\w+/]+=*$/);
    expect((await fetch(`${run.url}/local/config`)).status).toBe(200);
  });

  test('uploads and plays at the local VOD, whose URLs have that address', async () => {
    expect(JSON.parse((await send(host, port, { path: '/local/config' })).text)).toMatchObject({
      vodUrl: `http://${host}:${run.vod.port}`,
    });
    const signature = await requestSignature({ url: run.url, vodPort: run.vod.port });
    const applied = await apply(run.vod.port, signature);
    await cos(run.vod.port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
    const { data } = await ugc(run.vod.port, 'Commit', { signature, vodSessionKey: applied.vodSessionKey });
    expect(data.video.url).toMatch(new RegExp(`^http://${host}:${run.vod.port}/media/`));
    const policy = String((await send(host, port, { path: '/' })).headers['content-security-policy']);
    expect(policy).toContain(`media-src http://${host}:${run.vod.port}`);
  });

  test.each(['', 'localhost', '127.0.0.1'])(
    'the routes that run functions, show keys, callbacks and webhooks or set faults are refused, with Host "%s" too',
    async (name) => {
      const headers = name === '' ? {} : { host: `${name}:${port}` };
      for (const sent of [
        { method: 'POST', path: '/local/run/reconcile', headers },
        { path: '/local/playback-keys', headers },
        { path: '/local/events', headers },
        { method: 'POST', path: '/local/events/1/send', headers },
        { path: '/local/webhooks', headers },
        { method: 'POST', path: '/local/webhooks/1/retry', headers },
        { method: 'POST', path: '/local/notify', headers },
        { path: '/local/vod', headers },
        { method: 'PUT', path: '/local/faults', headers },
      ]) {
        const { status, text } = await send(host, port, sent);
        expect([status, text]).toEqual([403, expect.stringContaining('accepts requests from this machine only')]);
      }
      for (const isSecure of [false, true]) {
        const faults = { method: 'DELETE', path: '/local/faults', headers, isSecure };
        expect((await send(host, run.vod.port, faults)).status).toBe(403);
      }
    },
  );

  test('on this machine these routes work, over TLS too', async () => {
    expect((await fetch(`${run.url}/local/run/reconcile`, { method: 'POST' })).status).toBe(200);
    expect((await fetch(`${run.url}/local/playback-keys`)).status).toBe(200);
    for (const isSecure of [false, true]) {
      const sent = { method: 'DELETE', path: '/local/faults', isSecure };
      expect((await send('127.0.0.1', run.vod.port, sent)).status).toBe(200);
    }
  });

  test('table, parameter store and queues stay on loopback', async () => {
    for (const url of [run.table.url, run.parameterStore.url, run.queues.url]) {
      expect(await isListening(Number(new URL(url).port), host)).toBe(false);
      expect(await isListening(Number(new URL(url).port), '127.0.0.1')).toBe(true);
    }
  });

  test.each(['evil.example', `${host}.evil.example`, '192.0.2.77'])('a Host header %s is refused', async (name) => {
    const { status, text } = await send(host, port, { path: '/local/uploads', headers: { host: `${name}:${port}` } });
    expect([status, text]).toEqual([403, expect.stringContaining(`127.0.0.1 or ${host}`)]);
  });

  test.each([
    [`http://${host}:5173`, true],
    [`http://${host}`, true],
    ['http://localhost:5173', true],
    [`https://${host}:5173`, false],
    [`http://${host}.evil.example`, false],
    ['http://evil.example', false],
  ])('CORS of the functions and of tokens allows %s: %s', async (origin, isAllowed) => {
    const headers = { origin, 'access-control-request-method': 'POST' };
    for (const path of ['/upload-signature', '/local/token']) {
      const preflight = await send(host, port, { method: 'OPTIONS', path, headers });
      expect(preflight.headers['access-control-allow-origin']).toBe(isAllowed ? origin : undefined);
    }
    const token = await send(host, port, { method: 'POST', path: '/local/token', headers, body: '{"sub":"a"}' });
    expect(token.status).toBe(isAllowed ? 200 : 403);
  });
});

describeWithNetwork('N13: HOST=0.0.0.0', () => {
  const host = address ?? '';
  let run: TestRun;
  let port: number;
  beforeAll(async () => {
    run = await startTestRun({ host: '0.0.0.0' });
    port = Number(new URL(run.url).port);
  }, 60_000);
  afterAll(() => run.stop());

  test.each([host, '127.0.0.1'])('listens on %s, and the page finds the local VOD there', async (one) => {
    const { status, text } = await send(one, port, { path: '/local/config' });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ vodUrl: `http://${one}:${run.vod.port}` });
    expect((await send(one, run.vod.port, { path: '/vodreport.qcloud.com/', method: 'POST' })).status).toBe(200);
  });

  test('refuses names, which can be rebound, and accepts addresses, which cannot', async () => {
    const status = async (name: string) =>
      (await send(host, port, { path: '/local/uploads', headers: { host: `${name}:${port}` } })).status;
    expect(await status('10.0.2.2')).toBe(200); // how an Android emulator calls the machine
    expect(await status('[fe80::1]')).toBe(200);
    expect(await status('evil.example')).toBe(403);
    expect(await status('10.0.2.2.evil.example')).toBe(403);
  });

  test('stays closed to the routes that run functions', async () => {
    const headers = { host: 'localhost' };
    expect((await send(host, port, { method: 'POST', path: '/local/run/reconcile', headers })).status).toBe(403);
    expect(await isListening(Number(new URL(run.table.url).port), host)).toBe(false);
  });
});

describe('N13: HOST', () => {
  afterEach(killProcesses);

  test.each([undefined, '', 'localhost', '127.0.0.1', '::1', '[::1]'])(
    'HOST=%s listens on loopback only',
    async (value) => {
      const { host } = settings(value === undefined ? {} : { HOST: value });
      expect(addressesOf(await publicAddressOf(host))).toEqual(addressesOf(undefined));
    },
  );

  test.each([
    ['0.0.0.0', ['0.0.0.0', '::1']],
    ['::', ['::']],
    ['192.0.2.7', ['127.0.0.1', '::1', '192.0.2.7']],
    ['2001:db8::7', ['127.0.0.1', '::1', '2001:db8::7']],
  ])('HOST=%s listens on %j', async (value, expected) => {
    const added = await publicAddressOf(settings({ HOST: value }).host);
    expect(addressesOf(added).map(({ host }) => host)).toEqual(expected);
  });

  test.each([
    ['http://my-laptop', 'HOST must be an address or a name of this machine'],
    ['my laptop', 'HOST must be an address or a name of this machine'],
    ['no-such-host.invalid', 'HOST must be an address of this machine or a name of it'],
    ['198.51.100.1', 'HOST must be an address of this machine: '],
    ['127.0.1.1', 'a loopback address'],
  ])(
    'HOST=%s ends the start with one line',
    async (value, message) => {
      const dataDir = await temporaryFolder();
      const run = await startProcess(dataDir, { HOST: value });
      expect(await run.exited).toBe(1);
      expect(run.err()).toMatch(/^[^\n]+\n$/);
      expect(run.err()).toContain(message);
      expect(run.out()).toBe('');
      await rm(dataDir, { recursive: true });
    },
    60_000,
  );

  test('a start with HOST prints a warning line, before "ready"', async () => {
    const dataDir = await temporaryFolder();
    const run = await startProcess(dataDir, { HOST: '0.0.0.0' });
    expect(run.out()).toMatch(
      /^warning {3}HOST opens http:\/\/this machine:\d+\/ and :\d+ to your network: [^\n]+\nready/m,
    );
    run.child.kill('SIGINT');
    expect(await run.exited).toBe(0);
    const without = await startProcess(dataDir);
    expect(without.out()).not.toContain('warning');
    without.child.kill('SIGINT');
    await without.exited;
    await rm(dataDir, { recursive: true });
  }, 120_000);
});
