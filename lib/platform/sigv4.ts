import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Set for temporary credentials, as functions have. */
  readonly sessionToken: string | undefined;
}

export interface SignableRequest {
  readonly method: string;
  /** Must include `host`. Names in lower case; values without leading, trailing or repeated blanks. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Scope {
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * All headers of a request to `/` of an AWS service without a query: its own, and those that authenticate it.
 * AWS Signature Version 4, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * @param now milliseconds since 1970; AWS refuses a request that is over five minutes old
 */
export function signedHeaders(
  { method, headers: ownHeaders, body }: SignableRequest,
  { region, service }: Scope,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  now: number,
): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = { ...ownHeaders, 'x-amz-date': time };
  if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;

  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`);
  const signedNames = names.join(';');
  const canonical = [method, '/', '', lines.join(''), signedNames, sha256(body)].join('\n');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const stringToSign = [ALGORITHM, time, scope.join('/'), sha256(canonical)].join('\n');
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part).digest(), `AWS4${secretAccessKey}`);
  const credential = `${accessKeyId}/${scope.join('/')}`;
  const signature = hmac(key, stringToSign).digest('hex');
  headers['authorization'] =
    `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedNames}, Signature=${signature}`;
  return headers;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string) {
  return createHmac('sha256', key).update(text);
}
