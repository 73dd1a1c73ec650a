import { NOT_BASE64, READABLE, shift, toBytes, VERIFIED, type Quality, type Step } from './quality';
import type { Report } from './rules';

/** How many characters of Base64 are the MAC's alone. */
const MAC_CHARACTERS = 26;
const WRAPPED = 'the Base64 has spaces or line breaks: make one line of it (Java: no MIME encoder; openssl: -A)';
const AT_ENDS = 'it has a space or line break at its beginning or end: trim it';

/** Makes one line of a text, whose spaces may have been "+"; `undefined` where it is not Base64, which is reported. */
export function withoutBlanks(text: string, quality: Quality, report: Report): Step | undefined {
  if (!/\s/.test(text)) return { text, isDamaged: false };
  const line = text.replace(/(?<!\s)\s*[\r\n\t\f\v]\s*/g, '');
  if (!/\s/.test(line)) {
    report('line-wrapped', line === text.trim() ? AT_ENDS : WRAPPED);
    return { text: line, isDamaged: false };
  }
  const result = undoSpaces(line, quality, report);
  if (result && line.trim() !== text.trim()) report('line-wrapped', WRAPPED);
  return result;
}

/** Undoes spaces within a line. A "+" of the original's part is rare: it encodes ">" or "~" there. */
function undoSpaces(line: string, quality: Quality, report: Report): Step | undefined {
  const toStandard = (text: string) => toBytes(text.replaceAll('-', '+').replaceAll('_', '/'));
  const plus = line.replaceAll(' ', '+').replace(/\s/g, '');
  const joined = line.replace(/\s/g, '');
  const plusQuality = quality(toStandard(plus));
  const joinedQuality = quality(toStandard(joined));
  if (joinedQuality >= READABLE && joinedQuality >= plusQuality) {
    report('line-wrapped', joined === line.trim() ? AT_ENDS : WRAPPED);
    return { text: joined, isDamaged: false };
  }
  const isInMac = line.lastIndexOf(' ') < MAC_CHARACTERS;
  if (plusQuality === VERIFIED || (plusQuality === READABLE && isInMac)) {
    const advice = 'send it in JSON, or URL-encode it (encodeURIComponent)';
    report('plus-became-space', `each "+" became a space, as form decoding does: ${advice}`);
    return { text: plus, isDamaged: false };
  }
  if (plusQuality + joinedQuality === 0 && !shift(joined, quality)) {
    report('not-base64', NOT_BASE64);
    return undefined;
  }
  report('spaces', 'it has spaces in it, as form decoding makes of "+": send it exactly as it was encoded');
  return { text: plusQuality >= joinedQuality ? plus : joined, isDamaged: true };
}
