import fc from 'fast-check';
import { ANNOUNCED, announcementOf, type Notification } from '../../../lib/notifications/announcement';
import { omitUndefined } from '../../../lib/platform/omit-undefined';
import type { Row, Status } from '../../../lib/uploads/row';
import { applySnapshot } from '../../../lib/uploads/snapshot';
import type { Task } from '../../../lib/vod/task';
import { CREATED_AT, HOUR, confirmedRow, sealed, snapshot, succeeded } from '../../support/unit/rows';

const MAX_BODY = 20_000;
const MAX_AGE = 3 * 24 * HOUR;

const ready = confirmedRow({ context: sealed });
const withStatus = (status: Status, row: Row = ready): Row => ({ ...row, status });

function notificationOf(before: Row | undefined, after: Row): Notification {
  const announcement = announcementOf(before, after);
  if (!announcement) throw new Error('nothing is announced');
  return JSON.parse(announcement.body) as Notification;
}

/** A row with this number of outputs in its tasks, each with a URL of `urlBytes` bytes. */
function withOutputs(outputs: number, urlBytes: number): Row {
  const task = (first: number): Task => ({
    ...succeeded,
    _createTime: new Date(CREATED_AT + first).toISOString(),
    outputs: Array.from({ length: Math.min(20, outputs - first) }, (_, index) => ({
      type: 'Transcode',
      definition: first + index,
      url: `http://v/${'u'.repeat(urlBytes - 9)}`,
    })),
  });
  const tasks = Array.from({ length: Math.ceil(outputs / 20) }, (_, index) => [`t${index}`, task(index * 20)] as const);
  return { ...ready, tasks: new Map(tasks) };
}

describe('announcementOf', () => {
  test.each(ANNOUNCED)('announces a confirmed change of status to %s', (status) => {
    const before = withStatus(status === 'ready' ? 'processing' : 'ready');
    const notification = notificationOf(before, { ...withStatus(status), version: 2 });
    expect(notification).toMatchObject({
      type: `upload.${status}`,
      timestamp: ready.updatedAt,
      data: { fileId: '7', status, version: 2, sourceContext: 'order=7', uploader: 'user-42' },
    });
  });

  test.each<Status>(['uploaded', 'processing'])('announces no change to %s', (status) => {
    expect(announcementOf(undefined, withStatus(status))).toBeUndefined();
  });

  test.each(['pushed', 'unknown'] as const)('announces no status of a row whose trust is %s', (trust) => {
    for (const status of ANNOUNCED) {
      expect(announcementOf(undefined, { ...withStatus(status), trust })).toBeUndefined();
      expect(announcementOf(withStatus('processing'), { ...withStatus(status), trust })).toBeUndefined();
    }
  });

  test('announces no write that keeps the status, whether or not an event had touched the row', () => {
    const after = { ...ready, version: 3 };
    expect(announcementOf({ ...ready, version: 2 }, after)).toBeUndefined();
    expect(announcementOf({ ...ready, version: 2, trust: 'pushed' }, after)).toBeUndefined();
  });

  test('announces each change of a row that becomes ready, rejected and ready again, under different ids', () => {
    const rows = (['processing', 'ready', 'rejected', 'ready'] as const).map((status, index) => ({
      ...withStatus(status),
      version: index + 1,
      updatedAt: new Date(CREATED_AT + index * 1_000).toISOString(),
    }));
    const announced = rows.flatMap((row, index) => announcementOf(rows[index - 1], row) ?? []);
    const types = announced.map(({ body }) => (JSON.parse(body) as Notification).type);
    expect(types).toEqual(['upload.ready', 'upload.rejected', 'upload.ready']);
    expect(new Set(announced.map(({ id }) => id)).size).toBe(3);
  });

  test('announces the first confirmation of a file that is 3 days old, and not of an older one', () => {
    const createTime = new Date(CREATED_AT).toISOString();
    const confirmedAfter = (age: number) => confirmedRow({ media: { createTime } }, CREATED_AT + age);
    expect(announcementOf(undefined, confirmedAfter(MAX_AGE))).toBeDefined();
    expect(announcementOf(undefined, confirmedAfter(MAX_AGE + 1))).toBeUndefined();
    // Whatever an event had reported of it before.
    const pushed: Row = { ...withStatus('uploaded'), trust: 'pushed' };
    const { confirmedAt: _, ...unconfirmed } = pushed;
    expect(announcementOf(unconfirmed, confirmedAfter(MAX_AGE + 1))).toBeUndefined();
  });

  test('announces a later change of an old file', () => {
    const old = confirmedRow({}, CREATED_AT + 100 * MAX_AGE);
    expect(notificationOf(old, { ...withStatus('rejected', old), version: 2 }).type).toBe('upload.rejected');
  });

  test('announces a file that VOD no longer has', () => {
    const gone = applySnapshot(ready, 'not-found', CREATED_AT + HOUR);
    const { type, data } = notificationOf(ready, { ...gone, version: 2 });
    expect(type).toBe('upload.deleted');
    expect(data).not.toHaveProperty('url');
  });
});

