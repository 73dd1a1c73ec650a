import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ServerlessConfig } from '../../local/config';
import { startFunctions } from '../../local/lambda/functions';
import { localConfig, startStore, type Store } from '../support/backend';
import { newFileUpload } from '../support/events';
import { delivery, signRequest } from '../support/lambda';
import { temporaryFolder } from '../support/local';

// The real functions, with the time that serverless.yml gives each: an invocation that outlasts it is `failed`, without
// a response and without a line of its own in the log.

const PROJECT = resolve(__dirname, '../..');

/** The bytes that a server sends before it hangs. */
const BEGINNINGS = {
  nothing: '',
  'half of a response': 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Para',
  'half of a failure': 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\n{',
};
type Beginning = keyof typeof BEGINNINGS;

let buildDir: string;
let config: ServerlessConfig;
let store: Store;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(async () => {
  buildDir = await temporaryFolder();
  config = await localConfig();
  store = await startStore({
    '/local/vod-key': '{"secretId":"AKIDexample","secretKey":"key"}',
    '/local/seal-key': 'seal',
    '/local/callback-token': 'token-1',
  });
});
afterEach(async () => {
  await Promise.all(cleanUp.splice(0).map((end) => end()));
});
afterAll(async () => {
  await store.close();
  await rm(buildDir, { recursive: true });
});

/** The address of a server that accepts, begins each response like this, and then hangs. */
async function startDeaf(beginning: Beginning): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', () => socket.write(BEGINNINGS[beginning]));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanUp.push(async () => {
    for (const socket of sockets) socket.destroy();
    await promisify(server.close.bind(server))();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Calls a function and returns its status, or `failed`; and the lines that all of them logged. */
async function start(name: string, urls: { readonly ssmUrl: string; readonly dynamodbUrl: string }) {
  const lines: unknown[] = [];
  const log = (line: string) => void lines.push(JSON.parse(line));
  const functions = await startFunctions({ config, projectDir: PROJECT, buildDir: join(buildDir, name), ...urls, log });
  cleanUp.push(functions.stop);
  const status = async (functionName: string, event: object): Promise<unknown> => {
    const outcome = await functions.invoke(functionName, event);
    return outcome === 'failed' ? outcome : (JSON.parse(outcome.json) as { statusCode: unknown }).statusCode;
  };
  return { status, lines };
}

test.each(Object.keys(BEGINNINGS) as Beginning[])(
  'when SSM sends %s, signing returns 503 and the webhook 500 in their time, and both log why',
  async (beginning) => {
    const ssmUrl = await startDeaf(beginning);
    const { status, lines } = await start('ssm', { ssmUrl, dynamodbUrl: ssmUrl });
    const event = delivery(newFileUpload({ fileId: '387702' }));
    const statuses = [status('uploadSignature', signRequest()), status('vodEvents', event)];
    expect(await Promise.all(statuses)).toEqual([503, 500]);
    const reason = expect.stringMatching(/^Cannot read secrets: SSM at /);
    for (const outcome of ['secrets-unavailable', 'error']) {
      expect(lines).toContainEqual(expect.objectContaining({ level: 'error', outcome, reason }));
    }
  },
);

test('when the table sends nothing or half of a response, the webhook retries, returns 500 in its time, and logs the file', async () => {
  const statuses = (['nothing', 'half of a response', 'half of a failure'] as const).map(async (beginning) => {
    const dynamodbUrl = await startDeaf(beginning);
    const { status, lines } = await start(beginning, { ssmUrl: store.url, dynamodbUrl });
    expect(await status('vodEvents', delivery(newFileUpload({ fileId: '387702' })))).toBe(500);
    expect(lines).toContainEqual(expect.objectContaining({ outcome: 'write-failed', fileIds: ['387702'] }));
  });
  await Promise.all(statuses);
});
