import { decodeUtf8 } from './bytes-as-text';
import { byLength, macAlone, splitMac, type Hash, type Mac } from './mac-form';
import { NAME_PATTERN, NAMES } from './names';
import type { Report } from './rules';

export interface Layout {
  /** Absent where there is none, and where its bytes are lost. */
  readonly mac: Buffer | undefined;
  readonly hash: Hash;
  /** The signed text after the MAC, as it was sent. */
  readonly original: Buffer;
}

const FIRST_NAME = new RegExp(`(?:${NAME_PATTERN})\\s*(?:=|%3D|%253D)`, 'i');
const FIRST_MEMBER = /\{\s*["']\w{1,40}["']\s*:/;
const FIRST_UTF16 = new RegExp(NAMES.map((name) => `${name}=`.replace(/./g, '$&\\0')).join('|'));

/** Splits the bytes into MAC and original, in the right order or another one. */
export function findLayout(bytes: Buffer, report: Report, isPlain = false): Layout | undefined {
  const latin1 = bytes.toString('latin1');
  const start = startOf(latin1);
  if (start === undefined) return withoutNames(bytes, latin1, report);
  const lead = latin1.slice(0, start);
  if (isLead(lead)) {
    if (isPlain) return { mac: undefined, hash: 'sha1', original: bytes };
    return splitReversed(bytes, report);
  }
  const mac = splitMac(bytes.subarray(0, start), isLead);
  reportMac(mac, report);
  return { mac: mac.mac, hash: mac.hash, original: bytes.subarray(mac.end) };
}

/** Where the first name of a parameter is. */
function startOf(latin1: string): number | undefined {
  const indexes = [FIRST_NAME, FIRST_MEMBER, FIRST_UTF16].flatMap((pattern) => pattern.exec(latin1)?.index ?? []);
  return indexes.length === 0 ? undefined : Math.min(...indexes);
}

/**
 * Whether a text before the first known name belongs to the original: signs, and parameters with other names.
 *
 * @param hasPart whether it may end in a part of a name
 */
function isLead(text: string, hasPart = false): boolean {
  const rest = text.replace(/^(?:\xef\xbb\xbf)?[\s&?:;.,|#/-]{0,3}/, '');
  const parts = rest.split('&');
  const last = parts.pop() ?? '';
  return (
    parts.every((part) => /^[\w.-]+=[\t\n\r\x20-\x7e]*$/.test(part)) &&
    (last === '' || (hasPart && /^[\w.-]+$/.test(last)))
  );
}

function reportMac(mac: Mac, report: Report): void {
  for (const { rule, message } of mac.rules) report(rule, message);
}

/** The layout of bytes without a known parameter. */
function withoutNames(bytes: Buffer, latin1: string, report: Report): Layout | undefined {
  const hash = byLength(bytes.length);
  if (hash !== undefined && !/^[\x20-\x7e]*$/.test(latin1)) {
    report('mac-alone', macAlone(hash));
    return undefined;
  }
  // A text of its own in Base64 behind the MAC.
  const inner = Buffer.from(/^[\w+/=-]{40,}$/.test(latin1.slice(20)) ? latin1.slice(20) : '', 'base64');
  if (startOf(inner.toString('latin1')) === 0) {
    report(
      'original-in-base64',
      'the original was encoded in Base64 on its own: encode MAC and original once, together',
    );
    return { mac: bytes.subarray(0, 20), hash: 'sha1', original: inner };
  }
  // Of another service, or with names that are all wrong.
  if (/^[?&]?[A-Za-z_]\w*=[\x20-\x7e]*$/.test(latin1.slice(20)) && !/^[\x20-\x7e]*$/.test(latin1.slice(0, 20))) {
    return { mac: bytes.subarray(0, 20), hash: 'sha1', original: bytes.subarray(20) };
  }
  if (bytes.length <= 20) {
    report('too-short', `it has only ${bytes.length} bytes: the MAC has 20, and the original follows it`);
  } else {
    report('no-original', 'after the first 20 bytes there is no query string secretId=...&currentTimeStamp=...');
  }
  return undefined;
}

/** A MAC in hex at the end; digits that are a whole value are none. */
function trailingHex(latin1: string): string | undefined {
  const digits = /(?:[0-9a-f]{64}|[0-9a-f]{40})$/i.exec(latin1);
  return digits === null || latin1[digits.index - 1] === '=' ? undefined : digits[0];
}

/** The original comes first: what follows it, if anything, is the MAC. */
function splitReversed(bytes: Buffer, report: Report): Layout {
  const latin1 = bytes.toString('latin1');
  const behind = (length: number, mac: Buffer, hash: Hash): Layout => {
    report('mac-behind', 'the MAC follows the original: put it in front');
    return { mac, hash, original: bytes.subarray(0, bytes.length - length) };
  };
  const hexMac = trailingHex(latin1);
  if (hexMac !== undefined) {
    const layout = behind(hexMac.length, Buffer.from(hexMac, 'hex'), hexMac.length === 40 ? 'sha1' : 'sha256');
    report('mac-in-hex', 'the MAC is in hex: put its 20 raw bytes before the original');
    return layout;
  }
  const text = decodeUtf8(bytes);
  // Text and nothing else: 20 random bytes have control characters, or are not UTF-8.
  if (text !== undefined && !/[^\P{Cc}\s]/u.test(text)) {
    report('no-mac', 'there is no MAC: put the 20 bytes of HMAC-SHA1 before the original');
    return { mac: undefined, hash: 'sha1', original: bytes };
  }
  const characters = Array.from(text ?? '');
  if (text !== undefined && characters.slice(-20).every((character) => character.charCodeAt(0) <= 0xff)) {
    const joined = characters.slice(-20).join('');
    const layout = behind(Buffer.byteLength(joined), Buffer.from(joined, 'latin1'), 'sha1');
    report('mac-as-text', 'the MAC was joined to the original as text, not as 20 bytes: join the bytes');
    return layout;
  }
  const is32 = !/^[\x20-\x7e]*$/.test(latin1.slice(-32, -20));
  const length = is32 ? 32 : 20;
  const layout = behind(length, bytes.subarray(-length), is32 ? 'sha256' : 'sha1');
  if (is32) report('sha256', 'the MAC has the 32 bytes of HMAC-SHA256: VOD requires HMAC-SHA1, 20 bytes');
  return layout;
}