describe('announcementOf, id', () => {
  const idOf = (row: Row) => announcementOf(undefined, row)?.id;

  test('is the same for a record that is seen again, and needs no escaping', () => {
    const again = confirmedRow({ context: sealed });
    expect(idOf(again)).toBe(idOf(ready));
    expect(idOf(ready)).toMatch(/^msg_[\w-]{32}$/);
  });

  test('differs where the file, the version or the time differs', () => {
    const others: Row[] = [
      { ...ready, fileId: '8' },
      { ...ready, version: 2 },
      { ...ready, updatedAt: '2026-11-22T08:01:00.001Z' },
    ];
    expect(new Set([ready, ...others].map(idOf)).size).toBe(4);
  });

  test('never contains a full stop, which separates it from the rest of what is signed', () => {
    const rows = fc.record({ fileId: fc.string(), version: fc.nat(), updatedAt: fc.string() });
    fc.assert(
      fc.property(rows, (parts) => {
        expect(idOf({ ...ready, ...parts })).toMatch(/^msg_[\w-]{32}$/);
      }),
    );
  });
});

describe('announcementOf, body', () => {
  test('contains every output while it has at most 20 kB', () => {
    const { data } = notificationOf(undefined, withOutputs(100, 100));
    expect(data.outputs).toHaveLength(100);
    expect(data).not.toHaveProperty('truncated');
  });

  test('drops as few of the last outputs as possible, and marks it', () => {
    const row = withOutputs(200, 150);
    const { data } = notificationOf(undefined, row);
    const { body = '' } = announcementOf(undefined, row) ?? {};
    const { outputs = [] } = data;
    expect(data.truncated).toBe(true);
    expect(outputs.map(({ definition }) => definition)).toEqual(Array.from({ length: outputs.length }, (_, at) => at));
    const oneMore = Buffer.byteLength(JSON.stringify(outputs[0])) + 5;
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BODY);
    expect(Buffer.byteLength(body) + oneMore).toBeGreaterThan(MAX_BODY);
  });

  test('takes less than three seconds for a hundred rows with a thousand outputs each', () => {
    const row = withOutputs(1_000, 60);
    const began = performance.now();
    for (let count = 0; count < 100; count++) announcementOf(undefined, row);
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test('has at most 20 kB and the file, status and version, whatever text VOD returned', () => {
    // The longest texts of a row, in characters that JSON writes with six bytes, with two and with one.
    const text = fc.record({ character: fc.constantFrom('\u0001', '"', 'x', '动', '\uffff'), bytes: fc.nat(2_048) });
    const textOf = ({ character, bytes }: { character: string; bytes: number }) =>
      character.repeat(Math.floor(bytes / Buffer.byteLength(character)));
    const texts = fc.tuple(text, text, text, text, text, text, text);
    fc.assert(
      fc.property(texts, fc.nat(60), (generated, outputs) => {
        const [name, type, category, url, coverUrl, sourceContext = '', label = ''] = generated.map(textOf);
        const row: Row = {
          ...withOutputs(outputs, 2_048),
          media: omitUndefined({ ...ready.media, name, type, category, url, coverUrl }),
          context: { seal: 'none', sourceContext },
          review: { suggestion: 'pass', label },
        };
        const { body = '' } = announcementOf(undefined, row) ?? {};
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BODY);
        expect(body).not.toMatch(/[\ufffe\uffff]/);
        const { data } = JSON.parse(body) as Notification;
        expect(data).toMatchObject({ fileId: '7', status: 'ready', version: 1 });
        const isWhole = data.name === name && data.review?.label === label && (data.outputs?.length ?? 0) === outputs;
        expect(data.truncated === true || isWhole).toBe(true);
      }),
    );
  });
});

test('a snapshot that VOD returns twice is announced once', () => {
  const response = snapshot({ context: sealed });
  const again = applySnapshot(ready, response, CREATED_AT + HOUR);
  expect(again).toBe(ready);
  expect(announcementOf(ready, again)).toBeUndefined();
});
