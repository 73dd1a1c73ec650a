import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { decodeJwt } from 'jose';
import { explainPlayback } from '../../cli/playback/explain';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';
import { PLAYER_KEY, URL_KEY } from '../support/playback';
import { APP_ID, startPlaybackDeployment, type PlaybackDeployment } from '../support/cli/playback-deployment';

const NOW = Date.parse('2026-11-26T08:00:00Z');

let deployment: PlaybackDeployment;
let env: Record<string, string>;

beforeAll(async () => {
  deployment = await startPlaybackDeployment();
});

afterAll(() => deployment.stop());

beforeEach(() => {
  env = deployment.newEnv();
});

describe('play', () => {
  const FILE_ID = '5285890784273533167';
  const FOLDER = 'http://1500000001.vod2.myqcloud.com/43832a63/5285890784273533167';
  const now = { now: () => NOW };

  /** Stores the attributes of a row; one that is `undefined` is absent. */
  async function putRow(attributes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const outputs = [{ type: 'Transcode', definition: 30, url: `${FOLDER}/v.f30.mp4` }];
    const item = {
      fileId: FILE_ID,
      status: 'ready',
      trust: 'confirmed',
      url: `${FOLDER}/original.mp4`,
      name: 'cat',
      'task:1500000001-procedurev2-1': { status: 'FINISH', failed: false, outputs },
      version: 3,
      firstSeenAt: '2026-11-26T07:00:00Z',
      confirmedAt: '2026-11-26T07:00:05Z',
      updatedAt: '2026-11-26T07:00:05Z',
      ...attributes,
    };
    const input = { TableName: deployment.tableName, Item: marshall(item, { removeUndefinedValues: true }) };
    await deployment.run.table.client.send(new PutItemCommand(input));
  }

  const play = (...args: string[]) => vod(['play', FILE_ID, ...args], env, now);

  test('play prints a psign and a URL that explain finds valid, and their expiry', async () => {
    await putRow();
    const { code, out } = await play();
    deployment.expectNoSecretIn(out);
    expect(code).toBe(0);
    const [psign = '', url = '', valid] = out.split('\n').map((line) => line.slice(9));
    expect(valid).toBe('until 2026-11-26T09:00:00.000Z (60 min)');
    const keys = { playerKeys: [PLAYER_KEY], urlKeys: [URL_KEY], appId: APP_ID };
    for (const text of [psign, url]) {
      expect(explainPlayback(text, keys, NOW / 1000)?.diagnosis).toMatchObject({
        violations: [],
        notes: [],
        verified: true,
      });
    }
    expect(url).toContain(`${FOLDER}/original.mp4?t=`);
  });

  test('play --json prints the response of the route', async () => {
    await putRow();
    const { out } = await play('--json');
    expect(JSON.parse(out)).toEqual({
      appId: APP_ID,
      fileId: FILE_ID,
      psign: expect.any(String),
      url: expect.stringContaining('&sign='),
      expireTime: NOW / 1000 + 3_600,
    });
  });

  test('play uses PLAYBACK_CONTENT of the deployment, and the first of two keys', async () => {
    await putRow();
    Object.assign(env, { PLAYBACK_CONTENT: 'Transcode', PLAYBACK_DEFINITION: '30', PLAYBACK_SECONDS: '600' });
    Object.assign(env, { PLAYBACK_APP_ID: '1255566655', VOD_SUB_APP_ID: '' });
    deployment.store('player', `${PLAYER_KEY},OldPlayerKey`);
    const playback = JSON.parse((await play('--json')).out) as { psign: string; url: string };
    expect(playback.url).toContain('/v.f30.mp4?');
    expect(decodeJwt(playback.psign)).toMatchObject({
      appId: 1_255_566_655,
      contentInfo: { audioVideoType: 'Transcode', transcodeDefinition: 30 },
      expireTimeStamp: NOW / 1000 + 600,
    });
    expect(
      explainPlayback(playback.psign, { playerKeys: [PLAYER_KEY], urlKeys: [] }, NOW / 1000)?.diagnosis.verified,
    ).toBe(true);
  });

  test('play prints only the psign or the URL for which there is a key', async () => {
    await putRow();
    const { PLAYER_KEY_PARAMETER: player = '', URL_KEY_PARAMETER: url = '' } = env;
    env['URL_KEY_PARAMETER'] = '';
    expect((await play()).out).toMatch(/^psign .*\nvalid .*$/);
    Object.assign(env, { PLAYER_KEY_PARAMETER: '', URL_KEY_PARAMETER: url });
    expect((await play()).out).toMatch(/^url .*\nvalid .*$/);
    env['PLAYER_KEY_PARAMETER'] = player;
  });

  test.each<[name: string, arrange: () => unknown, message: string]>([
    [
      'without a key',
      () => Object.assign(env, { PLAYER_KEY_PARAMETER: '', URL_KEY_PARAMETER: '' }),
      'Cannot sign playback: no playback key is configured: set PLAYER_KEY_PARAMETER or URL_KEY_PARAMETER and deploy',
    ],
    [
      'without the application',
      () => (env['VOD_SUB_APP_ID'] = ''),
      'Cannot sign playback: the application id is unknown: set VOD_SUB_APP_ID or PLAYBACK_APP_ID',
    ],
    [
      'if SSM does not have a key',
      () => {
        deployment.store('url', undefined);
      },
      'Cannot read secrets: create the SSM parameter /test/url as a SecureString',
    ],
    [
      'for a rejected file',
      () => putRow({ status: 'rejected' }),
      `Cannot play ${FILE_ID}: its status is "rejected", must be "ready" (--any-status signs it nevertheless)`,
    ],
  ])('play exits 1 %s', async (_, arrange, message) => {
    await putRow();
    await arrange();
    expect(await play()).toEqual({ code: 1, out: '', err: message });
  });

  test('play refuses a file without a row', async () => {
    const { code, err } = await vod(['play', '404'], env, now);
    expect([code, err]).toEqual([1, `Cannot play 404: the table ${deployment.tableName} has no row of this file id`]);
  });

  test.each(['held', 'rejected', 'failed', 'processing'] as const)(
    'play --any-status plays a file that is %s',
    async (status) => {
      await putRow({ status });
      const { code, out } = await play('--any-status');
      expect([code, out]).toEqual([0, expect.stringContaining(`${FOLDER}/original.mp4?t=`)]);
    },
  );

  test('play never signs the URL of a file that VOD has not confirmed', async () => {
    await putRow({ status: 'uploaded', confirmedAt: undefined });
    expect((await play('--any-status')).out).toMatch(/^psign .*\nvalid .*$/);
    env['PLAYER_KEY_PARAMETER'] = '';
    expect(await play('--any-status')).toEqual({
      code: 1,
      out: '',
      err: `Cannot play ${FILE_ID}: the row has no URL of PLAYBACK_CONTENT=Original that can be signed`,
    });
  });

  test('play names the missing permission', async () => {
    const refusing = await serve((_request, response) => {
      response.writeHead(400).end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }));
    });
    const { AWS_ENDPOINT_URL_DYNAMODB: before } = process.env;
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] = refusing.url;
    const right = `the AWS credentials lack dynamodb:GetItem on ${deployment.tableName}: add it to their IAM policy (AccessDeniedException: no)`;
    const err = `Cannot read the row of ${FILE_ID}: ${right}`;
    expect(await play()).toEqual({ code: 1, out: '', err });
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] = before;
    await refusing.close();
  });

  test('play --local finds the deployment that npm start runs', async () => {
    await putRow();
    const { code, out } = await vod(['play', FILE_ID, '--local', '--json'], { DATA_DIR: deployment.dataDir }, now);
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ fileId: FILE_ID })]);
  });

  test.each([
    ['no file id', []],
    ['two file ids', ['1', '2']],
  ])('play rejects %s', async (_, args) => {
    expect((await vod(['play', ...args], env, now)).code).toBe(2);
  });

  test.each([
    [
      'PLAYBACK_CONTENT',
      'original',
      'PLAYBACK_CONTENT must be one of: RawAdaptive, ProtectedAdaptive, Transcode, Original, not "original"',
    ],
    ['PLAYBACK_DEFINITION', 'ten', 'PLAYBACK_DEFINITION must be a whole number from 1, or empty, not "ten"'],
    ['PLAYBACK_SECONDS', '0', 'PLAYBACK_SECONDS must be a whole number from 60 to 604800, not "0"'],
  ])('play rejects %s=%s', async (name, value, message) => {
    env[name] = value;
    const { code, err } = await play();
    expect([code, err.split('\n')[0]]).toEqual([2, message]);
  });
});
