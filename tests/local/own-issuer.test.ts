import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPair, exportJWK, SignJWT, type JWK, type JWTPayload } from 'jose';
import { settings } from '../../local/settings';
import { fixtureProject, startTestRun, type TestRun } from '../support/local';

// N2: an app's own login in addition to the built-in issuer: a server that publishes its keys as OpenID Connect does.

interface OwnIssuer {
  readonly url: string;
  readonly sign: (changed?: JWTPayload, alg?: string) => Promise<string>;
  readonly server: Server;
  /** Responses of `/.well-known/openid-configuration` and `/keys` in place of the documents. */
  override: { configuration?: (url: string) => string; keys?: string; isEndless?: boolean };
}

async function startIssuer(): Promise<OwnIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'own', use: 'sig' };
  const override: OwnIssuer['override'] = {};
  const server = createServer((request, response) => {
    if (override.isEndless) {
      const timer = setInterval(() => response.write(Buffer.alloc(100_000, ' ')), 1);
      response.on('close', () => {
        clearInterval(timer);
      });
    } else if (request.url === '/.well-known/openid-configuration') {
      response.end(override.configuration?.(url) ?? JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }));
    } else if (request.url === '/keys') {
      response.end(override.keys ?? JSON.stringify({ keys: [jwk] }));
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const seconds = Math.floor(Date.now() / 1000);
  const sign = (changed: JWTPayload = {}, alg = 'RS256') =>
    new SignJWT({ iss: url, aud: 'my-app', sub: 'own-user', iat: seconds, exp: seconds + 600, ...changed })
      .setProtectedHeader({ alg, kid: 'own' })
      .sign(privateKey);
  return { url, sign, server, override };
}

let issuer: OwnIssuer;
let run: TestRun;
beforeAll(async () => {
  issuer = await startIssuer();
  const { ownIssuer } = settings({ JWT_ISSUER: issuer.url, JWT_AUDIENCE: 'other-app, my-app' });
  run = await startTestRun({ projectDir: fixtureProject, ...(ownIssuer && { ownIssuer }) });
}, 30_000);
afterAll(async () => {
  await run.stop();
  issuer.server.close();
  issuer.server.closeAllConnections();
});

const who = (token: string, url = run.url) =>
  fetch(`${url}/whoami`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });

test('N2: tokens of the configured issuer and of the built-in issuer are accepted', async () => {
  const response = await who(await issuer.sign());
  expect(response.status).toBe(200);
  const { event } = (await response.json()) as { event: { requestContext: { authorizer: object } } };
  expect(event.requestContext.authorizer).toMatchObject({ jwt: { claims: { sub: 'own-user', iss: issuer.url } } });
  expect((await who(await run.issuer.token({ sub: 'user-42' }))).status).toBe(200);
});

test.each<[string, () => Promise<string>]>([
  ['another audience', () => issuer.sign({ aud: 'elsewhere' })],
  ["the built-in issuer's audience", () => issuer.sign({ aud: 'local-app' })],
  ["the built-in issuer's name", () => issuer.sign({ iss: `${run.url}/local/issuer`, aud: 'local-app' })],
  ['its own name with a slash more', () => issuer.sign({ iss: `${issuer.url}/` })],
  ['an expiry that has passed', () => issuer.sign({ exp: 1 })],
  ['an iat in the future', () => issuer.sign({ iat: Math.floor(Date.now() / 1000) + 60 })],
  ['an nbf in the future', () => issuer.sign({ nbf: Math.floor(Date.now() / 1000) + 60 })],
  ['a token of the built-in issuer in its name', () => run.issuer.token({ sub: 'a', iss: issuer.url, aud: 'my-app' })],
])('N2: tokens of the configured issuer are refused with %s', async (_, token) => {
  const response = await who(await token());
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toContain('invalid_token');
});

