import { DeleteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { webhookConfig } from '../../lib/events/config';
import { recordEvent } from '../../lib/events/webhook';
import { DynamoDbError, type DynamoDb } from '../../lib/platform/dynamodb';
import { uploadStore } from '../../lib/uploads/store';
import type { Engine } from '../../local/services/table';
import { countingClient, retryDeps, startStore, startUploadsTable, TABLE_NAME } from './backend';
import { context, delivery, type Delivery } from './lambda';

export const SEAL_KEY = 'seal-new';

/** An item of the table, as its readers see it. */
export type Item = Readonly<Record<string, unknown>>;

interface WebhookOptions {
  /** The folder that keeps the rows over a restart; in memory without one. */
  readonly path?: string;
  readonly engine?: Engine;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The webhook on a real table and parameter store, with a log that can be read. */
export async function startWebhook({ path, engine, now = Date.now }: WebhookOptions = {}) {
  const [table, parameterStore] = await Promise.all([
    startUploadsTable(engine, path),
    startStore({ '/vod/token': 'token-1,token-2', '/vod/sign-key': 'SignKey1', '/vod/seal': `${SEAL_KEY},seal-old` }),
  ]);
  const { dynamodb: client, takeCounts } = countingClient(table);
  const faults = { refusedText: undefined as string | undefined, failsWrites: false };
  const dynamodb: DynamoDb = {
    ...client,
    updateItem: async (input, timeout) => {
      if (faults.refusedText !== undefined && JSON.stringify(input).includes(faults.refusedText)) {
        throw new DynamoDbError('on demand', 'ValidationException');
      }
      if (faults.failsWrites) throw new DynamoDbError('on demand', 'InternalServerError');
      return client.updateItem(input, timeout);
    },
  };
  const deps = { ...retryDeps, now };
  const store = uploadStore({ ...deps, dynamodb, tableName: TABLE_NAME });
  const lines: Record<string, unknown>[] = [];
  let secretReads = 0;

  function handler(env: Record<string, string> = { CALLBACK_TOKEN_PARAMETER: '/vod/token' }) {
    return recordEvent({
      config: webhookConfig({ TABLE_NAME, SEAL_KEY_PARAMETER: '/vod/seal', ...env }),
      store,
      getParameters: (names) => {
        secretReads++;
        return parameterStore.getParameters(names);
      },
      now,
      log: (fields) => lines.push({ ...fields }),
    });
  }
  const events = handler();
  const post = (body: unknown, how?: Delivery, to = events) => to(delivery(body, how), context());
  return {
    table,
    store,
    parameters: parameterStore.parameters,
    parameterStoreUrl: parameterStore.url,
    lines,
    /** Requests to the table since the last call of this, see {@link countingClient}. */
    takeCounts,
    /** How often secrets were read, by all handlers. */
    secretReads: () => secretReads,
    handler,
    post,
    /** The status of the response to an event's delivery. */
    status: async (...call: Parameters<typeof post>) => (await post(...call)).statusCode,
    /** The `outcome` in the response to the event. */
    outcome: async (...call: Parameters<typeof post>): Promise<unknown> => {
      const { body = '' } = await post(...call);
      return (JSON.parse(body) as { readonly outcome?: unknown }).outcome;
    },
    itemOf: async (fileId: string): Promise<Item | undefined> => {
      const key = { TableName: TABLE_NAME, Key: marshall({ fileId }), ConsistentRead: true };
      const { Item: item } = await table.client.send(new GetItemCommand(key));
      return item && unmarshall(item, { wrapNumbers: Number });
    },
    /** From here on the table refuses every write that contains this text, as DynamoDB refuses an invalid item. */
    refuseRowsWith: (text: string): void => {
      faults.refusedText = text;
    },
    /** Whether the table fails every write of the functions from here on. */
    failWrites: (fails: boolean): void => {
      faults.failsWrites = fails;
    },
    /** Removes a row, as an operator may. */
    removeItem: async (fileId: string): Promise<void> => {
      await table.client.send(new DeleteItemCommand({ TableName: TABLE_NAME, Key: marshall({ fileId }) }));
    },
    stop: async () => {
      await Promise.all([table.stop(), parameterStore.close()]);
    },
  };
}

export type Webhook = Awaited<ReturnType<typeof startWebhook>>;
