import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { parse, verify } from '../../lib/signing/signature';
import { npmRun, vod } from '../support/cli/cli';
import { startTestRun, temporaryFolder, type TestRun } from '../support/local';

// register, sign, send, secrets and reconcile, against what `npm start` runs.

const SIGN_KEY = 'SignKeyOfTheTests';
const MINUTES = 60_000;

let dataDir: string;
let run: TestRun;
let env: Record<string, string>;
let before: [string, string][];

beforeAll(async () => {
  dataDir = await temporaryFolder();
  run = await startTestRun({ dataDir, givenSecrets: { callbackSignKey: SIGN_KEY } });
  env = { DATA_DIR: dataDir, VOD_CALLBACK_SIGN_KEY: SIGN_KEY };
  before = [...run.parameterStore.parameters];
});

afterAll(async () => {
  await run.stop();
  await rm(dataDir, { recursive: true });
});

afterEach(() => {
  const { parameters } = run.parameterStore;
  parameters.clear();
  for (const [name, value] of before) parameters.set(name, value);
});

const local = (args: readonly string[], ...how: [Parameters<typeof vod>[2]?]) => vod([...args, '--local'], env, ...how);
const stored = (name: string) => run.parameterStore.parameters.get(`/local/${name}`) ?? '';

function api() {
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${run.vod.port}` };
  return new sdk.v20180717.Client({ credential: { secretId, secretKey }, region: '', profile: { httpProfile } });
}

function expectNoSecretIn(text: string) {
  const { callbackToken, vodSecretKey, sealKey } = run.secrets;
  for (const secret of [callbackToken, vodSecretKey, sealKey, SIGN_KEY]) expect(text).not.toContain(secret);
}

describe('register', () => {
  const OFF = { UploadMediaCompleteEventSwitch: 'OFF', DeleteMediaCompleteEventSwitch: 'OFF' };

  test('register sets mode, URL, switches and SignKey, and shows no secret', async () => {
    await api().ModifyEventConfig({ ...OFF, Mode: 'PULL', NotificationUrl: 'https://x.example/', SignKey: 'another' });
    const { code, out } = await local(['register']);
    expect(code).toBe(0);
    expect(out).toMatch(/PULL -> PUSH[^]*https:\/\/x\.example\/ -> http[^]*none -> sha256:[^]*OFF -> ON[^]*OFF -> ON/);
    expectNoSecretIn(out);
    expect(await api().DescribeEventConfig({})).toMatchObject({
      Mode: 'PUSH',
      NotificationUrl: run.callbackUrl,
      UploadMediaCompleteEventSwitch: 'ON',
      DeleteMediaCompleteEventSwitch: 'ON',
    });
    const state = run.parameterStore.parameters.get('/vod-client-upload/local/registered') ?? '';
    expect(JSON.parse(state)).toEqual({
      mode: 'PUSH',
      url: `${run.url}/vod-events`,
      tokenFingerprint: expect.stringMatching(/^sha256:[0-9a-f]{8}$/),
      signKeyFingerprint: expect.stringMatching(/^sha256:[0-9a-f]{8}$/),
      at: expect.stringMatching(/^\d{4}-/),
    });
    // The webhook accepts the SignKey that VOD has now.
    expect((await local(['check'])).code).toBe(0);
  });

  test('register --url registers another URL', async () => {
    await local(['register', '--url', 'https://hook.example/events?a=1']);
    const { NotificationUrl: url = '' } = await api().DescribeEventConfig({});
    expect(url).toBe(`https://hook.example/events?a=1&token=${run.secrets.callbackToken}`);
    await local(['register']);
  });

  test('register --dry-run changes nothing', async () => {
    await api().ModifyEventConfig(OFF);
    const { code, out } = await local(['register', '--dry-run']);
    expect([code, out]).toEqual([0, expect.stringMatching(/OFF -> ON[^]*Nothing was changed/)]);
    expect(await api().DescribeEventConfig({})).toMatchObject(OFF);
    expect(run.parameterStore.parameters.has('/vod-client-upload/local/registered')).toBe(false);
    await local(['register']);
  });

  test('register --url must be a URL', async () => {
    expect((await local(['register', '--url', 'hook.example'])).code).toBe(2);
  });
});

