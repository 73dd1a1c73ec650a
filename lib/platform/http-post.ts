import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface HttpPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole response, in milliseconds. */
  readonly timeout: number;
}

/**
 * Posts a body; returns the whole response, whatever its status.
 *
 * @throws Error that says why there was no response
 */
export type Post = (request: HttpPost) => Promise<HttpResponse>;

/** {@link Post} over a connection of its own: the next call is minutes away, and an idle connection would be closed by then. */
export const post: Post = (request) => postOnce(request, false);

/** {@link Post} over connections that stay open for the next calls. */
export const postOverKeptConnection: Post = (request) => postOnce(request, undefined);

/** @param agent `false`: a connection of its own; `undefined`: Node's global agent, which keeps connections open for 5 s */
function postOnce(request: HttpPost, agent: false | undefined): Promise<HttpResponse> {
  const { url, headers, body, timeout } = request;
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const open = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const clientRequest = open(url, { method: 'POST', headers, agent });
    const timer = setTimeout(() => {
      const error = new Error(`no data received within ${timeout} ms`);
      fail(error);
      clientRequest.destroy(error);
    }, timeout);
    const fail = ({ message, code = '' }: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new Error(message || code));
    };
    let hasResponse = false;
    let isRetried = false;
    clientRequest.on('error', (error: NodeJS.ErrnoException) => {
      const remaining = timeout - (performance.now() - began);
      // The server closed a kept connection, as after a pause of the instance. A timeout has another code.
      isRetried = clientRequest.reusedSocket && !hasResponse && error.code === 'ECONNRESET' && remaining > 0;
      if (!isRetried) {
        fail(error);
        return;
      }
      clearTimeout(timer);
      postOnce({ ...request, timeout: Math.ceil(remaining) }, false).then(resolve, reject);
    });
    clientRequest.on('close', () => {
      // A status of 101 ends the request without a response and without an error.
      if (!hasResponse && !isRetried) fail(new Error('the connection was closed without a response'));
    });
    clientRequest.on('response', (response: IncomingMessage) => {
      hasResponse = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    clientRequest.end(body);
  });
}
