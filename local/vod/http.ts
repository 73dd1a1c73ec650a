import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** One request to one of the services. */
export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** The host name that the request is meant for, without port; see parseCall. */
  readonly host: string;
  /** Path within the service, percent-encoded as received. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const MIB = 1024 * 1024;
/** How much of a body that is refused is read and discarded, so that the client can receive the response. */
export const MAX_DISCARDED_BYTES = 64 * MIB;

/** The whole body, or undefined if it exceeds the limit, 1 MiB by default. A body far beyond it ends the connection. */
export async function readBody(request: IncomingMessage, limit = MIB): Promise<Buffer | undefined> {
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

/** Why {@link jsonObject} returns undefined for a body that {@link readBody} read with its default limit. */
export function whyNotJsonObject(body: Buffer | undefined): string {
  return body ? 'the body must be a JSON object' : 'the body must have at most 1 MiB';
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

/** Allows calls from any web page. Returns true if the request was a preflight, which then has its response. */
export function allowAnyOrigin(call: Call): boolean {
  const { request, response } = call;
  response.setHeader('access-control-allow-origin', '*');
  // The SDK needs ETag to complete an upload, and Date to correct a wrong clock.
  response.setHeader('access-control-expose-headers', 'ETag, Date, Content-Length, Content-Range, x-cos-request-id');
  if (call.method !== 'OPTIONS') return false;
  response.setHeader('access-control-allow-methods', 'GET, PUT, POST, HEAD, DELETE, OPTIONS');
  const headers = request.headers['access-control-request-headers'];
  if (headers !== undefined) response.setHeader('access-control-allow-headers', headers);
  response.setHeader('access-control-max-age', '600');
  reply(response, 204, '');
  return true;
}
