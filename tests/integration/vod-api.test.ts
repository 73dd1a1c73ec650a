import { setTimeout as sleep } from 'node:timers/promises';
import { vodApi, VodError, type VodApi, type VodApiDeps } from '../../lib/vod/api';
import { vodResponse, refusal, relay, type Respond } from '../support/relay';
import { cleanUp, SECRET_ID, SECRET_KEY, start, upload } from '../support/vod/vod-client';

afterEach(cleanUp);

const deps: Omit<VodApiDeps, 'url'> = {
  subAppId: undefined,
  keyPair: () => Promise.resolve({ secretId: SECRET_ID, secretKey: SECRET_KEY }),
  now: Date.now,
  sleep: () => Promise.resolve(),
  random: () => 0,
};
const options = { deadline: Infinity, tries: 3 };

/** The API of the VOD at this address. */
function apiAt(url: string, more: Partial<VodApiDeps> = {}): VodApi {
  return vodApi({ ...deps, url, ...more })(options);
}

/** An API whose responses the test decides. */
async function api(respond: Respond, more: Partial<VodApiDeps> = {}, called = options) {
  const { url, actions } = await relay(0, respond);
  return { vod: vodApi({ ...deps, url, ...more })(called), actions };
}

async function errorOf(call: Promise<unknown>): Promise<VodError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (error instanceof VodError) return error;
  throw new Error(`That was not a VodError: ${String(error)}`);
}

test('every action reaches the local VOD, over plain HTTP, with a signature that it accepts', async () => {
  const { url, port } = await start({ mode: 'PULL' });
  const { fileId } = await upload(port, { procedure: 'LongVideoPreset' });
  const vod = apiAt(url);
  const [event] = (await vod.PullEvents({})).EventSet ?? [];
  expect(event?.FileUploadEvent?.FileId).toBe(fileId);
  await vod.ConfirmEvents({ EventHandles: [event?.EventHandle ?? ''] });
  expect((await vod.SearchMedia({})).TotalCount).toBe(1);
  expect((await vod.DescribeMediaInfos({ FileIds: [fileId] })).MediaInfoSet).toHaveLength(1);
  const [task] = (await vod.DescribeTasks({})).TaskSet ?? [];
  expect(await vod.DescribeTaskDetail({ TaskId: task?.TaskId ?? '' })).toMatchObject({ TaskType: 'Procedure' });
});

test('SubAppId is sent when there is one, and the caller may set another', async () => {
  const sent: object[] = [];
  const keep: Respond = (_, __, parameters) => {
    sent.push(parameters);
    return vodResponse();
  };
  const { vod } = await api(keep, { subAppId: 1500000007 });
  await vod.PullEvents({});
  await vod.PullEvents({ SubAppId: 8 });
  await (await api(keep)).vod.PullEvents({});
  expect(sent).toEqual([{ SubAppId: 1500000007 }, { SubAppId: 8 }, {}]);
});

test('a rotated key pair is used from the next call on', async () => {
  const { url } = await start();
  const pair = { secretId: SECRET_ID, secretKey: 'old' };
  const vod = apiAt(url, { keyPair: () => Promise.resolve({ ...pair }) });
  expect(await errorOf(vod.SearchMedia({}))).toMatchObject({ code: 'AuthFailure.SignatureFailure' });
  pair.secretKey = SECRET_KEY;
  expect(await vod.SearchMedia({})).toMatchObject({ TotalCount: 0 });
});

test.each([
  'RequestLimitExceeded',
  'RequestLimitExceeded.UinLimitExceeded',
  'InternalError.DBError',
  'FailedOperation.NetWorkError',
  'ServiceUnavailable',
])('V11: %s is transient and attempted three times, with growing pauses', async (code) => {
  const pauses: number[] = [];
  const more = { sleep: (pause: number) => Promise.resolve(void pauses.push(pause)), now: () => 0 };
  let calls = 0;
  const twice = await api(() => (++calls < 3 ? refusal(code) : vodResponse({ EventSet: [] })), more);
  expect(await twice.vod.PullEvents({})).toMatchObject({ EventSet: [] });
  const always = await api(() => refusal(code), more);
  expect(await errorOf(always.vod.PullEvents({}))).toMatchObject({ code });
  expect(always.actions).toHaveLength(3);
  const retries = pauses.filter((pause) => pause > 200);
  expect(retries).toEqual([250, 500, 250, 500]);
});