describe('sign', () => {
  test('sign makes a valid signature, sealed to the caller', async () => {
    const options = ['--caller', 'user-42', '--source-context', 'order=7 你好', '--one-time', '--valid-for', '60'];
    const more = ['--procedure', 'LongVideoPreset', '--task-priority=-3', '--class-id', '5', '--session-context', 's'];
    const { code, out, err } = await local(['sign', ...options, ...more]);
    expect([code, verify(out, run.secrets.vodSecretKey), err]).toEqual([
      0,
      true,
      expect.stringContaining('valid until'),
    ]);
    const { parameters } = parse(out);
    expect(parameters).toMatchObject({
      oneTimeValid: '1',
      procedure: 'LongVideoPreset',
      taskPriority: '-3',
      classId: '5',
    });
    expect(Number(parameters['expireTime']) - Number(parameters['currentTimeStamp'])).toBe(60);
    const explained = await local(['explain', out]);
    expect(explained.out).toMatch(/^valid\n[^]*issued to "user-42", with the text "order=7 你好"[^]*one file/);
    expect(explained.code).toBe(0);
  });

  test('sign without --caller signs the source context as it is', async () => {
    const { out } = await local(['sign', '--source-context', 'mine', '--json']);
    const { signature } = JSON.parse(out) as { signature: string };
    expect(parse(signature).parameters['sourceContext']).toBe('mine');
    expect((await local(['explain', signature])).out).toContain('does not name a caller');
  });

  test.each([
    ['a priority without a procedure', ['--task-priority', '1'], '--task-priority needs a procedure'],
    ['a priority out of bounds', ['--procedure', 'P', '--task-priority', '11'], '--task-priority must be <= 10'],
    ['an unknown mode', ['--procedure', 'P', '--task-notify-mode', 'x'], '--task-notify-mode'],
    ['over 90 days', ['--valid-for', '7776001'], '--valid-for must be at most 7776000'],
    ['a category that is not a number', ['--class-id', 'five'], '--class-id must be a whole number'],
    [
      'a text that does not fit',
      ['--caller', 'me', '--source-context', 'x'.repeat(250)],
      '--source-context must have at most',
    ],
  ])('sign with %s is a usage error', async (_, options, why) => {
    expect(await local(['sign', ...options])).toMatchObject({ code: 2, out: '', err: expect.stringContaining(why) });
  });
});

describe('A1: sign --caller', () => {
  const RULE = '--caller must have 1 to 128 bytes that are not all white space';

  test.each([
    ['an empty text', ''],
    ['blanks', ' \t'],
    ['line ends', '\r\n'],
    ['white space of other scripts', '\u3000\u00a0\ufeff'],
    ['129 bytes', 'x'.repeat(129)],
    ['43 characters of 129 bytes', '你'.repeat(43)],
    ['half a surrogate pair', 'a\ud800'],
  ])('sign --caller refuses %s with the rule', async (_, caller) => {
    const { code, out, err } = await local(['sign', `--caller=${caller}`]);
    expect([code, out, err.split('\n')[0]]).toEqual([2, '', RULE]);
  });

  test.each([
    ['1 byte', 'x'],
    ['128 bytes', 'x'.repeat(128)],
    ['a text with blanks in it', ' a b '],
  ])('sign --caller accepts %s', async (_, caller) => {
    const { code, out } = await local(['sign', '--caller', caller]);
    expect(code).toBe(0);
    expect((await local(['explain', out])).out).toContain(`issued to ${JSON.stringify(caller)}`);
  });
});

