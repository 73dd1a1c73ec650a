import { createHmac } from 'node:crypto';
import { timingSafeEqualStrings } from '../platform/timing-safe-equal';
import { MAX_SOURCE_CONTEXT_BYTES } from './schemas';

/** The prefix of a sealed source context. The digit is the layout's version. */
const MARKER = 'vcu2:';
/** The first layout, without the information about a procedure. Its seals stay valid. */
const FIRST_MARKER = 'vcu1:';

/** 128 bits of HMAC-SHA256 in base64url: infeasible to guess, and short enough to leave room for the text. */
const MAC_LENGTH = 22;

const SEALED = new RegExp(`^(${MARKER}|${FIRST_MARKER})([\\w-]{${MAC_LENGTH}}):(p?(\\d{1,3}):[^]*)$`);

/** Longest caller, in bytes. */
export const MAX_CALLER_BYTES = 128;

/** `valid`: sealed with one of our keys; `none`: not issued by this service; `broken`: has the prefix, but no valid MAC. */
export type Seal = 'valid' | 'none' | 'broken';

export interface OpenedSourceContext {
  readonly seal: Seal;
  /** The app's text if the seal is valid, else VOD's text; absent when empty. */
  readonly sourceContext?: string;
  /** The caller that the signature was issued to; only where the seal is valid. */
  readonly uploader?: string;
  /** Whether the upload was signed with a procedure; absent where the seal does not contain it. */
  readonly signedProcedure?: boolean;
}

/** Whether a text can be a caller: 1 to 128 bytes of well-formed Unicode that are not all white space. */
export function isCaller(caller: unknown): caller is string {
  if (typeof caller !== 'string' || caller.trim() === '') return false;
  return caller.isWellFormed() && Buffer.byteLength(caller) <= MAX_CALLER_BYTES;
}

/**
 * Binds the app's text to the caller, and to whether a procedure was signed:
 * `vcu2:<MAC>:<p if there is a procedure><bytes of the caller>:<caller>:<text>`, the same for the same input.
 * The text stays readable for people who look at it in VOD's console.
 */
export function seal(text: string, caller: string, hasProcedure: boolean, key: string): string {
  const payload = formatPayload(text, caller, hasProcedure);
  return `${MARKER}${computeMac(MARKER, payload, key)}:${payload}`;
}

/** How many bytes of text fit for this caller within VOD's limit of 250 (266/9221). */
export function maxTextBytes(caller: string, hasProcedure: boolean): number {
  const rest = Buffer.byteLength(`:${formatPayload('', caller, hasProcedure)}`);
  return MAX_SOURCE_CONTEXT_BYTES - MARKER.length - MAC_LENGTH - rest;
}

/**
 * Opens the source context that VOD sent back. Only a seal made with one of `keys` yields an uploader; text without the
 * prefix is from another source (server upload, console upload, another app).
 */
export function open(raw: string, keys: readonly string[]): OpenedSourceContext {
  if (!raw.startsWith(MARKER) && !raw.startsWith(FIRST_MARKER)) return { seal: 'none', sourceContext: raw };
  const [, marker = '', sentMac = '', payload = '', length = ''] = SEALED.exec(raw) ?? [];
  const isOurs = keys.some((key) => timingSafeEqualStrings(sentMac, computeMac(marker, payload, key)));
  if (!isOurs) return { seal: 'broken', sourceContext: raw };
  const hasProcedure = payload.startsWith('p');
  const rest = Buffer.from(payload.slice(length.length + (hasProcedure ? 2 : 1)));
  const end = Number(length);
  const uploader = rest.toString('utf8', 0, end);
  const text = rest.toString('utf8', end + 1);
  return {
    seal: 'valid',
    ...(text !== '' && { sourceContext: text }),
    // Older seals may have an empty caller, and an index accepts no empty key.
    ...(uploader !== '' && { uploader }),
    ...(marker === MARKER && { signedProcedure: hasProcedure }),
  };
}

function formatPayload(text: string, caller: string, hasProcedure: boolean): string {
  return `${hasProcedure ? 'p' : ''}${Buffer.byteLength(caller)}:${caller}:${text}`;
}

function computeMac(marker: string, payload: string, key: string): string {
  return createHmac('sha256', key)
    .update(marker + payload)
    .digest('base64url')
    .slice(0, MAC_LENGTH);
}
