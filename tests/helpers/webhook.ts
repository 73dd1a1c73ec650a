import { setTimeout as sleep } from 'node:timers/promises';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { webhookConfig } from '../../lib/platform/env';
import { recordEvent } from '../../lib/events/webhook';
import type { Row } from '../../lib/uploads/upload';
import { startStore, startUploadsTable, TABLE_NAME } from './backend';
import { context, delivery, type Delivery } from './lambda';

export const SEAL_KEY = 'seal-new';

/** The webhook on a real table and parameter store, with a log that can be read. */
export async function startWebhook(path?: string) {
  const [table, store] = await Promise.all([
    startUploadsTable(undefined, path),
    startStore({ '/vod/token': 'token-1,token-2', '/vod/sign-key': 'SignKey1', '/vod/seal': `${SEAL_KEY},seal-old` }),
  ]);
  const lines: Record<string, unknown>[] = [];

  function handler(env: Record<string, string> = { CALLBACK_TOKEN_PARAMETER: '/vod/token' }) {
    return recordEvent({
      config: webhookConfig({ TABLE_NAME, SEAL_KEY_PARAMETER: '/vod/seal', ...env }),
      getParameters: store.getParameters,
      dynamodb: table.client,
      now: Date.now,
      sleep,
      random: Math.random,
      log: (fields) => lines.push({ ...fields }),
    });
  }
  const events = handler();
  const post = (body: unknown, how?: Delivery, to = events) => to(delivery(body, how), context());
  return {
    table,
    store,
    lines,
    handler,
    post,
    /** The status that an event's delivery is answered with. */
    status: async (...call: Parameters<typeof post>) => (await post(...call)).statusCode,
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

export type Webhook = Awaited<ReturnType<typeof startWebhook>>;
