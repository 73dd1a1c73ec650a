import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { sdkLines } from '../../local/vod-command/sdk-lines';
import { killLocalVods, startLocalVod, type LocalVodProcess } from '../support/vod/local-vod';
import {
  apiClient,
  apply,
  sendRequest,
  cleanUp,
  cos,
  eventOf,
  md5,
  receiver,
  sign,
  temporaryDirectory,
  ugc,
  until,
  type Receiver,
} from '../support/vod/vod-client';

afterEach(async () => {
  killLocalVods();
  await cleanUp();
});

const keyPairOf = (vod: LocalVodProcess) => ({
  secretId: vod.valueOf('SecretId'),
  secretKey: vod.valueOf('SecretKey'),
});

/** Uploads with the key pair that the command printed. */
async function upload(vod: LocalVodProcess, parameters: object = {}): Promise<string> {
  const { secretId, secretKey } = keyPairOf(vod);
  const signature = sign({ secretId, ...parameters }, secretKey);
  const applied = await apply(vod.port, signature);
  await cos(vod.port, applied, { method: 'PUT', path: applied.video.storagePath, body: 'abc' });
  const { code, message, data } = await ugc(vod.port, 'Commit', { signature, vodSessionKey: applied.vodSessionKey });
  expect([code, message]).toEqual([0, '成功']);
  return data.fileId;
}

/** Of events in format 3.0. */
function typesOf({ received }: Receiver): string[] {
  return received.flatMap(({ event }) => ('EventType' in event ? event.EventType : [])).sort();
}

