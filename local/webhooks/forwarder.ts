import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { HeaderLine, WebhookLog } from './webhook-log';

/** How much of the receiver's response body is read, in bytes. */
const MAX_RESPONSE_BYTES = 4096;
/** Headers of one connection only, or that Node adds. */
const OWN_HEADERS = new Set(['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

export interface ForwarderDeps {
  /** Of the receiver. */
  readonly notifyUrl: string;
  readonly records: WebhookLog;
  readonly log: (line: string) => void;
}

/**
 * Forwards each request of the function that sends webhooks to the app's server, returns the status of the response, and
 * records both. A receiver that cannot be reached ends the function's connection.
 */
export function createForwarder({ notifyUrl, records, log }: ForwarderDeps) {
  return (incoming: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> =>
    new Promise((resolve) => {
      const begin = performance.now();
      const time = Date.now();
      const url = new URL(notifyUrl);
      const headers = forwardedHeaders(incoming, url, body);
      const webhookId = String(incoming.headers['webhook-id'] ?? '');
      const id = records.begin(webhookId, body.toString(), { time, headers });
      const complete = (result: object): void => {
        records.complete(id, time, { milliseconds: Math.round(performance.now() - begin), ...result });
        resolve();
      };
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const outgoing = send(url, { method: 'POST', agent: false, headers: headers.flat() });
      outgoing.on('response', (received) => {
        const { statusCode: status = 0 } = received;
        complete({ status, responseHeaders: pairs(received.rawHeaders) });
        readBody(received, (responseBody) => {
          records.complete(id, time, { responseBody });
        });
        const retryAfter = received.headers['retry-after'];
        response.writeHead(status, { ...(retryAfter !== undefined && { 'retry-after': retryAfter }) }).end();
      });
      outgoing.on('error', (error) => {
        if (response.headersSent) return;
        log(`webhook ${webhookId}: ${error.message}`);
        complete({ failure: error.message });
        response.destroy();
      });
      response.on('close', () => {
        // The function has stopped waiting.
        if (!response.writableFinished) outgoing.destroy(new Error('no response in time'));
      });
      outgoing.end(body);
    });
}

/** The function's headers in their order, with the receiver's host. */
function forwardedHeaders({ rawHeaders }: IncomingMessage, { host }: URL, body: Buffer): HeaderLine[] {
  const others = pairs(rawHeaders).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  return [['host', host], ...others, ['content-length', String(body.length)], ['connection', 'close']];
}

function pairs(rawHeaders: readonly string[]): HeaderLine[] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const satisfies HeaderLine] : [],
  );
}

/** Calls `callback` with the beginning of the body. */
function readBody(message: IncomingMessage, callback: (text: string) => void): void {
  let bytes = Buffer.alloc(0);
  message.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]).subarray(0, MAX_RESPONSE_BYTES);
    if (bytes.length === MAX_RESPONSE_BYTES) message.destroy();
  });
  message.on('error', () => undefined); // interrupted: `callback` is called with what was read so far
  message.on('close', () => {
    callback(bytes.toString());
  });
}
