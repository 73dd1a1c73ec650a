import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { reconcile } from '../lib/verification/reconcile';
import { seal } from '../lib/vod/source-context';
import type { Row } from '../lib/uploads/upload';
import { startUploadsTable, TABLE_NAME } from './helpers/backend';
import { fileDeleted, newFileUpload, newFileUpload2, procedureStateChanged, type EventBody } from './helpers/events';
import { HOUR, startReconciliation, type Reconciliation } from './helpers/reconciliation';
import { apply, cleanUp, sign, upload } from './helpers/vod-client';
import { SEAL_KEY } from './helpers/webhook';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

// An attacker who knows the callback URL with its token, and one upload signature of their own: what the row says before
// reconciliation and after it.

const EVIL = 'http://evil.example/a.mp4';
const mallory = seal('order=7', 'mallory', SEAL_KEY);

let world: Reconciliation;
/** A file of user-42's, in a procedure that has ended; the events of VOD's that told of it; its task. */
let victim: { readonly fileId: string; readonly taskId: string; readonly events: readonly EventBody[] };

beforeEach(async () => {
  world = await startReconciliation();
  const fileId = await world.upload({ text: 'order=7', procedure: 'LongVideoPreset' });
  const { TaskSet: [task] = [] } = await world.client.DescribeTasks({ FileId: fileId });
  const taskId = task?.TaskId ?? '';
  for (let done = false; !done;) {
    const { ProcedureTask } = await world.client.DescribeTaskDetail({ TaskId: taskId });
    done = ProcedureTask?.Status === 'FINISH';
    victim = { fileId, taskId, events: [await uploadEvent(fileId, taskId), finishEvent(ProcedureTask)] };
  }
});
afterEach(async () => {
  await world.stop();
  await cleanUp();
});

const finishEvent = (task: unknown) => ({ EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: task });

async function uploadEvent(fileId: string, taskId: string): Promise<EventBody> {
  const { MediaInfoSet: [media] = [] } = await world.client.DescribeMediaInfos({ FileIds: [fileId] });
  const { BasicInfo: MediaBasicInfo, MetaData } = media ?? {};
  return {
    EventType: 'NewFileUpload',
    FileUploadEvent: { FileId: fileId, MediaBasicInfo, MetaData, ProcedureTaskId: taskId },
  };
}

type Said = Omit<Row, 'firstSeenAt' | 'updatedAt' | 'confirmedAt'>;

function said({ firstSeenAt, updatedAt, confirmedAt, ...row }: Row): Said {
  return row;
}

/** What reconciliation alone makes of the file, in a table that no event ever reached. */
async function truth(fileId: string): Promise<Said> {
  const table = await startUploadsTable();
  try {
    await reconcile({
      dynamodb: table.client,
      tableName: TABLE_NAME,
      vodUntil: () => world.client,
      sealKeys: () => Promise.resolve([SEAL_KEY]),
      checkpoint: { read: () => Promise.resolve(''), write: () => Promise.resolve() },
      now: Date.now,
      log: () => undefined,
    })({}, { awsRequestId: 'truth', getRemainingTimeInMillis: () => 290_000 });
    const key = { TableName: TABLE_NAME, Key: marshall({ fileId }), ConsistentRead: true };
    const { Item: item } = await table.client.send(new GetItemCommand(key));
    return said(unmarshall(item ?? {}, { wrapNumbers: Number }) as Row);
  } finally {
    await table.stop();
  }
}

const deliver = async (events: readonly EventBody[]) => {
  for (const event of events) expect(await world.webhook.status(event)).toBe(200);
};

describe('T1, T2: who has no token, or an old one, changes nothing', () => {
  test.each([
    ['T1: no token', { query: '' }],
    ['T2: a token that was rotated out', { query: 'token=token-0' }],
    ['T1: an empty token', { query: 'token=' }],
  ])('%s', async (_, how) => {
    for (const event of [newFileUpload({ fileId: '999' }), fileDeleted({ fileId: victim.fileId })]) {
      expect(await world.webhook.status(event, how)).toBe(401);
    }
    expect(await world.webhook.rowOf('999')).toBeUndefined();
    expect(await world.webhook.rowOf(victim.fileId)).toBeUndefined();
  });
});

