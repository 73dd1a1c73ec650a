import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { deployParameters } from '../../local/deployment';
import { loadSecrets } from '../../local/secrets';
import { listen } from '../../local/server';
import { settings } from '../../local/settings';
import { uploadsOf } from '../../local/uploads';
import { startAppServer, verifyWebhook } from '../support/app-server';
import { fixtureProject, startTestRun, temporaryFolder } from '../support/local';
import { killProcesses, startProcess } from '../support/npm-start';
import { requestSignature } from '../support/stack';
import { apply, cos, ugc, until } from '../support/vod/vod-client';
import { isThorough, sample } from '../support/thorough';

const project = resolve(__dirname, '../..');

let dataDir: string;
beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('npm start', () => {
  afterEach(killProcesses);
  const start = (env?: Record<string, string>) => startProcess(dataDir, env);

  test('prints its URLs, without webhooks, keeps its secrets and ends with Ctrl-C', async () => {
    const first = await start();
    expect(first.out()).not.toContain('webhooks');
    expect(first.valueOf('key id')).toMatch(/^AKID\w{32}$/);
    expect(first.valueOf('page')).toMatch(/^http:\/\/localhost:\d+\/$/);
    expect(first.valueOf('callback')).toMatch(/^http:\/\/localhost:\d+\/vod-events\?token=[\w-]{32}$/);
    expect(await (await fetch(first.valueOf('page'))).text()).toContain('<!doctype html>');
    first.child.kill('SIGINT');
    expect(await first.exited).toBe(0);
    await expect(fetch(first.valueOf('page'))).rejects.toThrow();

    const second = await start({ VOD_SECRET_ID: 'AKIDgiven', VOD_CALLBACK_TOKEN: 'new token,old' });
    expect(second.valueOf('key id')).toBe('AKIDgiven');
    expect(second.valueOf('callback')).toMatch(/\?token=new%20token$/);
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(second.err()).toBe('');
    const kept = await readFile(join(dataDir, 'secrets.json'), 'utf8');
    expect(kept).toContain(first.valueOf('key id'));
    expect(kept).not.toContain('AKIDgiven');
  }, 60_000);

  test('with NOTIFY_URL prints the receiver of webhooks and the secret that verifies them', async () => {
    const app = await startAppServer();
    try {
      const run = await start({ NOTIFY_URL: app.url });
      const [, url, secret = ''] = /^webhooks +to (\S+), secret (whsec_\S+)$/m.exec(run.out()) ?? [];
      expect(url).toBe(app.url);
      expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
      const vodPort = Number(new URL(run.valueOf('vod')).port);
      const signature = await requestSignature({ url: run.valueOf('page').slice(0, -1), vodPort });
      const applied = await apply(vodPort, signature);
      await cos(vodPort, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
      await ugc(vodPort, 'Commit', { signature, vodSessionKey: applied.vodSessionKey });
      await until(() => app.received.length > 0);
      const [webhook] = app.received;
      expect(webhook && verifyWebhook(webhook, secret)).toMatchObject({ type: 'upload.ready' });
      run.child.kill('SIGINT');
      expect(await run.exited).toBe(0);

      if (!isThorough) return;
      const given = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
      const second = await start({ NOTIFY_URL: app.url, NOTIFY_SECRET: given });
      expect(second.out()).toMatch(new RegExp(`^webhooks .*, secret ${given}$`, 'm'));
      expect(await readFile(join(dataDir, 'secrets.json'), 'utf8')).not.toContain(given);
      second.child.kill('SIGINT');
      await second.exited;
    } finally {
      await app.stop();
    }
  }, 120_000);

  test('reports in one line that NOTIFY_URL cannot be used', async () => {
    const run = await start({ NOTIFY_URL: 'http://app.example.com/hooks' });
    expect(await run.exited).toBe(1);
    expect(run.err()).toMatch(/^[^\n]*NOTIFY_URL must be an https URL[^\n]*\n$/);
    expect(run.out()).toBe('');
  }, 60_000);

  test.each(sample(['SIGKILL', 'SIGINT'] as const, 1))(
    'leaves no engine behind after %s',
    async (signal) => {
      const { port, close } = await listen(() => Promise.resolve());
      await close();
      const run = await start({ TABLE_PORT: String(port) });
      await fetch(`http://127.0.0.1:${port}`);
      run.child.kill(signal);
      await run.exited;
      await sleep(500); // it ends a moment after us
      await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
    },
    60_000,
  );

  test('reports in one line what is wrong with its environment', async () => {
    const run = await start({ PORT: 'abc' });
    expect(await run.exited).toBe(1);
    expect(run.err()).toBe('PORT must be a port, a whole number up to 65535 (0 takes a free one), not "abc"\n');
  }, 30_000);
});

test('a second start finds the rows of the first', async () => {
  const options = { projectDir: fixtureProject, dataDir };
  const first = await startTestRun(options);
  const item = {
    fileId: { S: '1' },
    sortTime: { S: '2026-11-22T00:00:00Z' },
    'task:t': { M: { status: { S: 'FINISH' } } },
  };
  await first.table.client.send(new PutItemCommand({ TableName: 'fixture-local-rows', Item: item }));
  await first.stop();
  const second = await startTestRun(options);
  const row = { fileId: '1', sortTime: '2026-11-22T00:00:00Z', tasks: { t: { status: 'FINISH' } } };
  expect(await (await fetch(`${second.url}/local/uploads`)).json()).toEqual([row]);
  expect(await second.rows()).toEqual([row]);
  await second.stop();
}, 30_000);

test('the project itself issues a signature and stores an event as a row', async () => {
  const run = await startTestRun({ dataDir });
  const authorization = `Bearer ${await run.issuer.token({ sub: 'user-42' })}`;
  const signature = await fetch(`${run.url}/upload-signature`, { method: 'POST', headers: { authorization } });
  expect(signature.status).toBe(200);
  const body = await readFile(join(project, 'tests/fixtures/events/new-file-upload.json'));
  expect((await fetch(run.callbackUrl, { method: 'POST', body })).status).toBe(200);
  expect((await fetch(run.callbackUrl.slice(0, -1), { method: 'POST', body })).status).toBe(401);
  expect(await run.rows()).toMatchObject([{ fileId: expect.stringMatching(/^\d+$/) as unknown, status: 'uploaded' }]);
  await run.stop();
}, 30_000);

test('a start that fails reports why as one message, and stops what had started', async () => {
  const broken = 'service: broken\nprovider: { name: aws }\nfunctions: ${param:none}\n';
  await writeFile(join(dataDir, 'serverless.yml'), broken);
  const { port, close } = await listen(() => Promise.resolve());
  await close();
  await expect(startTestRun({ projectDir: dataDir, dataDir, port })).rejects.toThrow(
    /^serverless\.yml cannot be used: .*"functions": Value not found.*$/,
  );
  await (await listen(() => Promise.resolve(), port)).close();
}, 30_000);

test('every deploy parameter that .env can set is set here', async () => {
  const yaml = await readFile(join(project, 'serverless.yml'), 'utf8');
  const fromEnv = [...yaml.matchAll(/^ {4}\w+: \$\{env:(\w+)/gm)].map(([, name]) => name);
  const parameters = deployParameters('http://localhost:3000', 'http://localhost:3443', await loadSecrets(dataDir));
  expect(fromEnv.filter((name) => !Object.hasOwn(parameters, name ?? ''))).toEqual([]);
  expect(fromEnv.length).toBeGreaterThan(10);
});

describe('secrets of npm start', () => {
  test('secrets are created once, and readable by their owner alone', async () => {
    const first = await loadSecrets(dataDir);
    expect(first).toMatchObject({
      vodSecretId: expect.stringMatching(/^AKID[A-Za-z0-9]{32}$/) as unknown,
      vodSecretKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/) as unknown,
      callbackSignKey: '',
    });
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
    expect(await loadSecrets(dataDir)).toEqual(first);
  });

  test('an empty token means no token only if there is a sign key', async () => {
    const { callbackToken } = await loadSecrets(dataDir);
    expect((await loadSecrets(dataDir, { callbackToken: '' })).callbackToken).toBe(callbackToken);
    const signOnly = await loadSecrets(dataDir, { callbackToken: '', callbackSignKey: 'k' });
    expect(signOnly).toMatchObject({ callbackToken: '', callbackSignKey: 'k' });
    expect(deployParameters('', '', signOnly)).toMatchObject({ CALLBACK_TOKEN_PARAMETER: '' });
  });

  test('damaged secrets are not silently replaced', async () => {
    await writeFile(join(dataDir, 'secrets.json'), '{');
    await expect(loadSecrets(dataDir)).rejects.toThrow('is damaged: delete it to generate new secrets');
  });
});

test('the environment is read with its defaults', () => {
  expect(settings({ PORT: '' })).toMatchObject({
    port: 3000,
    vodPort: 3443,
    tablePort: 8000,
    dataDir: resolve('.local'),
  });
  expect(() => settings({ TABLE_PORT: '65536' })).toThrow('TABLE_PORT must be a port');
});

test('rows are shown newest first, by receipt where VOD gave no time, with sets as lists', () => {
  const rows = [
    { fileId: 'old', sortTime: '2026-01-01', firstSeenAt: '2026-12-01', 'task:1': { status: 'FINISH' } },
    { fileId: 'seen', firstSeenAt: '2026-02-01', stated: new Set(['name']) },
    { fileId: 'new', sortTime: '2026-03-01', 'task:__proto__': 1 },
  ];
  const uploads = uploadsOf(rows);
  expect(uploads.map(({ fileId }) => fileId)).toEqual(['new', 'seen', 'old']);
  expect(uploads[0]?.tasks).toEqual(JSON.parse('{"__proto__": 1}'));
  expect(uploads[1]).toMatchObject({ stated: ['name'], tasks: {} });
  expect(uploads[2]).toEqual({
    fileId: 'old',
    sortTime: '2026-01-01',
    firstSeenAt: '2026-12-01',
    tasks: { '1': { status: 'FINISH' } },
  });
});