test('V11: a refusal of the account is not retried, and is reported with its code and what to do, without a secret', async () => {
  const { vod, actions } = await api(() => refusal('AuthFailure.SecretIdNotFound'));
  const error = await errorOf(vod.ConfirmEvents({ EventHandles: [] }));
  expect(error.code).toBe('AuthFailure.SecretIdNotFound');
  expect(error.message).toBe(
    'Cannot call ConfirmEvents: VOD returned AuthFailure.SecretIdNotFound (request request-1): store an enabled key pair of this account',
  );
  expect(actions).toHaveLength(1);
});

test('an unavailable server, or one that is not the API, is retried and reported', async () => {
  const unreachable = apiAt('http://127.0.0.1:9');
  expect((await errorOf(unreachable.PullEvents({}))).message).toMatch(
    /^Cannot call PullEvents: VOD did not respond: .*127/,
  );
  const { vod, actions } = await api(() => Promise.reject(new Error('the relay returns 500 to this')));
  const errors = jest.spyOn(console, 'error').mockReturnValue();
  const error = await errorOf(vod.PullEvents({}));
  errors.mockRestore();
  expect(error.message).toBe('Cannot call PullEvents: VOD returned HTTP status 500');
  expect(actions).toHaveLength(3);
});

test('no call waits beyond the deadline or begins after it', async () => {
  const silent = await api(() => new Promise(() => undefined), {}, { deadline: Date.now() + 300, tries: 3 });
  expect((await errorOf(silent.vod.PullEvents({}))).message).toMatch(/VOD did not respond within \d+ ms$/);
  expect(silent.actions).toHaveLength(1);
  const late = await api(() => vodResponse(), {}, { deadline: Date.now() - 1, tries: 3 });
  expect((await errorOf(late.vod.PullEvents({}))).message).toContain('no time left');
  expect(late.actions).toEqual([]);
});

test('a key pair that cannot be read is not reported as an error of VOD', async () => {
  const broken = () => Promise.reject(new Error('Cannot read secrets'));
  const { vod, actions } = await api(() => vodResponse(), { keyPair: broken });
  await expect(vod.PullEvents({})).rejects.toThrow('Cannot read secrets');
  expect(actions).toEqual([]);
});

describe('rate of the calls of one instance', () => {
  /** A clock that goes by what is slept, and the times at which calls began, by action. */
  function pacedApi(refuses: (action: string, time: number) => boolean) {
    let time = 0;
    const began = new Map<string, number[]>();
    const clock = {
      now: () => time,
      sleep: async (wait: number) => {
        const until = time + wait;
        await sleep(1); // so that all are waiting before the first one's turn
        time = Math.max(time, until);
      },
    };
    const respond: Respond = (action) => {
      began.set(action, [...(began.get(action) ?? []), time]);
      return refuses(action, time) ? refusal('RequestLimitExceeded') : vodResponse();
    };
    return { clock, began, respond };
  }

  test('is at most 100 calls a second for each action, however many callers there are', async () => {
    const { clock, began, respond } = pacedApi(() => false);
    const { vod } = await api(respond, clock);
    const calls = Array.from({ length: 100 }, () => [vod.PullEvents({}), vod.SearchMedia({})]);
    await Promise.all(calls.flat());
    expect(began.get('PullEvents')).toHaveLength(100);
    expect(began.get('SearchMedia')).toHaveLength(100);
    // 99 intervals of 10 ms; the two actions do not wait for each other.
    expect(clock.now()).toBeGreaterThanOrEqual(990);
    expect(clock.now()).toBeLessThan(1_990);
  });

  test('is half of that for a minute after a RequestLimitExceeded, for that action alone', async () => {
    let isRefused = false;
    const { clock, respond } = pacedApi((action) => {
      if (action !== 'PullEvents' || isRefused) return false;
      isRefused = true;
      return true;
    });
    const { vod } = await api(respond, clock);
    await vod.PullEvents({});
    const took = async (call: () => Promise<unknown>) => {
      const start = clock.now();
      await Promise.all(Array.from({ length: 51 }, call));
      return clock.now() - start;
    };
    expect(await took(() => vod.PullEvents({}))).toBeGreaterThanOrEqual(1_000);
    expect(await took(() => vod.SearchMedia({}))).toBeLessThan(1_000);
    await clock.sleep(60_000);
    expect(await took(() => vod.PullEvents({}))).toBeLessThan(1_000);
  });
});

test('a proxy in the environment is not used', async () => {
  process.env['http_proxy'] = 'http://127.0.0.1:9';
  try {
    const { vod } = await api(() => vodResponse({ EventSet: [] }));
    expect(await vod.PullEvents({})).toMatchObject({ EventSet: [] });
  } finally {
    delete process.env['http_proxy'];
  }
});
