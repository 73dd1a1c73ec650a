import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { pathOf } from '../server';

/** The event that an HTTP API sends to a function for a request, payload format 2.0. */
export function httpEvent(
  request: IncomingMessage,
  body: Buffer,
  {
    routeKey,
    pathParameters,
  }: { readonly routeKey: string; readonly pathParameters: Readonly<Record<string, string>> },
  claims?: Readonly<Record<string, string>>,
): APIGatewayProxyEventV2 {
  const { cookie, ...distinct } = request.headersDistinct;
  const lists = { ...distinct, ...forwardedHeaders(request, distinct) };
  const headers = Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values?.join(',')]));
  const cookies = cookie?.flatMap((line) => line.split(/;\s*/));
  const now = new Date();
  const rawPath = pathOf(request);
  const rawQueryString = request.url?.slice(rawPath.length + 1) ?? '';
  const query = new URLSearchParams(rawQueryString);
  const names = [...new Set(query.keys())];
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookies && { cookies }),
    headers,
    ...(names.length > 0 && {
      queryStringParameters: Object.fromEntries(names.map((name) => [name, query.getAll(name).join(',')])),
    }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters: { ...pathParameters } }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      ...(claims && { authorizer: { jwt: { claims, scopes: null } } }),
      domainName: request.headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method: request.method ?? 'GET',
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: clfTime(now),
      timeEpoch: now.getTime(),
    },
    ...encodeBody(body, request.headers['content-type']),
  };
}

/** The headers that AWS adds in front of API Gateway. */
function forwardedHeaders(request: IncomingMessage, received: NodeJS.Dict<string[]>): NodeJS.Dict<string[]> {
  return {
    'x-amzn-trace-id': [
      `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(8)}`,
    ],
    'x-forwarded-for': [...(received['x-forwarded-for'] ?? []), request.socket.remoteAddress ?? '127.0.0.1'],
    'x-forwarded-port': [String(request.socket.localPort)],
    'x-forwarded-proto': ['http'],
  };
}

/** Text stays text; everything else, and a body without a type, becomes base64. */
function encodeBody(body: Buffer, contentType = ''): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = contentType.split(';', 1)[0]?.trim() ?? '';
  const isText = /^(text\/.*|application\/(json|xml|javascript)|.*\+(json|xml))$/i.test(type);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/** As in "22/Nov/2026:16:00:00 +0000". */
function clfTime(date: Date): string {
  const [, day = '', month = '', year = '', time = ''] = date.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