describe('send', () => {
  const rowOf = async (fileId: string) => (await run.rows()).find((row) => row['fileId'] === fileId);

  /** Waits for the verification that an event triggers. */
  async function rowWith(fileId: string, attributes: object) {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const row = await rowOf(fileId);
      if (row && isMatch(row, attributes)) return row;
      if (Date.now() > deadline) throw new Error(`The row did not get the expected values: ${JSON.stringify(row)}`);
      await sleep(100);
    }
  }
  const isMatch = (row: Readonly<Record<string, unknown>>, attributes: object) =>
    Object.entries(attributes).every(([name, value]) => row[name] === value);

  test.each(['3.0', '2.0'])('events in format %s make a row, which only VOD’s response can confirm', async (format) => {
    const fileId = format === '3.0' ? '5285890000000000030' : '5285890000000000020';
    const send = (event: string, ...options: string[]) =>
      local(['send', event, '--file-id', fileId, '--format', format, ...options]);
    const { out: signature } = await local(['sign', '--caller', 'user-42', '--source-context', 'order=7']);
    const sealed = parse(signature).parameters['sourceContext'] ?? '';
    const first = await send('NewFileUpload', '--source-context', sealed, '--name', 'cat', '--task-id', 't1');
    expect([first.code, first.out]).toEqual([0, expect.stringContaining('200 {"outcome":"recorded"}')]);
    expectNoSecretIn(first.out);
    expect(await rowOf(fileId)).toMatchObject({ status: 'processing', uploader: 'user-42', sourceContext: 'order=7' });
    const ended = await send('ProcedureStateChanged', '--task-id', 't1', '--session-context', 's');
    expect(ended.out).toContain('200 {"outcome":"recorded"}');
    expect(await rowOf(fileId)).toMatchObject({ status: 'processing', trust: 'pushed', name: 'cat', tasks: {} });
    await send('FileDeleted');
    // VOD does not know the file, and an event reported its deletion.
    const row = await rowWith(fileId, { status: 'deleted', trust: 'unknown' });
    expect(row['notice']).toMatch(/forged, or the file was deleted/);
  });

  test('send makes a finished review an event of format 3.0', async () => {
    const event = ['send', 'ReviewAudioVideoComplete', '--file-id', '5285890000000000040'];
    expect((await local(event)).out).toContain('200 {"outcome":"recorded"}');
    expect(await local([...event, '--format', '2.0'])).toMatchObject({ code: 2, err: expect.stringContaining('3.0') });
  });

  test.each(['3.0', '2.0'])('a pull is recorded and a failed pull is ignored, in format %s', async (format) => {
    const fileId = format === '3.0' ? '5285890000000000031' : '5285890000000000021';
    const pulled = await local(['send', 'PullComplete', '--file-id', fileId, '--format', format]);
    expect(pulled.out).toContain('recorded');
    expect((await local(['send', 'PullComplete', '--failed', '--format', format])).out).toContain('ignored');
  });

  test('send --url sends to any URL as it is', async () => {
    const sign = { VOD_CALLBACK_SIGN_KEY: SIGN_KEY };
    expect((await vod(['send', 'FileDeleted', '--url', run.callbackUrl], sign)).code).toBe(0);
    const unsigned = await vod(['send', 'FileDeleted', '--url', run.callbackUrl]);
    expect(unsigned).toMatchObject({ code: 1, out: expect.stringContaining('401') });
    const refused = await vod(['send', 'FileDeleted', '--url', 'http://127.0.0.1:9/?token=secret']);
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/^Cannot send to http:\/\/127.0.0.1:9\/\?\.\.\.: no response/),
    ]);
  });

  test.each([
    ['no event', ['send']],
    ['an unknown event', ['send', 'Uploaded']],
    ['an unknown format', ['send', 'FileDeleted', '--format', '4.0']],
    ['an unknown status', ['send', 'FileDeleted', '--status', 'DONE']],
    ['a text that is not a URL', ['send', 'FileDeleted', '--url', 'x']],
    ['a file id that is not digits', ['send', 'FileDeleted', '--file-id', 'file-1']],
  ])('send with %s is a usage error', async (_, args) => {
    expect((await local(args)).code).toBe(2);
  });
});

