import { Agent, request, type RequestOptions } from 'node:http';
import type { Image } from '../stream/image';

/** Where an engine listens: an IP address, or a socket of the file system. */
export type EngineAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

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

/** The engine does not respond, as when it was killed. */
export class EngineUnavailable extends Error {}

export const TARGET = 'DynamoDB_20120810.';

/** The engines want a signature, and do not check it. */
const SIGNATURE = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20260101T000000Z',
};

/** Sends a request to an engine, and throws the error of a connection that fails. Without an agent, by a new connection. */
export function sendToEngine(
  address: EngineAddress,
  options: Pick<RequestOptions, 'method' | 'headers' | 'agent'>,
  body = '',
): Promise<EngineResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...address, agent: false, ...options, path: '/' }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function engineClient(address: EngineAddress): EngineClient {
  const agent = new Agent({ keepAlive: true });
  const keyNamesByTable = new Map<string, readonly string[]>();

  async function send(target: string, body: string): Promise<EngineResponse> {
    if (target === `${TARGET}DeleteTable`) keyNamesByTable.clear();
    const headers = {
      ...SIGNATURE,
      'content-type': 'application/x-amz-json-1.0',
      'content-length': Buffer.byteLength(body),
      'x-amz-target': target,
    };
    try {
      return await sendToEngine(address, { method: 'POST', headers, agent }, body);
    } catch (cause) {
      throw new EngineUnavailable("The table's engine does not respond", { cause });
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
      const cached = keyNamesByTable.get(TableName);
      if (cached) return cached;
      const { status, text } = await send(`${TARGET}DescribeTable`, JSON.stringify({ TableName }));
      if (status !== 200) return undefined;
      const { Table: table } = JSON.parse(text) as { Table: { KeySchema: readonly { AttributeName: string }[] } };
      const names = table.KeySchema.map(({ AttributeName }) => AttributeName);
      keyNamesByTable.set(TableName, names);
      return names;
    },
  };
}
