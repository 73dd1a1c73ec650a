import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartupError } from './startup-error';

export type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface Listening {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * Listens on 127.0.0.1 only: the local run must not be reachable from the network. When the listener throws, the response is
 * 500, with the message that an HTTP API sends.
 *
 * @param port 0 takes a free one
 * @param setting the environment variable that sets the port, for the error message
 * @throws StartupError when the port is taken
 */
export async function listen(listener: Listener, port = 0, setting = 'PORT'): Promise<Listening> {
  const server = createServer((request, response) => {
    listener(request, response).catch((error: unknown) => {
      if (request.readableAborted) return; // the client disconnected while it was sending
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendMessage(response, 500, 'Internal Server Error');
    });
  });
  // As on AWS. With Node's 5 s, clients would reuse connections that are just being closed.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = new StartupError(`Port ${port} is taken: choose another one with ${setting}`);
      reject(error.code === 'EADDRINUSE' ? taken : error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // a string only for a pipe, null only when closed
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** The body's bytes, or undefined if there are more than `limit`; always read to the end, so that a response can be received. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
}

export function sendJson(response: ServerResponse, status: number, value: unknown, contentType = 'application/json') {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

/** An error response in the format of an HTTP API. */
export function sendMessage(response: ServerResponse, status: number, message: string) {
  sendJson(response, status, { message });
}

/** The path without the query, as it was sent. */
export function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? '/';
}

/**
 * Whether the Host header names this machine. Any website can make its own host name resolve to 127.0.0.1 (DNS rebinding),
 * and its pages can then read our responses; their Host header still contains that name.
 */
export function isForThisMachine(request: IncomingMessage): boolean {
  return /^(localhost|127\.0\.0\.1)(:\d+)?$/i.test(request.headers.host ?? '');
}

/** Whether the origin is a page on this machine, on any port: an app's own development server. */
export function isLocalOrigin(origin: string): boolean {
  return /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin);
}
