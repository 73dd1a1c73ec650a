import { UploadError } from '../../client/src/errors';
import { en } from '../../client/src/messages';
import { zh } from '../../client/src/zh';
import { createModelClient, modelFile, track } from '../support/client/client';
import { tokenOf } from '../support/client/model-vod';

const HOUR = 3_600_000;

test('client upload > has an id of its own, also for a second one of the same file', () => {
  const { uploads } = createModelClient();
  const file = modelFile();
  const ids = [uploads.upload(file).id, uploads.upload(file).id, createModelClient().uploads.upload(file).id];
  expect(new Set(ids).size).toBe(3);
});

describe('client signatures', () => {
  test('one upload requests one reusable signature', async () => {
    const { uploads, world, signed } = createModelClient();
    const uploaded = track(uploads.upload(modelFile(), { sourceContext: 'order=7' }).uploaded);
    await world.advance(5000);
    expect(uploaded.value).toEqual({ fileId: 'file-session-1' });
    const body = { sourceContext: 'order=7', fileName: 'video.mp4', fileSize: 350 };
    expect(signed().map(({ body: sent }) => JSON.parse(sent ?? '') as unknown)).toEqual([body]);
  });

  test('a one-time signature is fetched anew for each of the three calls of the SDK', async () => {
    const { uploads, world, signed } = createModelClient();
    const uploaded = track(uploads.upload(modelFile(), { oneTimeValid: true }).uploaded);
    await world.advance(5000);
    expect(uploaded.value).toBeDefined();
    expect(signed()).toHaveLength(3);
  });

  test('a reusable signature is replaced 30 s before it expires', async () => {
    const { uploads, world, signed } = createModelClient();
    const upload = uploads.upload(modelFile());
    await world.advance(250); // parts are on their way
    expect(upload.snapshot.state).toBe('uploading');
    upload.pause();
    await world.advance(269_000); // it lives 300 s
    upload.resume();
    await world.advance(200);
    expect(signed()).toHaveLength(1);
    upload.pause();
    await world.advance(1000);
    upload.resume();
    await world.advance(1000);
    expect(signed()).toHaveLength(2);
  });

  test('a signature that VOD refuses is not used again', async () => {
    const { uploads, world, vod, signed } = createModelClient();
    vod.statusAfter = HOUR;
    const original = vod.apply.bind(vod);
    let isRefused = false;
    jest.spyOn(vod, 'apply').mockImplementation((signature, key) => {
      if (isRefused) return original(signature, key);
      isRefused = true;
      throw Object.assign(new Error('expired'), { code: 10010 });
    });
    const uploaded = track(uploads.upload(modelFile()).uploaded);
    await world.advance(5000);
    expect(uploaded.value).toBeDefined();
    expect(signed()).toHaveLength(2);
  });
});

describe('client tokens', () => {
  test('a 401 fetches a fresh token once and repeats the request', async () => {
    const refreshes: boolean[] = [];
    const token = ({ refresh }: { refresh: boolean }) => {
      refreshes.push(refresh);
      return tokenOf('alice');
    };
    const { uploads, plan, requests } = createModelClient({ token });
    plan(401, { message: 'Unauthorized' });
    plan(200, { uploads: [] });
    await expect(uploads.list()).resolves.toEqual({ uploads: [] });
    expect(refreshes).toEqual([false, true]);
    expect(requests).toHaveLength(2);
  });

  test('a second 401 is an error that contains the reason of www-authenticate', async () => {
    const { uploads, plan, requests } = createModelClient();
    const reason = { 'www-authenticate': 'Bearer error="invalid_token" error_description="the token has expired"' };
    plan(401, { message: 'Unauthorized' }, reason);
    plan(401, { message: 'Unauthorized' }, reason);
    await expect(uploads.get('1')).rejects.toMatchObject({
      code: 'unauthorized',
      status: 401,
      message: 'The login has expired: the token has expired',
      advice: 'Log in again, then retry.',
    });
    expect(requests).toHaveLength(2);
  });

  test('an upload ends with user-changed when another user logs in, and resumes when its own is back', async () => {
    let user = 'alice';
    const { uploads, world, vod } = createModelClient({ token: () => tokenOf(user) });
    const upload = uploads.upload(modelFile());
    await world.advance(250);
    upload.pause();
    user = 'bob';
    upload.resume();
    await world.advance(1000);
    expect(upload.snapshot).toMatchObject({ state: 'error', error: { code: 'user-changed' } });
    user = 'alice';
    upload.retry();
    await world.advance(5000);
    expect(vod.file(upload.snapshot.fileId ?? '')).toMatchObject({ user: 'alice' });
    expect(vod.sessions.size).toBe(1);
  });
});

