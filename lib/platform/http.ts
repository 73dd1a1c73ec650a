import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { RequestError, ServiceError, type ErrorCode } from './errors';
import { describe, type Log } from './log';

export const problems: Record<ErrorCode, readonly [status: number, title: string]> = {
  'invalid-request': [400, 'The request is not valid'],
  unauthorized: [401, 'The request is not authenticated'],
  forbidden: [403, 'The caller may not do this'],
  'not-found': [404, 'There is no such upload'],
  conflict: [409, 'The state of the upload does not allow this'],
  'too-large': [413, 'The body is too large'],
  'too-many-requests': [429, 'The rate limit is exceeded'],
  unavailable: [503, 'The service is not available'],
};

/** A response that is not an error. */
export interface Success {
  /** Default: 200. */
  readonly status?: number;
  readonly body?: object;
  /** Additional headers; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly log: { readonly outcome: string };
}

/**
 * A Lambda handler of an HTTP API: what `handle` returns becomes the response, a RequestError its problem+json (RFC 9457), and any
 * other error a 500 without details. Writes one log line for each request, never with a body or a secret.
 */
export function endpoint<Event extends APIGatewayProxyEventV2>(
  handle: (event: Event, context: Context) => Promise<Success>,
  log: Log,
) {
  return async (event: Event, context: Context): Promise<APIGatewayProxyStructuredResultV2> => {
    const { awsRequestId: requestId } = context;
    try {
      const { status = 200, body, headers, log: fields } = await handle(event, context);
      log({ level: 'info', requestId, ...fields });
      return respond(status, body, headers);
    } catch (error) {
      if (!(error instanceof RequestError)) {
        const fields = error instanceof ServiceError ? error.logFields : {};
        log({ level: 'error', requestId, outcome: 'error', ...fields, ...describe(error) });
        const detail = `Try again; the operator finds the cause in the log under request ${requestId}`;
        return respond(500, { type: 'about:blank', title: 'The service failed', status: 500, detail });
      }
      const { code, message: detail, errors, headers, logFields } = error;
      const [status, title] = problems[code];
      log({ level: 'warn', requestId, outcome: 'refused', status, code, ...logFields });
      const type = `urn:vod-client-upload:problem:${code}`;
      return respond(status, { type, title, status, detail, ...(errors.length > 0 && { errors }) }, headers);
    }
  };
}

/**
 * The body's bytes as they were sent.
 *
 * @throws RequestError `too-large` when there are more than `maxBytes`
 */
export function rawBody(event: APIGatewayProxyEventV2, maxBytes: number): Buffer {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length <= maxBytes) return bytes;
  throw new RequestError('too-large', `Cannot read request: the body has over ${maxBytes} bytes`);
}

function respond(
  statusCode: number,
  body: object | undefined,
  additionalHeaders: Readonly<Record<string, string>> = {},
): APIGatewayProxyStructuredResultV2 {
  const noStore = { 'cache-control': 'no-store' };
  if (!body) return { statusCode, headers: { ...noStore, ...additionalHeaders } };
  const contentType = statusCode < 400 ? 'application/json' : 'application/problem+json';
  const headers = { 'content-type': contentType, ...noStore, ...additionalHeaders };
  return { statusCode, headers, body: JSON.stringify(body) };
}
