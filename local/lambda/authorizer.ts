import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';

/** AWS reads no more of an issuer's documents. */
const MAX_DOCUMENT_BYTES = 150_000;
/** In milliseconds; AWS waits for 1500. */
const DISCOVERY_TIMEOUT = 5000;

/** `challenge` is the value of `www-authenticate` in the 401. */
export type Verdict = { readonly claims: Record<string, string> } | { readonly challenge: string };

/**
 * Checks a token as the JWT authorizer of an AWS HTTP API does, in AWS's order: the token, with or without "Bearer"; its
 * algorithm (RSA only) and its signature, with the key of its `kid` from the issuer's `jwks_uri`; `iss`; `aud`, or
 * `client_id` if there is no `aud`; `exp`, `nbf`, `iat`.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
 * A token without `exp`, which that page does not mention, is refused here.
 *
 * @param log gets a line when the issuer's keys cannot be read
 */
export function jwtAuthorizer(issuer: string, audience: readonly string[], log: (line: string) => void) {
  let keys: Promise<JWTVerifyGetKey> | undefined;

  return async (identity: string | undefined): Promise<Verdict> => {
    const token = tokenOf(identity);
    if (!token) return { challenge: 'Bearer' };
    try {
      keys ??= discoverKeys(issuer);
      const { payload, protectedHeader } = await jwtVerify(token, await keys, {
        algorithms: ['RS256', 'RS384', 'RS512'],
        issuer,
        requiredClaims: ['exp'],
      });
      if (protectedHeader.kid === undefined) throw new errors.JWTInvalid('the token has no kid');
      if (!hasAudience(payload, audience)) throw new errors.JWTInvalid('the token does not have a valid audience');
      if (payload.iat !== undefined && payload.iat > Date.now() / 1000) {
        throw new errors.JWTInvalid('the token is used before it was issued');
      }
      return { claims: Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, toText(value)])) };
    } catch (error) {
      const reason = reasonOf(error);
      if (!isAboutToken(error)) {
        keys = undefined; // discovers them again next time
        log(`The keys of the issuer ${issuer} cannot be read: ${reason}`);
      }
      return { challenge: `Bearer error="invalid_token" error_description="${reason.replaceAll('"', "'")}"` };
    }
  };
}

/** The `iss` of a token that is not verified yet. */
export function issuerOf(identity: string | undefined): string | undefined {
  try {
    return decodeJwt(tokenOf(identity) ?? '').iss;
  } catch {
    return undefined;
  }
}

function tokenOf(identity: string | undefined): string | undefined {
  return identity?.replace(/^bearer /i, '').trim();
}

/** False for a failure to read the issuer's keys. */
function isAboutToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== errors.JOSEError.code;
}

function reasonOf(error: unknown): string {
  const { message = 'the token cannot be verified', cause } = Object(error) as Partial<Error>;
  const { code } = Object(cause) as NodeJS.ErrnoException; // fetch names the reason there
  return code === undefined ? message : `${message}, ${code}`;
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetchDocument(url, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT) });
  if (!response.ok) throw new Error(`${url} returns ${response.status}`);
  const { jwks_uri: keysUrl } = Object(await response.json()) as { jwks_uri?: unknown };
  if (typeof keysUrl !== 'string') throw new Error(`${url} has no jwks_uri`);
  return createRemoteJWKSet(new URL(keysUrl), { timeoutDuration: DISCOVERY_TIMEOUT, [customFetch]: fetchDocument });
}

/** As `fetch`, with at most {@link MAX_DOCUMENT_BYTES} of the body. */
async function fetchDocument(url: string, options: RequestInit): Promise<Response> {
  const { body, status } = await fetch(url, options);
  const stream = (body ?? []) as AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`${url} has over ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status });
}

function hasAudience(payload: JWTPayload, audience: readonly string[]): boolean {
  const names = payload.aud ?? payload['client_id'];
  return [names].flat().some((name) => typeof name === 'string' && audience.includes(name));
}

/** A claim as API Gateway passes it: always a string; arrays and objects in the notation of Go. */
function toText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toText).join(' ')}]`;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const properties = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${properties.map(([name, property]) => `${name}:${toText(property)}`).join(' ')}]`;
}
