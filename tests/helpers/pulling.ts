import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { pullConfig } from '../../lib/platform/env';
import { pullEvents } from '../../lib/events/pull';
import type { Row } from '../../lib/uploads/upload';
import { startStore, startUploadsTable, TABLE_NAME } from './backend';
import { context } from './lambda';
import { relay, type Answering } from './relay';
import { SECRET_ID, SECRET_KEY, start } from './vod-client';

/** A clock that stands still unless somebody sleeps by it, or it is set forward. */
function clock() {
  let time = Date.now();
  return {
    now: () => time,
    sleep: (milliseconds: number) => {
      time += milliseconds;
      return Promise.resolve();
    },
  };
}

/** The pulling function on a real table, kept in `path`, and parameter store, and a VOD with a queue for each test. */
export async function startPulling(path: string) {
  const pair = JSON.stringify({ secretId: SECRET_ID, secretKey: SECRET_KEY });
  const [table, store] = await Promise.all([
    startUploadsTable(undefined, path),
    startStore({ '/key': pair, '/seal': 'seal-key' }),
  ]);

  return {
    table,
    store,
    /** A VOD in PULL mode, with the function before it, and what may be told to come between the two. */
    async queue(answering: Answering = (_, pass) => pass()) {
      let ahead = 0;
      const vod = await start({ mode: 'PULL', now: () => Date.now() + ahead });
      const between = await relay(vod.port, answering);
      const lines: Record<string, unknown>[] = [];
      const time = clock();
      const config = {
        ...{ TABLE_NAME, SEAL_KEY_PARAMETER: '/seal', VOD_API_KEY_PARAMETER: '/key' },
        VOD_API_URL: between.url,
      };
      const handler = pullEvents({
        config: pullConfig(config),
        getParameters: store.getParameters,
        dynamodb: table.client,
        ...time,
        random: Math.random,
        log: (fields) => lines.push({ ...fields }),
      });
      return {
        port: vod.port,
        actions: between.actions,
        lines,
        time,
        run: (milliseconds = 58_000) => handler({}, context(milliseconds)),
        /** 31 s pass for VOD: what was pulled and not confirmed is in the queue again. */
        comeAgain: () => {
          ahead += 31_000;
        },
      };
    },
    rowOf: async (fileId: string): Promise<Row | undefined> => {
      const key = { TableName: TABLE_NAME, Key: marshall({ fileId }), ConsistentRead: true };
      const { Item: item } = await table.client.send(new GetItemCommand(key));
      return item && (unmarshall(item, { wrapNumbers: Number }) as Row);
    },
    stop: async () => {
      await Promise.all([table.stop(), store.close()]);
    },
  };
}

export type Pulling = Awaited<ReturnType<typeof startPulling>>;
