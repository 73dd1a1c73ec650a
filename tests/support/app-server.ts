import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** A webhook as the app's server received it. */
export interface ReceivedWebhook {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Sends the app's response to a webhook; `attempt` counts those with the same id from 1. */
export type Respond = (response: ServerResponse, webhook: ReceivedWebhook, attempt: number) => void;

export const status =
  (code: number, headers: Record<string, string> = {}): Respond =>
  (response) =>
    response.writeHead(code, headers).end();

export interface AppServer {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  /** The ids of all webhooks, in the order of their arrival. */
  readonly ids: () => string[];
  readonly respondWith: (next: Respond) => void;
  /** Closes the port, and every connection. */
  readonly stop: () => Promise<void>;
  /** Opens the same port again. */
  readonly restart: () => Promise<void>;
}

/** An app's server on 127.0.0.1, which returns 204 by default. */
export async function startAppServer(now: () => number = Date.now): Promise<AppServer> {
  const received: ReceivedWebhook[] = [];
  const attempts = new Map<string, number>();
  let respond: Respond = status(204);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: path = '', headers } = request;
    const at = now();
    const webhook = { path, headers, body: await text(request), at };
    received.push(webhook);
    const id = idOf(webhook);
    const attempt = (attempts.get(id) ?? 0) + 1;
    attempts.set(id, attempt);
    respond(response, webhook, attempt);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // A connection that is cut fails the reading of its request.
    handle(request, response).catch(() => request.destroy());
  };
  let server = createServer(listener);
  const open = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks/vod`,
    received,
    ids: () => received.map(idOf),
    respondWith: (next) => {
      respond = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
    restart: () => {
      server = createServer(listener);
      return open(port);
    },
  };
}

export function idOf({ headers }: ReceivedWebhook): string {
  return String(headers['webhook-id']);
}

/**
 * The notification in a webhook, verified at the time of its arrival by the package of Standard Webhooks.
 *
 * @throws Error when the package refuses it
 */
export function verifyWebhook(webhook: ReceivedWebhook, secret: string): unknown {
  // The package reads the system's clock; the time of arrival may be a virtual one.
  const clock = jest.spyOn(Date, 'now').mockReturnValue(webhook.at);
  try {
    return new Webhook(secret).verify(webhook.body, headersOf(webhook));
  } finally {
    clock.mockRestore();
  }
}

export function headersOf({ headers }: ReceivedWebhook): Record<string, string> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]));
}
