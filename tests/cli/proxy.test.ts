import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { serve } from '../support/serve';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';
import { sample } from '../support/thorough';

// Where only a proxy leads out, the commands must use it as the deploy does. Here only the proxy knows the hosts.

const ROOT = join(__dirname, '..', '..');

let dataDir: string;
let folder: string;
let run: TestRun;
let app: Awaited<ReturnType<typeof serve>>;
let ssm: Awaited<ReturnType<typeof serve>>;
let hook: Awaited<ReturnType<typeof serve>>;
let proxy: Awaited<ReturnType<typeof startProxy>>;

/** A proxy that takes CONNECT only, and leads the names of `hosts` to servers of this test. */
async function startProxy(hosts: ReadonlyMap<string, string>) {
  const targets: string[] = [];
  const authorizations = new Set<string>();
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, socket) => {
    const target = request.url ?? '';
    targets.push(target);
    authorizations.add(request.headers['proxy-authorization'] ?? '');
    socket.on('error', () => undefined);
    const url = hosts.get(target.replace(/:\d+$/, ''));
    if (url === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.close().closeAllConnections();
  };
  return { url, targets, authorizations, close };
}

beforeAll(async () => {
  dataDir = await temporaryFolder();
  run = await startTestRun({ dataDir });
  app = await serve((_request, response) => response.writeHead(204).end());
  // The local services serve no other host than this machine.
  ssm = await serve((request, response) => {
    void text(request).then(async (body) => {
      const target = String(request.headers['x-amz-target']);
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
      const relayed = await fetch(run.parameterStore.url, { method: 'POST', body, headers });
      response.writeHead(relayed.status).end(await relayed.text());
    });
  });
  hook = await serve((request, response) => {
    void text(request).then(async (body) => {
      const relayed = await fetch(run.url + String(request.url), { method: 'POST', body });
      response.writeHead(relayed.status).end(await relayed.text());
    });
  });
  proxy = await startProxy(
    new Map([
      ['aws.test', ssm.url],
      ['vod.test', run.vod.url],
      ['hook.test', hook.url],
      ['app.test', app.url],
    ]),
  );
});

afterAll(async () => {
  proxy.close();
  for (const server of [app, ssm, hook]) await server.close();
  await run.stop();
  await rm(dataDir, { recursive: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vod-client-upload-proxy-'));
  proxy.targets.length = 0;
  proxy.authorizations.clear();
});

afterEach(() => rm(folder, { recursive: true }));

const DEPLOYMENT = {
  AWS_ENDPOINT_URL_SSM: 'http://aws.test',
  VOD_API_URL: 'http://vod.test',
  VOD_KEY_PARAMETER: '/local/vod-key',
  SEAL_KEY_PARAMETER: '/local/seal-key',
  CALLBACK_TOKEN_PARAMETER: '/local/callback-token',
  NOTIFY_SECRET_PARAMETER: '/local/notify-secret',
  NOTIFY_URL: 'http://app.test/webhooks',
};

/** Runs the command in a process and a folder of its own, with these variables and no others but PATH. */
async function cli(args: readonly string[], variables: Readonly<Record<string, string>>, cwd = folder) {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...variables,
  };
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const child = spawn(process.execPath, ['--import', tsx, join(ROOT, 'cli/main.ts'), ...args], { cwd, env });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, out, err };
}

const proxiedHosts = () => [...new Set(proxy.targets)].sort();

test.each(sample(['http_proxy', 'proxy'], 1))('A8: %s carries the calls of AWS and VOD', async (name) => {
  const env = { ...DEPLOYMENT, [name]: proxy.url };
  expect((await cli(['register', '--url', 'http://hook.test/vod-events'], env)).code).toBe(0);
  expect(proxiedHosts()).toEqual(['aws.test:80', 'vod.test:80']);
});

test('A8: HTTP_PROXY carries the calls of AWS, VOD and webhooks', async () => {
  const env = { ...DEPLOYMENT, HTTP_PROXY: proxy.url };
  const registered = await cli(['register', '--url', 'http://hook.test/vod-events'], env);
  expect(registered).toMatchObject({ code: 0, err: '' });
  expect(proxiedHosts()).toEqual(['aws.test:80', 'vod.test:80']);
  const sent = await cli(['send', 'FileDeleted', '--stage', 'dev', '--url', 'http://hook.test/vod-events'], env);
  expect(sent).toMatchObject({ code: 0, out: expect.stringContaining('200 {"outcome":') });
  const tested = await cli(['notifications', 'test'], env);
  expect(tested).toMatchObject({ code: 0, out: expect.stringContaining('returned 204') });
  expect(proxiedHosts()).toEqual(['app.test:80', 'aws.test:80', 'hook.test:80', 'vod.test:80']);
});

test('A8: a proxy in .env is used as one in the shell', async () => {
  await writeFile(join(folder, '.env'), `HTTP_PROXY=${proxy.url}\n`);
  expect((await cli(['register', '--url', 'http://hook.test/vod-events'], DEPLOYMENT)).code).toBe(0);
  expect(proxiedHosts()).toEqual(['aws.test:80', 'vod.test:80']);
});