describe('client errors', () => {
  test('errors[] of problem+json are in the error and in its message', async () => {
    const { uploads, plan, world } = createModelClient();
    const upload = uploads.upload(modelFile());
    const errors = [{ path: '/fileSize', message: 'must be at most 100' }];
    plan(400, { type: 'urn:vod-client-upload:problem:invalid-request', status: 400, detail: 'invalid body', errors });
    await world.advance(1000);
    const { state, error } = upload.snapshot;
    expect(state).toBe('error');
    expect(error).toBeInstanceOf(UploadError);
    expect(error).toMatchObject({
      code: 'invalid-request',
      message: 'The request is not valid: invalid body: /fileSize: must be at most 100',
      advice: 'Choose another file.',
      errors,
    });
    await expect(upload.uploaded).rejects.toBe(error);
  });

  test('Chinese has a text for each code', async () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    const { uploads, plan } = createModelClient({ messages: zh });
    plan(404, { message: 'Not Found' });
    await expect(uploads.get('1')).rejects.toMatchObject({ message: '上传记录不存在: Not Found' });
  });

  test('a code that this client does not know is shown as an invalid request', async () => {
    const { uploads, plan } = createModelClient();
    plan(418, { type: 'urn:vod-client-upload:problem:teapot', detail: 'short and stout' });
    await expect(uploads.get('1')).rejects.toMatchObject({
      code: 'teapot',
      message: 'The request is not valid: short and stout',
    });
  });

  test('a request without a response fails after 30 s', async () => {
    const { uploads, vod, world } = createModelClient();
    vod.problems.push({ operation: 'read', effect: 'hangs', times: 1 });
    const listed = track(uploads.list());
    await world.advance(29_000);
    expect(listed.error).toBeUndefined();
    await world.advance(1000);
    expect(listed.error).toMatchObject({ code: 'network', isTransient: true });
  });

  test('an error of an upload is not an unhandled rejection when its promises are not read', async () => {
    const { uploads, plan, world } = createModelClient();
    plan(403, { type: 'urn:vod-client-upload:problem:forbidden' });
    const upload = uploads.upload(modelFile());
    await world.advance(1000); // an unhandled rejection would fail this test
    expect(upload.snapshot.error).toMatchObject({ code: 'forbidden' });
  });
});

