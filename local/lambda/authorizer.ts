import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

/** `challenge` is the value of `www-authenticate` in the 401. */
export type Verdict = { readonly claims: Record<string, string> } | { readonly challenge: string };

/**
 * Checks a token as the JWT authorizer of an AWS HTTP API does, in AWS's order: the token, with or without "Bearer"; its
 * algorithm (RSA only) and its signature, with the key of its `kid` from the issuer's `jwks_uri`; `iss`; `aud`, or
 * `client_id` if there is no `aud`; `exp`, `nbf`, `iat`.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
 * A token without `exp`, which that page does not mention, is refused here.
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
      if (!hasAudience(payload, audience)) throw new errors.JWTInvalid('the token does not have a valid audience');
      if (payload.iat !== undefined && payload.iat > Date.now() / 1000) {
        throw new errors.JWTInvalid('the token is used before it was issued');
      }
      return { claims: Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, toText(value)])) };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) keys = undefined; // the issuer did not answer: discover its keys again next time
      const reason = error instanceof Error ? error.message : 'the token cannot be verified';
      return { challenge: `Bearer error="invalid_token" error_description="${reason.replaceAll('"', "'")}"` };
    }
  };
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const { jwks_uri: url } = (await response.json()) as { jwks_uri?: unknown };
  if (typeof url !== 'string') throw new Error('the openid-configuration of the issuer has no jwks_uri');
  return createRemoteJWKSet(new URL(url));
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