test('A8: without a proxy the same commands report which host could not be reached', async () => {
  const { code, err } = await cli(['register', '--url', 'http://hook.test/vod-events'], DEPLOYMENT);
  expect([code, err]).toEqual([1, expect.stringMatching(/^Cannot read .*: AWS does not respond \(E.*HTTPS_PROXY/)]);
});

test('A8: HTTPS_PROXY carries https calls of VOD and webhooks, and all calls of AWS as in the deploy', async () => {
  const env = { HTTPS_PROXY: proxy.url, AWS_MAX_ATTEMPTS: '1' };
  const { code } = await cli(['send', 'FileDeleted', '--url', 'https://hook.example/x'], env);
  expect([code, proxiedHosts()]).toEqual([1, ['hook.example:443']]);
  // The receiver is http: only HTTP_PROXY would carry it. The http endpoint of AWS goes through, in the framework too.
  const tested = await cli(['notifications', 'test'], {
    ...DEPLOYMENT,
    NOTIFY_URL: `${app.url}/x`,
    HTTPS_PROXY: proxy.url,
  });
  expect(tested).toMatchObject({ code: 0 });
  expect(proxiedHosts()).toEqual(['aws.test:80', 'hook.example:443']);
});

test.each(
  sample(
    [
      ['*', []],
      ['127.0.0.1, vod.test:80', ['aws.test:80']],
      ['.test', []],
      ['test', []],
      ['vod.test:81', ['aws.test:80', 'vod.test:80']],
      ['est,aws.test.example', ['aws.test:80', 'vod.test:80']],
    ],
    2,
  ),
)('A8: NO_PROXY=%s excepts its hosts', async (noProxy, hosts) => {
  const env = { ...DEPLOYMENT, HTTP_PROXY: proxy.url, NO_PROXY: noProxy, AWS_MAX_ATTEMPTS: '1' };
  await cli(['register', '--dry-run', '--url', 'http://hook.test/x'], env);
  expect(proxiedHosts()).toEqual(hosts);
});

test('A8: NO_PROXY excepts webhooks', async () => {
  const env = { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1,localhost' };
  expect((await cli(['send', 'FileDeleted', '--url', run.callbackUrl], env)).code).toBe(0);
});

test('A8: user and password of the proxy are sent to the proxy, and are in no message', async () => {
  const secret = proxy.url.replace('http://', 'http://me:pass%40word@');
  const env = { ...DEPLOYMENT, HTTP_PROXY: secret };
  expect((await cli(['register', '--url', 'http://hook.test/x'], env)).code).toBe(0);
  expect([...proxy.authorizations]).toEqual([`Basic ${Buffer.from('me:pass@word').toString('base64')}`]);
  const { err } = await cli(['send', 'FileDeleted', '--url', 'http://unknown.test/x'], env);
  expect(err).toMatch(/through the proxy in HTTP_PROXY; list the host in NO_PROXY to bypass it/);
  expect(err).not.toContain('pass');
});

test.each(sample(['proxy.example:8080', 'socks5://127.0.0.1:1080', '8080'], 1))(
  'A8: HTTPS_PROXY=%s is refused by name',
  async (value) => {
    const { code, err } = await cli(['secrets', 'show'], { HTTPS_PROXY: value });
    expect([code, err]).toEqual([
      1,
      'HTTPS_PROXY must be the URL of a proxy, for example http://proxy.example.com:8080\n',
    ]);
  },
);

test('A8: with --local no proxy is used', async () => {
  const env = { DATA_DIR: dataDir, HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  await cli(['register', '--local'], env, ROOT);
  const { code, out } = await cli(['check', '--local'], env, ROOT);
  expect([code, out, proxiedHosts()]).toEqual([0, expect.stringContaining('no faults'), []]);
});

test('A8: the deploy’s own module, which chooses the proxy of AWS calls, is the one that is loaded', () => {
  const config = require.resolve('serverless/lib/aws/config.js');
  expect(require.resolve('https-proxy-agent', { paths: [ROOT] })).toBe(
    require.resolve('https-proxy-agent', { paths: [config] }),
  );
  expect(require.resolve('undici', { paths: [ROOT] })).toBe(require.resolve('undici', { paths: [config] }));
});

test.each(
  sample<readonly [string, string, object, string]>(
    [
      ['a usual region', 'ap-southeast-1', {}, 'ssm.ap-southeast-1.amazonaws.com:443'],
      ['China', 'cn-northwest-1', {}, 'ssm.cn-northwest-1.amazonaws.com.cn:443'],
      ['GovCloud', 'us-gov-west-1', {}, 'ssm.us-gov-west-1.amazonaws.com:443'],
      ['FIPS', 'us-east-1', { AWS_USE_FIPS_ENDPOINT: 'true' }, 'ssm-fips.us-east-1.amazonaws.com:443'],
      ['dual stack', 'eu-west-1', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'ssm.eu-west-1.api.aws:443'],
      [
        'dual stack in China',
        'cn-north-1',
        { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
        'ssm.cn-north-1.api.amazonwebservices.com.cn:443',
      ],
    ],
    2,
  ),
)('A12: the host of SSM in %s is the SDK’s', async (_, region, variables, host) => {
  await cli(['secrets', 'show', '--region', region], { HTTPS_PROXY: proxy.url, AWS_MAX_ATTEMPTS: '1', ...variables });
  expect(proxiedHosts()).toEqual([host]);
});
