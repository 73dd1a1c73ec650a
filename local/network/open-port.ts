import { connect, type AddressInfo, type Server } from 'node:net';

/** An address to listen on. */
export interface Address {
  readonly host: string;
  /** Skipped on a machine that does not have it. */
  readonly isOptional?: boolean;
}

/**
 * Both addresses of `localhost`. They are two sockets: with one of them only, another program can have the other one, and
 * gets the requests of every client that tries that one first.
 */
export const LOOPBACK: readonly Address[] = [{ host: '127.0.0.1' }, { host: '::1', isOptional: true }];

export interface OpenPort {
  readonly port: number;
  /** One for each address. */
  readonly servers: readonly Server[];
}

/** Another program has the port on one of the addresses. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
  readonly code = 'EADDRINUSE';

  constructor(
    readonly port: number,
    readonly host: string,
  ) {
    super(`Port ${port} is taken${host === '127.0.0.1' ? '' : ` (on ${bracketed(host)})`}`);
  }
}

const MAX_ATTEMPTS = 20;
/** In milliseconds. Windows needs two seconds to refuse a connection. */
const PROBE_TIMEOUT = 300;
/** Errors of a machine without IPv6. */
const ABSENT = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT']);

/**
 * Opens the same port on every address, or on none of them.
 *
 * @param create is called once for each address
 * @param port 0 takes one that is free on all of them
 * @throws PortTaken, or the error of an address that is not of this machine
 */
export async function openPort(
  create: () => Server,
  port: number,
  addresses: readonly Address[] = LOOPBACK,
): Promise<OpenPort> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await openAll(create, port, addresses);
    } catch (error) {
      const isRetried = port === 0 && error instanceof PortTaken && attempt < MAX_ATTEMPTS;
      if (!isRetried) throw error;
    }
  }
}

/** Stops listening, and resolves when no connection is left. */
export async function closeServers(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    ),
  );
}

/** An IPv6 address in brackets, as in a URL; anything else unchanged. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function openAll(create: () => Server, requestedPort: number, addresses: readonly Address[]): Promise<OpenPort> {
  const servers: Server[] = [];
  let port = requestedPort;
  try {
    for (const { host, isOptional = false } of addresses) {
      if (port !== 0 && (await isCoveredByWildcard(port, host))) throw new PortTaken(port, host);
      const server = create();
      try {
        port = await listenOn(server, port, host);
      } catch (error) {
        if (isOptional && ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) continue;
        throw error;
      }
      servers.push(server);
    }
    return { port, servers };
  } catch (error) {
    await closeServers(servers);
    throw error;
  }
}

function listenOn(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // Stays: a connection that cannot be accepted later must not end the process.
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTaken(port, host) : error);
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port); // a string only for a pipe, null only when closed
    });
  });
}

/** macOS and Windows let two programs have one port, if one of them listens on all addresses; Linux does not. */
function isCoveredByWildcard(port: number, host: string): Promise<boolean> {
  return process.platform === 'linux' ? Promise.resolve(false) : isListening(port, host);
}

/** Whether a program accepts connections there. */
export function isListening(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(PROBE_TIMEOUT, () => {
      end(false);
    });
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}
