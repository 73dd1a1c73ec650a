import { createHmac } from 'node:crypto';
import { timingSafeEqualStrings } from '../platform/timing-safe-equal';
import { MAX_SOURCE_CONTEXT_BYTES } from './schemas';

/** What a sealed source context begins with. The digit is the layout's version. */
const MARKER = 'vcu1:';

/** 128 bits of HMAC-SHA256 in base64url: out of reach of guessing, and short enough to leave room for the text. */
const MAC_LENGTH = 22;

const SEALED = new RegExp(`^${MARKER}([\\w-]{${MAC_LENGTH}}):((\\d{1,3}):[^]*)$`);

export type Seal = 'valid' | 'none' | 'broken';

export interface OpenedSourceContext {
  readonly seal: Seal;
  /** The app's text where the seal is valid, else what VOD sent; none when empty. */
  readonly sourceContext: string | undefined;
  /** The caller that the signature was issued to; only where the seal is valid. */
  readonly uploader: string | undefined;
}

/**
 * Binds the app's text to the caller: `vcu1:<MAC>:<bytes of the caller>:<caller>:<text>`, the same for the same input.
 * The text stays readable for people who look at it in VOD's console.
 */
export function seal(text: string, caller: string, key: string): string {
  const payload = payloadOf(text, caller);
  return `${MARKER}${mac(payload, key)}:${payload}`;
}

/** How many bytes of text fit beside this caller, given what VOD carries (266/9221). */
export function maxTextBytes(caller: string): number {
  return MAX_SOURCE_CONTEXT_BYTES - MARKER.length - MAC_LENGTH - Buffer.byteLength(`:${payloadOf('', caller)}`);
}

/**
 * Opens what VOD sent back as source context. Only a seal made with one of `keys` yields an uploader;
 * text without the marker is somebody else's (server upload, console upload, another app).
 */
export function open(raw: string, keys: readonly string[]): OpenedSourceContext {
  if (!raw.startsWith(MARKER)) return { seal: 'none', sourceContext: raw, uploader: undefined };
  const [, sent = '', payload = '', length = ''] = SEALED.exec(raw) ?? [];
  const isOurs = keys.some((key) => timingSafeEqualStrings(sent, mac(payload, key)));
  if (!isOurs) return { seal: 'broken', sourceContext: raw, uploader: undefined };
  const rest = Buffer.from(payload.slice(length.length + 1));
  const end = Number(length);
  const text = rest.toString('utf8', end + 1);
  return { seal: 'valid', sourceContext: text === '' ? undefined : text, uploader: rest.toString('utf8', 0, end) };
}

function payloadOf(text: string, caller: string): string {
  return `${Buffer.byteLength(caller)}:${caller}:${text}`;
}

function mac(payload: string, key: string): string {
  return createHmac('sha256', key)
    .update(MARKER + payload)
    .digest('base64url')
    .slice(0, MAC_LENGTH);
}
