import dynalite from 'dynalite';
import type { AddressInfo } from 'node:net';
import { listen, readBody } from '../server';

// A program of its own: node dynalite.ts <port> [<folder>]. Where there is no dynoxide, this serves the table.
//
// dynalite does not know ReturnValuesOnConditionCheckFailure, and the functions read the row out of a condition that
// failed. So requests pass through here, and a failed condition of an UpdateItem that asked for the row gets it from a
// GetItem. Another write may come in between: the caller then sees a newer row than the one that failed it.

const MAX_BODY = 16 * 2 ** 20;
const [port = '', path] = process.argv.slice(2);

const engine = dynalite({ ...(path && { path }), createTableMs: 0 });
engine.listen(0, '127.0.0.1', () => void serve());

async function serve(): Promise<void> {
  const { port: enginePort } = engine.address() as AddressInfo;

  async function ask(headers: Record<string, string>, body: string): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${enginePort}/`, { method: 'POST', headers, body });
    return { status: response.status, text: await response.text() };
  }

  await listen(async (request, response) => {
    const body = (await readBody(request, MAX_BODY))?.toString() ?? '';
    const headers = Object.fromEntries(
      ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'].flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
    const { status, text } = await ask(headers, body);
    let answer = text;
    if (status === 400 && text.includes('ConditionalCheckFailedException') && wantsRow(headers, body)) {
      const { TableName, Key } = JSON.parse(body) as { TableName: string; Key: object };
      const get = JSON.stringify({ TableName, Key, ConsistentRead: true });
      const row = await ask({ ...headers, 'x-amz-target': 'DynamoDB_20120810.GetItem' }, get);
      answer = JSON.stringify({ ...(JSON.parse(text) as object), ...(JSON.parse(row.text) as object) });
    }
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(answer);
  }, Number(port));
}

function wantsRow(headers: Record<string, string>, body: string): boolean {
  if (headers['x-amz-target'] !== 'DynamoDB_20120810.UpdateItem') return false;
  return (JSON.parse(body) as Record<string, unknown>)['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD';
}

// Whoever started this holds our stdin open; when it ends, however it ends, so do we.
process.stdin.resume().on('end', () => process.exit());
