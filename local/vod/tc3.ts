import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Call } from './http';
import type { Keys } from './upload-signature';

/** A refusal of the server API. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const LARGEST_SKEW = 300;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Checks TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/266/31757 */
export function checkTc3(call: Call, body: Buffer, keys: Keys, now: number): void {
  const { headers } = call.request;
  const authorization =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/([^/]+)\/([^/]+)\/tc3_request, *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  const [, id = '', date = '', service = '', signedHeaders = '', signature = ''] = authorization ?? [];
  if (!authorization) throw new ApiError('AuthFailure.InvalidAuthorization', 'Authorization is not TC3-HMAC-SHA256');
  const timestamp = headers['x-tc-timestamp']?.toString() ?? '';
  if (!/^\d+$/.test(timestamp)) throw new ApiError('MissingParameter', 'X-TC-Timestamp is no Unix time in seconds');
  if (Math.abs(now / 1000 - Number(timestamp)) > LARGEST_SKEW) {
    throw new ApiError('AuthFailure.SignatureExpire', 'X-TC-Timestamp is more than five minutes from now');
  }
  const secretKey = keys.get(id);
  if (secretKey === undefined) throw new ApiError('AuthFailure.SecretIdNotFound', 'The SecretId is not found');
  const names = signedHeaders.split(';');
  const dateOfTime = new Date(Number(timestamp) * 1000).toISOString().slice(0, 10);
  const given = Buffer.from(signature, 'hex');
  const fits = candidates(call).some(({ host, path }) => {
    // The document lower-cases values too; the SDKs sign none in which that shows.
    const valueOf = (name: string): string =>
      name === 'host' ? host : name.startsWith('x-tc-') ? lower(headers[name]) : String(headers[name] ?? '').trim();
    const canonicalHeaders = names.map((name) => `${name}:${valueOf(name)}\n`).join('');
    const canonical = ['POST', path, '', canonicalHeaders, signedHeaders, sha256(body)].join('\n');
    const text = ['TC3-HMAC-SHA256', timestamp, `${date}/${service}/tc3_request`, sha256(canonical)].join('\n');
    // The official SDKs take the first label of the endpoint for the service's name, which is "vod" only at the vendor's.
    const key = [service, 'tc3_request'].reduce(hmac, hmac(`TC3${secretKey}`, date));
    return timingSafeEqual(hmac(key, text), given);
  });
  if (!fits || date !== dateOfTime || !names.includes('host') || !names.includes('content-type')) {
    throw new ApiError('AuthFailure.SignatureFailure', 'The provided credentials could not be validated');
  }
}

function lower(value: unknown): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : '';
}

/** The official SDKs sign the host without its port, and a caller that goes by path may sign either form. */
function candidates(call: Call): { host: string; path: string }[] {
  const given = call.request.headers.host ?? '';
  const hosts = new Set([given, given.replace(/:\d+$/, ''), call.host]);
  const paths = new Set([call.path, (call.request.url ?? '').split('?')[0] ?? '']);
  return [...hosts].flatMap((host) => [...paths].map((path) => ({ host, path })));
}
