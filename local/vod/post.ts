import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** How much of a response's body is kept, in bytes. */
const MAX_RESPONSE_BYTES = 4096;

export interface PostResult {
  /** Until the response began, or until there was none. */
  readonly milliseconds: number;
  /** Of the response. */
  readonly status?: number;
  /** Why there is no response: `timeout`, or the error's message. */
  readonly failure?: string;
}

export interface PostOptions {
  readonly timeoutMs: number;
  /** Contains a function that interrupts the request, as long as the request is running. */
  readonly interrupts: Set<() => void>;
  /** Called with the beginning of the response's body, after the result. */
  readonly onResponseBody: (text: string) => void;
}

/** POSTs JSON on a new connection. Resolves as soon as the response begins: only that time matters to VOD. */
export function post(
  url: string,
  body: string,
  { timeoutMs, interrupts, onResponseBody }: PostOptions,
): Promise<PostResult> {
  const begin = performance.now();
  return new Promise((resolve) => {
    const end = (result: Omit<PostResult, 'milliseconds'>): void => {
      resolve({ milliseconds: Math.round(performance.now() - begin), ...result });
    };
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = { method: 'POST', agent: false, headers };
    const outgoing = (new URL(url).protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
    const interrupt = (): void => {
      end({ failure: 'timeout' });
      outgoing.destroy();
    };
    const timer = setTimeout(interrupt, timeoutMs);
    interrupts.add(interrupt);
    outgoing.on('response', (response) => {
      end({ status: response.statusCode ?? 0 });
      let responseBody = Buffer.alloc(0);
      response.on('data', (chunk: Buffer) => {
        if (responseBody.length === MAX_RESPONSE_BYTES) return;
        responseBody = Buffer.concat([responseBody, chunk]).subarray(0, MAX_RESPONSE_BYTES);
      });
      response.on('close', () => {
        onResponseBody(responseBody.toString());
      });
    });
    outgoing.on('error', (error) => {
      end({ failure: error.message });
    });
    outgoing.on('close', () => {
      // A 101 response ends the request without a `response` event and without an error.
      end({ failure: 'the connection was closed without a response' });
      clearTimeout(timer);
      interrupts.delete(interrupt);
    });
    outgoing.end(body);
  });
}
