import type { Image } from '../stream/image';

export interface EngineResponse {
  readonly status: number;
  readonly text: string;
}

/** DynamoDB's protocol without streams, as the engine speaks it. Each method throws EngineUnavailable. */
export interface EngineClient {
  /** @param target such as `DynamoDB_20120810.GetItem` */
  readonly send: (target: string, body: string) => Promise<EngineResponse>;
  readonly getItem: (tableName: string, key: Image) => Promise<Image | undefined>;
  /** The names of the key's attributes; undefined for an unknown table. */
  readonly keyNames: (tableName: string) => Promise<readonly string[] | undefined>;
}

/** The engine does not answer, as when it was killed. */
export class EngineUnavailable extends Error {}

export const TARGET = 'DynamoDB_20120810.';

/** The engines want a signature, and do not check it. */
const SIGNATURE = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20260101T000000Z',
};

export function engineClient(port: number): EngineClient {
  const keyNamesByTable = new Map<string, readonly string[]>();

  async function send(target: string, body: string): Promise<EngineResponse> {
    if (target === `${TARGET}DeleteTable`) keyNamesByTable.clear();
    const headers = { ...SIGNATURE, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target };
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw new EngineUnavailable("The table's engine does not answer", { cause });
    }
  }

  return {
    send,
    getItem: async (TableName, Key) => {
      const { status, text } = await send(`${TARGET}GetItem`, JSON.stringify({ TableName, Key, ConsistentRead: true }));
      if (status === 400) return undefined; // a key that the engine refuses, as it will refuse the write
      if (status !== 200) throw new EngineUnavailable(`The table's engine cannot read an item: ${text}`);
      return (JSON.parse(text) as { Item?: Image }).Item;
    },
    keyNames: async (TableName) => {
      const known = keyNamesByTable.get(TableName);
      if (known) return known;
      const { status, text } = await send(`${TARGET}DescribeTable`, JSON.stringify({ TableName }));
      if (status !== 200) return undefined;
      const { Table: table } = JSON.parse(text) as { Table: { KeySchema: readonly { AttributeName: string }[] } };
      const names = table.KeySchema.map(({ AttributeName }) => AttributeName);
      keyNamesByTable.set(TableName, names);
      return names;
    },
  };
}
