import { quote } from './display';
import { byLength, macAlone } from './mac-form';
import { NOT_BASE64, READABLE, shift, toBytes, type Quality, type Step } from './quality';
import type { Report } from './rules';
import { withoutBlanks } from './spaces';

export interface Decoded {
  readonly bytes: Buffer;
  /** Whether the text was changed after it was encoded, in a way that cannot be undone. */
  readonly isDamaged: boolean;
  /** Whether that has destroyed the MAC, although the parameters can be read. */
  readonly isMacLost?: boolean;
}

/** Characters outside of Base64's alphabet with which a text is still read. */
const MAX_FOREIGN = 4;
/** Length from which a text without capitals is not a coincidence. */
const MIN_CASE_LENGTH = 60;

/** The bytes of a text that is Base64 or hex, with the damage to it undone where that is possible. */
export function decode(text: string, quality: Quality, report: Report): Decoded | undefined {
  const step = withoutBlanks(text, quality, report);
  if (!step) return undefined;
  const { text: line, isDamaged } = step;
  // A MAC may begin like that by chance.
  if (isZlib(line) && quality(toBytes(line)) === 0) {
    report('user-sig', 'it is compressed data, as a UserSig is: an upload needs the signature of 266/9221');
    return undefined;
  }
  if (/^(?:0x)?[0-9a-f]{32,}$/i.test(line)) {
    const digits = line.replace(/^0x/i, '');
    const alone = byLength(digits.length / 2);
    if (alone) {
      report('mac-alone', macAlone(alone, ' in hex'));
      return undefined;
    }
    report('hex', 'the signature is in hex: encode the bytes of MAC and original in Base64');
    if (digits.length % 2 === 1) report('damaged', 'a hex digit is missing, or one is too many: send all of it');
    return { bytes: Buffer.from(digits, 'hex'), isDamaged: digits.length % 2 === 1 };
  }
  const standard = toStandardAlphabet(line, report);
  const separate = /^([A-Za-z0-9+/]{27}=)[.:|,;&]?([A-Za-z0-9+/]{40,}={0,2})$/.exec(standard);
  if (separate) {
    report('encoded-separately', 'MAC and original were encoded separately: join their bytes, then encode once');
    return { bytes: Buffer.concat([toBytes(separate[1] ?? ''), toBytes(separate[2] ?? '')]), isDamaged: false };
  }
  const clean = withoutForeign({ text: standard, isDamaged }, quality, report);
  return clean && fromBase64(clean, quality, report);
}

function toStandardAlphabet(text: string, report: Report): string {
  if (text.includes('*') && /^[A-Za-z0-9*_-]+$/.test(text)) {
    const expected = 'VOD accepts the standard alphabet only ("+", "/" and "=")';
    report('url-safe-base64', `it is Base64 with "*", "-" and "_", as UserSig has them: ${expected}`);
    return text.replaceAll('*', '+').replaceAll('-', '/').replaceAll('_', '=');
  }
  if (!/[-_]/.test(text) || !/^[\w+/=.-]+$/.test(text)) return text;
  report(
    'url-safe-base64',
    'it is url-safe Base64 ("-" and "_"): VOD accepts the standard alphabet only ("+" and "/")',
  );
  return text.replaceAll('-', '+').replaceAll('_', '/');
}

/** Whether a text begins as compressed data does: 0x78, then one of four bytes. */
function isZlib(text: string): boolean {
  const [first, second = 0] = toBytes(text.slice(0, 4));
  return first === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(second);
}

/** Drops characters that Base64 has not, or fills their places, whichever can be read. */
function withoutForeign(step: Step, quality: Quality, report: Report): Step | undefined {
  const { text } = step;
  const body = text.replace(/(?<!=)=+$/, '');
  const end = text.slice(body.length);
  const foreign = [...new Set(body.match(/[^A-Za-z0-9+/]/gu))];
  if (foreign.length === 0 && body !== '') return step;
  if (/(?:\.{3}|…)/.test(body)) {
    report('shortened', 'it has "..." in it: it was shortened to be shown, copy all of it');
    return undefined;
  }
  const count = body.match(/[^A-Za-z0-9+/]/gu)?.length ?? 0;
  const dropped = body.replace(/[^A-Za-z0-9+/]/gu, '') + end;
  const filled = body.replace(/[^A-Za-z0-9+/]/gu, 'A') + end;
  const droppedQuality = quality(toBytes(dropped));
  const filledQuality = quality(toBytes(filled));
  if (count > MAX_FOREIGN || droppedQuality + filledQuality === 0) {
    report('not-base64', NOT_BASE64);
    return undefined;
  }
  if (foreign.join('') === '=') {
    report('not-base64', 'there is more text after the "=" that ends the Base64: send one signature and nothing else');
  } else {
    const shown = foreign.map(quote).join(', ');
    report('not-base64', `it contains ${shown}, which Base64 does not have: send it exactly as it was encoded`);
  }
  if (droppedQuality < filledQuality) return { text: filled, isDamaged: true };
  return { text: dropped, isDamaged: droppedQuality < READABLE };
}

/** Decodes Base64 whose end may be wrong. */
function fromBase64({ text, isDamaged }: Step, quality: Quality, report: Report): Decoded {
  const body = text.replace(/(?<!=)=+$/, '');
  const signs = text.length - body.length;
  const bytes = toBytes(body);
  if (body.length >= MIN_CASE_LENGTH && (body === body.toLowerCase() || body === body.toUpperCase())) {
    report('case-changed', 'all its letters have one case: it was lower-cased or upper-cased, which cannot be undone');
    return { bytes, isDamaged: true };
  }
  const shifted = quality(bytes) === 0 ? shift(body, quality) : undefined;
  if (shifted) {
    const advice = 'its MAC cannot be read, send it exactly as it was encoded';
    report('damaged', `characters at the beginning of the Base64 are missing, or were added there: ${advice}`);
    return { bytes: shifted, isDamaged: true, isMacLost: true };
  }
  const canonical = bytes.toString('base64');
  if (isDamaged || canonical === text) return { bytes, isDamaged };
  const isWholeEnd = canonical.replace(/(?<!=)=+$/, '') === body;
  if (isWholeEnd && signs === 0 && quality(bytes) >= READABLE) {
    report('no-padding', 'the Base64 has lost its "=" padding: keep the padding');
    return { bytes, isDamaged: false };
  }
  if (isWholeEnd && quality(bytes) >= READABLE) {
    const paddingLength = canonical.length - body.length;
    report(
      'padding',
      `the Base64 has ${signs} "=" at its end, and must have ${paddingLength}: send it as it was encoded`,
    );
    return { bytes, isDamaged: false };
  }
  report('not-base64', 'characters of the Base64 were lost, added or changed: no encoder produces such an end');
  return { bytes, isDamaged: true };
}
