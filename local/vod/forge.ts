import { createHash, randomBytes } from 'node:crypto';
import type { CallbackRecord, Forgery } from './callback-log';
import { jsonObject } from './http';
import { newFileId } from './media-keys';

const SIGN_VALIDITY_SECONDS = 600;

export interface Callback {
  readonly url: string;
  readonly body: string;
}

/** Properties of every message if a SignKey is set: an expiry time, and the MD5 of the key and that time. */
export function signatureOf(key: string, now: number): { Sign?: string; T?: number } {
  if (key === '') return {};
  const expiry = Math.floor(now / 1000) + SIGN_VALIDITY_SECONDS;
  return { Sign: createHash('md5').update(`${key}${expiry}`).digest('hex'), T: expiry };
}

/** A recorded callback to send again: with a fresh Sign, or forged as by an attacker. */
export function repeat(
  { body, fileId }: CallbackRecord,
  { url, signKey }: { readonly url: string; readonly signKey: string },
  forgery: Forgery | undefined,
  now: number,
): Callback {
  const sign = signatureOf(signKey, now);
  const content = jsonObject(Buffer.from(body));
  // A record of the forgery `cut` is not JSON, and cannot be signed again.
  const signed = content ? JSON.stringify({ ...content, ...sign }) : body;
  switch (forgery) {
    case 'wrong-token':
      return { url: withOtherToken(url), body: signed };
    case 'wrong-sign':
      return { url, body: JSON.stringify({ ...content, ...signatureOf(randomBytes(16).toString('hex'), now) }) };
    case 'other-file':
      return { url, body: fileId === undefined ? signed : signed.replaceAll(fileId, newFileId()) };
    case 'cut':
      return { url, body: signed.slice(0, Math.floor(signed.length / 2)) };
    case undefined:
      return { url, body: signed };
  }
}

function withOtherToken(url: string): string {
  const other = new URL(url);
  other.searchParams.set('token', randomBytes(24).toString('base64url'));
  return other.href;
}