describe('npm run local-vod', () => {
  test('prints its key pair, ids and URLs, and one line for each SDK; keeps key pair and files; ends with Ctrl-C', async () => {
    const dataDir = join(temporaryDirectory(), 'made');
    const first = await startLocalVod(dataDir);
    expect(keyPairOf(first)).toEqual({
      secretId: expect.stringMatching(/^AKID\w{32}$/) as string,
      secretKey: expect.stringMatching(/^\w{32}$/) as string,
    });
    expect(first.valueOf('AppId')).toMatch(/^1500000001, /);
    expect(first.valueOf('callbacks')).toBe('events are not sent, NotificationUrl is empty');
    for (const { sdk, line } of sdkLines(first.url)) expect(first.valueOf(sdk)).toBe(line);
    const fileId = await upload(first);
    await until(() => first.err().includes('callback NewFileUpload: not sent, NotificationUrl is empty'));
    first.child.kill('SIGINT');
    expect(await first.exited).toBe(0);
    await expect(fetch(first.url)).rejects.toThrow();

    const second = await startLocalVod(dataDir);
    expect(keyPairOf(second)).toEqual(keyPairOf(first));
    const { MediaInfoSet } = await apiClient(second.port, keyPairOf(second)).DescribeMediaInfos({ FileIds: [fileId] });
    expect(MediaInfoSet?.[0]?.BasicInfo?.Name).toBe('holiday');
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(readdirSync(join(dataDir, 'owner'))).toEqual([]);
    expect((await stat(join(dataDir, 'key-pair.json'))).mode & 0o77).toBe(0);
    expect(await readFile(join(dataDir, 'certificate.pem'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
  });

  test('pushes events to --callback, in the format, with the sign and the procedures of the options', async () => {
    const hook = await receiver();
    const folder = temporaryDirectory();
    const steps = [{ type: 'Transcode', definition: 7, seconds: 0, outcome: 'fail' }];
    const review = { suggestion: 'block', seconds: 0 };
    writeFileSync(join(folder, 'flows.json'), JSON.stringify({ MyFlow: { steps, review } }));
    const vod = await startLocalVod(join(folder, 'data'), [
      '--callback',
      hook.url,
      '--callback-format',
      'both',
      '--sign-key',
      'key1',
      '--secret-id',
      'AKIDgiven',
      '--secret-key',
      'given',
      '--procedures',
      join(folder, 'flows.json'),
    ]);
    expect(keyPairOf(vod)).toEqual({ secretId: 'AKIDgiven', secretKey: 'given' });
    expect(vod.valueOf('callbacks')).toMatch(
      /^events are pushed to http:\S+\/vod-events, format both, with Sign and T$/,
    );
    expect(vod.valueOf('procedures')).toContain('MyFlow');
    await upload(vod, { procedure: 'MyFlow', sourceContext: 'order=7' });
    await hook.wait(5);
    const event = eventOf(hook.received, 'NewFileUpload');
    expect(event?.FileUploadEvent.MediaBasicInfo.SourceInfo.SourceContext).toBe('order=7');
    expect(event?.Sign).toBe(md5(`key1${event?.T ?? 0}`));
    expect(typesOf(hook)).toEqual(['NewFileUpload', 'ProcedureStateChanged', 'ReviewAudioVideoComplete']);
    const task = eventOf(hook.received, 'ProcedureStateChanged')?.ProcedureStateChangeEvent;
    expect(task?.MediaProcessResultSet).toMatchObject([
      { TranscodeTask: { Status: 'FAIL', Input: { Definition: 7 } } },
    ]);
    await vod.stop();
  });

  test('keeps events for PullEvents with --mode pull, and applies switches and faults', async () => {
    const vod = await startLocalVod(temporaryDirectory(), [
      '--mode',
      'pull',
      '--delete-event',
      'off',
      '--fault',
      'visibleAfterMs=60000',
      '--sub-app-ids',
      '1500000001',
    ]);
    const client = apiClient(vod.port, keyPairOf(vod));
    const fileId = await upload(vod);
    await expect(client.PullEvents({})).rejects.toMatchObject({ code: 'InvalidParameterValue.SubAppId' });
    const SubAppId = 1500000001;
    expect((await client.DescribeMediaInfos({ FileIds: [fileId], SubAppId })).NotExistFileIdSet).toEqual([fileId]);
    await client.DeleteMedia({ FileId: fileId, SubAppId });
    const { EventSet = [] } = await client.PullEvents({ SubAppId });
    expect(EventSet.map(({ EventType }) => EventType)).toEqual(['NewFileUpload']);
    expect(vod.err()).toContain('event FileDeleted: not sent, DeleteMediaCompleteEventSwitch is OFF');
    const NotificationUrl = 'http://localhost:1/vod-events?token=secret';
    await client.ModifyEventConfig({ Mode: 'PUSH', NotificationUrl, SubAppId });
    const changed = 'ModifyEventConfig: events are pushed to http://localhost:1/vod-events\n';
    await until(() => vod.err().includes(changed));
    await vod.stop();
  });

  test('ends with one line and status 1 where the folder or the port is in use, or the key pair is damaged', async () => {
    const dataDir = temporaryDirectory();
    const first = await startLocalVod(dataDir);
    const second = await startLocalVod(dataDir);
    expect([await second.exited, second.err()]).toEqual([
      1,
      `--data ${dataDir} is in use by process ${first.child.pid ?? 0}: end it, or choose another folder with --data\n`,
    ]);
    const third = await startLocalVod(temporaryDirectory(), ['--port', String(first.port)]);
    expect([await third.exited, third.err()]).toEqual([
      1,
      expect.stringMatching(/^Port \d+ is taken.*: choose another one with --port\n$/) as string,
    ]);
    await first.stop();
    writeFileSync(join(dataDir, 'key-pair.json'), '{}');
    const fourth = await startLocalVod(dataDir);
    expect(await fourth.exited).toBe(1);
    expect(fourth.err()).toBe(`${join(dataDir, 'key-pair.json')} is damaged: delete it to generate a new key pair\n`);
  });

  test('ends with status 1 when its certificate cannot be written, and does not stay', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'certificate.pem'));
    const vod = await startLocalVod(directory);
    expect(await vod.exited).toBe(1);
    expect(vod.err()).toMatch(
      /^The data folder cannot be used: EISDIR.*certificate\.pem.*\. Choose another one with --data\n$/,
    );
  });

  test.each([
    [['--fault', 'drop=1', '--fault', 'drop=0'], '--fault drop=... must be given once only'],
    [
      ['--callback-format', '2.0', '--fault', 'format=3.0'],
      '--callback-format and --fault format=... must not be given together',
    ],
  ])('ends with status 2 for faults that contradict each other, %j', async (options, message) => {
    const vod = await startLocalVod(temporaryDirectory(), options);
    expect([await vod.exited, vod.err()]).toEqual([2, `${message}\nnpm run local-vod -- --help lists the options\n`]);
  });

  test('ends with status 2 for a wrong command line, such as half a key pair', async () => {
    const half = await startLocalVod(temporaryDirectory(), ['--secret-id', 'x']);
    expect([await half.exited, half.err()]).toEqual([
      2,
      '--secret-id and --secret-key must be given together\nnpm run local-vod -- --help lists the options\n',
    ]);
  });

  test('--help prints the usage and starts nothing', async () => {
    const folder = join(temporaryDirectory(), 'unused');
    const root = resolve(__dirname, '../..');
    const command = ['--import', 'tsx', 'local/vod-command/start.ts', '--data', folder, '--help'];
    const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root });
    expect(stdout).toMatch(/^npm run local-vod -- \[options\]\n/);
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });
});

test('map-hosts.js is a script that any page may load', async () => {
  const vod = await startLocalVod(temporaryDirectory());
  const { status, headers, text } = await sendRequest(vod.port, {
    path: '/map-hosts.js',
    headers: { origin: 'https://a.cn' },
  });
  expect([status, headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
  expect(() => new Script(text)).not.toThrow();
  await vod.stop();
});
