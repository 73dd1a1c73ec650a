import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { pullEvents } from '../../lib/events/pull';
import { uploadStore } from '../../lib/uploads/store';
import { vodApi } from '../../lib/vod/api';
import { countingClient, retryDeps, startUploadsTable, TABLE_NAME } from './backend';
import { context } from './lambda';
import { relay, type Respond } from './relay';
import { SECRET_ID, SECRET_KEY, start } from './vod/vod-client';
import type { Item } from './webhook';

/** A clock that stands still unless a caller sleeps by it, or it is set forward. */
function virtualClock() {
  let time = Date.now();
  return {
    now: () => time,
    sleep: (milliseconds: number) => {
      time += milliseconds;
      return Promise.resolve();
    },
  };
}

/** The pulling function on a real table, kept in `path`, and a VOD with a queue for each test. */
export async function startPulling(path: string) {
  const table = await startUploadsTable(undefined, path);
  const { dynamodb } = countingClient(table);

  return {
    table,
    /** A VOD in PULL mode, with the function before it; `respond` decides what VOD's API returns. */
    async queue(respond: Respond = (_, pass) => pass()) {
      let ahead = 0;
      const vod = await start({ mode: 'PULL', now: () => Date.now() + ahead });
      const between = await relay(vod.port, respond);
      const lines: Record<string, unknown>[] = [];
      const clock = virtualClock();
      const deps = { ...retryDeps, ...clock };
      const keyPair = { secretId: SECRET_ID, secretKey: SECRET_KEY };
      const handler = pullEvents({
        store: uploadStore({ ...deps, dynamodb, tableName: TABLE_NAME }),
        vod: vodApi({ ...deps, url: between.url, subAppId: undefined, keyPair: () => Promise.resolve(keyPair) }),
        sealKeys: () => Promise.resolve(['seal-key']),
        now: clock.now,
        log: (fields) => lines.push({ ...fields }),
      });
      return {
        port: vod.port,
        actions: between.actions,
        lines,
        clock,
        run: (milliseconds = 58_000) => handler({}, context(milliseconds)),
        /** 31 s pass for VOD: what was pulled and not confirmed is in the queue again. */
        comeAgain: () => {
          ahead += 31_000;
        },
      };
    },
    itemOf: async (fileId: string): Promise<Item | undefined> => {
      const key = { TableName: TABLE_NAME, Key: marshall({ fileId }), ConsistentRead: true };
      const { Item: item } = await table.client.send(new GetItemCommand(key));
      return item && unmarshall(item, { wrapNumbers: Number });
    },
    stop: async () => {
      await table.stop();
    },
  };
}

export type Pulling = Awaited<ReturnType<typeof startPulling>>;
