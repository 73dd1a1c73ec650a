import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One port for TLS and plain HTTP: a TLS connection begins with the byte 0x16, which no HTTP request does. */
export class TlsHttpMultiplexer {
  readonly certificate: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor({ key, cert }: { key: string; cert: string }, answer: (i: IncomingMessage, r: ServerResponse) => void) {
    this.certificate = cert;
    const plain = createHttpServer(answer);
    const secure = createHttpsServer({ key, cert }, answer);
    // Longer than clients keep idle connections: if the server closes first, a request on that connection fails.
    plain.keepAliveTimeout = secure.keepAliveTimeout = 60_000;
    // Browsers that do not trust the certificate send an alert; that is not an error of this server.
    secure.on('tlsClientError', () => undefined);
    this.#server = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      socket.once('readable', () => {
        const chunk: unknown = socket.read();
        if (!Buffer.isBuffer(chunk)) return;
        socket.unshift(chunk);
        (chunk[0] === 0x16 ? secure : plain).emit('connection', socket);
      });
    });
  }

  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      for (const socket of this.#sockets) socket.destroy();
    });
  }
}
