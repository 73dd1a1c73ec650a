import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDb } from '../../lib/platform/dynamodb';
import type { Row } from '../../lib/uploads/row';
import { applySnapshot } from '../../lib/uploads/snapshot';
import { uploadStore } from '../../lib/uploads/store';
import { seal } from '../../lib/vod/source-context';
import { countingClient, engines, retryDeps, TABLE_NAME } from '../support/backend';
import { fileDeleted, newFileUpload } from '../support/events';
import { temporaryFolder } from '../support/local';
import { NOW, startUploadStore, STORE_SEAL_KEY, type TestStore } from '../support/store';
import type { Item } from '../support/webhook';

describe.each(engines)('store, on %s', (engine) => {
  let uploads: TestStore;
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    uploads = await startUploadStore(engine, folder);
  });
  beforeEach(() => {
    uploads.takeCounts();
  });
  afterAll(async () => {
    await uploads.stop();
    await rm(folder, { recursive: true });
  });

  describe('look-ups', () => {
    async function query(index: string, attribute: string, value: string): Promise<Item[]> {
      const { Items: items = [] } = await uploads.table.client.send(
        new QueryCommand({
          TableName: TABLE_NAME,
          IndexName: index,
          KeyConditionExpression: '#a = :v',
          ExpressionAttributeNames: { '#a': attribute },
          ExpressionAttributeValues: marshall({ ':v': value }),
          ScanIndexForward: false,
        }),
      );
      return items.map((item) => unmarshall(item, { wrapNumbers: Number }));
    }

    test('byUploader and bySourceContext return confirmed rows only, newest first, with keys only', async () => {
      const first = uploads.freshId();
      const second = uploads.freshId();
      const third = uploads.freshId();
      const unconfirmed = uploads.freshId();
      const text = 'x'.repeat(200);
      await uploads.confirm(first, text, 'user-7', '2026-11-22T08:00:01Z');
      await uploads.confirm(third, 'other text', 'user-7', '2026-11-22T08:00:03Z');
      await uploads.confirm(second, text, 'user-7', '2026-11-22T08:00:02Z');
      await uploads.record(
        newFileUpload({ fileId: unconfirmed, sourceContext: seal(text, 'user-7', false, STORE_SEAL_KEY) }),
      );
      const byUploader = await query('byUploader', 'uploader', 'user-7');
      expect(byUploader.map(({ fileId }) => fileId)).toEqual([third, second, first]);
      const names = new Set(byUploader.flatMap((item) => Object.keys(item)));
      expect([...names].filter((name) => !['fileId', 'uploader', 'sortTime', 'sourceContext'].includes(name))).toEqual(
        [],
      );
      const bySourceContext = await query('bySourceContext', 'sourceContext', text);
      expect(bySourceContext.map(({ fileId }) => fileId)).toEqual([second, first]);
    });

    test('page returns rows that are confirmed or being verified, without deleted and unknown ones', async () => {
      const confirmed = uploads.freshId();
      const waiting = uploads.freshId();
      const deleted = uploads.freshId();
      const unknown = uploads.freshId();
      await uploads.confirm(confirmed, 'a', 'user-8', '2026-11-22T08:00:01Z');
      await uploads.confirm(deleted, 'a', 'user-8', '2026-11-22T08:00:01Z');
      await uploads.record(newFileUpload({ fileId: waiting }));
      await uploads.record(fileDeleted({ fileId: unknown }));
      for (const fileId of [deleted, unknown]) {
        const before = await uploads.store.read(fileId, uploads.deadline());
        if (!before) throw new Error('there is no row');
        expect(await uploads.store.replace(before, applySnapshot(before, 'not-found', NOW), uploads.deadline())).toBe(
          true,
        );
      }
      const found = new Set<string>();
      let next: string | undefined;
      do {
        const page = await uploads.store.page(next, uploads.deadline());
        for (const row of page.rows) found.add(row.fileId);
        next = page.next;
      } while (next !== undefined);
      expect([confirmed, waiting, deleted, unknown].map((fileId) => found.has(fileId))).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect((await uploads.store.page(confirmed, uploads.deadline())).rows.map(({ fileId }) => fileId)).not.toContain(
        confirmed,
      );
    });

    test('readAll returns the rows of any number of files, each once', async () => {
      const ids = Array.from({ length: 250 }, uploads.freshId);
      await Promise.all(
        ids.filter((_, index) => index % 2 === 0).map((fileId) => uploads.record(newFileUpload({ fileId }))),
      );
      uploads.takeCounts();
      const rows = await uploads.store.readAll([...ids, ...ids], uploads.deadline());
      expect(uploads.takeCounts()).toEqual({ BatchGetItem: 3 });
      expect([...rows.keys()].sort()).toEqual(ids.filter((_, index) => index % 2 === 0).sort());
    });
  });

  describe('UnprocessedKeys of BatchGetItem', () => {
    /** A store with a clock of its own; its table leaves half of the keys of a batch unprocessed, `times` times. */
    function busyStore(times: number) {
      const { dynamodb: client, takeCounts } = countingClient(uploads.table);
      let time = 0;
      let left = times;
      const dynamodb: DynamoDb = {
        ...client,
        batchGetItem: async (input, timeout) => {
          if (left-- <= 0) return client.batchGetItem(input, timeout);
          const keys = input.RequestItems?.[TABLE_NAME]?.Keys ?? [];
          const taken = Math.floor(keys.length / 2);
          const requested = { [TABLE_NAME]: { Keys: keys.slice(0, Math.max(1, taken)), ConsistentRead: true } };
          const output = await client.batchGetItem({ RequestItems: requested }, timeout);
          const UnprocessedKeys = { [TABLE_NAME]: { Keys: keys.slice(taken) } };
          return { ...output, ...(taken === 0 && { Responses: {} }), UnprocessedKeys };
        },
      };
      const pauses: number[] = [];
      const clock = {
        now: () => time,
        sleep: (pause: number) => {
          pauses.push(pause);
          time += pause;
          return Promise.resolve();
        },
        random: () => 1,
      };
      return { takeCounts, pauses, store: uploadStore({ ...clock, dynamodb, tableName: TABLE_NAME }) };
    }

    test('A15: UnprocessedKeys are read again after growing pauses, until all are returned', async () => {
      const ids = Array.from({ length: 8 }, uploads.freshId);
      await Promise.all(ids.map((fileId) => uploads.record(newFileUpload({ fileId }))));
      const { takeCounts, pauses, store: unlucky } = busyStore(3);
      expect([...(await unlucky.readAll(ids, 60_000)).keys()].sort()).toEqual([...ids].sort());
      expect(takeCounts()).toEqual({ BatchGetItem: 4 });
      expect(pauses).toEqual([50, 100, 200]);
    });

    test('A15: UnprocessedKeys that remain at the deadline are an error, and do not count as missing rows', async () => {
      const fileId = uploads.freshId();
      await uploads.record(newFileUpload({ fileId }));
      const { pauses, store: unlucky } = busyStore(Infinity);
      await expect(unlucky.readAll([fileId], 10_000)).rejects.toThrow(/no capacity/);
      expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(8_000);
      expect(pauses.length).toBeLessThan(20);
    });
  });

  describe('an unavailable table', () => {
    test('an unavailable table gets every event once it is available again, and none counts as recorded before it is durable', async () => {
      const ids = Array.from({ length: 20 }, uploads.freshId);
      await uploads.table.kill();
      let responseCount = 0;
      const recording = ids.map(async (fileId) => {
        await uploads.record(newFileUpload({ fileId }));
        responseCount++;
      });
      await sleep(1_000);
      expect(responseCount).toBe(0);
      await uploads.table.restart();
      await Promise.all(recording);
      for (const fileId of ids) expect(await uploads.itemOf(fileId)).toMatchObject({ status: 'uploaded', version: 1 });
    });

    test('the last error of an unavailable table is thrown at the deadline', async () => {
      await uploads.table.kill();
      const change = (row: Row | undefined): Row => {
        throw new Error(`not reached with ${row?.fileId ?? 'no row'}`);
      };
      await expect(uploads.store.update(uploads.freshId(), change, Date.now() + 500, false)).rejects.toThrow(
        /ECONNREFUSED|socket hang up/,
      );
      await uploads.table.restart();
    });

    test('a table that accepts requests without a response is retried after 3 s until the deadline', async () => {
      let requestCount = 0;
      const silent = createServer(() => requestCount++).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const { dynamodb } = countingClient({ url: `http://127.0.0.1:${port}` });
      const there = uploadStore({ ...retryDeps, dynamodb, tableName: TABLE_NAME });
      await expect(there.read(uploads.freshId(), Date.now() + 4_000)).rejects.toThrow(
        /^DynamoDB at 127\.0\.0\.1:\d+ does not respond: no data received within \d+ ms$/,
      );
      expect(requestCount).toBe(2);
      silent.closeAllConnections();
      silent.close();
    });
  });
});
