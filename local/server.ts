import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { closeServers, LOOPBACK, openPort, PortTaken, type Address } from './network/open-port';
import { StartupError } from './startup-error';

export type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface Listening {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** So that the gateway itself refuses what is too large for it; Node's own refusal has no body. */
const MAX_HEADER_BYTES = 2 ** 16;

/**
 * Listens on loopback only, IPv4 and IPv6, unless other addresses are given: the local run must not be reachable from the
 * network. When the listener throws, the response is 500, with the message that an HTTP API sends.
 *
 * @param port 0 takes a free one
 * @param setting what sets the port, for the error message
 * @throws StartupError when the port is taken on one of the addresses
 */
export async function listen(
  listener: Listener,
  port = 0,
  setting = 'PORT',
  addresses: readonly Address[] = LOOPBACK,
): Promise<Listening> {
  const servers: Server[] = [];
  const create = () => {
    const server = createHttpServer(listener);
    servers.push(server);
    return server;
  };
  const open = await openPort(create, port, addresses).catch((error: unknown) => {
    throw listenError(error, port, setting);
  });
  return {
    port: open.port,
    close: async () => {
      const closed = closeServers(open.servers);
      for (const server of servers) server.closeAllConnections();
      await closed;
    },
  };
}

/** Returns a StartupError for an error of `openPort`, and any other error unchanged. */
export function listenError(error: unknown, port: number, setting: string, hostSetting = 'HOST'): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof PortTaken) return new StartupError(`${message}: choose another one with ${setting}`);
  if (code === 'EACCES') {
    return new StartupError(`Port ${port} is only for administrators: choose another one with ${setting}`);
  }
  if (code === 'EADDRNOTAVAIL')
    return new StartupError(`${hostSetting} must be an address of this machine: ${message}`);
  return error;
}

/** Returns a StartupError for an error of `startVod` about its port or its data, and any other error unchanged. */
export function vodStartError(error: unknown, port: number, setting: string, hostSetting = 'HOST'): unknown {
  if (error instanceof Error && error.cause !== undefined) return new StartupError(error.message);
  return listenError(error, port, setting, hostSetting);
}

function createHttpServer(listener: Listener): Server {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    listener(request, response).catch((error: unknown) => {
      if (request.readableAborted) return; // the client disconnected while it was sending
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendMessage(response, 500, 'Internal Server Error');
    });
  });
  // As on AWS. With Node's 5 s, clients would reuse connections that are just being closed.
  server.keepAliveTimeout = 60_000;
  return server;
}

/** How much beyond the limit is read and discarded, so that the client can receive a response. */
const MAX_DISCARDED_BYTES = 2 ** 26;

/** The body's bytes, or undefined if there are more than `limit`. A body far beyond it ends the connection. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const { socket } = request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    if (size > limit + MAX_DISCARDED_BYTES) {
      socket.destroy();
      return undefined;
    }
  }
  return size <= limit ? Buffer.concat(chunks) : undefined;
}

/** The JSON object in a body, undefined if it is anything else. */
export function parseObject(body: Buffer | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body?.toString() ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
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
