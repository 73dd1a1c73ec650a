import { text } from 'node:stream/consumers';
import { startParameterStore, type ParameterStore } from '../../local/services/parameter-store';
import { startTestRun } from '../helpers/local';
import { serve, vod } from '../helpers/cli';

// What a command leaves behind when SSM refuses it half-way, and what the next run does about it.

const MINUTES = 60_000;
const ROTATION = '/vod-client-upload/dev/rotation';

let store: ParameterStore;
let relay: Awaited<ReturnType<typeof serve>>;
/** The fate of each PutParameter to come. `lost`: it is stored, but the caller gets an error. */
let fates: ('stored' | 'refused' | 'lost')[] = [];
const awsBefore = { ...process.env };

beforeAll(async () => {
  store = await startParameterStore([]);
  relay = await serve((request, response) => {
    void text(request).then(async (body) => {
      const target = String(request.headers['x-amz-target']);
      const fate = target.endsWith('PutParameter') ? (fates.shift() ?? 'stored') : 'stored';
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
      const answer = fate === 'refused' ? undefined : await fetch(store.url, { method: 'POST', body, headers });
      const stored = await answer?.text();
      if (fate === 'stored') response.writeHead(answer?.status ?? 500).end(stored);
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

// The record of what is begun, the secret, the record of what is done.
test.each<{ broken: typeof fates }>([
  { broken: ['refused'] },
  { broken: ['lost'] },
  { broken: ['stored', 'refused'] },
  { broken: ['stored', 'lost'] },
  { broken: ['stored', 'stored', 'refused'] },
])('each step of the seal key can be run again after writes were $broken', async ({ broken }) => {
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

test('an interrupted step must be completed before the next one, which could drop the key in use', async () => {
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
  expect(early).toMatchObject({ code: 1, err: expect.stringContaining('may not have the new callback-token') });
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
  const message = /^VOD was changed, but .*not now.*: grant ssm:PutParameter and run register again$/;
  expect([code, err]).toEqual([1, expect.stringMatching(message)]);
});
