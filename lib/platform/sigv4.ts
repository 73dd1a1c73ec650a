import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials, which is what a function has, come with one. */
  readonly sessionToken: string | undefined;
}

export interface SignableRequest {
  readonly method: string;
  /** `host` among them; the names in lower case, the values without blanks around them or runs of blanks in them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Scope {
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * All headers of a request to `/` of an AWS service, with no query: its own, and those that authenticate it.
 * AWS Signature Version 4, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * @param at milliseconds since 1970; AWS refuses a request that is over five minutes old
 */
export function signedHeaders(
  { method, headers: given, body }: SignableRequest,
  { region, service }: Scope,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  at: number,
): Record<string, string> {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = { ...given, 'x-amz-date': time };
  if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;

  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`);
  const signed = names.join(';');
  const canonical = [method, '/', '', lines.join(''), signed, sha256(body)].join('\n');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const toSign = [ALGORITHM, time, scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part).digest(), `AWS4${secretAccessKey}`);
  const credential = `${accessKeyId}/${scope.join('/')}`;
  const signature = hmac(key, toSign).digest('hex');
  headers['authorization'] = `${ALGORITHM} Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`;
  return headers;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string) {
  return createHmac('sha256', key).update(text);
}
