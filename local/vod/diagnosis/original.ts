import { decodeUtf8 } from './bytes-as-text';
import { meantName, NAME_PATTERN, NAMES, REQUIRED } from './names';
import type { Report } from './rules';
import { decodeEntities } from './unwrap';

export interface Original {
  /** The query string, with the damage to it undone; of JSON the text. */
  readonly text: string;
  readonly isJson: boolean;
  /** Whether its bytes are text at all. */
  readonly isReadable: boolean;
  /** The texts that may have been signed: the bytes as they were sent, then with the damage undone. */
  readonly forms: readonly Buffer[];
}

/** Reads the original, and reports what was done to it as a whole. */
export function readOriginal(originalBytes: Buffer, report: Report): Original {
  const latin1 = originalBytes.toString('latin1');
  const isUtf16 = /^(?:[\t\n\r\x20-\x7e]\0){20,}$/.test(latin1);
  if (isUtf16) report('utf-16', 'the original is UTF-16 (.NET: Encoding.Unicode): turn it into bytes as UTF-8');
  const utf8 = isUtf16 ? originalBytes.toString('utf16le') : decodeUtf8(originalBytes);
  const rawText = utf8 ?? latin1;
  if (/^\s*\{/.test(rawText)) {
    report('json', 'the original is JSON: it must be a query string, secretId=...&currentTimeStamp=...&expireTime=...');
    return {
      text: rawText,
      isJson: true,
      isReadable: utf8 !== undefined,
      forms: [originalBytes, Buffer.from(rawText)],
    };
  }
  const repaired = REPAIRS.reduce((text, repair) => repair(text, report), rawText);
  const isText = utf8 !== undefined || /^[\0-\x7f]*$/.test(repaired);
  const isReadable = isText && !/[^\P{Cc}\s]/u.test(repaired);
  const encoding = utf8 === undefined ? 'latin1' : 'utf8';
  const forms = [originalBytes, Buffer.from(repaired, encoding), Buffer.from(rawText, encoding)];
  return { text: repaired, isJson: false, isReadable, forms };
}

type Repair = (text: string, report: Report) => string;

const REPAIRS: readonly Repair[] = [
  decodeWhole,
  withoutEntities,
  withoutLeadingSigns,
  withoutTrailingSigns,
  withoutBlanks,
  withAmpersands,
];

/** `secretId%3D...%26currentTimeStamp%3D...` */
function decodeWhole(text: string, report: Report): string {
  if (!/^[\s&?]*[A-Za-z]\w*%(?:25)?3D/i.test(text)) return text;
  report('encoded-as-a-whole', 'the whole original is URL-encoded, "=" and "&" too: encode each value separately');
  const decoded = unescape(text) ?? text;
  return /^[A-Za-z]\w*%3D/i.test(decoded) ? (unescape(decoded) ?? decoded) : decoded;
}

/** HTML reads these names without a semicolon: each sign stands where `&name` was. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['¤', 'curren'],
  ['×', 'times'],
]);
/** Also as UTF-8 that was read as Latin-1, and URL-encoded. */
const NAMED_SIGN = /(?:Â?([¤×])|%C2%A4)(\w{1,40})(?==)/g;

function withoutEntities(text: string, report: Report): string {
  const decoded = text.replace(/&amp;(?:amp;|#38;)*/gi, '&').replace(/&(?:#38|#x26);/gi, '&');
  if (decoded !== text) {
    report('html-escaped', 'the original has the "&amp;" of HTML in place of "&": write "&" and sign again');
  }
  const named = decoded.replace(NAMED_SIGN, (match: string, sign: string | undefined, rest: string) => {
    const entity = NAMED.get(sign ?? '¤') ?? '';
    const name = `${entity}${rest}`;
    if (meantName(name) === undefined) return match;
    const advice = `write "&${name}" ("&amp;${name}" in HTML) and sign again`;
    report('html-escaped', `HTML turned "&${entity}" of the original into "${sign ?? '¤'}": ${advice}`);
    return `&${name}`;
  });
  const whole = /&(?:quot|lt|gt|apos|#\d{1,6}|#x[0-9a-f]{1,5});/i.test(named) ? decodeEntities(named) : named;
  if (whole !== named) report('html-escaped', 'the original has entities of HTML such as "&quot;": sign it unescaped');
  return whole;
}

function withoutLeadingSigns(text: string, report: Report): string {
  if (text.startsWith('\ufeff')) {
    report('byte-order-mark', 'the original begins with a byte order mark (U+FEFF): encode it as UTF-8 without one');
    return withoutLeadingSigns(text.slice(1), report);
  }
  const lead = /^[&?:;.,|#/-]+/.exec(text)?.[0];
  if (lead === undefined) return text;
  if (/^[&?]*$/.test(lead)) {
    report('leading-sign', `the original begins with "${lead}": it must begin with the name of a parameter`);
  } else {
    report('separator', `"${lead}" is between MAC and original: remove it`);
  }
  return text.slice(lead.length);
}

function withoutTrailingSigns(text: string, report: Report): string {
  let rest = text;
  if (/[\r\n]$/.test(rest)) {
    report('line-break', 'the original ends with a line break: remove it (echo adds one, printf does not)');
    rest = rest.replace(/(?<![\r\n])[\r\n]+$/, '');
  }
  const bare = rest.replace(/(?<![&?])[&?]+$/, '');
  if (bare === rest) return rest;
  report('trailing-sign', `the original ends with "${rest.at(-1) ?? ''}": remove it before it is signed`);
  return bare;
}

/** Blanks and line breaks around names, "=" and "&", not those within values. */
function withoutBlanks(text: string, report: Report): string {
  const around = new RegExp(`(?<!\\s)\\s*(^|&)\\s*(${NAME_PATTERN})\\s*=\\s*`, 'gi');
  const bare = text.replace(around, '$1$2=').trimEnd();
  if (bare === text) return text;
  report('blanks', 'the original has spaces or line breaks around names, "=" or "&", or at its end: remove them');
  return bare;
}

/** Finds each required name that is there, but without "&" before it. */
function withAmpersands(text: string, report: Report): string {
  const separatedNames: string[] = [];
  let parts = text.split('&');
  for (const name of NAMES) {
    // Of an optional one it may be by chance, within a text that is not URL-encoded.
    const isOptional = !REQUIRED.some((required) => required === name);
    if (parts.some((part) => part.startsWith(`${name}=`)) || (isOptional && separatedNames.length === 0)) continue;
    parts = parts.flatMap((part) => {
      const index = part.indexOf(`${name}=`);
      if (index <= part.indexOf('=') || separatedNames.includes(name)) return [part];
      separatedNames.push(name);
      return [part.slice(0, index).replace(/(?<![\s;,|])[\s;,|]+$/, ''), part.slice(index)];
    });
  }
  if (separatedNames.length === 0) return text;
  report('no-ampersand', `there is no "&" before ${separatedNames.join(', ')}: join the parameters with "&"`);
  return parts.join('&');
}

export interface Pair {
  /** Name and value as they were sent. */
  readonly part: string;
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
    return { part, name: unescape(name) ?? name, raw, value };
  });
}

export function jsonPairs(text: string): Pair[] {
  try {
    const members = Object.entries(JSON.parse(text) as object);
    return members.map(([name, member]) => ({ part: `${name}:`, name, raw: String(member), value: String(member) }));
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
