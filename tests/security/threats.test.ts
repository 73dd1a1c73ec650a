import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seal } from '../../lib/vod/source-context';
import { fileDeleted, newFileUpload, procedureStateChanged } from '../support/events';
import { contentOf, HOUR, MINUTE, type Reconciliation } from '../support/reconciliation';
import { EVIL, startVictim, type Victim } from '../support/victim';
import { apply, sendRequest, cos, sign, ugc, upload } from '../support/vod/vod-client';
import { SEAL_KEY } from '../support/webhook';

// The guarantees of the documentation's threat table, under its numbers. Forged events about a file of another user
// (T5 to T7) are in forgeries.test.ts.

const DAY = 24 * HOUR;

let scene: Awaited<ReturnType<typeof startVictim>>;
let world: Reconciliation;
let victim: Victim;

beforeEach(async () => {
  scene = await startVictim();
  ({ world, victim } = scene);
});
afterEach(async () => {
  await scene.stop();
});

describe('requests without a valid credential', () => {
  test.each([
    ['T1: no token', { query: '' }],
    ['T1: an empty token', { query: 'token=' }],
    ['T2: a token that was rotated out', { query: 'token=token-0' }],
  ])('%s: the request is refused and nothing is written', async (_, how) => {
    world.webhook.takeCounts();
    for (const event of [newFileUpload({ fileId: '999' }), fileDeleted({ fileId: victim.fileId })]) {
      expect(await world.webhook.status(event, how)).toBe(401);
    }
    expect(world.webhook.takeCounts()).toEqual({});
  });

  test('T1: H7: a flood of requests without a token reads no secret and no row', async () => {
    const handler = world.webhook.handler();
    const reads = world.webhook.secretReads();
    world.webhook.takeCounts();
    const flood = Array.from({ length: 500 }, () => world.webhook.status(fileDeleted(victim), { query: '' }, handler));
    expect(new Set(await Promise.all(flood))).toEqual(new Set([401]));
    expect(world.webhook.secretReads()).toBe(reads);
    expect(world.webhook.takeCounts()).toEqual({});
  });
});

