import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { endAll } from '../support/examples/ends';
import { startExpressExample, WECHAT_CODES, type ExpressExample } from '../support/examples/express';
import { waitUntil } from '../support/examples/wait';

// The Express example by itself. That `npm start` accepts its tokens and delivers to it: web.test.ts.

let express: ExpressExample;
beforeAll(async () => {
  express = await startExpressExample();
});
afterAll(endAll);

const post = (path: string, body: unknown, cookie = '') =>
  fetch(express.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify(body),
  });

async function logIn(): Promise<string> {
  const response = await post('/api/login', { name: 'alice', password: 'alice-demo' });
  expect(response.status).toBe(200);
  return response.headers.get('set-cookie') ?? '';
}

async function readJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  return (await response.json()) as T;
}

const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** Header and claims of a JWT, verified with the published key as API Gateway does. */
async function verifyToken(token: string) {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const configurationUrl = `${express.url}/.well-known/openid-configuration`;
  const { issuer, jwks_uri } = await readJson<{ issuer: string; jwks_uri: string }>(configurationUrl);
  const { keys } = await readJson<{ keys: (JsonWebKey & { kid: string })[] }>(jwks_uri);
  const jwk = keys.find(({ kid }) => kid === decode(header)['kid']);
  if (!jwk) throw new Error('no such key');
  expect(Object.keys(jwk).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']); // nothing private
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const isGenuine = verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'));
  expect(isGenuine).toBe(true);
  expect(issuer).toBe(express.url);
  return { header: decode(header), claims: decode(claims) };
}

describe('examples/express: login', () => {
  test('a user who is logged in gets an RS256 token that the published key verifies', async () => {
    const cookie = await logIn();
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Lax/);
    const response = await post('/api/token', {}, cookie);
    const { user, token } = (await response.json()) as { user: string; token: string };
    const { header, claims } = await verifyToken(token);
    expect(user).toBe('alice');
    expect(header).toMatchObject({ alg: 'RS256' });
    expect(claims).toMatchObject({ iss: express.url, aud: 'my-app', sub: 'alice' });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(600);
  });

  test.each([
    ['a wrong password', { name: 'alice', password: 'bob-demo' }],
    ['no password', { name: 'alice' }],
    ['an unknown user without a password', { name: 'mallory' }],
    ['an empty body', {}],
  ])('refuses %s', async (_, body) => {
    const response = await post('/api/login', body);
    expect(response.status).toBe(401);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  test('returns no token before the login and after the logout', async () => {
    expect((await post('/api/token', {})).status).toBe(401);
    const cookie = await logIn();
    expect((await post('/api/token', {}, cookie)).status).toBe(200);
    await post('/api/logout', {}, cookie);
    expect((await post('/api/token', {}, cookie)).status).toBe(401);
  });

  test('a mini program gets a token for each code of wx.login, once', async () => {
    const [code] = WECHAT_CODES;
    const response = await post('/api/wechat/token', { code });
    const body = await response.text();
    const { token } = JSON.parse(body) as { token: string };
    expect((await verifyToken(token)).claims).toMatchObject({ sub: 'wechat:o-42' });
    expect(body).not.toContain('session-key');
    expect((await post('/api/wechat/token', { code })).status).toBe(401);
    await waitUntil(() => express.lines().includes('jscode2session: 40029 invalid code'));
  });
});

describe('examples/express: webhooks', () => {
  const bodyOf = (fileId: string, version: number) => {
    const data = { fileId, status: 'ready', version, uploader: 'alice' };
    return JSON.stringify({ type: 'upload.ready', timestamp: new Date().toISOString(), data });
  };
  const sign = (id: string, body: string, secret = express.notifySecret, date = new Date()) => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(date.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, date, body),
  });
  const deliver = async (body: string, headers: Record<string, string>) => {
    const sent = { 'content-type': 'application/json', ...headers };
    return (await fetch(`${express.url}/webhooks/vod`, { method: 'POST', headers: sent, body })).status;
  };
  /** The lines about this file, after all that was delivered has been printed. */
  let markers = 0;
  const countLines = async (fileId: string) => {
    const marker = `900${++markers}`;
    const body = bodyOf(marker, 1);
    await deliver(body, sign(`msg_marker_${marker}`, body));
    await waitUntil(() => express.lines().includes(`upload.ready ${marker} alice`));
    return express.lines().filter((line) => line.split(' ')[1] === fileId).length;
  };

  test('records a signed webhook', async () => {
    const body = bodyOf('101', 1);
    expect(await deliver(body, sign('msg_1', body))).toBe(204);
    expect(await countLines('101')).toBe(1);
  });

  test('handles a webhook-id once, whatever a later webhook with it contains', async () => {
    for (const version of [1, 1, 2]) {
      const body = bodyOf('102', version);
      expect(await deliver(body, sign('msg_2', body))).toBe(204);
    }
    expect(await countLines('102')).toBe(1);
  });

  test('keeps the newest version when webhooks arrive out of order', async () => {
    for (const version of [4, 3, 5]) {
      const body = bodyOf('103', version);
      expect(await deliver(body, sign(`msg_3_${version}`, body))).toBe(204);
    }
    expect(await countLines('103')).toBe(2);
  });

  test('accepts and ignores a test of the backend', async () => {
    const body = bodyOf('0', 0);
    expect(await deliver(body, sign('msg_test_1', body))).toBe(204);
    expect(await countLines('0')).toBe(0);
  });

  test('refuses webhooks that are not signed with the secret, and records none of them', async () => {
    const body = bodyOf('104', 1);
    const genuine = sign('msg_4', body);
    const otherSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const forged: readonly (readonly [string, Record<string, string>])[] = [
      [body, {}],
      [body, sign('msg_4', body, otherSecret)],
      [body, { ...genuine, 'webhook-signature': 'v1,AAAA' }],
      [body, { ...genuine, 'webhook-id': 'msg_5' }],
      [body, sign('msg_4', body, express.notifySecret, new Date(Date.now() - 3_600_000))],
      [body.replace('alice', 'mallory'), genuine],
      [JSON.stringify(JSON.parse(body), null, 2), genuine],
      ['', genuine],
    ];
    for (const [text, headers] of forged) expect(await deliver(text, headers)).toBe(401);
    expect(await countLines('104')).toBe(0);
    expect(await deliver(body, genuine)).toBe(204);
    expect(await countLines('104')).toBe(1);
  });
});
