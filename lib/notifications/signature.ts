import { createHmac } from 'node:crypto';

const SECRET = /^whsec_([A-Za-z0-9+/]{32,}={0,2})$/;

export interface SignableMessage {
  readonly id: string;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The value of the header `webhook-signature`: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in Base64, once for each
 * secret, separated by spaces (https://github.com/standard-webhooks/standard-webhooks).
 *
 * @param secrets `whsec_` and 24 to 64 bytes in Base64; several while a secret rotates
 * @throws Error when a secret has another form
 */
export function signWebhook({ id, timestamp, body }: SignableMessage, secrets: readonly string[]): string {
  return secrets
    .map((secret) => {
      const key = parseWebhookSecret(secret);
      const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
      return `v1,${mac}`;
    })
    .join(' ');
}

/** The key in a secret. @throws Error when it has another form */
export function parseWebhookSecret(secret: string): Buffer {
  const key = Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64');
  if (key.length >= 24 && key.length <= 64) return key;
  throw new Error('Cannot read secrets: a notify secret must be whsec_ and 24 to 64 bytes in Base64');
}

export function isWebhookSecret(secret: string): boolean {
  try {
    parseWebhookSecret(secret);
    return true;
  } catch {
    return false;
  }
}
