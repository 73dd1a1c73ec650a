import { schemas } from '../../lib/vod/schemas';
import { open } from '../../lib/vod/source-context';
import { decodeUtf8 } from './layout';
import type { Report } from './report';

const { properties, required } = schemas.signature.signatureParameters;

/** The original as text; `isWhole` says that it is a query string. */
export function readOriginal(original: Buffer, report: Report): { readonly text: string; readonly isWhole: boolean } {
  const text = decodeUtf8(original);
  if (text === undefined)
    report('not-utf8', 'the original is not UTF-8: encode its values as UTF-8, then percent-encode');
  const read = text ?? original.toString('latin1');
  if (/^\s*\{/.test(read)) {
    report('json', 'the original is JSON: it must be a query string, secretId=...&currentTimeStamp=...&expireTime=...');
    return { text: read, isWhole: false };
  }
  if (/^[A-Za-z]\w*%3D/i.test(read)) {
    report('encoded-as-a-whole', 'the whole original is URL-encoded, "=" and "&" too: encode each value separately');
    return { text: unescape(read) ?? read, isWhole: true };
  }
  return { text: read, isWhole: true };
}

export interface Pair {
  readonly name: string;
  /** As it was sent. */
  readonly raw: string;
  /** As VOD reads it: form-decoded. */
  readonly value: string;
}

export function pairsOf(query: string): Pair[] {
  return query.split('&').map((part) => {
    const [name = ''] = part.split('=', 1);
    const raw = part.slice(name.length + 1);
    const [[, value = ''] = []] = new URLSearchParams(part);
    return { name: unescape(name) ?? name, raw, value };
  });
}

export function jsonPairs(text: string): Pair[] {
  try {
    const members = Object.entries(JSON.parse(text) as object);
    return members.map(([name, member]) => ({ name, raw: String(member), value: String(member) }));
  } catch {
    return [];
  }
}

/** `undefined` where it is not percent-encoded UTF-8. */
export function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The parameters that VOD knows, as it reads them. */
export function readParameters(pairs: readonly Pair[], report: Report): Record<string, string> {
  const parameters: Record<string, string> = {};
  const names = new Set(pairs.map(({ name }) => name));
  for (const name of names) {
    const values = pairs.filter((pair) => pair.name === name).map(({ value }) => value);
    const value = values.at(-1) ?? '';
    if (values.length > 1) report('duplicated', `${name} is there ${values.length} times: keep one`);
    if (Object.hasOwn(properties, name)) {
      parameters[name] = value;
    } else if (name === 'currentTime') {
      report('current-time', 'currentTime is called currentTimeStamp');
      if (!names.has('currentTimeStamp')) parameters['currentTimeStamp'] = value;
    } else {
      const meant = Object.keys(properties).find((known) => known.toLowerCase() === name.toLowerCase());
      const rest = meant ? `write ${meant}` : 'remove it; or it is the rest of a value that was not URL-encoded';
      report('unknown', `"${name}" is not a parameter of a signature: ${rest}`);
    }
  }
  for (const name of required) {
    if (!parameters[name]) report('missing', `${name} is missing: every signature has ${required.join(', ')}`);
  }
  return parameters;
}

export function checkEncoding(pairs: readonly Pair[], sealKeys: readonly string[], report: Report, note: Report): void {
  for (const { name, raw, value } of pairs) {
    if (/%(?![0-9A-F]{2})/i.test(raw)) {
      report('bad-escape', `${name} has a "%" without two hex digits after it: encode the value as a whole`);
    } else if (unescape(raw) === undefined) {
      report('not-utf8', `${name} is percent-encoded from a charset other than UTF-8`);
    } else if (/[^\w.~!'()*%+:,;@$/?-]/.test(raw)) {
      report('unencoded', `${name} is not URL-encoded: encode each value (encodeURIComponent) before it is signed`);
    } else if (/%25[0-9A-F]{2}/i.test(raw) && unescape(value) !== undefined && unescape(value) !== value) {
      if (open(value, sealKeys).seal === 'valid') continue; // then the %XX is part of the text
      const text = JSON.stringify(value);
      note(
        'double-encoded',
        `${name} looks URL-encoded twice: VOD passes on ${text}, encode once if that is not the text`,
      );
    }
  }
}