test('N2: an algorithm outside the RS256 family is refused', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  issuer.override.keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'ec' }] });
  const token = new SignJWT({ iss: issuer.url, aud: 'my-app', sub: 'a', exp: 4_102_444_800 });
  expect((await who(await token.setProtectedHeader({ alg: 'ES256', kid: 'ec' }).sign(privateKey))).status).toBe(401);
  delete issuer.override.keys;
});

describe('an issuer whose keys cannot be read', () => {
  async function withOwnIssuer(issuerUrl: string, check: (own: TestRun) => Promise<void>): Promise<void> {
    const ownIssuer = { issuer: issuerUrl, audience: ['my-app'] };
    const own = await startTestRun({ projectDir: fixtureProject, ownIssuer });
    await check(own).finally(() => own.stop());
  }

  test('N2: an issuer without keys is named in the terminal, and its tokens are accepted as soon as it responds', async () => {
    const late = await startIssuer();
    const { port } = late.server.address() as AddressInfo;
    late.server.close();
    await once(late.server, 'close');
    await withOwnIssuer(late.url, async (own) => {
      expect((await who(await late.sign(), own.url)).status).toBe(401);
      expect(own.lines).toContain(`The keys of the issuer ${late.url} cannot be read: fetch failed, ECONNREFUSED`);
      late.server.listen(port, '127.0.0.1');
      await once(late.server, 'listening');
      expect((await who(await late.sign(), own.url)).status).toBe(200);
    });
    late.server.close();
    late.server.closeAllConnections();
  }, 30_000);

  test('H16: an issuer that never stops sending is aborted', async () => {
    const endless = await startIssuer();
    endless.override.isEndless = true;
    await withOwnIssuer(endless.url, async (own) => {
      expect((await who(await endless.sign(), own.url)).status).toBe(401);
      expect(own.lines.join('\n')).toContain('/.well-known/openid-configuration has over 150000 bytes');
    });
    endless.override.isEndless = false;
    endless.override.keys = `{"keys":[${' '.repeat(1_000_000)}]}`;
    await withOwnIssuer(endless.url, async (own) => {
      expect((await who(await endless.sign(), own.url)).status).toBe(401);
      expect(own.lines.join('\n')).toContain('/keys has over 150000 bytes');
    });
    endless.server.close();
    endless.server.closeAllConnections();
  }, 30_000);
});

describe('JWT_ISSUER and JWT_AUDIENCE', () => {
  test('JWT_ISSUER and JWT_AUDIENCE are read from the environment, audiences separated by commas', () => {
    const env = { JWT_ISSUER: 'https://login.example.com/', JWT_AUDIENCE: 'a, b' };
    expect(settings(env).ownIssuer).toEqual({ issuer: 'https://login.example.com/', audience: ['a', 'b'] });
    expect(settings({ JWT_ISSUER: ' ', JWT_AUDIENCE: '' }).ownIssuer).toBeUndefined();
  });

  test.each(['http://localhost:4000', 'http://127.0.0.1:4000/auth', 'http://[::1]:4000'])(
    'http is allowed on loopback: %s',
    (url) => {
      expect(settings({ JWT_ISSUER: url, JWT_AUDIENCE: 'a' }).ownIssuer?.issuer).toBe(url);
    },
  );

  test.each([
    [{ JWT_ISSUER: 'http://login.example.com', JWT_AUDIENCE: 'a' }, 'JWT_ISSUER must be an https URL'],
    [{ JWT_ISSUER: 'login.example.com', JWT_AUDIENCE: 'a' }, 'JWT_ISSUER must be an https URL'],
    [{ JWT_ISSUER: 'https://login.example.com?a', JWT_AUDIENCE: 'a' }, 'JWT_ISSUER must be an https URL'],
    [{ JWT_ISSUER: 'https://login.example.com' }, 'JWT_AUDIENCE is missing'],
    [{ JWT_AUDIENCE: 'a' }, 'JWT_AUDIENCE is given without JWT_ISSUER'],
  ])('%j is refused by name', (env, message) => {
    expect(() => settings(env)).toThrow(message);
  });
});
