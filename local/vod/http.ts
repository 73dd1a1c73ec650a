import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** One request to one of the services. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** The service's own host name, without port, from the Host header or from the first path segment. */
  readonly host: string;
  /** Path within the service, percent-encoded as it came. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The whole body, or undefined if it is over a megabyte: no request but a file's is that long. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= 1024 * 1024) chunks.push(chunk);
  }
  return size <= 1024 * 1024 ? Buffer.concat(chunks) : undefined;
}

/** The body as a JSON object, or undefined if it is anything else. */
export function jsonObject(body: Buffer | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body?.toString('utf8') ?? '');
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function reply(response: ServerResponse, status: number, body: string, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

export function replyJson(response: ServerResponse, status: number, value: unknown): void {
  reply(response, status, JSON.stringify(value), { 'content-type': 'application/json; charset=utf-8' });
}

/** What a browser needs of a service that any page may call. True if the request was a preflight, now answered. */
export function allowAnyOrigin(call: Call): boolean {
  const { request, response } = call;
  response.setHeader('access-control-allow-origin', '*');
  // Without ETag the SDK cannot complete an upload; without Date it cannot correct a wrong clock.
  response.setHeader('access-control-expose-headers', 'ETag, Date, Content-Length, Content-Range, x-cos-request-id');
  if (call.method !== 'OPTIONS') return false;
  response.setHeader('access-control-allow-methods', 'GET, PUT, POST, HEAD, DELETE, OPTIONS');
  const headers = request.headers['access-control-request-headers'];
  if (headers !== undefined) response.setHeader('access-control-allow-headers', headers);
  response.setHeader('access-control-max-age', '600');
  reply(response, 204, '');
  return true;
}
