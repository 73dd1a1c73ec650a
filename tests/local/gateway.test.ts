import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { httpApi } from '../../local/lambda/gateway';
import { listen } from '../../local/server';
import { fixtureProject, startTestRun, type TestRun } from '../support/local';

interface Echo {
  readonly event: Record<string, unknown> & {
    readonly headers: Record<string, string>;
    readonly requestContext: Record<string, unknown>;
  };
  readonly context: { readonly awsRequestId: string; readonly functionName: string; readonly remaining: number };
}

const ORIGIN = 'http://localhost:3000';
const now = () => Math.floor(Date.now() / 1000);

let run: TestRun;

beforeAll(async () => {
  run = await startTestRun({ projectDir: fixtureProject });
}, 30_000);

afterAll(() => run.stop());

function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${run.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

async function echo(path: string, body: string | Buffer, headers?: Record<string, string>): Promise<Echo> {
  return (await (await post(path, body, headers)).json()) as Echo;
}

function respondWith(result: unknown, headers?: Record<string, string>): Promise<Response> {
  return post('/result', JSON.stringify(result), headers);
}

/** Sends these bytes and returns all that comes back. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let response = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data: Buffer) => (response += data.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(response);
    });
  });
}

describe("the gateway's own responses", () => {
  test.each([
    ['unknown path', 'GET', '/nowhere', 404, 'Not Found'],
    ['unknown method of a known path', 'DELETE', '/echo', 404, 'Not Found'],
    ['trailing slash', 'POST', '/echo/', 404, 'Not Found'],
    ['other spelling', 'POST', '/ECHO', 404, 'Not Found'],
    ['a handler that throws', 'POST', '/throws', 500, 'Internal Server Error'],
    ['an instance that crashes', 'POST', '/crashes', 500, 'Internal Server Error'],
    ['no token', 'POST', '/whoami', 401, 'Unauthorized'],
  ])('the gateway responds to: %s', async (_, method, path, status, message) => {
    const response = await fetch(`${run.url}${path}`, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ message });
  });

  test('the gateway refuses a body of over 10 MB with 413', async () => {
    const response = await post('/echo', Buffer.alloc(10 * 2 ** 20 + 1));
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ message: 'Request Entity Too Large' });
  });

  test.each([
    [10_240, 200],
    [10_241, 431],
    [60_000, 431],
  ])('the gateway responds to a request line with headers of %i bytes with %i', async (bytes, status) => {
    const { port } = new URL(run.url);
    const head = `GET /bare?q=1 HTTP/1.1\r\nHost: localhost:${port}\r\nX-Fill: \r\nConnection: close\r\n`;
    const filled = head.replace('X-Fill: ', `X-Fill: ${'x'.repeat(bytes - head.length)}`);
    const response = await raw(Number(port), `${filled}\r\n`);
    expect(response).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (status === 431) expect(response).toContain('{"message":"Request Header Fields Too Large"}');
  });

  test('the gateway returns 500 for a function that runs out of its time, and replaces its instance', async () => {
    expect((await post('/slow', '1')).status).toBe(200);
    const response = await post('/slow', '5000');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal Server Error' });
    expect(run.lines).toContainEqual(expect.stringContaining('Task timed out after 2 seconds'));
    expect(await (await post('/slow', '1')).json()).toEqual({ calls: 1 });
  });

  test('the gateway returns 503 for a function that runs longer than the timeout of the API', async () => {
    const api = httpApi(run.config, () => new Promise(() => undefined), { integrationTimeout: 50 });
    const { port, close } = await listen(api);
    const response = await fetch(`http://127.0.0.1:${port}/bare`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: 'Service Unavailable' });
    await close();
  });
});

describe('the JWT authorizer', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ours = () => run.secrets.issuerKey;
  const who = (token: string) => post('/whoami', '', { authorization: token });

  function claims(changed: Record<string, unknown> = {}): JWTPayload {
    const issuer = `${run.url}/local/issuer`;
    return { sub: 'user-42', iss: issuer, aud: 'local-app', iat: now(), exp: now() + 60, ...changed };
  }

  async function kid(): Promise<string> {
    const response = await fetch(`${run.url}/local/issuer/.well-known/jwks.json`);
    const { keys } = (await response.json()) as { keys: { kid: string }[] };
    return keys[0]?.kid ?? '';
  }

  async function signed(key: KeyObject | Uint8Array, header: { alg: string; kid?: string }): Promise<string> {
    return new SignJWT(claims()).setProtectedHeader(header).sign(key);
  }

  test.each<[string, () => Record<string, unknown>]>([
    ['as it comes', () => ({})],
    ['one of several audiences', () => ({ aud: ['elsewhere', 'local-app'] })],
    ['client_id in place of aud', () => ({ aud: undefined, client_id: 'local-app' })],
    ['not before a moment that has passed', () => ({ nbf: now() - 1 })],
  ])('accepts a token: %s', async (_, changed) => {
    const token = await run.issuer.token(claims(changed()));
    expect((await who(`Bearer ${token}`)).status).toBe(200);
    expect((await who(token)).status).toBe(200);
  });

  test.each<[string, () => Record<string, unknown>]>([
    ['expired', () => ({ exp: now() - 1 })],
    ['no expiry', () => ({ exp: undefined })],
    ['not valid yet (nbf)', () => ({ nbf: now() + 60 })],
    ['issued in the future (iat)', () => ({ iat: now() + 60 })],
    ['an iat that is not a number', () => ({ iat: 'yesterday' })],
    ['an nbf that is not a number', () => ({ nbf: 'yesterday' })],
    ['wrong issuer', () => ({ iss: 'http://localhost/other' })],
    ['issuer with a slash more', () => ({ iss: `${run.url}/local/issuer/` })],
    ['no issuer', () => ({ iss: undefined })],
    ['wrong audience', () => ({ aud: 'elsewhere' })],
    ['wrong audience with a right client_id', () => ({ aud: 'elsewhere', client_id: 'local-app' })],
    ['wrong client_id', () => ({ aud: undefined, client_id: 'elsewhere' })],
    ['neither audience nor client_id', () => ({ aud: undefined })],
  ])('refuses a token: %s', async (_, changed) => {
    const response = await who(`Bearer ${await run.issuer.token(claims(changed()))}`);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ message: 'Unauthorized' });
    expect(response.headers.get('www-authenticate')).toContain('invalid_token');
  });

  test.each<[string, () => Promise<string> | string]>([
    ['not a JWT', () => 'hello'],
    ['another scheme', () => 'Basic dTpw'],
    ['another key under the kid of the issuer', async () => signed(other, { alg: 'RS256', kid: await kid() })],
    ['an unknown kid', () => signed(other, { alg: 'RS256', kid: 'unknown' })],
    ['a public key taken for an HMAC key', async () => signed(Buffer.from(ours()), { alg: 'HS256', kid: await kid() })],
    [
      'a header that the challenge could not quote',
      () => `${Buffer.from('{"alg":"RS256","crit":["中文\\n"]}').toString('base64url')}.e30.AA`,
    ],
    ['RSA-PSS', async () => signed(other, { alg: 'PS256', kid: await kid() })],
    ['no signature at all', () => new UnsecuredJWT(claims()).encode()],
    [
      'a payload that was changed',
      async () => {
        const [header, payload = '', signature] = (await run.issuer.token(claims())).split('.');
        const forged = Buffer.from(payload, 'base64url').toString().replace('user-42', 'user-43');
        return [header, Buffer.from(forged).toString('base64url'), signature].join('.');
      },
    ],
    [
      'a signature that was changed',
      async () => {
        const [header, payload] = (await run.issuer.token(claims())).split('.');
        return [header, payload, createHmac('sha256', 'x').digest('base64url')].join('.');
      },
    ],
  ])('refuses a credential: %s', async (_, token) => {
    expect((await who(`Bearer ${await token()}`)).status).toBe(401);
  });

  test('passes on the claims as text, as API Gateway does', async () => {
    const token = await run.issuer.token(
      claims({ aud: ['local-app', 'b'], exp: 4102444800, admin: true, a: { b: 1 } }),
    );
    const { event } = await echo('/whoami', '', { authorization: `Bearer ${token}` });
    expect(event.requestContext['authorizer']).toEqual({
      jwt: {
        claims: {
          sub: 'user-42',
          iss: `${run.url}/local/issuer`,
          aud: '[local-app b]',
          iat: expect.stringMatching(/^\d+$/) as unknown,
          exp: '4102444800',
          admin: 'true',
          a: 'map[b:1]',
        },
        scopes: null,
      },
    });
  });
});

describe('the event', () => {
  test('has the fields of payload format 2.0', async () => {
    const { event, context } = await echo('/echo?a=1&b=x%20y&a=2&c=', '{"ü":1}', {
      'X-Mixed-Case': 'kept',
      cookie: 'one=1; two=2',
      'user-agent': 'test',
    });
    const host = new URL(run.url).host;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /echo',
      rawPath: '/echo',
      rawQueryString: 'a=1&b=x%20y&a=2&c=',
      cookies: ['one=1', 'two=2'],
      queryStringParameters: { a: '1,2', b: 'x y', c: '' },
      headers: { 'x-mixed-case': 'kept', host, 'content-length': '8', 'x-forwarded-proto': 'http' },
      requestContext: {
        http: { method: 'POST', path: '/echo', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/) as unknown,
      },
      body: '{"ü":1}',
      isBase64Encoded: false,
    });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.requestContext).not.toHaveProperty('authorizer');
    expect(context.functionName).toBe('fixture-local-echo');
    expect(context.remaining).toBeGreaterThan(0);
    expect(context.remaining).toBeLessThanOrEqual(9000);
  });

  test('joins a header that stands twice', async () => {
    const received = await new Promise<string>((resolve, reject) => {
      const headers = ['host', 'localhost', 'x-twice', 'a', 'X-Twice', 'b', 'content-length', '0'];
      httpRequest(`${run.url}/echo`, { method: 'POST', headers }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => (text += data.toString()));
        response.on('end', () => {
          resolve(text);
        });
      })
        .on('error', reject)
        .end();
    });
    expect((JSON.parse(received) as Echo).event.headers['x-twice']).toBe('a,b');
  });

  test('omits body, query and cookies that the request does not have', async () => {
    const { event } = (await (await fetch(`${run.url}/echo`)).json()) as Echo;
    expect(Object.keys(event)).not.toEqual(expect.arrayContaining(['body']));
    expect(event).not.toHaveProperty('queryStringParameters');
    expect(event).not.toHaveProperty('cookies');
    expect(event).toMatchObject({ rawQueryString: '', isBase64Encoded: false });
  });

  test.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['application/problem+json', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['TEXT/plain', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    ['', true],
  ])('contains a body of type "%s", base64: %s', async (type, isBase64Encoded) => {
    const { event } = await echo('/echo', Buffer.from('{"a":1}'), { 'content-type': type });
    const body = isBase64Encoded ? Buffer.from('{"a":1}').toString('base64') : '{"a":1}';
    expect(event).toMatchObject({ body, isBase64Encoded });
  });
});

describe("a function's result", () => {
  test('is the whole response if it has a statusCode', async () => {
    const body = Buffer.from([0, 255]).toString('base64');
    const headers = { 'Content-Type': 'image/png', 'x-number': 1 };
    const cookies = ['a=1; Secure', 'b=2'];
    const response = await respondWith({ statusCode: 201, headers, cookies, body, isBase64Encoded: true });
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('x-number')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(cookies);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255]);
  });

  test('is a JSON body without a statusCode', async () => {
    const response = await respondWith({ hello: 'world' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ hello: 'world' });
    expect(await (await fetch(`${run.url}/bare`)).text()).toBe('bare text');
  });

  test.each([
    ['a statusCode that is not a number', { statusCode: 'fine' }],
    ['a body that is not a text', { statusCode: 200, body: { a: 1 } }],
    ['a header that HTTP does not know', { statusCode: 200, headers: { 'a b': 'c' } }],
  ])('is refused with %s', async (_, result) => {
    const response = await respondWith(result);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal Server Error' });
  });
});

describe('CORS', () => {
  const preflight = (path: string, origin: string) =>
    fetch(`${run.url}${path}`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });

  test.each(['/echo', '/nowhere'])('responds to the preflight of %s itself', async (path) => {
    const response = await preflight(path, ORIGIN);
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '600',
    });
  });

  test('sends no CORS headers to another origin', async () => {
    for (const response of [
      await preflight('/echo', 'http://evil.example'),
      await respondWith({}, { origin: 'null' }),
    ]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test.each([
    ['http://localhost:5173', true],
    ['http://localhost', true],
    ['http://127.0.0.1:8080', true],
    ['https://localhost:5173', false],
    ['http://localhost.evil.example', false],
    ['http://localhost:5173.evil.example', false],
    ['http://evil.example:3000', false],
  ])('N1: allows pages of this machine on any port: %s, %s', async (origin, isAllowed) => {
    const response = await preflight('/echo', origin);
    expect(response.headers.get('access-control-allow-origin')).toBe(isAllowed ? origin : null);
  });

  test('N1: names a refused origin in the terminal, once', async () => {
    const named = () => run.lines.filter((line) => line.includes('app.example'));
    expect(named()).toEqual([]);
    for (let i = 0; i < 3; i++) await preflight('/echo', 'https://app.example');
    expect(named()).toEqual([
      'CORS refused a page of the origin https://app.example: here http://localhost:* and http://127.0.0.1:* are allowed',
    ]);
  });

  test('N1: a page can neither fill the terminal with invented origins nor control it', async () => {
    const refused = () => run.lines.filter((line) => line.startsWith('CORS refused'));
    const head = 'OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
    expect(await raw(Number(new URL(run.url).port), `${head}Origin: \x9b31mred\r\n\r\n`)).toContain(' 204 ');
    expect(refused().at(-1)).toContain('the origin ??31mred: '); // two bytes in UTF-8
    for (let i = 0; i < 150; i++) await preflight('/echo', `https://${i}.example`);
    expect(refused()).toHaveLength(100);
  });

  test("replaces the function's own headers, and is sent with refusals too", async () => {
    const own = { 'access-control-allow-origin': '*', 'Access-Control-Allow-Methods': 'DELETE' };
    const response = await respondWith({ statusCode: 200, headers: own }, { origin: ORIGIN });
    expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(response.headers.get('access-control-allow-methods')).toBeNull();
    expect(response.headers.get('access-control-expose-headers')).toBe('x-exposed');
    const refused = await post('/whoami', '', { origin: ORIGIN });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, ORIGIN]);
  });
});

describe('an instance', () => {
  test('has the environment that serverless.yml declares and Lambda sets, and nothing else', async () => {
    const { TABLE, ...seen } = (await (await fetch(`${run.url}/environment`)).json()) as Record<string, string>;
    expect(TABLE).toBeUndefined(); // another function's
    expect(Object.keys(seen).filter((name) => !/^(AWS_|LANG$|TZ$|_HANDLER$)/.test(name))).toEqual(['EVERYWHERE']);
    expect(seen).toMatchObject({
      EVERYWHERE: 'yes it is',
      AWS_LAMBDA_FUNCTION_NAME: 'fixture-local-environment',
      AWS_REGION: 'ap-southeast-1',
      AWS_ENDPOINT_URL_DYNAMODB: run.table.url,
      AWS_ENDPOINT_URL_SSM: run.parameterStore.url,
    });
    const secrets = Object.values(run.secrets).filter((secret: string) => secret !== '');
    expect(secrets.filter((secret: string) => JSON.stringify(seen).includes(secret))).toEqual([]);
  });

  test('handles many requests at once', async () => {
    const started = Date.now();
    const responses = await Promise.all(Array.from({ length: 20 }, () => post('/slow', '300')));
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(Date.now() - started).toBeLessThan(20 * 300);
  });

  test('handles 50 requests at a time, and all of many are served', async () => {
    const responses = await Promise.all(Array.from({ length: 300 }, () => post('/crowd', '')));
    const crowds = await Promise.all(responses.map(async (response) => (await response.json()) as { atOnce: number }));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const most = Math.max(...crowds.map(({ atOnce }) => atOnce));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(50);
  });

  test('fails its requests when it is killed, and another one handles the next', async () => {
    const pending = post('/slow', '1900');
    while (!run.lines.some((line) => line.includes('takes 1900')))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await run.functions.kill('slow');
    expect((await pending).status).toBe(500);
    expect(await (await post('/slow', '1')).json()).toEqual({ calls: 1 });
  });

  test('logs errors', async () => {
    await post('/throws', '');
    await post('/crashes', '');
    expect(run.lines.join('\n')).toContain('thrown in a handler');
    expect(run.lines.join('\n')).toContain('thrown where no handler catches it');
  });
});

describe('/local', () => {
  const local = (path: string, method: string, body?: string, host = 'localhost') =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const outgoing = httpRequest(`${run.url}${path}`, { method, headers: { host } }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => (text += data.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode, text });
        });
      });
      outgoing.on('error', reject).end(body);
    });

  test('issues tokens that the authorizer accepts, with any claims', async () => {
    const { text } = await local('/local/token', 'POST', '{"sub": "user-7", "email": "a@b"}');
    const { token } = JSON.parse(text) as { token: string };
    const { event } = await echo('/whoami', '', { authorization: `Bearer ${token}` });
    expect(event.requestContext['authorizer']).toMatchObject({ jwt: { claims: { sub: 'user-7', email: 'a@b' } } });
  });

  test.each(['', 'no JSON', '[]', 'null'])('refuses to make a token of %p', async (body) => {
    expect((await local('/local/token', 'POST', body)).status).toBe(400);
  });

  test('runs a scheduled function now', async () => {
    const response = await local('/local/run/nightly', 'POST');
    expect(response).toEqual({ status: 200, text: '{"did":"Scheduled Event"}' });
  });

  test.each([
    ['a function without a schedule', 'POST', '/local/run/handlers'],
    ['a scheduled function by another name than its file', 'POST', '/local/run/everyNight'],
    ['a name of Object.prototype as function', 'POST', '/local/run/constructor'],
    ['another method', 'GET', '/local/token'],
    ['another path', 'GET', '/local/else'],
    ['a path with a name of Object.prototype', 'GET', '/local/issuertoString'],
  ])('returns 404 for %s', async (_, method, path) => {
    expect((await local(path, method)).status).toBe(404);
  });

  test.each(['/', '/local/uploads', '/local/issuer/.well-known/openid-configuration'])(
    'serves %s to this machine alone',
    async (path) => {
      for (const host of ['localhost', 'localhost:3000', '127.0.0.1:1']) {
        expect((await local(path, 'GET', undefined, host)).status).toBe(200);
      }
      for (const host of ['evil.example', 'localhost.evil.example:3000', '127.0.0.1.evil.example']) {
        expect((await local(path, 'GET', undefined, host)).status).toBe(403);
      }
    },
  );
});
