import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { closeServers, openPort, type Address } from '../network/open-port';
import { MAX_DISCARDED_BYTES } from './http';

/** How long the rest of a body is discarded after the response, and how often that is checked, in milliseconds. */
const DISCARD_TIMEOUT = 10_000;
const DISCARD_INTERVAL = 20;

/** One port for TLS and plain HTTP: a TLS connection begins with the byte 0x16, which no HTTP request does. */
export class TlsHttpMultiplexer {
  readonly certificate: string;
  readonly #accept: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #servers: readonly Server[] = [];

  constructor({ key, cert }: { key: string; cert: string }, handle: (i: IncomingMessage, r: ServerResponse) => void) {
    this.certificate = cert;
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      response.once('finish', () => {
        endUnreadBody(request);
      });
      handle(request, response);
    };
    const plain = createHttpServer(listener);
    const secure = createHttpsServer({ key, cert }, listener);
    // Longer than clients keep idle connections: if the server closes first, a request on that connection fails.
    plain.keepAliveTimeout = secure.keepAliveTimeout = 60_000;
    // Browsers that do not trust the certificate send an alert; that is not an error of this server.
    secure.on('tlsClientError', () => undefined);
    this.#accept = (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.once('readable', () => {
        const chunk: unknown = socket.read();
        if (!Buffer.isBuffer(chunk)) return;
        socket.unshift(chunk);
        (chunk[0] === 0x16 ? secure : plain).emit('connection', socket);
      });
    };
  }

  /**
   * Listens on these addresses, by default on loopback, and returns the port.
   *
   * @throws PortTaken
   */
  async listen(requestedPort: number, addresses?: readonly Address[]): Promise<number> {
    const { port, servers } = await openPort(() => createTcpServer(this.#accept), requestedPort, addresses);
    this.#servers = servers;
    return port;
  }

  async close(): Promise<void> {
    const closed = closeServers(this.#servers);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Node reads the rest of a body that the response did not need, without a limit: this limits its size and its time. */
function endUnreadBody(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  const before = socket.bytesRead;
  const end = Date.now() + DISCARD_TIMEOUT;
  const timer = setInterval(() => {
    if (socket.bytesRead - before > MAX_DISCARDED_BYTES || Date.now() > end) socket.destroy();
  }, DISCARD_INTERVAL).unref();
  request.once('close', () => {
    clearInterval(timer);
  });
}
