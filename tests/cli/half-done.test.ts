import { text } from 'node:stream/consumers';
import { startParameterStore, type ParameterStore } from '../../local/services/parameter-store';
import { startTestRun } from '../support/local';
import { vod } from '../support/cli/cli';
import { serve } from '../support/serve';

// The state that a command leaves behind when SSM refuses it half-way, and how the next run recovers.

const MINUTES = 60_000;
const ROTATION = '/vod-client-upload/dev/rotation';

let store: ParameterStore;
let relay: Awaited<ReturnType<typeof serve>>;
/** The result of each further PutParameter. `lost`: it is stored, but the caller gets an error. */
let fates: ('stored' | 'refused' | 'lost')[] = [];
const awsBefore = { ...process.env };

beforeAll(async () => {
  store = await startParameterStore([]);
  relay = await serve((request, response) => {
    void text(request).then(async (body) => {
      const target = String(request.headers['x-amz-target']);
      const fate = target.endsWith('PutParameter') ? (fates.shift() ?? 'stored') : 'stored';
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
      const relayed = fate === 'refused' ? undefined : await fetch(store.url, { method: 'POST', body, headers });
      const stored = await relayed?.text();
      if (fate === 'stored') response.writeHead(relayed?.status ?? 500).end(stored);
      else response.writeHead(400).end('{"__type":"AccessDeniedException","message":"not now"}');
    });
  });
  Object.assign(process.env, { AWS_ENDPOINT_URL_SSM: relay.url, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' });
});

afterAll(async () => {
  process.env = awsBefore;
  await relay.close();
  await store.close();
});

beforeEach(() => {
  fates = [];
  store.parameters.clear();
  for (const name of ['seal-key', 'callback-token']) store.parameters.set(`/vod-client-upload/dev/${name}`, 'old');
});

const stored = (name = 'seal-key') => store.parameters.get(`/vod-client-upload/dev/${name}`) ?? '';
const rotate = (step: string, minutes: number, which = 'seal-key') =>
  vod(['secrets', 'rotate', which, '--step', step], {}, { now: () => minutes * MINUTES });

// The record of the begun step, the secret, the record of the completed step.
test.each<{ broken: typeof fates }>([
  { broken: ['refused'] },
  { broken: ['lost'] },
  { broken: ['stored', 'refused'] },
  { broken: ['stored', 'lost'] },
  { broken: ['stored', 'stored', 'refused'] },
])('each step of the rotation of a seal key can be run again after its writes were $broken', async ({ broken }) => {
  let minutes = 1000;
  const twice = async (step: string) => {
    fates = [...broken];
    expect(await rotate(step, minutes)).toMatchObject({ code: 1, err: expect.stringContaining('not now') });
    expect(await rotate(step, minutes + 1)).toMatchObject({ code: 0, err: '' });
    minutes += 10;
  };
  await twice('add');
  const [old, made = ''] = stored().split(',');
  expect([old, made]).toEqual(['old', expect.stringMatching(/^[\w-]{43}$/)]);
  await twice('use');
  expect(stored()).toBe(`${made},old`);
  await twice('drop');
  expect(stored()).toBe(made);
  expect(JSON.parse(store.parameters.get(ROTATION) ?? '')).toEqual({});
});

test('an interrupted rotation step must be completed before the next one, which could drop the key in use', async () => {
  await rotate('add', 1000);
  const [, made = ''] = stored().split(',');
  fates = ['stored', 'stored', 'refused'];
  await rotate('use', 1010);
  expect(await rotate('drop', 1020)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/step use was interrupted.*again/),
  });
  const { out } = await vod(['secrets', 'show']);
  expect(out).toContain('step add is done, step use began and must be run again');
  expect(stored()).toBe(`${made},old`);
  // The functions may have it since then, or only since now: the wait begins again.
  expect((await rotate('use', 1030)).code).toBe(0);
  expect((await rotate('drop', 1035)).err).toContain('not before');
  expect((await rotate('drop', 1036)).code).toBe(0);
  expect(stored()).toBe(made);
});

test('a token whose step was interrupted is not given to VOD before the functions have it', async () => {
  fates = ['stored', 'stored', 'refused'];
  await rotate('add', 1000, 'callback-token');
  const early = await vod(['register'], {}, { now: () => 1005 * MINUTES });
  expect(early).toMatchObject({ code: 1, err: expect.stringContaining('may still use the old callback-token') });
});

test('register reports that VOD was changed when that cannot be stored', async () => {
  const run = await startTestRun();
  const { vodSecretId: secretId, vodSecretKey: secretKey } = run.secrets;
  store.parameters.set('/vod-client-upload/dev/vod-key', JSON.stringify({ secretId, secretKey }));
  fates = ['refused'];
  const env = { VOD_API_URL: run.vod.url };
  const url = 'https://hook.example/vod-events';
  const { code, err } = await vod(['register', '--url', url], env);
  await run.stop();
  const message = [
    'VOD was changed, but this could not be stored: Cannot store /vod-client-upload/dev/registered:',
    'the AWS credentials lack ssm:PutParameter on /vod-client-upload/dev/registered: add it to their IAM policy (AccessDeniedException: not now);',
    'then run `npm run vod -- register --url https://hook.example/vod-events --stage dev` again, which sets VOD and stores it',
  ];
  expect([code, err]).toEqual([1, message.join(' ')]);
});

test('A6: secrets create that is refused half-way names the command that creates the missing ones', async () => {
  store.parameters.clear();
  fates = ['stored', 'stored', 'refused'];
  const env = { VOD_SECRET_ID: 'AKIDx', VOD_SECRET_KEY: 'key', CALLBACK_SIGN_KEY_PARAMETER: '/sign-key' };
  const first = await vod(['secrets', 'create'], env);
  expect([first.code, first.out.match(/^created/gm)]).toEqual([1, ['created', 'created']]);
  expect(first.err).toMatch(
    /^Cannot store \/vod-client-upload\/dev\/callback-token: the AWS credentials lack ssm:PutParameter on .*; then run `npm run vod -- secrets create --stage dev` again, which keeps what exists/,
  );
  const second = await vod(['secrets', 'create'], env);
  expect([second.code, second.out.match(/^created/gm)]).toEqual([0, ['created', 'created']]);
  expect(stored('callback-token')).not.toBe('');
});

test('A6: a rotation that is refused half-way names the command that completes the step', async () => {
  fates = ['stored', 'refused'];
  const { code, err } = await rotate('add', 1000);
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(
      /; then run `npm run vod -- secrets rotate seal-key --step add --stage dev` again, which completes/,
    ),
  ]);
});

test('A6: register without a response from VOD reports that VOD may be changed nevertheless', async () => {
  let changes = 0;
  const silent = await serve((request, response) => {
    if (request.headers['x-tc-action'] === 'ModifyEventConfig') {
      changes += 1;
      request.socket.destroy();
    } else response.writeHead(200, { 'content-type': 'application/json' }).end('{"Response":{"RequestId":"r"}}');
  });
  store.parameters.set('/vod-client-upload/dev/vod-key', '{"secretId":"AKIDx","secretKey":"key"}');
  const { code, err } = await vod(['register', '--url', 'https://hook.example/x'], { VOD_API_URL: silent.url });
  await silent.close();
  expect([code, changes, err]).toEqual([
    1,
    1,
    expect.stringMatching(
      /^Cannot register: VOD does not respond .*; VOD may be changed nevertheless: run `npm run vod -- register --url/,
    ),
  ]);
});
