import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallOptions } from '../../lib/platform/aws-json';
import { serviceEndpoint } from '../../lib/platform/aws-request';
import { parameterReader } from '../../lib/platform/ssm';
import { certificateFor } from '../../local/vod/certificate';
import { retryDeps } from '../support/backend';

type Reaction = (response: ServerResponse) => unknown;

const TOKEN = 'session-token-that-stays-secret';
const requests: { readonly request: IncomingMessage; readonly body: string }[] = [];
let reactions: Reaction[] = [];
let url = '';

/** Reacts to one request after the other as the test says, and to all others as to the last of those. */
const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    requests.push({ request, body });
    const [react] = reactions.length > 1 ? reactions.splice(0, 1) : reactions;
    react?.(response);
  });
});

const json =
  (status: number, value: unknown): Reaction =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
const refuse = (type: string, message = '') => json(400, { __type: type, message });
/** As some front ends of AWS respond: the code is in a header, with the address of its documentation. */
const throttledByHeader: Reaction = (response) =>
  response.writeHead(400, { 'x-amzn-errortype': 'ThrottlingException:http://internal.example.com/' }).end('{}');
const found = json(200, {
  Parameters: [{ Name: '/a', Value: 'value a', Type: 'SecureString' }],
  InvalidParameters: [],
});

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function read(names: readonly string[], env: Record<string, string> = {}, options?: CallOptions) {
  const given = { AWS_REGION: 'ap-southeast-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
  const all = { ...given, AWS_SESSION_TOKEN: TOKEN, AWS_ENDPOINT_URL_SSM: url, ...env };
  return parameterReader(all, retryDeps)(names, options);
}

async function reason(...call: Parameters<typeof read>): Promise<string> {
  return read(...call).then(
    () => 'it was read',
    (error: unknown) => (error instanceof Error ? error.message : 'no Error'),
  );
}

test('requests all names from SSM at once, decrypted, signed with the credentials of the function', async () => {
  reactions = [json(200, { Parameters: [{ Name: '/a', Value: 'é' }], InvalidParameters: ['/none'] })];
  expect(await read(['/a', '/none'])).toEqual(new Map([['/a', 'é']]));
  const [{ request, body } = { request: undefined, body: '' }] = requests;
  expect(requests).toHaveLength(1);
  expect(JSON.parse(body)).toEqual({ Names: ['/a', '/none'], WithDecryption: true });
  expect(request).toMatchObject({ method: 'POST', url: '/' });
  const date = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  expect(request?.headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'AmazonSSM.GetParameters',
    'x-amz-security-token': TOKEN,
    host: new URL(url).host,
    authorization: expect.stringMatching(
      new RegExp(
        `^AWS4-HMAC-SHA256 Credential=AKID/${date}/ap-southeast-1/ssm/aws4_request, ` +
          'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=[0-9a-f]{64}$',
      ),
    ),
  });
});

test('SSM is where its region has it, or where the environment says', () => {
  const href = (env: Record<string, string>, region: string) => serviceEndpoint('ssm', env, region).href;
  expect(href({}, 'ap-southeast-1')).toBe('https://ssm.ap-southeast-1.amazonaws.com/');
  expect(href({}, 'cn-northwest-1')).toBe('https://ssm.cn-northwest-1.amazonaws.com.cn/');
  const both = { AWS_ENDPOINT_URL: 'http://localhost:1', AWS_ENDPOINT_URL_SSM: 'https://vpce-1.ssm.example.com/path' };
  expect(href(both, 'ap-southeast-1')).toBe('https://vpce-1.ssm.example.com/');
  expect(href({ ...both, AWS_ENDPOINT_URL_SSM: '' }, 'ap-southeast-1')).toBe('http://localhost:1/');
});