describe('T3: Sign and T', () => {
  const signKeyOnly = { CALLBACK_SIGN_KEY_PARAMETER: '/vod/sign-key' };
  const signed = (t: number) => ({ Sign: createHash('md5').update(`SignKey1${t}`).digest('hex'), T: t });

  test('replayed under another body within their ten minutes pass, are pushed at most, and are found out', async () => {
    const to = world.webhook.handler(signKeyOnly);
    const seen = signed(Math.floor(Date.now() / 1000) + 300);
    const forged = { ...newFileUpload({ fileId: victim.fileId, url: EVIL, sourceContext: mallory }), ...seen };
    expect(await world.webhook.status(forged, { query: '' }, to)).toBe(200);
    expect(await world.row(victim.fileId)).toMatchObject({ url: EVIL, uploader: 'mallory', trust: 'pushed' });
    await world.run();
    expect(said(await world.row(victim.fileId))).toEqual(await truth(victim.fileId));
  });

  test('past their time do not pass, nor do they with a token beside them', async () => {
    const old = {
      ...newFileUpload({ fileId: victim.fileId, url: EVIL }),
      ...signed(Math.floor(Date.now() / 1000) - 1),
    };
    const both = { ...signKeyOnly, CALLBACK_TOKEN_PARAMETER: '/vod/token' };
    expect(await world.webhook.status(old, { query: '' }, world.webhook.handler(signKeyOnly))).toBe(401);
    expect(await world.webhook.status(old, {}, world.webhook.handler(both))).toBe(401);
    expect(await world.webhook.rowOf(victim.fileId)).toBeUndefined();
  });
});

test('T4: an invented file stays pushed for an hour, is unconfirmed from then on, and never confirmed', async () => {
  const victimSeal = seal('order=7', 'user-42', SEAL_KEY);
  await deliver([newFileUpload({ fileId: '999', url: EVIL, sourceContext: victimSeal, procedureTaskId: 'task-9' })]);
  await deliver([procedureStateChanged({ fileId: '999', url: EVIL }, 'FINISH', { taskId: 'task-9' })]);
  await world.run();
  expect(await world.row('999')).toMatchObject({ status: 'ready', uploader: 'user-42', trust: 'pushed' });
  world.clock.run = HOUR;
  await world.run();
  expect(await world.row('999')).toMatchObject({ trust: 'unconfirmed', notice: expect.stringContaining('forged') });
  await deliver([fileDeleted({ fileId: '999' })]);
  await world.run();
  expect(await world.row('999')).toMatchObject({ trust: 'unconfirmed', status: 'deleted' });
});

interface Attack {
  readonly forged: (fileId: string, taskId: string) => EventBody;
  /** What the row says before reconciliation when the forged event comes before VOD's own, and when it comes after. */
  readonly first: object;
  readonly later: object;
}

const contradicted = { claims: expect.any(Set) };
const attacks: Readonly<Record<string, Attack>> = {
  'T6: another URL, and the seal of a signature of their own': {
    forged: (fileId) => newFileUpload({ fileId, url: EVIL, sourceContext: mallory }),
    first: { url: EVIL, uploader: 'mallory', seal: 'valid', ...contradicted },
    later: { uploader: 'user-42', ...contradicted },
  },
  'the same in format 2.0': {
    forged: (fileId) => newFileUpload2({ fileId, url: EVIL, sourceContext: mallory }),
    first: { url: EVIL, uploader: 'mallory', ...contradicted },
    later: { uploader: 'user-42', ...contradicted },
  },
  'another size': {
    forged: (fileId) => newFileUpload({ fileId, size: 1 }),
    first: { size: 1, ...contradicted },
    later: { size: 3, ...contradicted },
  },
  'a task that never was, as begun with the upload': {
    forged: (fileId) => newFileUpload({ fileId, procedureTaskId: 'task-9' }),
    first: { procedureTaskId: 'task-9', ...contradicted },
    later: contradicted,
  },
  'a task that never was, as finished': {
    forged: (fileId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId: 'task-9' }),
    first: { status: 'ready', 'task:task-9': expect.objectContaining({ status: 'FINISH' }) },
    later: { status: 'ready', 'task:task-9': expect.objectContaining({ status: 'FINISH' }) },
  },
  'other outputs of the true task': {
    forged: (fileId, taskId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId }),
    first: { status: 'ready', ...contradicted },
    later: { status: 'ready', ...contradicted },
  },
  'that the true task failed': {
    forged: (fileId, taskId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId, failed: true }),
    first: { status: 'failed', ...contradicted },
    later: { status: 'ready', ...contradicted },
  },
  'that it was deleted': {
    forged: (fileId) => fileDeleted({ fileId }),
    first: { status: 'deleted' },
    later: { status: 'deleted' },
  },
  'that it came by a pull': {
    forged: (fileId) => ({
      EventType: 'PullComplete',
      PullCompleteEvent: { TaskId: 'pull-1', FileId: fileId, FileUrl: EVIL, MediaBasicInfo: { Name: 'evil' } },
    }),
    first: { url: EVIL, name: 'evil', ...contradicted },
    later: { name: 'holiday', ...contradicted },
  },
  'members that VOD never had': {
    forged: (fileId) => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        MediaBasicInfo: { CoverUrl: EVIL },
        MetaData: { Duration: 1, Width: 1, Height: 1 },
      },
    }),
    first: { duration: 1, width: 1, height: 1 },
    later: { duration: 1, width: 1, height: 1 },
  },
  'nothing but keys of prototypes and values of wrong types': {
    forged: (fileId) => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: JSON.parse(
        `{"FileId": "${fileId}", "__proto__": {"status": "ready"}, "constructor": {"trust": "confirmed"},
          "MediaBasicInfo": {"MediaUrl": {"a": 1}, "Name": ["x"], "__proto__": {"MediaUrl": "x"}}, "MetaData": {"Size": "3"}}`,
      ) as object,
    }),
    first: { name: 'holiday' },
    later: { name: 'holiday' },
  },
  'the row itself': {
    forged: (fileId) => ({
      EventType: 'NewFileUpload',
      trust: 'confirmed',
      FileUploadEvent: { FileId: fileId, trust: 'confirmed', uploader: 'mallory', status: 'ready', confirmedAt: 'now' },
    }),
    first: { uploader: 'user-42' },
    later: { uploader: 'user-42' },
  },
};

