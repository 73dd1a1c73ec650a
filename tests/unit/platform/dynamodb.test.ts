import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { DynamoDBClient, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { dynamoDb, DynamoDbError } from '../../../lib/platform/dynamodb';

const TOKEN = 'session-token-that-stays-secret';
const UPDATE: UpdateItemCommandInput = {
  TableName: 'uploads',
  Key: { fileId: { S: '7' } },
  UpdateExpression: 'SET #0 = :0, #1 = :1',
  ConditionExpression: 'attribute_not_exists(fileId)',
  ExpressionAttributeNames: { '#0': 'name', '#1': 'facts' },
  ExpressionAttributeValues: {
    ':0': { S: '假日 😀 \u2028 "quoted" \\' },
    ':1': { M: { size: { N: '9007199254740992' }, isNew: { BOOL: true }, list: { L: [{ NULL: true }, { S: '' }] } } },
  },
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
};

type Respond = (response: ServerResponse, request: IncomingMessage) => void;

const requests: { readonly headers: IncomingMessage['headers']; readonly body: string; readonly socket: Socket }[] = [];
let respond: Respond = (response) => response.end('{}');
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), socket: request.socket });
    respond(response, request);
  });
});
let endpoint = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests.length = 0;
  respond = (response) => response.end('{}');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function table() {
  const credentials = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: TOKEN };
  return dynamoDb({ ...credentials, AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL_DYNAMODB: endpoint }, Date);
}

function refuseWith(status: number, error: object): void {
  respond = (response) => {
    response.writeHead(status);
    response.end(JSON.stringify(error));
  };
}

async function refusalOf(): Promise<DynamoDbError> {
  const error: unknown = await table()
    .updateItem(UPDATE, 1_000)
    .catch((reason: unknown) => reason);
  if (error instanceof DynamoDbError) return error;
  throw new Error('the request was not refused', { cause: error });
}

test('dynamoDb > updateItem sends the body and the target that the AWS SDK sends', async () => {
  const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: TOKEN };
  const sdk = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials });
  await sdk.send(new UpdateItemCommand(UPDATE));
  sdk.destroy();
  await table().updateItem(UPDATE, 1_000);
  const [bySdk, byUs] = requests;
  expect(JSON.parse(byUs?.body ?? '')).toEqual(JSON.parse(bySdk?.body ?? ''));
  for (const name of ['x-amz-target', 'content-type', 'x-amz-security-token', 'host']) {
    expect([name, byUs?.headers[name]]).toEqual([name, bySdk?.headers[name]]);
  }
});

test('dynamoDb > rejects a failed condition with its code and the current item', async () => {
  const Item = { fileId: { S: '7' }, version: { N: '3' } };
  const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
  refuseWith(400, { __type, message: 'The conditional request failed', Item });
  expect(await refusalOf()).toMatchObject({ code: 'ConditionalCheckFailedException', item: Item });
});

test.each([
  ['ValidationException', /One or more parameter values.*would refuse the same request again$/],
  ['AccessDeniedException', /the function's role needs dynamodb:UpdateItem on the table and its indexes$/],
  ['ResourceNotFoundException', /the table and its indexes must exist and be active$/],
  ['InternalServerError', /^DynamoDB returned 400 InternalServerError$/],
])('dynamoDb > says what to do about %s', async (code, message) => {
  refuseWith(400, { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'One or more parameter values' });
  const refusal = await refusalOf();
  expect(refusal.code).toBe(code);
  expect(refusal.message).toMatch(message);
});

test('dynamoDb > does not repeat the session token of an error that quotes the request', async () => {
  refuseWith(400, { __type: 'IncompleteSignatureException', message: `x-amz-security-token:${TOKEN}` });
  const { message, stack = '' } = await refusalOf();
  expect(message + stack).not.toContain(TOKEN);
});

test('dynamoDb > sends requests over one connection', async () => {
  const client = table();
  await client.updateItem(UPDATE, 1_000);
  await client.updateItem(UPDATE, 1_000);
  expect(requests[1]?.socket).toBe(requests[0]?.socket);
});

test('dynamoDb > replaces an idle connection that the server has closed, and rejects when a new one is closed', async () => {
  const client = table();
  await client.updateItem(UPDATE, 1_000);
  const closing: Socket[] = [];
  respond = (response, { socket }) => {
    closing.push(socket);
    if (closing.length === 1) socket.resetAndDestroy();
    else response.end('{}');
  };
  await client.updateItem(UPDATE, 1_000);
  expect(closing).toHaveLength(2);

  respond = (_, { socket }) => socket.resetAndDestroy();
  await expect(client.updateItem(UPDATE, 1_000)).rejects.toThrow(/^DynamoDB at 127\.0\.0\.1:\d+ does not respond: /);
});

test('dynamoDb > rejects without a code when no response comes in time', async () => {
  respond = () => undefined;
  const error: unknown = await table()
    .updateItem(UPDATE, 100)
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'DynamoDbError', code: undefined });
  expect(String(error)).toContain('no data received within 100 ms');
});

test('dynamoDb > a request whose response stalls or breaks is sent once, and its error is the only one', async () => {
  const client = table();
  for (const end of [
    () => undefined,
    (response: ServerResponse) => setTimeout(() => response.socket?.resetAndDestroy(), 20),
  ]) {
    respond = (response) => response.end('{}');
    await client.updateItem(UPDATE, 1_000);
    requests.length = 0;
    respond = (response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{');
      end(response);
    };
    await expect(client.updateItem(UPDATE, 200)).rejects.toThrow(/^DynamoDB at .* does not respond: /);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests).toHaveLength(1);
  }
});

test('dynamoDb > rejects a response of 101', async () => {
  respond = ({ socket }) =>
    socket?.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await expect(table().updateItem(UPDATE, 1_000)).rejects.toThrow(/closed without a response/);
});
