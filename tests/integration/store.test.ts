import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { MAX_NEWS, type Row } from '../../lib/uploads/row';
import type { DynamoDb } from '../../lib/platform/dynamodb';
import { applySnapshot } from '../../lib/uploads/snapshot';
import { RefusedRowError, uploadStore } from '../../lib/uploads/store';
import { seal } from '../../lib/vod/source-context';
import { engines, retryDeps, TABLE_NAME } from '../support/backend';
import { fileDeleted, newFileUpload, procedureStateChanged, type EventBody } from '../support/events';
import { NOW, startUploadStore, STORE_SEAL_KEY, type TestStore } from '../support/store';

const sourceContext = seal('order=7', 'user-42', false, STORE_SEAL_KEY);
const finish = (fileId: string, taskId: string) => procedureStateChanged({ fileId }, 'FINISH', { taskId });

describe.each(engines)('store, on %s', (engine) => {
  /** The bounds of the algorithm are the same on every engine: the faster one is enough. */
  const isFast = engine === 'dynoxide' || engines.length === 1;
  let uploads: TestStore;

  beforeAll(async () => {
    uploads = await startUploadStore(engine);
  });
  beforeEach(() => {
    uploads.takeCounts();
  });
  afterAll(async () => {
    await uploads.stop();
  });

  test('an event costs one write if it changes the row, and none otherwise', async () => {
    const fileId = uploads.freshId();
    const steps: [EventBody, string, Record<string, number>][] = [
      [newFileUpload({ fileId, sourceContext }), 'recorded', { UpdateItem: 1 }],
      // The refused condition returns the row, in place of a read.
      [newFileUpload({ fileId, sourceContext }), 'repeated', { UpdateItem: 1 }],
      [finish(fileId, 'task-1'), 'recorded', { GetItem: 1, UpdateItem: 1 }],
      [finish(fileId, 'task-1'), 'repeated', { GetItem: 1 }],
      [fileDeleted({ fileId }), 'recorded', { GetItem: 1, UpdateItem: 1 }],
      [fileDeleted({ fileId }), 'repeated', { GetItem: 1 }],
      [newFileUpload({ fileId, procedureTaskId: 'task-2' }), 'recorded', { UpdateItem: 2 }],
    ];
    for (const [event, outcome, counts] of steps) {
      expect([await uploads.record(event), uploads.takeCounts()]).toEqual([outcome, counts]);
    }
    expect(await uploads.itemOf(fileId)).toMatchObject({ version: 4, status: 'processing' });
  });

  test('an event about a file without a row costs one read and one write, an upload event one write', async () => {
    await uploads.record(finish(uploads.freshId(), 'task-1'));
    expect(uploads.takeCounts()).toEqual({ GetItem: 1, UpdateItem: 1 });
    await uploads.record(newFileUpload({ fileId: uploads.freshId() }));
    expect(uploads.takeCounts()).toEqual({ UpdateItem: 1 });
  });

  describe('optimistic locking', () => {
    const storeAt = (now: () => number) =>
      uploadStore({ ...retryDeps, now, dynamodb: uploads.dynamodb, tableName: TABLE_NAME });

    test('A21: writers within one millisecond lose no update', async () => {
      const fileId = uploads.freshId();
      const frozen = storeAt(() => NOW);
      await uploads.record(newFileUpload({ fileId }), frozen, () => NOW);
      const tasks = Array.from({ length: MAX_NEWS }, (_, index) => `task-${index}`);
      await Promise.all(tasks.map((taskId) => uploads.record(finish(fileId, taskId), storeAt(Date.now), () => NOW)));
      const item = await uploads.itemOf(fileId);
      expect(item['version']).toBe(1 + tasks.length);
      expect(new Set(item['_news'] as string[])).toEqual(new Set(tasks.map((taskId) => `end:${taskId}`)));
    });

    test('A21: a clock that is set back loses no update, and the version still grows', async () => {
      const fileId = uploads.freshId();
      for (const [index, time] of [NOW, NOW - 3_600_000, NOW - 7_200_000, NOW].entries()) {
        const event = index === 0 ? newFileUpload({ fileId }) : finish(fileId, `task-${index}`);
        expect(await uploads.record(event, storeAt(Date.now), () => time)).toBe('recorded');
      }
      const item = await uploads.itemOf(fileId);
      expect(item).toMatchObject({ version: 4, _news: ['end:task-1', 'end:task-2', 'end:task-3'] });
    });

    test('a response about a row that changed after it was read is not stored, in one request', async () => {
      const fileId = uploads.freshId();
      await uploads.record(newFileUpload({ fileId }));
      const before = await uploads.store.read(fileId, uploads.deadline());
      await uploads.record(finish(fileId, 'task-1'));
      const response = { fileId, media: { size: 3 }, context: undefined, isForbidden: false, tasks: new Map() };
      uploads.takeCounts();
      expect(await uploads.store.replace(before, applySnapshot(before, response, NOW), uploads.deadline())).toBe(false);
      expect(await uploads.store.replace(undefined, applySnapshot(undefined, response, NOW), uploads.deadline())).toBe(
        false,
      );
      expect(uploads.takeCounts()).toEqual({ UpdateItem: 2 });
      expect(await uploads.itemOf(fileId)).toMatchObject({ version: 2, trust: 'pushed', _news: ['end:task-1'] });
    });

    test('a response about a row that was removed meanwhile is not stored', async () => {
      const fileId = uploads.freshId();
      const response = { fileId, media: { size: 3 }, context: undefined, isForbidden: false, tasks: new Map() };
      const gone: Row = { ...applySnapshot(undefined, response, NOW), version: 7 };
      expect(
        await uploads.store.replace(
          gone,
          applySnapshot(gone, { ...response, media: { size: 4 } }, NOW),
          uploads.deadline(),
        ),
      ).toBe(false);
      expect(await uploads.itemOf(fileId)).toEqual({});
    });

    test('attributes that other writers added to an item stay', async () => {
      const fileId = uploads.freshId();
      await uploads.record(newFileUpload({ fileId }));
      const added = { ':note': 'mine', ':one': 1 };
      await uploads.table.client.send(
        new UpdateItemCommand({
          TableName: TABLE_NAME,
          Key: marshall({ fileId }),
          UpdateExpression: 'SET note = :note ADD version :one',
          ExpressionAttributeValues: marshall(added),
        }),
      );
      await uploads.record(finish(fileId, 'task-1'));
      await uploads.confirm(fileId, 'order=7', 'user-42', '2026-11-22T08:00:00Z');
      expect(await uploads.itemOf(fileId)).toMatchObject({ note: 'mine', version: 4, trust: 'confirmed' });
    });
  });

  describe('the list of news', () => {
    test(`the list of news has ${MAX_NEWS} entries at most; a further one only increments the version`, async () => {
      const fileId = uploads.freshId();
      await uploads.record(newFileUpload({ fileId }));
      for (let index = 0; index < MAX_NEWS; index++) await uploads.record(finish(fileId, `task-${index}`));
      const full = await uploads.itemOf(fileId);
      expect(full['_news']).toHaveLength(MAX_NEWS);
      expect(await uploads.record(finish(fileId, 'task-0'))).toBe('repeated');
      expect(await uploads.itemOf(fileId)).toEqual(full);
      uploads.takeCounts();
      expect(await uploads.record(finish(fileId, 'one more'))).toBe('recorded');
      expect(uploads.takeCounts()).toEqual({ GetItem: 1, UpdateItem: 1 });
      const { version, ...rest } = full;
      expect(await uploads.itemOf(fileId)).toEqual({
        ...rest,
        version: Number(version) + 1,
        updatedAt: expect.any(String),
      });
    });

    test('a list of news that is full when an event reads it, but empty when the event is written, gets the entry', async () => {
      const fileId = uploads.freshId();
      await uploads.record(newFileUpload({ fileId }));
      for (let index = 0; index < MAX_NEWS; index++) await uploads.record(finish(fileId, `task-${index}`));
      let isFirst = true;
      const dynamodb: DynamoDb = {
        ...uploads.dynamodb,
        updateItem: async (input, timeout) => {
          if (isFirst) {
            isFirst = false;
            await uploads.confirm(fileId, 'order=7', 'user-42', '2026-11-22T08:00:00Z');
            await uploads.record(finish(fileId, 'after the confirmation'));
          }
          return uploads.dynamodb.updateItem(input, timeout);
        },
      };
      const there = uploadStore({ ...retryDeps, dynamodb, tableName: TABLE_NAME });
      expect(await uploads.record(fileDeleted({ fileId }), there)).toBe('recorded');
      expect(await uploads.itemOf(fileId)).toMatchObject({
        trust: 'pushed',
        _news: ['end:after the confirmation', 'gone'],
      });
    });

    // The local engines write one item after the other: how long that takes says nothing of DynamoDB.
    const recordSlowly = (event: EventBody) => uploads.record(event, undefined, undefined, Date.now() + 50_000);

    // A question of the algorithm and not of the engine: the faster one is enough.
    (isFast ? test : test.skip)(
      'H10: 200 distinct tasks of one file at once are all recorded, without n^2 writes',
      async () => {
        const fileId = uploads.freshId();
        await uploads.record(newFileUpload({ fileId }));
        uploads.takeCounts();
        const outcomes = await Promise.all(
          Array.from({ length: 200 }, (_, index) => recordSlowly(finish(fileId, `task-${index}`))),
        );
        // A write that was sent again after a timeout may find itself made.
        for (const outcome of outcomes) expect(['recorded', 'repeated']).toContain(outcome);
        const { GetItem: reads, UpdateItem: writes } = uploads.takeCounts();
        // One each; a read that the busy engine returns too late is made again.
        expect(reads).toBeGreaterThanOrEqual(200);
        expect(reads).toBeLessThan(3 * 200);
        // Two or three each; with n^2 writes it would be 20 000.
        expect(writes).toBeLessThan(10 * 200);
        const { version, _news } = await uploads.itemOf(fileId);
        expect(_news).toHaveLength(MAX_NEWS);
        // Every one of them has made the version grow, so that no response older than it is stored; one that was sent again
        // after a timeout may have done so twice.
        expect(version).toBeGreaterThanOrEqual(201);
      },
    );
  });

  describe('A1: a row that the table refuses permanently', () => {
    test('an item over 400 kB is a RefusedRowError after one request', async () => {
      const fileId = uploads.freshId();
      const response = { fileId, media: {}, context: undefined, isForbidden: false, tasks: new Map() };
      const huge: Row = { ...applySnapshot(undefined, response, NOW), notice: 'x'.repeat(410_000) };
      await expect(uploads.store.replace(undefined, huge, uploads.deadline())).rejects.toThrow(RefusedRowError);
      await expect(uploads.store.update(fileId, () => huge, uploads.deadline(), true)).rejects.toThrow(RefusedRowError);
      expect(uploads.takeCounts()).toEqual({ UpdateItem: 2 });
      expect(await uploads.itemOf(fileId)).toEqual({});
    });

    // dynalite takes empty index keys, DynamoDB does not.
    (engine === 'dynalite' ? test.skip : test)(
      'an empty index key is a RefusedRowError after one request',
      async () => {
        const fileId = uploads.freshId();
        const context = { seal: 'valid', uploader: '' } as const;
        const response = { fileId, media: {}, context, isForbidden: false, tasks: new Map() };
        await expect(
          uploads.store.replace(undefined, applySnapshot(undefined, response, NOW), uploads.deadline()),
        ).rejects.toThrow(RefusedRowError);
        expect(uploads.takeCounts()).toEqual({ UpdateItem: 1 });
      },
    );

    test('A1: a seal for an empty caller and an empty text makes no refused row: empty index keys are dropped', async () => {
      const fileId = uploads.freshId();
      expect(await uploads.record(newFileUpload({ fileId, sourceContext: seal('', '', false, STORE_SEAL_KEY) }))).toBe(
        'recorded',
      );
      const item = await uploads.itemOf(fileId);
      expect(item['seal']).toBe('valid');
      expect(item).not.toHaveProperty('uploader');
      expect(item).not.toHaveProperty('sourceContext');
    });
  });

  describe('store, values are kept at their bound and dropped beyond it', () => {
    const bounded = (fileId: string, text: string, size: number): EventBody => ({
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId: fileId,
        ProcedureTaskId: 'p'.repeat(256),
        MediaBasicInfo: {
          ...Object.fromEntries(['Name', 'MediaUrl', 'CoverUrl', 'Type', 'Category'].map((name) => [name, text])),
          SourceInfo: { SourceType: text, SourceContext: text },
        },
        MetaData: { Size: size, Duration: size, Width: 1e-99, Height: size },
      },
    });
    const texts = ['name', 'url', 'coverUrl', 'type', 'category', 'sourceType', 'sourceContext'];
    const measures = ['size', 'duration', 'height'];

    test('ids of 40 digits, task ids of 256 bytes, strings of 2 048 bytes and numbers of 2^53 are stored', async () => {
      const fileId = '5'.repeat(40);
      const text = `${'好'.repeat(682)}xx`;
      const end = finish(fileId, `${'务'.repeat(85)}x`);
      expect(await uploads.record(bounded(fileId, text, 2 ** 53))).toBe('recorded');
      expect(await uploads.record(end)).toBe('recorded');
      expect(await uploads.record(end)).toBe('repeated');
      expect(await uploads.itemOf(fileId)).toMatchObject({
        ...Object.fromEntries(texts.map((name) => [name, text])),
        ...Object.fromEntries(measures.map((name) => [name, 2 ** 53])),
        width: 1e-99,
        procedureTaskId: 'p'.repeat(256),
        _news: [`task:${'p'.repeat(256)}`, `end:${'务'.repeat(85)}x`],
      });
    });

    test('strings of 2 049 bytes and numbers over 2^53 are dropped, the rest is kept', async () => {
      const fileId = uploads.freshId();
      await uploads.record(bounded(fileId, 'x'.repeat(2_049), 2 ** 53 + 2));
      const item = await uploads.itemOf(fileId);
      expect(item).toMatchObject({ procedureTaskId: 'p'.repeat(256), status: 'processing' });
      for (const name of [...texts, ...measures]) expect(item).not.toHaveProperty(name);
    });
  });
});
