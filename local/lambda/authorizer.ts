import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

/** `challenge` is what the 401 says in `www-authenticate`. */
export type Verdict = { readonly claims: Record<string, string> } | { readonly challenge: string };

/**
 * What the JWT authorizer of an AWS HTTP API checks, in AWS's order:
 * a token, alone or behind "Bearer"; its algorithm (RSA alone) and its signature, by the key of that `kid` at the
 * issuer's `jwks_uri`; `iss`; `aud`, or without one `client_id`; `exp`, `nbf`, `iat`.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
 * Not said there, so refused here: a token without `exp`.
 */
export function jwtAuthorizer(issuer: string, audience: readonly string[]) {
  let keys: Promise<JWTVerifyGetKey> | undefined;

  return async (identity: string | undefined): Promise<Verdict> => {
    const token = identity?.replace(/^bearer /i, '').trim();
    if (!token) return { challenge: 'Bearer' };
    try {
      keys ??= discoverKeys(issuer);
      const { payload, protectedHeader } = await jwtVerify(token, await keys, {
        algorithms: ['RS256', 'RS384', 'RS512'],
        issuer,
        requiredClaims: ['exp'],
      });
      if (protectedHeader.kid === undefined) throw new errors.JWTInvalid('the token has no kid');
      if (!isFor(payload, audience)) throw new errors.JWTInvalid('the token does not have a valid audience');
      if (payload.iat !== undefined && payload.iat > Date.now() / 1000) {
        throw new errors.JWTInvalid('the token is used before it was issued');
      }
      return { claims: Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, asText(value)])) };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) keys = undefined; // the issuer did not answer: ask it again next time
      const reason = error instanceof Error ? error.message : 'the token cannot be checked';
      return { challenge: `Bearer error="invalid_token" error_description="${reason.replaceAll('"', "'")}"` };
    }
  };
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const { jwks_uri: url } = (await response.json()) as { jwks_uri?: unknown };
  if (typeof url !== 'string') throw new Error('the issuer names no jwks_uri');
  return createRemoteJWKSet(new URL(url));
}

function isFor(payload: JWTPayload, audience: readonly string[]): boolean {
  const named = payload.aud ?? payload['client_id'];
  return [named].flat().some((name) => typeof name === 'string' && audience.includes(name));
}

/** A claim as API Gateway hands it on: text, whatever it was; lists and objects in the notation of Go. */
function asText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(asText).join(' ')}]`;
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${members.map(([name, member]) => `${name}:${asText(member)}`).join(' ')}]`;
}