describe.each(Object.entries(attacks))('T5, T6, T7: of a file of somebody else, %s', (_, { forged, first, later }) => {
  test('T5: before the true events', async () => {
    await deliver([forged(victim.fileId, victim.taskId), ...victim.events]);
    expect(await world.row(victim.fileId)).toMatchObject({ ...first, trust: 'pushed' });
    await world.run();
    expect(said(await world.row(victim.fileId))).toEqual(await truth(victim.fileId));
  });

  test('T5: after the true events', async () => {
    await deliver([...victim.events, forged(victim.fileId, victim.taskId)]);
    expect(await world.row(victim.fileId)).toMatchObject({ ...later, trust: 'pushed' });
    await world.run();
    expect(said(await world.row(victim.fileId))).toEqual(await truth(victim.fileId));
  });

  test('T7: after VOD has confirmed the row: no confirmed fact changes, not even for a moment', async () => {
    await deliver(victim.events);
    await world.run();
    const before = await world.row(victim.fileId);
    await deliver([forged(victim.fileId, victim.taskId)]);
    const { url, sourceContext, uploader, seal: sealed, name, type, createTime, trust } = before;
    expect(await world.row(victim.fileId)).toMatchObject({ url, sourceContext, uploader, seal: sealed, name, type });
    expect(await world.row(victim.fileId)).toMatchObject({ createTime, trust });
    await world.run();
    expect(said(await world.row(victim.fileId))).toEqual(said(before));
  });
});

test('T7: a confirmed row without a source context gets none from an event', async () => {
  const { fileId } = victim;
  const bare = await world.upload({ sourceContext: '' });
  await world.run();
  expect((await world.row(bare)).uploader).toBeUndefined();
  await deliver([newFileUpload({ fileId: bare, sourceContext: mallory })]);
  const row = await world.row(bare);
  expect(row).toMatchObject({ trust: 'confirmed', claims: expect.any(Set) });
  expect([row.uploader, row.sourceContext, row.seal]).toEqual([undefined, undefined, undefined]);
  await world.run();
  expect(said(await world.row(bare))).toEqual(await truth(bare));
  expect(await world.row(fileId)).toMatchObject({ trust: 'confirmed' });
});