describe('client retries', () => {
  test('a part that hangs is sent again after 60 s without progress', async () => {
    const { uploads, vod, world } = createModelClient();
    vod.problems.push({ operation: 'part', effect: 'hangs', times: 1 });
    const upload = uploads.upload(modelFile());
    await world.advance(59_000);
    expect(upload.snapshot.state).not.toBe('processing');
    await world.advance(5000);
    expect(upload.snapshot.state).toBe('processing');
  });

  test('a Commit that fails is retried without sending a part again', async () => {
    const { uploads, vod, world } = createModelClient();
    vod.problems.push({ operation: 'commit', effect: 'unreachable', times: 4 });
    const upload = uploads.upload(modelFile());
    await world.advance(5000);
    const session = [...vod.sessions.values()].at(-1);
    const parts = jest.spyOn(session?.parts ?? new Map(), 'set');
    await world.advance(5000);
    expect(upload.snapshot.fileId).toBe(`file-${session?.key ?? ''}`);
    expect(parts).not.toHaveBeenCalled();
  });

  test('errors that last are reported after 8 retries, and retry() resumes', async () => {
    const { uploads, vod, world } = createModelClient();
    vod.problems.push({ operation: 'part', effect: 'unreachable', times: 9 });
    const upload = uploads.upload(modelFile());
    await world.advance(HOUR);
    expect(upload.snapshot).toMatchObject({ state: 'error', error: { code: 'network' } });
    const first = upload.uploaded;
    await expect(first).rejects.toMatchObject({ code: 'network' });
    upload.retry();
    expect(upload.uploaded).not.toBe(first);
    await world.advance(5000);
    expect(upload.snapshot.state).toBe('processing');
    expect(vod.sessions.size).toBe(1);
  });

  test('a retry waits for the Retry-After of the backend', async () => {
    const { uploads, plan, world, signed } = createModelClient();
    plan(503, { type: 'urn:vod-client-upload:problem:unavailable' }, { 'retry-after': '20' });
    const upload = uploads.upload(modelFile());
    await world.advance(19_000);
    expect(signed()).toHaveLength(1);
    await world.advance(5000);
    expect(upload.snapshot.state).toBe('processing');
  });

  test('a 429 without Retry-After, the response of a throttled gateway, is retried', async () => {
    const { uploads, plan, world, signed } = createModelClient();
    plan(429, { message: 'Too Many Requests' });
    const upload = uploads.upload(modelFile());
    await world.advance(30_000);
    expect(upload.snapshot.state).toBe('processing');
    expect(signed()).toHaveLength(2);
  });

  test('Retry-After of years ends the upload with an error, and starts no timer', async () => {
    const { uploads, plan, world } = createModelClient();
    plan(429, { type: 'urn:vod-client-upload:problem:rate-limited' }, { 'retry-after': '99999999' });
    const upload = uploads.upload(modelFile());
    await world.advance(1000);
    expect(upload.snapshot).toMatchObject({ state: 'error', error: { retryAfter: 99_999_999 } });
    await expect(upload.uploaded).rejects.toMatchObject({ retryAfter: 99_999_999 });
  });
});

describe('client polling', () => {
  async function uploadOne() {
    const client = createModelClient();
    const upload = client.uploads.upload(modelFile());
    await client.world.advance(2000);
    expect(upload.snapshot.state).toBe('processing');
    return { ...client, upload };
  }

  test('begins when settled is read or a listener subscribes, not before', async () => {
    const { upload, world, polls } = await uploadOne();
    await world.advance(60_000);
    expect(polls()).toEqual([]);
    const settled = track(upload.settled);
    await world.advance(1000);
    expect(settled.value).toMatchObject({ status: 'ready' });
    expect(upload.snapshot).toMatchObject({ state: 'ready', upload: { status: 'ready' } });
    expect(polls()).toHaveLength(1);
  });

  test('pauses while there is no subscriber', async () => {
    const { upload, world, vod, polls } = await uploadOne();
    vod.statusAfter = HOUR;
    const unsubscribe = upload.subscribe(() => undefined);
    await world.advance(5000);
    unsubscribe();
    await world.advance(5000);
    const pollCount = polls().length;
    await world.advance(60_000);
    expect(polls()).toHaveLength(pollCount);
    upload.subscribe(() => undefined);
    await world.advance(1000);
    expect(polls().length).toBeGreaterThan(pollCount);
  });

  test('requests the status in growing intervals of up to 30 s, with the version it has', async () => {
    const { upload, world, vod, polls } = await uploadOne();
    vod.statusAfter = HOUR;
    void upload.settled;
    await world.advance(600_000);
    const times = polls().map(({ at }) => at);
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(pauses.slice(0, 3)).toEqual([1500, 2250, 3375]);
    expect(Math.max(...pauses)).toBe(30_000);
    expect(polls().at(-1)?.headers['if-none-match']).toBe('"1"');
  });

  test('stops while the page is hidden', async () => {
    const { upload, world, vod, polls } = await uploadOne();
    vod.statusAfter = HOUR;
    const settled = track(upload.settled);
    await world.advance(10_000);
    world.setHidden(true);
    await world.advance(60_000);
    const pollCount = polls().length;
    await world.advance(HOUR);
    expect(polls()).toHaveLength(pollCount);
    world.setHidden(false);
    await world.advance(100);
    expect(settled.value).toMatchObject({ status: 'ready' });
  });

  test('settled rejects with timeout after 24 hours, and uploaded stays', async () => {
    const { upload, world, vod } = await uploadOne();
    vod.statusAfter = Infinity;
    const settled = track(upload.settled);
    await world.advance(23.9 * HOUR);
    expect(settled).toEqual({});
    await world.advance(0.2 * HOUR);
    expect(settled.error).toMatchObject({ code: 'timeout' });
    await expect(upload.uploaded).resolves.toEqual({ fileId: 'file-session-1' });
  });

  test('cancel() while VOD processes the file rejects settled with AbortError', async () => {
    const { upload, world, polls } = await uploadOne();
    const settled = track(upload.settled);
    upload.cancel();
    await world.advance(60_000);
    expect(settled.error).toMatchObject({ name: 'AbortError', code: 'cancelled' });
    expect(polls()).toHaveLength(1);
  });

  test.each(['failed', 'held', 'rejected'])('%s is a final status', async (status) => {
    const { upload, world, vod } = await uploadOne();
    vod.finalStatus = status;
    const settled = track(upload.settled);
    await world.advance(60_000);
    expect(settled.value).toMatchObject({ status });
    expect(upload.snapshot.state).toBe(status);
  });

  test('a deleted file is an error, and a rejected one that the backend deleted is rejected', async () => {
    const { upload, world, vod } = await uploadOne();
    vod.finalStatus = 'deleted';
    const settled = track(upload.settled);
    await world.advance(60_000);
    expect(settled.error).toMatchObject({ code: 'deleted' });

    const other = await uploadOne();
    const rejection = { reason: 'too-large' };
    other.plan(200, { fileId: 'file-session-1', status: 'deleted', version: 3, rejection });
    await expect(other.upload.settled).resolves.toMatchObject({ status: 'deleted', rejection });
    expect(other.upload.snapshot.state).toBe('rejected');
  });
});