describe('Sign and T', () => {
  const signKeyOnly = { CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' };
  const signed = (t: number) => ({ Sign: createHash('md5').update(`SignKey1${t}`).digest('hex'), T: t });
  const inSeconds = (ahead: number) => Math.floor(Date.now() / 1000) + ahead;

  test('T3: Sign and T with another body within their ten minutes are one more hint, which is verified', async () => {
    const before = contentOf(await scene.confirm());
    const to = world.webhook.handler(signKeyOnly);
    const forged = { ...procedureStateChanged(victim, 'FINISH', { taskId: 'task-9' }), ...signed(inSeconds(300)) };
    expect(await world.webhook.status(forged, { query: '' }, to)).toBe(200);
    expect(await world.item(victim.fileId)).toMatchObject({ ...before, trust: 'pushed' });
    await world.verify();
    expect(contentOf(await world.item(victim.fileId))).toEqual(before);
  });

  test('T3: Sign and T are refused after their expiry, also with a valid token', async () => {
    const old = { ...fileDeleted(victim), ...signed(inSeconds(-1)) };
    const both = { ...signKeyOnly, CALLBACK_TOKEN_PARAMETER: '/vod/token' };
    expect(await world.webhook.status(old, { query: '' }, world.webhook.handler(signKeyOnly))).toBe(401);
    expect(await world.webhook.status(old, {}, world.webhook.handler(both))).toBe(401);
    expect(await world.webhook.itemOf(victim.fileId)).toBeUndefined();
  });
});

describe('an invented file', () => {
  const invented = newFileUpload({
    fileId: '999',
    url: EVIL,
    sourceContext: seal('order=7', 'user-42', true, SEAL_KEY),
    procedureTaskId: 'task-9',
  });
  const end = procedureStateChanged({ fileId: '999', url: EVIL }, 'FINISH', { taskId: 'task-9' });

  test('T4: an invented file is not confirmed and not ready; after an hour it is unknown, with a notice and an expiry', async () => {
    const seen = new Set<unknown>();
    const look = async () => {
      const { status, trust, confirmedAt, sortTime } = await world.item('999');
      expect([confirmedAt, sortTime]).toEqual([undefined, undefined]);
      seen.add(`${String(status)} ${String(trust)}`);
    };
    await world.deliver(invented, end);
    for (let minutes = 0; minutes < 59; minutes += 5) {
      await world.verify();
      await look();
      await world.pass(5 * MINUTE);
    }
    expect(seen).toEqual(new Set(['processing pushed']));
    await world.pass(15 * MINUTE);
    await look();
    const item = await world.item('999');
    expect(item).toMatchObject({ trust: 'unknown', status: 'processing', notice: expect.stringContaining('forged') });
    expect(Number(item['_expiresAt'])).toBeCloseTo((world.now() + 30 * DAY) / 1000, -4);
    expect(world.queue).toEqual([]);
    expect(world.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', outcome: 'unknown', fileIds: ['999'] }),
    );
  });

  test('T4: an invented file is unknown and deleted at once when its deletion was reported too', async () => {
    await world.deliver(invented, end, fileDeleted({ fileId: '999' }));
    await world.verify();
    expect(await world.item('999')).toMatchObject({ trust: 'unknown', status: 'deleted' });
    expect(world.queue).toEqual([]);
  });

  test('T4: an invented file costs no more calls once it is unknown: neither the queue nor the audit requests it', async () => {
    await world.deliver(invented);
    await world.verify();
    await world.pass(2 * HOUR);
    expect(await world.item('999')).toMatchObject({ trust: 'unknown' });
    await world.run();
    const before = world.actions.length;
    await world.pass(30 * DAY);
    await world.run();
    const describedIds: string[] = [];
    world.api.respond = (action, pass, parameters) => {
      if (action === 'DescribeMediaInfos') describedIds.push(...(parameters as { FileIds: string[] }).FileIds);
      return pass();
    };
    await world.run();
    expect(world.actions.length).toBeGreaterThan(before);
    expect(describedIds).not.toContain('999');
  });

  test('T4: an invented file is confirmed and no longer expires when VOD has it', async () => {
    const { fileId } = victim;
    world.api.respond = (action, pass) =>
      action === 'DescribeMediaInfos'
        ? { Response: { MediaInfoSet: [], NotExistFileIdSet: [fileId], RequestId: '1' } }
        : pass();
    await world.deliver(newFileUpload({ fileId, url: EVIL }));
    await world.verify();
    await world.pass(2 * HOUR);
    expect(await world.item(fileId)).toMatchObject({ trust: 'unknown' });
    world.api.respond = (_, pass) => pass();
    await world.deliver(...victim.events);
    await world.verify();
    const item = await world.item(fileId);
    expect(item).toMatchObject({ trust: 'confirmed', status: 'ready', uploader: 'user-42' });
    expect(item).not.toHaveProperty('_expiresAt');
    expect(item).not.toHaveProperty('notice');
  });
});

test('T8: 60 forged tasks of one confirmed row cost one round of calls, bounded by the news that a row keeps', async () => {
  const before = contentOf(await scene.confirm());
  const tasks = Array.from({ length: 60 }, (_, index) => `task-${index}`);
  for (const taskId of tasks) {
    await world.deliver(procedureStateChanged({ fileId: victim.fileId, url: EVIL }, 'FINISH', { taskId }));
  }
  const calls = world.actions.length;
  await world.verify();
  // DescribeMediaInfos, DescribeTasks, and DescribeTaskDetail for each of the 20 that are remembered; records of older
  // versions in the same batch are not verified.
  expect(world.actions.length - calls).toBeLessThanOrEqual(22);
  expect(contentOf(await world.item(victim.fileId))).toEqual(before);
});

test('T8: among 300 invented files a true one is confirmed by the first verification, at 20 files a call', async () => {
  const invented = Array.from({ length: 300 }, (_, index) => newFileUpload({ fileId: `9${index}`, url: EVIL }));
  for (let sent = 0; sent < invented.length; sent += 30) {
    await Promise.all(invented.slice(sent, sent + 30).map((event) => world.deliver(event)));
  }
  await world.deliver(...victim.events);
  const calls = world.actions.length;
  await world.verify();
  expect(await world.item(victim.fileId)).toMatchObject({ trust: 'confirmed', uploader: 'user-42', status: 'ready' });
  const describeCalls = world.actions.slice(calls).filter((action) => action === 'DescribeMediaInfos');
  // Four batches of the stream, of up to 100 records each.
  expect(describeCalls.length).toBeLessThanOrEqual(4 * 5 + 1);
});

describe('an app user with a signature', () => {
  test('T9: a user with a signature uploads as themselves, until it expires, and once if it is valid once', async () => {
    const { port } = world.vod;
    const now = Math.floor(Date.now() / 1000);
    const sourceContext = seal('order=8', 'mallory', false, SEAL_KEY);
    const expired = sign({ sourceContext, currentTimeStamp: now - 700, expireTime: now - 100 });
    await expect(apply(port, expired)).rejects.toThrow(/10010/);
    const once = sign({ sourceContext, oneTimeValid: 1 });
    await apply(port, once);
    await expect(apply(port, once)).rejects.toThrow(/10004/);
    const { fileId } = await upload(port, { sourceContext });
    await world.deliver(newFileUpload({ fileId }));
    await world.verify();
    const own = { uploader: 'mallory', sourceContext: 'order=8', trust: 'confirmed' };
    expect(await world.item(fileId)).toMatchObject(own);
  });

  test("T9: H14: a user with a signature may give another file a cover, which changes only VOD's coverUrl", async () => {
    const { fileId } = victim;
    const { port } = world.vod;
    const { coverUrl, ...before } = contentOf(await scene.confirm());
    const signature = sign({ sourceContext: seal('order=7', 'mallory', false, SEAL_KEY) });
    const cover = { fileId, coverName: 'evil', coverType: 'png', coverSize: 3 };
    const applied = await apply(port, signature, cover);
    await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'abc' });
    expect((await ugc(port, 'Commit', { signature, vodSessionKey: applied.vodSessionKey })).code).toBe(0);
    await world.deliver(procedureStateChanged(victim, 'FINISH', { taskId: 'task-9' }));
    await world.verify();
    const { coverUrl: replaced, ...after } = contentOf(await world.item(fileId));
    expect(after).toEqual(before);
    expect(replaced).not.toBe(coverUrl);
    expect((await sendRequest(port, { path: new URL(String(replaced)).pathname })).text).toBe('abc');
  });
});

