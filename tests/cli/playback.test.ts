import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Finding } from '../../cli/check/findings';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { PLAYER_KEY, URL_KEY } from '../support/playback';
import { APP_ID, startPlaybackDeployment, type PlaybackDeployment } from '../support/cli/playback-deployment';
import { cleanUp, start as startVod } from '../support/vod/vod-client';

const fingerprintOf = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
const PLAYER_PRINT = fingerprintOf(PLAYER_KEY);
const URL_PRINT = fingerprintOf(URL_KEY);

let deployment: PlaybackDeployment;
let env: Record<string, string>;

beforeAll(async () => {
  deployment = await startPlaybackDeployment();
});

afterAll(() => deployment.stop());

beforeEach(() => {
  env = deployment.newEnv();
});

afterEach(cleanUp);

describe('check of playback keys', () => {
  const CHECKS = ['player-key-secret', 'url-key-secret', 'player-key', 'url-key', 'playback-keys', 'playback-content'];

  /** The findings about playback. */
  async function check(): Promise<Finding[]> {
    const { out } = await vod(['check', '--json'], env);
    deployment.expectNoSecretIn(out);
    const { findings } = JSON.parse(out) as { readonly findings: Finding[] };
    return findings.filter((finding) => CHECKS.includes(finding.check));
  }

  /** Lets the deployment call a VOD with these keys; '' = none. */
  async function useVod(playerKey = PLAYER_KEY, urlKey = URL_KEY): Promise<string> {
    const { vodSecretId: secretId, vodSecretKey: secretKey } = deployment.run.secrets;
    const { url } = await startVod({ secretId, secretKey, playerKey, urlKey, subAppIds: [APP_ID] });
    env['VOD_API_URL'] = url;
    return new URL(url).host;
  }

  /** Lets the deployment call a VOD that returns this, by action. */
  async function respondWith(responses: Readonly<Record<string, object>>): Promise<void> {
    const respond = (request: IncomingMessage, response: ServerResponse) => {
      void text(request).then(() => {
        const action = String(request.headers['x-tc-action']);
        const Response = { ...responses[action], RequestId: 'r-1' };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ Response }));
      });
    };
    const server = await serve(respond);
    env['VOD_API_URL'] = server.url;
    servers.push(server);
  }
  const servers: Awaited<ReturnType<typeof serve>>[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  const domain = (name: string, urlKey: string | undefined, status = 'Enabled') => ({
    Domain: name,
    UrlSignatureAuthPolicy: { Status: status, EncryptedKey: urlKey },
  });
  const distribution = (name = 'a.example', playerKey = PLAYER_KEY) => ({
    DescribeDefaultDistributionConfig: { Domain: name, Scheme: 'HTTPS', PlayKey: playerKey },
  });
  const domains = (...set: ReturnType<typeof domain>[]) => ({
    DescribeVodDomains: { TotalCount: set.length, DomainSet: set },
  });

  test('check finds no fault if both playback keys are VOD’s', async () => {
    const host = await useVod();
    expect(await check()).toEqual([
      { check: 'player-key-secret', status: 'ok', detail: '/test/player' },
      { check: 'url-key-secret', status: 'ok', detail: '/test/url' },
      { check: 'player-key', status: 'ok', detail: `VOD has ${PLAYER_PRINT}` },
      { check: 'url-key', status: 'ok', detail: `a sign with ${URL_PRINT} is required by ${host}` },
    ]);
  });

  test('check --local compares the playback keys of npm start with those of its VOD', async () => {
    const { out } = await vod(['check', '--local'], { DATA_DIR: deployment.dataDir });
    expect(out).toMatch(
      /^ok +player-key +VOD has sha256:\w{8}\nok +url-key +a sign with sha256:\w{8} is required by \S+$/m,
    );
  });

  test('check skips playback without keys, and checks only the configured one', async () => {
    await useVod();
    delete env['URL_KEY_PARAMETER'];
    expect((await check()).map((finding) => finding.check)).toEqual(['player-key-secret', 'player-key']);
    delete env['PLAYER_KEY_PARAMETER'];
    expect(await check()).toEqual([]);
  });

  test.each<[name: string, arrange: () => unknown, check: string, detail: RegExp]>([
    [
      'no player key in SSM',
      () => {
        deployment.store('player', undefined);
      },
      'player-key-secret',
      /^create the SSM parameter \/test\/player .*播放密钥/,
    ],
    [
      'an empty URL key',
      () => {
        deployment.store('url', ' , ');
      },
      'url-key-secret',
      /\/test\/url is empty .*Key 防盗链/,
    ],
    [
      'a player key that VOD cannot have',
      () => {
        deployment.store('player', 'short');
      },
      'player-key-secret',
      /8 to 20 letters and digits/,
    ],
    [
      'a URL key that is too short',
      () => {
        deployment.store('url', '1234567');
      },
      'url-key-secret',
      /8 to 40 visible ASCII characters/,
    ],
    [
      'a URL key with a space',
      () => {
        deployment.store('url', 'eight characters');
      },
      'url-key-secret',
      /8 to 40 visible ASCII characters/,
    ],
    [
      'another player key',
      () => {
        deployment.store('player', 'AnotherPlayerKey');
      },
      'player-key',
      new RegExp(`^/test/player has sha256:\\w{8}, VOD's player key is ${PLAYER_PRINT}: store the key that VOD has`),
    ],
    [
      'VOD’s player key in the second place',
      () => {
        deployment.store('player', `AnotherPlayerKey,${PLAYER_KEY}`);
      },
      'player-key',
      /second value of the parameter, put it first/,
    ],
    [
      'another URL key',
      () => {
        deployment.store('url', 'AnotherUrlKey');
      },
      'url-key',
      new RegExp(`^/test/url has sha256:\\w{8}, localhost:\\d+ has ${URL_PRINT}: store the key that VOD has`),
    ],
    [
      'content without the template that it requires',
      () => (env['PLAYBACK_CONTENT'] = 'RawAdaptive'),
      'playback-content',
      /PLAYBACK_CONTENT=RawAdaptive requires PLAYBACK_DEFINITION/,
    ],
  ])('check reports %s as one fault, with what to do', async (_, arrange, name, detail) => {
    await useVod();
    await arrange();
    const faults = (await check()).filter(({ status }) => status === 'fault');
    expect(faults).toEqual([{ check: name, status: 'fault', detail: expect.stringMatching(detail) }]);
  });

  test('check reports missing Key hotlink protection at VOD: any URL plays', async () => {
    const host = await useVod(PLAYER_KEY, '');
    expect(await check()).toContainEqual({
      check: 'url-key',
      status: 'fault',
      detail:
        'every domain has Key hotlink protection (Key 防盗链) switched off, so any URL plays without a sign: ' +
        `switch it on for ${host} in the console, or clear URL_KEY_PARAMETER and deploy again`,
    });
  });

  test('check reports a missing player key at VOD', async () => {
    await useVod('');
    expect(await check()).toContainEqual({
      check: 'player-key',
      status: 'fault',
      detail: expect.stringMatching(/^VOD has no player key .*generate it/),
    });
  });

  test('check names playback keys that are mixed up', async () => {
    await useVod();
    deployment.store('player', URL_KEY);
    deployment.store('url', PLAYER_KEY);
    const details = new Map((await check()).map(({ check: name, detail }) => [name, detail]));
    expect(details.get('player-key')).toMatch(/^\/test\/player is the URL key of localhost:\d+, VOD's player key is/);
    expect(details.get('url-key')).toMatch(/^\/test\/url is VOD's player key, localhost:\d+ has/);
    expect(details.has('playback-keys')).toBe(false);
  });

  test('check reports one text for both playback keys as a separate fault', async () => {
    await useVod();
    deployment.store('url', PLAYER_KEY);
    expect(await check()).toContainEqual({
      check: 'playback-keys',
      status: 'fault',
      detail: expect.stringMatching(/^player key and URL key are the same text: .*two secrets of VOD/),
    });
  });

  test('check requires Key hotlink protection of the default domain, and names others without it', async () => {
    await respondWith({
      ...distribution(),
      ...domains(
        domain('a.example', URL_KEY),
        domain('b.example', 'AnotherUrlKey'),
        domain('c.example', '', 'Disabled'),
      ),
    });
    expect(await check()).toContainEqual({
      check: 'url-key',
      status: 'ok',
      detail: `a sign with ${URL_PRINT} is required by a.example, not by c.example`,
    });
    await respondWith({
      ...distribution('c.example'),
      ...domains(domain('a.example', URL_KEY), domain('c.example', '', 'Disabled')),
    });
    expect(await check()).toContainEqual({
      check: 'url-key',
      status: 'fault',
      detail: expect.stringMatching(
        /^c\.example, the default domain, has .* switched off.* switch it on for c\.example/,
      ),
    });
  });

  test('check reads all pages of domains', async () => {
    const pages: number[] = [];
    const server = await serve((request, response) => {
      void text(request).then((body) => {
        const { Offset: offset = 0, Limit: limit = 0 } = JSON.parse(body || '{}') as {
          Offset?: number;
          Limit?: number;
        };
        const all = Array.from({ length: 45 }, (_, i) =>
          domain(`d${i}.example`, i === 44 ? URL_KEY : '', i === 44 ? 'Enabled' : 'Disabled'),
        );
        const isDomains = request.headers['x-tc-action'] === 'DescribeVodDomains';
        if (isDomains) pages.push(offset);
        const Response = isDomains
          ? { TotalCount: 45, DomainSet: all.slice(offset, offset + limit), RequestId: 'r' }
          : { ...distribution('d44.example').DescribeDefaultDistributionConfig, RequestId: 'r' };
        response.end(JSON.stringify({ Response }));
      });
    });
    servers.push(server);
    env['VOD_API_URL'] = server.url;
    const found = (await check()).find((finding) => finding.check === 'url-key');
    expect(found).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('required by d44.example, not by d0.example, d1.example'),
    });
    expect(pages).toEqual([0, 20, 40]);
  });

  test.each([
    [
      'no key of the domain',
      { ...distribution(), ...domains(domain('a.example', undefined)) },
      /does not report the key of a\.example/,
    ],
    [
      'no right',
      {
        DescribeVodDomains: { Error: { Code: 'UnauthorizedOperation', Message: 'no' } },
        DescribeDefaultDistributionConfig: { Error: { Code: 'UnauthorizedOperation', Message: 'no' } },
      },
      /the key's CAM policy lacks vod:DescribeDefaultDistributionConfig or vod:DescribeVodDomains/,
    ],
    [
      'a busy VOD',
      { ...distribution(), DescribeVodDomains: { Error: { Code: 'InternalError', Message: 'no' } } },
      /VOD is unavailable \(InternalError\), which is not a fault of the deployment/,
    ],
    [
      'another error',
      { ...distribution(), DescribeVodDomains: { Error: { Code: 'InvalidAction', Message: 'unknown' } } },
      /InvalidAction: unknown/,
    ],
  ])('check reports playback keys as not checked with %s', async (_, responses, detail) => {
    await respondWith(responses);
    expect(await check()).toContainEqual({
      check: 'url-key',
      status: 'not-checked',
      detail: expect.stringMatching(detail),
    });
  });

  test('check reports playback keys as not checked while VOD does not respond', async () => {
    env['VOD_API_URL'] = 'http://127.0.0.1:9';
    expect((await check()).filter(({ status }) => status === 'not-checked').map((finding) => finding.check)).toEqual([
      'player-key',
      'url-key',
    ]);
  });
});

describe('secrets of playback', () => {
  test('secrets create names the keys that only VOD’s console has', async () => {
    deployment.store('player', undefined);
    const { code, out } = await vod(['secrets', 'create'], env);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^missing +\/test\/player +the player key \(播放密钥\): copy it/m),
    ]);
    expect(out).not.toContain('/test/url');
  });

  test('secrets show prints the fingerprints of playback keys', async () => {
    deployment.store('url', `${URL_KEY},OldUrlKey`);
    const { code, out } = await vod(['secrets', 'show'], env);
    deployment.expectNoSecretIn(out);
    expect(code).toBe(0);
    expect(out).toContain(`/test/player  ${PLAYER_PRINT}\n/test/url  ${URL_PRINT}, then ${fingerprintOf('OldUrlKey')}`);
    deployment.store('url', undefined);
    expect((await vod(['secrets', 'show'], env)).code).toBe(1);
  });
});