describe('client listeners', () => {
  test('a listener that cancels keeps the others from the outdated snapshot', async () => {
    const { uploads, world } = createModelClient();
    const upload = uploads.upload(modelFile());
    const states: string[] = [];
    upload.subscribe(({ state }) => {
      if (state === 'uploading') upload.cancel();
    });
    upload.subscribe(({ state }) => states.push(state));
    await world.advance(5000);
    expect(states).toEqual(['preparing', 'cancelled']);
  });

  test('a listener that throws stops neither the upload nor the others', async () => {
    const { uploads, world } = createModelClient();
    const thrown = new Error('a bug of the app');
    const unhandled: unknown[] = [];
    const reject = jest.spyOn(Promise, 'reject').mockImplementation((reason) => {
      unhandled.push(reason);
      return new Promise(() => undefined);
    });
    const upload = uploads.upload(modelFile());
    upload.subscribe(() => {
      throw thrown;
    });
    const states: string[] = [];
    upload.subscribe(({ state }) => states.push(state));
    await world.advance(1000);
    reject.mockRestore();
    expect(states).toContain('processing');
    expect(unhandled).toContain(thrown);
  });
});

test('client queue > the fourth of four uploads waits for a place, which a pause gives free', async () => {
  const { uploads, world } = createModelClient();
  const all = ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4'].map((name) => uploads.upload(modelFile(name, 3500)));
  const states = () => all.map(({ snapshot }) => snapshot.state);
  await world.advance(300);
  expect(states()).toEqual(['uploading', 'uploading', 'uploading', 'waiting']);
  all[1]?.pause();
  await world.advance(300);
  expect(states()).toEqual(['uploading', 'paused', 'uploading', 'uploading']);
  all[1]?.resume();
  await world.advance(10);
  expect(states()).toEqual(['uploading', 'waiting', 'uploading', 'uploading']);
});

test('client speed > speed and remaining time are known while parts are sent, and only then', async () => {
  const { uploads, world } = createModelClient();
  const upload = uploads.upload(modelFile('a.mp4', 3500));
  await world.advance(1000);
  const { speed = 0, remaining = 0, loaded } = upload.snapshot;
  expect(speed).toBeCloseTo(2000, 0); // 100 bytes in 50 ms
  expect(remaining).toBeCloseTo((3500 - loaded) / 2000, 1);
  upload.pause();
  expect(upload.snapshot).toMatchObject({ state: 'paused', loaded });
  expect(upload.snapshot.speed).toBeUndefined();
});