test("H14: the coverUrl of a verified row is VOD's own, whatever cover events name before and after", async () => {
  const { fileId } = victim;
  const withCover = {
    EventType: 'NewFileUpload',
    FileUploadEvent: { FileId: fileId, MediaBasicInfo: { CoverUrl: EVIL, MediaUrl: EVIL } },
  };
  await world.deliver(withCover);
  expect(await world.item(fileId)).toMatchObject({ trust: 'pushed', coverUrl: EVIL });
  const { coverUrl } = await scene.confirm();
  expect(coverUrl).not.toBe(EVIL);
  await world.deliver(withCover);
  await world.verify();
  expect((await world.item(fileId))['coverUrl']).toBe(coverUrl);
});

test('T10: a forged seal is shown until VOD has responded, and no longer', async () => {
  const forged = seal('order=7', 'somebody', false, SEAL_KEY);
  await world.deliver(newFileUpload({ fileId: victim.fileId, sourceContext: forged }));
  expect(await world.item(victim.fileId)).toMatchObject({ uploader: 'somebody', seal: 'valid', trust: 'pushed' });
  await world.verify();
  expect(await world.item(victim.fileId)).toMatchObject({ uploader: 'user-42', seal: 'valid', trust: 'confirmed' });
});

test('each line of the threat table has its test', () => {
  const documents = ['verification.md', 'trust.md'].map((name) => join(__dirname, '../../docs', name));
  const table = readFileSync(documents.find(existsSync) ?? '', 'utf8');
  const lines = [...table.matchAll(/^\| (T\d+) \|/gm)].map(([, line]) => line);
  const files = ['threats.test.ts', 'forgeries.test.ts'];
  const tests = files.map((name) => readFileSync(join(__dirname, name), 'utf8')).join('');
  expect(lines).toEqual(Array.from({ length: 10 }, (_, index) => `T${index + 1}`));
  for (const line of lines) expect(tests).toMatch(new RegExp(`['"\`]${line}[:,]`));
});

test('a body that is not an event, is too large or is nested too deeply is refused, and makes no row', async () => {
  const nested = `{"EventType":"NewFileUpload","FileUploadEvent":${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}`;
  world.webhook.takeCounts();
  expect(await world.webhook.status(nested)).toBe(400);
  expect(await world.webhook.status({ EventType: 'NewFileUpload', x: 'x'.repeat(2 ** 20) })).toBe(413);
  expect(await world.webhook.status({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: 7 } })).toBe(400);
  expect(world.webhook.takeCounts()).toEqual({});
});
