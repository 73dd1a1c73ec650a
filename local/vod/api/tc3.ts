import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from '../http';
import type { Keys } from '../upload-signature';
import { ApiError } from './error';

const MAX_CLOCK_SKEW_SECONDS = 300;
const AUTHORIZATION =
  /^TC3-HMAC-SHA256 Credential=([^/]+)\/([^/]+)\/([^/]+)\/tc3_request, *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Verifies TC3-HMAC-SHA256 (https://cloud.tencent.com/document/api/266/31757). Throws an ApiError. */
export function verifyTc3(call: Call, body: Buffer, keys: Keys, now: number): void {
  const { headers } = call.request;
  const authorization = AUTHORIZATION.exec(headers.authorization ?? '');
  const [, id = '', date = '', service = '', signedHeaders = '', signature = ''] = authorization ?? [];
  if (!authorization) {
    const format = 'TC3-HMAC-SHA256 Credential=.../tc3_request, SignedHeaders=..., Signature=...';
    throw new ApiError('AuthFailure.InvalidAuthorization', `The header Authorization must be: ${format}`);
  }
  const timestamp = headers['x-tc-timestamp']?.toString() ?? '';
  if (!/^\d+$/.test(timestamp)) throw new ApiError('MissingParameter', 'X-TC-Timestamp must be Unix time in seconds');
  if (Math.abs(now / 1000 - Number(timestamp)) > MAX_CLOCK_SKEW_SECONDS) {
    const nowSeconds = Math.floor(now / 1000);
    const message = `X-TC-Timestamp ${timestamp} is more than five minutes from now, which is ${nowSeconds}`;
    throw new ApiError('AuthFailure.SignatureExpire', message);
  }
  const secretKey = keys.get(id);
  if (secretKey === undefined) {
    throw new ApiError('AuthFailure.SecretIdNotFound', `The SecretId is not found: "${id}" is not a key of this VOD`);
  }
  const names = signedHeaders.split(';');
  const received = Buffer.from(signature, 'hex');
  const isValid = candidates(call).some(({ host, path }) => {
    const canonicalHeaders = names.map((name) => `${name}:${headerValue(call, name, host)}\n`).join('');
    const canonical = ['POST', path, '', canonicalHeaders, signedHeaders, sha256(body)].join('\n');
    const text = ['TC3-HMAC-SHA256', timestamp, `${date}/${service}/tc3_request`, sha256(canonical)].join('\n');
    // The official SDKs use the first label of the endpoint as the service name, which is "vod" only for the real VOD.
    const key = hmac(hmac(hmac(`TC3${secretKey}`, date), service), 'tc3_request');
    return timingSafeEqual(hmac(key, text), received);
  });
  if (!names.includes('host') || !names.includes('content-type')) {
    throw signatureFailure('SignedHeaders must contain content-type and host');
  }
  const utcDate = new Date(Number(timestamp) * 1000).toISOString().slice(0, 10);
  if (date !== utcDate)
    throw signatureFailure(`the date in Credential must be ${utcDate}, the UTC date of X-TC-Timestamp`);
  if (!isValid) {
    throw signatureFailure(`the SecretKey is not the one of ${id}, or the request is not the one that was signed`);
  }
}

function signatureFailure(reason: string): ApiError {
  return new ApiError('AuthFailure.SignatureFailure', `The provided credentials could not be validated: ${reason}`);
}

/** The document converts all values to lower case; the SDKs sign no value for which this makes a difference. */
function headerValue(call: Call, name: string, host: string): string {
  if (name === 'host') return host;
  const value = String(call.request.headers[name] ?? '').trim();
  return name.startsWith('x-tc-') ? value.toLowerCase() : value;
}

/** The official SDKs sign the host without its port, and a caller that uses the path may sign either form. */
function candidates(call: Call): { host: string; path: string }[] {
  const hostHeader = call.request.headers.host ?? '';
  const hosts = new Set([hostHeader, hostHeader.replace(/:\d+$/, ''), call.host]);
  const paths = new Set([call.path, (call.request.url ?? '').split('?')[0] ?? '']);
  return [...hosts].flatMap((host) => [...paths].map((path) => ({ host, path })));
}