describe('secrets', () => {
  test('secrets create makes missing parameters and does not change existing ones', async () => {
    const { parameters } = run.parameterStore;
    const seal = stored('seal-key');
    for (const name of ['vod-key', 'callback-token', 'sign-key']) parameters.delete(`/local/${name}`);
    const shownPrompts: string[] = [];
    const promptSecrets = (prompts: readonly string[]) => {
      shownPrompts.push(...prompts);
      return Promise.resolve(['AKIDtyped', 'typed-key']);
    };
    const { code, out } = await local(['secrets', 'create'], { promptSecrets });
    expect(code).toBe(0);
    expect(out).toMatch(/created +\/local\/vod-key[^]*exists +\/local\/seal-key[^]*created +\/local\/callback-token/);
    expect(out).not.toContain('typed-key');
    expect(shownPrompts).toHaveLength(2);
    expect(JSON.parse(stored('vod-key'))).toEqual({ secretId: 'AKIDtyped', secretKey: 'typed-key' });
    expect(stored('seal-key')).toBe(seal);
    expect(stored('callback-token')).toMatch(/^[\w-]{43}$/);
    expect(stored('sign-key')).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(out).not.toContain(stored('callback-token'));
    expect((await local(['secrets', 'create'])).out).not.toContain('created');
  });

  test('secrets create reads the key pair from the environment, and refuses an empty one', async () => {
    run.parameterStore.parameters.delete('/local/vod-key');
    const { vodSecretId: VOD_SECRET_ID, vodSecretKey: VOD_SECRET_KEY } = run.secrets;
    const nothing = { promptSecrets: () => Promise.resolve(['', '']) };
    expect(await local(['secrets', 'create'], nothing)).toMatchObject({ code: 1, err: expect.stringMatching(/stdin/) });
    await vod(['secrets', 'create', '--local'], { ...env, VOD_SECRET_ID, VOD_SECRET_KEY });
    expect(JSON.parse(stored('vod-key'))).toEqual({ secretId: VOD_SECRET_ID, secretKey: VOD_SECRET_KEY });
  });

  test('secrets create reads the key pair from a pipe, a line each', async () => {
    run.parameterStore.parameters.delete('/local/vod-key');
    const { code, out } = await npmRun(['secrets', 'create', '--local'], env, 'AKIDpiped\npiped-key\n');
    expect([code, out]).toEqual([0, expect.not.stringContaining('piped-key')]);
    expect(JSON.parse(stored('vod-key'))).toEqual({ secretId: 'AKIDpiped', secretKey: 'piped-key' });
  });

  test('secrets show prints fingerprints, and names missing parameters', async () => {
    const all = await local(['secrets', 'show']);
    expect([all.code, all.out]).toEqual([0, expect.stringMatching(/\/local\/seal-key {2}sha256:[0-9a-f]{8}$/m)]);
    expectNoSecretIn(all.out);
    run.parameterStore.parameters.delete('/local/seal-key');
    expect(await local(['secrets', 'show'])).toMatchObject({ code: 1, out: expect.stringContaining('create the SSM') });
  });

  test('secrets rotate of the token requires the steps add, register and drop, in this order', async () => {
    const old = stored('callback-token');
    const rotate = (step: string, now = Date.now()) =>
      local(['secrets', 'rotate', 'callback-token', '--step', step], { now: () => now });
    expect(await rotate('drop')).toMatchObject({ code: 1, err: expect.stringContaining('begin with --step add') });
    const start = Date.now();
    expect((await rotate('add', start)).code).toBe(0);
    const [made = '', ...rest] = stored('callback-token').split(',');
    expect([rest, made]).toEqual([[old], expect.not.stringMatching(old)]);
    expect(await rotate('add')).toMatchObject({ code: 1, err: expect.stringContaining('in progress') });
    // Too early for functions that have only the old value.
    const early = await local(['register'], { now: () => start + 5 * MINUTES });
    expect(early).toMatchObject({ code: 1, err: expect.stringContaining('run this again then') });
    const undecided = await rotate('drop', start + 7 * MINUTES);
    expect(undecided).toMatchObject({ code: 1, err: expect.stringContaining('register') });
    expect((await local(['register'], { now: () => start + 7 * MINUTES })).code).toBe(0);
    expect((await api().DescribeEventConfig({})).NotificationUrl).toContain(encodeURIComponent(made));
    expect((await rotate('drop', start + 8 * MINUTES)).code).toBe(0);
    expect(stored('callback-token')).toBe(made);
    expect((await rotate('add', start + 9 * MINUTES)).code).toBe(0);
  });

  test('secrets rotate of the seal key requires the steps add, use and drop, in this order', async () => {
    const old = stored('seal-key');
    const rotate = (step: string, now: number) =>
      local(['secrets', 'rotate', 'seal-key', '--step', step], { now: () => now });
    const start = Date.now();
    await rotate('add', start);
    const [first, made = ''] = stored('seal-key').split(',');
    expect([first, made]).toEqual([old, expect.stringMatching(/^[\w-]{43}$/)]);
    expect(await rotate('use', start + 5 * MINUTES)).toMatchObject({
      code: 1,
      err: expect.stringContaining('not before'),
    });
    expect((await rotate('drop', start + 7 * MINUTES)).err).toContain('the next step is use');
    expect((await rotate('use', start + 7 * MINUTES)).code).toBe(0);
    expect(stored('seal-key')).toBe(`${made},${old}`);
    expect((await rotate('use', start + 14 * MINUTES)).err).toContain('the next step is drop');
    expect((await rotate('drop', start + 14 * MINUTES)).code).toBe(0);
    expect(stored('seal-key')).toBe(made);
  });

  test('secrets rotate replaces the key pair as a whole', async () => {
    const promptSecrets = () => Promise.resolve(['AKIDnew', 'new-key']);
    const { code, out } = await local(['secrets', 'rotate', 'vod-key', '--step', 'replace'], { promptSecrets });
    expect([code, out]).toEqual([0, expect.not.stringContaining('new-key')]);
    expect(JSON.parse(stored('vod-key'))).toEqual({ secretId: 'AKIDnew', secretKey: 'new-key' });
  });

  test.each([
    ['nothing', ['secrets']],
    ['an unknown secret', ['secrets', 'rotate', 'password', '--step', 'add']],
    ['no step', ['secrets', 'rotate', 'seal-key']],
    ['a step of another secret', ['secrets', 'rotate', 'callback-token', '--step', 'use']],
    ['a key in the command line', ['secrets', 'create', 'AKID', 'key']],
  ])('secrets with %s is a usage error', async (_, args) => {
    expect((await local(args)).code).toBe(2);
  });
});
