import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Router } from 'express';
import { calculateJwkThumbprint, SignJWT } from 'jose';

/**
 * An issuer of JWTs, for the backend's JWT_ISSUER. `routes` serve its public key. A deployed backend reads it over https, so
 * `url` must then be a public address.
 */
export async function createIssuer({ url, audience, keyFile }) {
  const privateKey = loadKey(keyFile);
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(publicKey);

  const routes = Router();
  routes.get('/.well-known/openid-configuration', (request, response) => {
    response.json({ issuer: url, jwks_uri: `${url}/.well-known/jwks.json` });
  });
  routes.get('/.well-known/jwks.json', (request, response) => {
    response.json({ keys: [{ ...publicKey, kid, use: 'sig', alg: 'RS256' }] });
  });

  /** The token of a user, who becomes the `uploader` of what is uploaded with it. */
  const issueToken = (userId) =>
    new SignJWT({ iss: url, aud: audience, sub: userId })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(privateKey);
  return { routes, issueToken };
}

/** Creates the key at the first start. In production it comes from your secret store, the same for all instances. */
function loadKey(file) {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(file));
}
