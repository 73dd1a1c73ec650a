import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { StorageError } from './bucket';
import type { Call } from './http';

/** Temporary credentials for one upload session. */
export interface Credentials {
  readonly secretId: string;
  readonly secretKey: string;
  readonly token: string;
  readonly expiredTime: number;
}

const LIFETIME_SECONDS = 2 * 60 * 60;

const hmac = (key: string, text: string): string => createHmac('sha1', key).update(text).digest('hex');

/** Token, id and key are derived from the session and a secret: they stay valid over a restart without being stored. */
export function issue(secret: string, sessionKey: string, now: number): Credentials {
  const expiredTime = Math.floor(now / 1000) + LIFETIME_SECONDS;
  return derive(secret, `${sessionKey}.${expiredTime}`);
}

function derive(secret: string, payload: string): Credentials {
  const token = `${payload}.${hmac(secret, `token ${payload}`)}`;
  return {
    token,
    secretId: `AKID${hmac(secret, `id ${payload}`)}`,
    secretKey: hmac(secret, `key ${payload}`),
    expiredTime: Number(payload.split('.')[1]),
  };
}

/** Returns the session key that a request to the storage was signed for. Throws a StorageError as COS does. */
export function authorize(call: Call, secret: string, now: number): string {
  const authorization = call.request.headers.authorization;
  if (authorization === undefined) {
    const message = 'Access Denied: the request has no header Authorization, which the local VOD requires';
    throw new StorageError(403, 'AccessDenied', message);
  }
  if (authorization.startsWith('AWS4-')) {
    throw new StorageError(
      501,
      'NotImplemented',
      'The local VOD does not support the storageType "s3" of vod-js-sdk-v6',
    );
  }
  const token = call.request.headers['x-cos-security-token']?.toString() ?? '';
  const [sessionKey = '', expires = ''] = token.split('.');
  const credentials = derive(secret, `${sessionKey}.${expires}`);
  if (credentials.token !== token) {
    const message = 'x-cos-security-token must be the token of tempCertificate, which Apply of this VOD returned';
    throw new StorageError(403, 'InvalidAccessKeyId', message);
  }

  const signed = new URLSearchParams(authorization);
  const seconds = now / 1000;
  const [start = NaN, end = NaN] = (signed.get('q-sign-time') ?? '').split(';').map(Number);
  if (!(start <= seconds + 60 && seconds <= end && seconds <= credentials.expiredTime)) {
    const allowed = `q-sign-time is ${signed.get('q-sign-time') ?? ''}, the credentials expire at ${credentials.expiredTime}`;
    throw new StorageError(403, 'AccessDenied', `Request has expired: ${allowed}, now is ${Math.floor(seconds)}`);
  }
  if (signed.get('q-ak') !== credentials.secretId) {
    throw signatureDoesNotMatch('q-ak must be the secretId that belongs to the token');
  }
  const received = Buffer.from(signed.get('q-signature') ?? '');
  const expected = Buffer.from(signatureOf(call, signed, credentials.secretKey));
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) {
    throw signatureDoesNotMatch('q-signature does not match this method, path, parameters and headers');
  }
  return sessionKey;
}

function signatureDoesNotMatch(reason: string): StorageError {
  return new StorageError(403, 'SignatureDoesNotMatch', `The Signature you specified is invalid: ${reason}`);
}

// https://cloud.tencent.com/document/product/436/7778
function signatureOf(call: Call, signed: URLSearchParams, secretKey: string): string {
  const listed = (list: string): string[] => (signed.get(list) ?? '').split(';').filter(Boolean);
  const pairs = (names: string[], valueOf: (name: string) => string): string =>
    names.map((name) => `${name}=${encode(valueOf(name))}`).join('&');
  const parameters = new Map([...call.query].map(([name, value]) => [encode(name).toLowerCase(), value]));
  const headers = (name: string): string => (name === 'host' ? call.host : String(call.request.headers[name] ?? ''));
  const httpString = [
    call.method.toLowerCase(),
    decodeURIComponent(call.path),
    pairs(listed('q-url-param-list'), (name) => parameters.get(name) ?? ''),
    pairs(listed('q-header-list'), headers),
    '',
  ].join('\n');
  const signKey = hmac(secretKey, signed.get('q-key-time') ?? '');
  const digest = createHash('sha1').update(httpString).digest('hex');
  return hmac(signKey, ['sha1', signed.get('q-sign-time'), digest, ''].join('\n'));
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
