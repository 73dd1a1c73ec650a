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
  /** For the whole answer, in milliseconds. */
  readonly timeout: number;
}

/**
 * Posts a body; returns the whole answer, whatever its status.
 *
 * @throws Error that says why there was no answer
 */
export type Post = (request: HttpPost) => Promise<HttpResponse>;

/** {@link Post} over a connection of its own: the next call is minutes away, and an idle connection would be closed by then. */
export const post: Post = ({ url, headers, body, timeout }) =>
  new Promise((resolve, reject) => {
    const fail = ({ message, code = '' }: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new Error(message || code));
    };
    const open = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const request = open(url, { method: 'POST', headers, agent: false });
    const timer = setTimeout(() => request.destroy(new Error(`nothing came within ${timeout} ms`)), timeout);
    request.on('error', fail);
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
