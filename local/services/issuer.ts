import { createPrivateKey, createPublicKey } from 'node:crypto';
import { calculateJwkThumbprint, SignJWT, type JWTPayload } from 'jose';

export interface Issuer {
  /** A token for one hour. Claims override the defaults; an undefined claim removes its default. */
  readonly token: (claims: JWTPayload) => Promise<string>;
  /** The documents below the issuer's URL, by path. */
  readonly documents: ReadonlyMap<string, object>;
}

/** Stands in for the identity provider of the app's users: signs with RS256 and publishes its key as OpenID Connect does. */
export async function createIssuer(url: string, audience: string, privateKeyPem: string): Promise<Issuer> {
  const privateKey = createPrivateKey(privateKeyPem);
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(jwk);
  return {
    token: (claims) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, aud: audience, iat: now, exp: now + 3600, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .sign(privateKey);
    },
    documents: new Map<string, object>([
      [
        '/.well-known/openid-configuration',
        {
          issuer: url,
          jwks_uri: `${url}/.well-known/jwks.json`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      ],
      ['/.well-known/jwks.json', { keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] }],
    ]),
  };
}