test('any forgeries in any order among the true events, before and after a run: one run, and the row is true', async () => {
  const { fileId, taskId, events } = victim;
  const expected = await truth(fileId);
  const forgeries = Object.values(attacks).map(({ forged }) => forged(fileId, taskId));
  const any = fc.shuffledSubarray([...forgeries, ...events, ...events], { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(any, any, async (before, after) => {
      await deliver(before);
      await world.run();
      await deliver(after);
      await world.run();
      expect(said(await world.row(fileId))).toEqual(expected);
    }),
    { numRuns: 8 },
  );
});

test('T5: more claims and more tasks than a row keeps leave no trace', async () => {
  const { fileId, events } = victim;
  const claims = Array.from({ length: 12 }, (_, i) => newFileUpload({ fileId, url: `${EVIL}?${i}` }));
  const tasks = Array.from({ length: 60 }, (_, i) => `task-${i}`);
  await deliver([
    ...claims,
    ...tasks.map((taskId) => procedureStateChanged({ fileId, url: EVIL }, 'FINISH', { taskId })),
  ]);
  await deliver(events);
  expect(await world.row(fileId)).toMatchObject({ truncated: true, trust: 'pushed' });
  await world.run();
  expect(said(await world.row(fileId))).toEqual(await truth(fileId));
});

test("T7: a true task gets nothing added to its end, nor becomes the upload's own", async () => {
  const { fileId, taskId, events } = victim;
  const plain = await world.upload();
  await deliver(events);
  await world.run();
  const before = await world.row(fileId);
  const added = { TaskId: taskId, FileId: fileId, Status: 'FINISH', SessionContext: 'refund=mallory' };
  await deliver([{ EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: added }]);
  expect(await world.row(fileId)).toMatchObject({
    [`task:${taskId}`]: before[`task:${taskId}`],
    claims: expect.any(Set),
  });
  const { TaskId: later = '' } = await world.client.ProcessMediaByProcedure({
    FileId: plain,
    ProcedureName: 'LongVideoPreset',
  });
  await deliver([newFileUpload({ fileId: plain, procedureTaskId: later })]);
  expect(await world.row(plain)).not.toHaveProperty('procedureTaskId');
  await world.run();
  expect(said(await world.row(fileId))).toEqual(said(before));
});

test('T7: the row of a file that was deleted takes nothing more', async () => {
  const { fileId, taskId, events } = victim;
  await deliver(events);
  await world.run();
  await world.client.DeleteMedia({ FileId: fileId });
  await world.run();
  const before = said(await world.row(fileId));
  await deliver(Object.values(attacks).map(({ forged }) => forged(fileId, taskId)));
  await world.run();
  expect(said(await world.row(fileId))).toEqual(before);
});

test('T8: among 300 invented files, a true one is confirmed by the first run, and the run finishes', async () => {
  await Promise.all(Array.from({ length: 300 }, (_, i) => deliver([newFileUpload({ fileId: `9${i}`, url: EVIL })])));
  await deliver(victim.events);
  expect(await world.run()).toMatchObject({ finished: true, waiting: 300, confirmed: 1 });
  expect(await world.row(victim.fileId)).toMatchObject({ trust: 'confirmed', uploader: 'user-42' });
});

test('T9: a signature uploads as its caller, until it expires, and once where it is valid once', async () => {
  const { port } = world.vod;
  const now = Math.floor(Date.now() / 1000);
  const sourceContext = seal('order=8', 'mallory', SEAL_KEY);
  const expired = sign({ sourceContext, currentTimeStamp: now - 700, expireTime: now - 100 });
  await expect(apply(port, expired)).rejects.toThrow(/10010/);
  const once = sign({ sourceContext, oneTimeValid: 1 });
  await apply(port, once);
  await expect(apply(port, once)).rejects.toThrow(/Apply answered/);
  const { fileId } = await upload(port, { sourceContext });
  await world.run();
  expect(await world.row(fileId)).toMatchObject({ uploader: 'mallory', sourceContext: 'order=8', trust: 'confirmed' });
});

test('T10: a forged seal is believed until VOD is asked', async () => {
  const forged = seal('order=7', 'somebody', SEAL_KEY);
  await deliver([newFileUpload({ fileId: victim.fileId, sourceContext: forged })]);
  expect(await world.row(victim.fileId)).toMatchObject({ uploader: 'somebody', seal: 'valid', trust: 'pushed' });
  await world.run();
  expect(await world.row(victim.fileId)).toMatchObject({ uploader: 'user-42', seal: 'valid', trust: 'confirmed' });
});

test('each line of the threat table has its test', () => {
  const table = readFileSync(join(__dirname, '../docs/trust.md'), 'utf8');
  const lines = [...table.matchAll(/^\| (T\d+) \|/gm)].map(([, line]) => line);
  const tests = readFileSync(__filename, 'utf8');
  expect(lines).toEqual(Array.from({ length: 10 }, (_, i) => `T${i + 1}`));
  for (const line of lines) expect(tests).toMatch(new RegExp(`['\`]${line}[:,]`));
});

test('what is no event, is too large or is nested without end is refused, and makes no row', async () => {
  const nested = `{"EventType":"NewFileUpload","FileUploadEvent":${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}`;
  expect(await world.webhook.status(nested)).toBe(400);
  expect(await world.webhook.status({ EventType: 'NewFileUpload', x: 'x'.repeat(2 ** 20) })).toBe(413);
  expect(await world.webhook.status({ EventType: 'NewFileUpload', FileUploadEvent: { FileId: 7 } })).toBe(400);
  expect(await world.run()).toMatchObject({ filled: 1 });
});
