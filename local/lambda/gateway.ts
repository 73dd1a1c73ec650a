import type { IncomingMessage, ServerResponse } from 'node:http';
import { jwtAuthorizer, type Verdict } from './authorizer';
import { StartupError } from '../startup-error';
import type { Cors, FunctionEvent, HttpRoute, JwtAuthorizer, ServerlessConfig } from '../config';
import type { Functions } from './functions';
import { httpEvent } from './http-event';
import { pathOf, readBody, sendMessage, type Listener } from '../server';

const MAX_BODY = 10 * 2 ** 20;
/** How long an HTTP API waits for a function, in milliseconds. */
const INTEGRATION_TIMEOUT = 30_000;

interface Route {
  readonly key: string;
  readonly functionName: string;
  readonly authorize?: (request: IncomingMessage) => Promise<Verdict>;
}

/**
 * The HTTP API that serverless.yml declares, payload format 2.0: its routes, JWT authorizers and CORS, with API Gateway's
 * own answers: 401, 404 (also for a method), 413, 500 when a function fails or runs out of its time, 503 after 30 s.
 *
 * THEN what is refused at start or missing: path parameters, $default and ANY routes, scopes, authorizers other than JWT,
 * tokens in the query, throttling.
 */
export function httpApi(
  config: ServerlessConfig,
  invoke: Functions['invoke'],
  integrationTimeout = INTEGRATION_TIMEOUT,
): Listener {
  const { cors } = config.provider.httpApi ?? {};
  const routes = new Map(routesOf(config).map((route) => [route.key, route]));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY);
    const route = routes.get(`${request.method ?? ''} ${pathOf(request)}`);
    if (cors) allow(cors, request, response);
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
      // It may quote the token, which may hold what no header can.
      response.setHeader('www-authenticate', verdict.challenge.replaceAll(/[^\x20-\x7e]/g, '?'));
      sendMessage(response, 401, 'Unauthorized');
      return;
    }
    const event = httpEvent(request, body, route.key, verdict?.claims);
    const outcome = await within(integrationTimeout, invoke(route.functionName, event));
    if (outcome === 'late') sendMessage(response, 503, 'Service Unavailable');
    else if (outcome === 'failed' || !sendResult(response, JSON.parse(outcome.json), cors !== undefined)) {
      sendMessage(response, 500, 'Internal Server Error');
    }
  }

  return answer;
}

function routesOf(config: ServerlessConfig): Route[] {
  const authorizers = new Map(
    Object.entries(config.provider.httpApi?.authorizers ?? {}).map(([name, given]) => [name, authorizer(name, given)]),
  );
  return Object.entries(config.functions).flatMap(([functionName, { events }]) =>
    events.flatMap(({ httpApi: declared }) => {
      if (declared === undefined) return [];
      const { method, path, authorizer: wanted } = routeOf(declared);
      const key = `${method.toUpperCase()} ${path}`;
      if (!/^[A-Z]+ \/[^{}*]*$/.test(key) || method.toUpperCase() === 'ANY' || wanted?.scopes?.length) {
        throw new StartupError(
          `The local gateway does not know routes like ${key}, or scopes: extend local/gateway.ts`,
        );
      }
      if (!wanted) return [{ key, functionName }];
      const authorize = authorizers.get(wanted.name ?? '');
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

function authorizer(name: string, { type, identitySource, issuerUrl, audience }: JwtAuthorizer) {
  const header = /^\$request\.header\.([\w-]+)$/i.exec([identitySource].flat().join())?.[1];
  if (type !== 'jwt' || header === undefined) {
    throw new StartupError(`The local gateway knows JWT authorizers that read one header, not ${name}`);
  }
  const check = jwtAuthorizer(issuerUrl, [audience].flat());
  return (request: IncomingMessage) => check(request.headersDistinct[header.toLowerCase()]?.join(','));
}

/** CORS headers, for origins that are allowed; a preflight is told besides what may be sent. */
function allow(cors: Cors, request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers;
  const any = cors.allowedOrigins.includes('*');
  if (origin === undefined || !(any || cors.allowedOrigins.includes(origin))) return;
  const set = (name: string, value: readonly string[] | string | number | undefined) => {
    if (value !== undefined) response.setHeader(name, typeof value === 'object' ? value.join(',') : value);
  };
  set('access-control-allow-origin', any ? '*' : origin);
  set('access-control-allow-credentials', cors.allowCredentials ? 'true' : undefined);
  if (request.method !== 'OPTIONS') {
    set('access-control-expose-headers', cors.exposedResponseHeaders);
    return;
  }
  set('access-control-allow-methods', cors.allowedMethods);
  set('access-control-allow-headers', cors.allowedHeaders);
  set('access-control-max-age', cors.maxAge);
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, milliseconds, 'late');
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

/**
 * Answers with a function's result, format 2.0: an object with a statusCode says it all, anything else is a JSON body.
 * A false return means that the result is none that API Gateway takes.
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

  // With CORS configured, the API's word replaces the function's; how the body is framed is ours to say.
  const isOurs = (name: string) =>
    /^(connection|content-length|transfer-encoding)$/i.test(name) || (replacesCors && /^access-control-/i.test(name));
  try {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    for (const [name, value] of Object.entries(typeof headers === 'object' ? { ...headers } : {})) {
      if (!isOurs(name)) response.setHeader(name, String(value));
    }
    if (Array.isArray(cookies)) response.setHeader('set-cookie', cookies.map(String));
  } catch {
    return false; // no header that HTTP knows
  }
  response.statusCode = status;
  response.end(Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8'));
  return true;
}
