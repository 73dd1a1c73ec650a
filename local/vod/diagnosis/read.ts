import { decode, type Decoded } from './base64';
import type { Quality } from './quality';
import { recognize } from './not-a-signature';
import type { Report } from './rules';
import { isPlain, unwrap } from './unwrap';

/** How often Base64 in Base64 is decoded. */
const MAX_LAYERS = 4;

export interface ReadBytes extends Decoded {
  /** Whether it is the query string itself, and not encoded. */
  readonly isPlain: boolean;
}

/** The bytes of MAC and original in a text, with all damage undone that can be; `undefined` where it is not a signature. */
export function readBytes(text: string, quality: Quality, report: Report, layer = 0): ReadBytes | undefined {
  const unwrapped = unwrap(text, report);
  if (!unwrapped) return undefined;
  if (unwrapped.kind === 'bytes') return { bytes: unwrapped.bytes, isPlain: unwrapped.isPlain, isDamaged: false };
  const decoded = decode(unwrapped.text, quality, report);
  const inner = decoded && textIn(decoded.bytes);
  if (inner === undefined || layer === MAX_LAYERS) return decoded && { ...decoded, isPlain: false };
  const other = recognize(inner, 'decoded, it');
  if (other) {
    report(other.rule, other.message);
    return undefined;
  }
  const twice = readBytes(inner, quality, () => undefined, layer + 1);
  if (!twice || quality(twice.bytes) === 0) return decoded && { ...decoded, isPlain: false };
  report('encoded-twice', 'it was encoded in Base64 twice: encode once');
  return readBytes(inner, quality, report, layer + 1);
}

/** The text of bytes that are nothing else, and not MAC and original yet. */
function textIn(bytes: Buffer): string | undefined {
  const text = bytes.toString('latin1').trim();
  return text !== '' && /^[\t\n\r\x20-\x7e]*$/.test(text) && !isPlain(text) ? text : undefined;
}
