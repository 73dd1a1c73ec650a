import type { IncomingMessage, ServerResponse } from 'node:http';
import { issuerOf, jwtAuthorizer, type Verdict } from './authorizer';
import { StartupError } from '../startup-error';
import type { Cors, FunctionEvent, HttpRoute, JwtAuthorizer, ServerlessConfig } from '../config';
import type { Functions } from './functions';
import { httpEvent } from './http-event';
import { matchRoute, SUPPORTED_ROUTE } from './routes';
import { pathOf, readBody, sendMessage, type Listener } from '../server';

const MAX_BODY = 10 * 2 ** 20;
/** An HTTP API's limit for request line and headers together, in bytes. */
const MAX_HEAD = 10_240;
/** How many refused origins are named in the log: any page can make up more. */
const MAX_NAMED_ORIGINS = 100;
/** How long an HTTP API waits for a function, in milliseconds. */
const INTEGRATION_TIMEOUT = 30_000;

export interface GatewayOptions {
  /** How long a function may take, in milliseconds. */
  readonly integrationTimeout?: number;
  /** Origins that CORS allows in addition to those of serverless.yml. */
  readonly allowsOrigin?: (origin: string, request: IncomingMessage) => boolean;
  /** Issuers that every JWT authorizer accepts in addition to the one that serverless.yml declares. */
  readonly issuers?: readonly TokenIssuer[];
  /** Gets a line for each refused origin, and for each issuer whose keys cannot be read. */
  readonly log?: (line: string) => void;
}

export interface TokenIssuer {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string;
  /** The `aud`, or else `client_id`, that are accepted. */
  readonly audience: readonly string[];
}

interface Route {
  readonly key: string;
  readonly functionName: string;
  readonly authorize?: (request: IncomingMessage) => Promise<Verdict>;
}

/**
 * The HTTP API that serverless.yml declares, payload format 2.0: its routes, JWT authorizers and CORS, with API Gateway's
 * own responses: 401, 404 (also for a method), 413, 431, 500 when a function fails or times out, 503 after 30 s.
 *
 * Not supported, and refused at start: greedy path parameters, $default and ANY routes, scopes, authorizers other than JWT, tokens
 * in the query. Not supported, and ignored: throttling.
 *
 * @throws StartupError for what is refused at start
 */
export function httpApi(config: ServerlessConfig, invoke: Functions['invoke'], options: GatewayOptions = {}): Listener {
  const { integrationTimeout = INTEGRATION_TIMEOUT, log = () => undefined } = options;
  const { cors } = config.provider.httpApi ?? {};
  const allowOrigin = cors && corsHeaders(cors, options);
  const routes = routesOf(config, options.issuers ?? [], log);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY);
    if (headLength(request) > MAX_HEAD) {
      sendMessage(response, 431, 'Request Header Fields Too Large');
      return;
    }
    const matched = matchRoute(routes, request.method ?? '', pathOf(request));
    allowOrigin?.(request, response);
    if (!matched && cors && request.method === 'OPTIONS') response.writeHead(204).end();
    else if (!matched) sendMessage(response, 404, 'Not Found');
    else if (!body) sendMessage(response, 413, 'Request Entity Too Large');
    else await handleRoute(matched, request, body, response);
  }

  async function handleRoute(
    { route, pathParameters }: NonNullable<ReturnType<typeof matchRoute<Route>>>,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    const authorization = await route.authorize?.(request);
    if (authorization && 'challenge' in authorization) {
      // It may contain the token, with characters that a header cannot have.
      response.setHeader('www-authenticate', authorization.challenge.replaceAll(/[^\x20-\x7e]/g, '?'));
      sendMessage(response, 401, 'Unauthorized');
      return;
    }
    const event = httpEvent(request, body, { routeKey: route.key, pathParameters }, authorization?.claims);
    const outcome = await withTimeout(integrationTimeout, invoke(route.functionName, event));
    if (outcome === 'late') sendMessage(response, 503, 'Service Unavailable');
    else if (outcome === 'failed' || !sendResult(response, JSON.parse(outcome.json), cors !== undefined)) {
      sendMessage(response, 500, 'Internal Server Error');
    }
  }

  return handle;
}

/** The bytes of the request line and the headers, as HTTP/1.1 sends them. */
function headLength({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  const names = rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text, 'latin1'), 0);
  const separators = rawHeaders.length * 2; // ": " after each name, a line break after each value
  return method.length + Buffer.byteLength(url) + ' '.length + ' HTTP/1.1\r\n'.length + names + separators;
}

function routesOf(config: ServerlessConfig, issuers: readonly TokenIssuer[], log: (line: string) => void): Route[] {
  const authorizers = new Map(
    Object.entries(config.provider.httpApi?.authorizers ?? {}).map(([name, declared]) => [
      name,
      createAuthorizer(name, declared, issuers, log),
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

function createAuthorizer(
  name: string,
  { type, identitySource, issuerUrl, audience }: JwtAuthorizer,
  issuers: readonly TokenIssuer[],
  log: (line: string) => void,
) {
  const header = /^\$request\.header\.([\w-]+)$/i.exec([identitySource].flat().join())?.[1];
  if (type !== 'jwt' || header === undefined) {
    throw new StartupError(
      `The local gateway does not support the authorizer ${name}: it must be of type jwt and read one header`,
    );
  }
  const declared = jwtAuthorizer(issuerUrl, [audience].flat(), log);
  const added = new Map(issuers.map((one) => [one.issuer, jwtAuthorizer(one.issuer, one.audience, log)]));
  return (request: IncomingMessage) => {
    const identity = request.headersDistinct[header.toLowerCase()]?.join(',');
    const check = added.get(issuerOf(identity) ?? '') ?? declared;
    return check(identity);
  };
}

/** Sets CORS headers for allowed origins; in a preflight, also the allowed methods and headers. */
function corsHeaders(cors: Cors, { allowsOrigin = () => false, log = () => undefined }: GatewayOptions) {
  const allowsAnyOrigin = cors.allowedOrigins.includes('*');
  const refused = new Set<string>();

  function nameRefused(origin: string): void {
    if (refused.has(origin) || refused.size >= MAX_NAMED_ORIGINS) return;
    refused.add(origin);
    const printable = origin.replaceAll(/[^\x21-\x7e]/g, '?');
    log(`CORS refused a page of the origin ${printable}: here http://localhost:* and http://127.0.0.1:* are allowed`);
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    const { origin } = request.headers;
    if (origin === undefined) return;
    if (!(allowsAnyOrigin || cors.allowedOrigins.includes(origin) || allowsOrigin(origin, request))) {
      nameRefused(origin);
      return;
    }
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
  };
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
