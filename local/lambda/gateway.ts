import type { IncomingMessage, ServerResponse } from 'node:http';
import { jwtAuthorizer, type Verdict } from './authorizer';
import { StartupError } from '../startup-error';
import type { Cors, FunctionEvent, HttpRoute, JwtAuthorizer, ServerlessConfig } from '../config';
import type { Functions } from './functions';
import { httpEvent } from './http-event';
import { matchRoute, SUPPORTED_ROUTE } from './routes';
import { pathOf, readBody, sendMessage, type Listener } from '../server';

const MAX_BODY = 10 * 2 ** 20;
/** How long an HTTP API waits for a function, in milliseconds. */
const INTEGRATION_TIMEOUT = 30_000;

export interface GatewayOptions {
  /** How long a function may take, in milliseconds. */
  readonly integrationTimeout?: number;
  /** Origins that CORS allows beside those of serverless.yml. */
  readonly allowsOrigin?: (origin: string) => boolean;
}

interface Route {
  readonly key: string;
  readonly functionName: string;
  readonly authorize?: (request: IncomingMessage) => Promise<Verdict>;
}

/**
 * The HTTP API that serverless.yml declares, payload format 2.0: its routes, JWT authorizers and CORS, with API Gateway's
 * own responses: 401, 404 (also for a method), 413, 500 when a function fails or times out, 503 after 30 s.
 *
 * Not supported, and refused at start: greedy path parameters, $default and ANY routes, scopes, authorizers other than JWT, tokens
 * in the query. Not supported, and ignored: throttling.
 *
 * @throws StartupError for what is refused at start
 */
export function httpApi(
  config: ServerlessConfig,
  invoke: Functions['invoke'],
  { integrationTimeout = INTEGRATION_TIMEOUT, allowsOrigin = () => false }: GatewayOptions = {},
): Listener {
  const { cors } = config.provider.httpApi ?? {};
  const routes = routesOf(config);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY);
    const matched = matchRoute(routes, request.method ?? '', pathOf(request));
    const route = matched?.route;
    if (cors) setCorsHeaders(cors, allowsOrigin, request, response);
    if (!route && cors && request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    if (!route) {
      sendMessage(response, 404, 'Not Found');
      return;
    }
    if (!body) {
      sendMessage(response, 413, 'Request Entity Too Large');
      return;
    }
    const verdict = await route.authorize?.(request);
    if (verdict && 'challenge' in verdict) {
      // It may contain the token, with characters that a header cannot have.
      response.setHeader('www-authenticate', verdict.challenge.replaceAll(/[^\x20-\x7e]/g, '?'));
      sendMessage(response, 401, 'Unauthorized');
      return;
    }
    const event = httpEvent(
      request,
      body,
      { routeKey: route.key, pathParameters: matched.pathParameters },
      verdict?.claims,
    );
    const outcome = await withTimeout(integrationTimeout, invoke(route.functionName, event));
    if (outcome === 'late') sendMessage(response, 503, 'Service Unavailable');
    else if (outcome === 'failed' || !sendResult(response, JSON.parse(outcome.json), cors !== undefined)) {
      sendMessage(response, 500, 'Internal Server Error');
    }
  }

  return answer;
}

function routesOf(config: ServerlessConfig): Route[] {
  const authorizers = new Map(
    Object.entries(config.provider.httpApi?.authorizers ?? {}).map(([name, declared]) => [
      name,
      createAuthorizer(name, declared),
    ]),
  );
  return Object.entries(config.functions).flatMap(([functionName, { events }]) =>
    events.flatMap(({ httpApi: declared }) => {
      if (declared === undefined) return [];
      const { method, path, authorizer: declaredAuthorizer } = routeOf(declared);
      const key = `${method.toUpperCase()} ${path}`;
      if (!SUPPORTED_ROUTE.test(key) || method.toUpperCase() === 'ANY' || declaredAuthorizer?.scopes?.length) {
        throw new StartupError(
          `The local gateway does not support the route ${key}: it must have a method and a path without "+" parameters, and no scopes`,
        );
      }
      if (!declaredAuthorizer) return [{ key, functionName }];
      const authorize = authorizers.get(declaredAuthorizer.name ?? '');
      if (!authorize)
        throw new StartupError(`The authorizer of ${key} is not declared in provider.httpApi.authorizers`);
      return [{ key, functionName, authorize }];
    }),
  );
}

function routeOf(declared: NonNullable<FunctionEvent['httpApi']>): HttpRoute {
  if (typeof declared !== 'string') return declared;
  const [method = '', path = ''] = declared.split(' ');
  return { method, path };
}

function createAuthorizer(name: string, { type, identitySource, issuerUrl, audience }: JwtAuthorizer) {
  const header = /^\$request\.header\.([\w-]+)$/i.exec([identitySource].flat().join())?.[1];
  if (type !== 'jwt' || header === undefined) {
    throw new StartupError(
      `The local gateway does not support the authorizer ${name}: it must be of type jwt and read one header`,
    );
  }
  const check = jwtAuthorizer(issuerUrl, [audience].flat());
  return (request: IncomingMessage) => check(request.headersDistinct[header.toLowerCase()]?.join(','));
}

/** Sets CORS headers for allowed origins; in a preflight, also the allowed methods and headers. */
function setCorsHeaders(
  cors: Cors,
  allowsOrigin: (origin: string) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { origin } = request.headers;
  const allowsAnyOrigin = cors.allowedOrigins.includes('*');
  if (origin === undefined) return;
  if (!(allowsAnyOrigin || cors.allowedOrigins.includes(origin) || allowsOrigin(origin))) return;
  const set = (name: string, value: readonly string[] | string | number | undefined) => {
    if (value !== undefined) response.setHeader(name, typeof value === 'object' ? value.join(',') : value);
  };
  set('access-control-allow-origin', allowsAnyOrigin ? '*' : origin);
  set('access-control-allow-credentials', cors.allowCredentials ? 'true' : undefined);
  if (request.method !== 'OPTIONS') {
    set('access-control-expose-headers', cors.exposedResponseHeaders);
    return;
  }
  set('access-control-allow-methods', cors.allowedMethods);
  set('access-control-allow-headers', cors.allowedHeaders);
  set('access-control-max-age', cors.maxAge);
}

async function withTimeout<T>(milliseconds: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'late');
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

/**
 * Sends a function's result, format 2.0: an object with a statusCode is a complete response, anything else a JSON body.
 * Returns false, and sends nothing, if API Gateway would not accept the result.
 */
function sendResult(response: ServerResponse, result: unknown, replacesCors: boolean): boolean {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    response.setHeader('content-type', 'application/json');
    response.end(typeof result === 'string' ? result : JSON.stringify(result));
    return true;
  }
  const { statusCode, headers, cookies, body, isBase64Encoded }: Partial<Record<string, unknown>> = { ...result };
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) return false;
  if (body !== undefined && body !== null && typeof body !== 'string') return false;

  // A configured CORS replaces the function's CORS headers; headers about the framing of the body are the gateway's.
  const isSetByGateway = (name: string) =>
    /^(connection|content-length|transfer-encoding)$/i.test(name) || (replacesCors && /^access-control-/i.test(name));
  try {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    for (const [name, value] of Object.entries(typeof headers === 'object' ? { ...headers } : {})) {
      if (!isSetByGateway(name)) response.setHeader(name, String(value));
    }
    if (Array.isArray(cookies)) response.setHeader('set-cookie', cookies.map(String));
  } catch {
    return false; // not a valid HTTP header
  }
  response.statusCode = status;
  response.end(Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8'));
  return true;
}