describe('A4: a transient failure of SSM is retried', () => {
  test.each<[string, Reaction]>([
    ['a status of 500', json(500, { __type: 'InternalServerError' })],
    ['a status of 503 that is not JSON', (response) => response.writeHead(503).end('<html>')],
    ['throttling', refuse('ThrottlingException', 'Rate exceeded')],
    ['throttling, with a namespace', refuse('com.amazonaws.ssm#ThrottlingException')],
    ['a status of 429', json(429, {})],
    ['throttling that only a header names', throttledByHeader],
    ['throttling of KMS behind it', refuse('KMSThrottlingException')],
    ['an internal failure with the status 400', refuse('InternalServerError')],
    ['a service that is unavailable', refuse('ServiceUnavailableException')],
    ['a service behind it that does not respond', refuse('DependencyTimeoutException')],
    ['a connection that is closed', (response) => response.destroy()],
    [
      'a response that ends too soon',
      (response) =>
        response.writeHead(200, { 'content-length': 99 }).write('{') && setImmediate(() => response.destroy()),
    ],
  ])('A4: SSM is retried after %s', async (_, fault) => {
    reactions = [fault, fault, found];
    expect(await read(['/a'])).toEqual(new Map([['/a', 'value a']]));
    expect(requests).toHaveLength(3);
  });

  test('A4: SSM is retried for six seconds, with growing pauses that differ between instances', async () => {
    reactions = [json(500, { __type: 'InternalServerError' })];
    const began = Date.now();
    expect(await reason(['/a'])).toBe('Cannot read secrets: SSM returned 500 InternalServerError');
    expect(Date.now() - began).toBeLessThan(6_500);
    // 100, 200, 400, 800 ms, then 1.5 s: by half to all of each.
    expect(requests.length).toBeGreaterThanOrEqual(6);
    expect(requests.length).toBeLessThanOrEqual(12);
  });

  test('A4: SSM is retried for less time where the function has less time left', async () => {
    reactions = [json(500, { __type: 'InternalServerError' })];
    const began = Date.now();
    expect(await reason(['/a'], {}, { timeout: 1_500 })).toMatch(/InternalServerError$/);
    expect(Date.now() - began).toBeGreaterThan(900);
    expect(Date.now() - began).toBeLessThan(1_800);
  });

  test('A4: SSM is retried with the pauses that the caller gives, and a last attempt shortly before the end', async () => {
    reactions = [refuse('ThrottlingException')];
    await reason(['/a'], {}, { timeout: 2_000, pauses: { first: 10_000, max: 10_000 } });
    expect(requests).toHaveLength(2);
  });

  test('A4: a missing response of SSM times out after 3 s for a try, 6 s in all', async () => {
    reactions = [() => undefined];
    expect(await reason(['/a'])).toMatch(
      /^Cannot read secrets: SSM at 127\.0\.0\.1:\d+ does not respond: no data received/,
    );
    expect(requests).toHaveLength(2);
  });
});

describe('a permanent refusal of SSM is reported at once, with what the operator can do', () => {
  test.each<[string, Reaction, RegExp]>([
    [
      'a role that may not read them',
      refuse(
        'AccessDeniedException',
        'User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ssm:GetParameters',
      ),
      /^Cannot read secrets: SSM returned 400 AccessDeniedException \(User: .* ssm:GetParameters\): the function's role needs/,
    ],
    [
      'a role that may not decrypt them',
      json(400, { __type: 'AccessDeniedException', Message: 'The ciphertext refers to a customer master key' }),
      /\(The ciphertext refers .*\): the function's role needs ssm:GetParameters on them, and kms:Decrypt/,
    ],
    [
      'a key that is disabled',
      refuse('InvalidKeyId', 'arn:aws:kms:x is disabled'),
      /is disabled\): their KMS key must/,
    ],
    ['a response that is not JSON', (response) => response.end('value a'), /SSM returned 200 without an error code$/],
  ])('a permanent refusal of SSM is reported at once, with what the operator can do: %s', async (_, fault, words) => {
    reactions = [fault];
    const message = await reason(['/a']);
    expect(message).toMatch(words);
    expect(message).not.toContain('value a');
    expect(requests).toHaveLength(1);
  });

  test('a report of a wrong signature does not contain what AWS quotes of the request', async () => {
    reactions = [refuse('InvalidSignatureException', `should have been 'POST\\n/\\n\\nx-amz-security-token:${TOKEN}'`)];
    expect(await reason(['/a'])).toBe('Cannot read secrets: SSM returned 400 InvalidSignatureException');
    expect(requests).toHaveLength(1);
  });

  test.each(['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])('%s that is not set', async (name) => {
    expect(await reason(['/a'], { [name]: '' })).toMatch(new RegExp(`^Cannot call SSM: .* ${name} is missing`));
  });
});

test('a TLS server with an untrusted certificate gets no request', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'vod-client-upload-'));
  const pretender = createTlsServer(certificateFor(directory, ['localhost'], Date.now()), (request, response) => {
    requests.push({ request, body: '' });
    found(response);
  });
  try {
    await once(pretender.listen(0, '127.0.0.1'), 'listening');
    const { port } = pretender.address() as AddressInfo;
    expect(await reason(['/a'], { AWS_ENDPOINT_URL_SSM: `https://localhost:${port}` })).toMatch(
      new RegExp(`^Cannot read secrets: SSM at localhost:${port} does not respond: .*certificate`),
    );
    expect(requests).toEqual([]);
  } finally {
    pretender.close();
    await rm(directory, { recursive: true });
  }
});
