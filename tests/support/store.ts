import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { eventRecorder } from '../../lib/events/ingest';
import { applySnapshot } from '../../lib/uploads/snapshot';
import { uploadStore } from '../../lib/uploads/store';
import type { Engine } from '../../local/services/table';
import { countingClient, retryDeps, startUploadsTable, TABLE_NAME } from './backend';
import type { EventBody } from './events';
import type { Item } from './webhook';

export const STORE_SEAL_KEY = 'seal key';
/** The current time of tests. */
export const NOW = Date.parse('2026-11-22T12:00:00Z');
/** The webhook's time for the table, in milliseconds: its 25 s without its reserve. */
const WEBHOOK_TIME = 23_000;

/** The store on an empty table of this engine, which keeps its rows in `path`, with a client that counts its requests. */
export async function startUploadStore(engine: Engine, path?: string) {
  const table = await startUploadsTable(engine, path);
  const { dynamodb, takeCounts } = countingClient(table);
  const store = uploadStore({ ...retryDeps, dynamodb, tableName: TABLE_NAME });
  const deadline = () => Date.now() + WEBHOOK_TIME;
  let lastId = 0;

  return {
    table,
    dynamodb,
    store,
    takeCounts,
    deadline,
    freshId: () => `52858907${++lastId}`,
    /** Records an event as the webhook does; returns the outcome. */
    record: async (event: EventBody, by = store, now: () => number = Date.now, until = deadline()): Promise<string> => {
      const { recorded, failure } = await eventRecorder({ store: by, now })(event, [STORE_SEAL_KEY], until);
      if (failure !== undefined) throw failure as Error;
      return recorded.outcome;
    },
    /** Stores VOD's response about a file. */
    confirm: async (fileId: string, sourceContext: string, uploader: string, createTime: string): Promise<void> => {
      const before = await store.read(fileId, deadline());
      const context = { seal: 'valid', sourceContext, uploader } as const;
      const response = { fileId, media: { createTime, size: 3 }, context, isForbidden: false, tasks: new Map() };
      expect(await store.replace(before, applySnapshot(before, response, NOW), deadline())).toBe(true);
    },
    itemOf: async (fileId: string): Promise<Item> => {
      const key = { TableName: TABLE_NAME, Key: marshall({ fileId }), ConsistentRead: true };
      const { Item: item } = await table.client.send(new GetItemCommand(key));
      return unmarshall(item ?? {}, { wrapNumbers: Number });
    },
    stop: async () => {
      await table.stop();
    },
  };
}

export type TestStore = Awaited<ReturnType<typeof startUploadStore>>;
