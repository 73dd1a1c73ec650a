import { byteList, pythonBytes } from './bytes-as-text';
import { quote } from './display';
import { recognize } from './not-a-signature';
import { NAME_PATTERN } from './names';
import type { Report } from './rules';

/** How many layers around a signature are removed, and how deep JSON is searched. */
const MAX_LAYERS = 8;
const MAX_DEPTH = 6;

/** The content of a text without its layers: Base64 or hex, or bytes that need no decoding. */
export type Unwrapped =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly isPlain: boolean };

type Layer = (text: string, report: Report) => string | Buffer | undefined;

/**
 * Removes the layers around a signature: quotes, JSON, escapes. Reports each; returns `undefined` if the text contains
 * no signature, which is reported too.
 */
export function unwrap(input: string, report: Report): Unwrapped | undefined {
  let text = input;
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    text = withoutInvisible(text, report);
    const bare = text.trim();
    const other = recognize(bare, layer === 0 ? 'it' : 'the text in it');
    if (other && !(other.rule === 'url' && LABELLED.test(bare))) {
      report(other.rule, other.message);
      return undefined;
    }
    if (isPlain(bare)) return plainOriginal(bare, report);
    const unwrapped = removeLayer(bare, report);
    if (Buffer.isBuffer(unwrapped)) return { kind: 'bytes', bytes: unwrapped, isPlain: false };
    if (unwrapped === undefined) break;
    if (unwrapped === NOT_THERE) return undefined;
    text = unwrapped;
  }
  return { kind: 'text', text };
}

/** A layer has reported that there is no signature in it. */
const NOT_THERE = '\0';

/** A query string that is not encoded in Base64. */
const PLAIN = new RegExp(`(?:${NAME_PATTERN})\\s*(?:=|%3D)\\s*[^\\s&=]`, 'i');
/** `signature=...`, `signature: "..."` and the like, with the start of a signature. */
const LABELLED = /(?:^|[\s{,"'?&;])["']?signature["']?\s*[:=]\s*["'`]?([\w+/=%\\-]{40,})/i;

/** Whether a text has a query string in it that is not encoded. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text) && !LABELLED.test(text) && !/^[{["'`]/.test(text);
}

function plainOriginal(text: string, report: Report): Unwrapped {
  const isBinary = /^[\0-\xff]*$/.test(text);
  const bytes = Buffer.from(text, isBinary ? 'latin1' : 'utf8');
  const startsWithName = new RegExp(`^[\\s&?]*(?:${NAME_PATTERN})`, 'i').test(text);
  if (startsWithName) {
    const advice = 'put the 20 bytes of its HMAC-SHA1 before it, and encode both in Base64';
    report('not-base64', `it is the query string itself, without Base64: ${advice}`);
  } else {
    report('not-base64', 'it is not Base64: join the bytes of MAC and query string, then encode them in Base64');
  }
  return { kind: 'bytes', bytes, isPlain: startsWithName };
}

function withoutInvisible(text: string, report: Report): string {
  const match = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.exec(text);
  if (!match) return text;
  const code = match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  report(
    'invisible-characters',
    `it has invisible characters (U+${code}), as copying from a page adds them: remove them`,
  );
  return text.replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '');
}

/** The layers, tried in this order. Each reports what it removes. */
const LAYERS: readonly Layer[] = [
  fromBytesText,
  fromJson,
  fromQuotes,
  fromLabel,
  fromEscapes,
  fromEntities,
  fromPercent,
];

/** Removes the first layer that is there. */
function removeLayer(text: string, report: Report): string | Buffer | undefined {
  for (const remove of LAYERS) {
    const inner = remove(text, report);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function fromBytesText(text: string, report: Report): string | Buffer | undefined {
  const literal = pythonBytes(text);
  if (literal !== undefined) {
    report('bytes-as-text', "it is bytes as Python writes them, b'...': decode them to text, .decode()");
    const inner = literal.toString('latin1');
    return /^[\t\n\r\x20-\x7e]*$/.test(inner) ? inner : literal;
  }
  const bytes = byteList(text);
  if (bytes === undefined) return undefined;
  report('bytes-as-text', 'it is a list of bytes in decimal: encode the bytes in Base64');
  return bytes;
}

function fromJson(text: string, report: Report): string | Buffer | undefined {
  if (!/^[{["]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
  if (typeof value === 'string') {
    report('quoted', QUOTED);
    return value;
  }
  const bytes = byteList(bufferData(value));
  if (bytes !== undefined) {
    report('bytes-as-text', 'it is a list of bytes as JSON: encode the bytes in Base64');
    return bytes;
  }
  const nested = findSignature(value, '', 0);
  if (nested !== undefined) {
    report('whole-response', `it is a whole JSON response: send only its ${nested.path}`);
    return nested.text;
  }
  const advice = 'check the status of the response; a refusal has none';
  report('json-without-signature', `it is JSON without a member \`signature\`: ${advice}`);
  return NOT_THERE;
}

/** The text of the numbers in a list of bytes, or in a Buffer as JSON. */
function bufferData(value: unknown): string {
  const list = Array.isArray(value) ? value : (value as { readonly data?: unknown } | null)?.data;
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'number')) return '';
  return list.join(',');
}

interface Member {
  readonly path: string;
  readonly text: string;
}

/** The member that is named signature, else one that looks like one. */
function findSignature(value: unknown, path: string, depth: number): Member | undefined {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined;
  const members = Object.entries(value as Record<string, unknown>).slice(0, 100);
  const nameOf = (name: string) => (path === '' ? name : `${path}.${name}`);
  const show = (name: string) => `member ${quote(nameOf(name))}`;
  for (const pattern of [/^signature$/i, /signature$/i, /^(?:sign|sig|token|result|data|value|\d+)$/i]) {
    for (const [name, member] of members) {
      if (!pattern.test(name) || typeof member !== 'string') continue;
      if (pattern.source.includes('signature') || looksSigned(member)) return { path: show(name), text: member };
    }
  }
  for (const [name, member] of members) {
    const nested = findSignature(member, nameOf(name), depth + 1);
    if (nested) return nested;
  }
  const other = members.find(([, member]) => typeof member === 'string' && looksSigned(member));
  return other && { path: show(other[0]), text: other[1] as string };
}

function looksSigned(text: string): boolean {
  return new RegExp(`(?:${NAME_PATTERN})=`, 'i').test(Buffer.from(text, 'base64').toString('latin1'));
}

const QUOTED = 'it has quotes around it: parse the JSON, or remove them';
const QUOTES: readonly (readonly [open: string, close: string])[] = [
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['‘', '’'],
  ['「', '」'],
  ['«', '»'],
];

function fromQuotes(text: string, report: Report): string | undefined {
  const pair = QUOTES.find(([open, close]) => text.length > 1 && text.startsWith(open) && text.endsWith(close));
  const lone = QUOTES.flat().filter((sign) => text.startsWith(sign) !== text.endsWith(sign));
  if (!pair && lone.length === 0) return undefined;
  if (pair) {
    report('quoted', QUOTED);
    return text.slice(1, -1);
  }
  report('quoted', 'it has a quotation mark at one end: remove it');
  return text.replace(/^["'`“‘「«]|["'`”’」»]$/g, '');
}

function fromLabel(text: string, report: Report): string | undefined {
  const bearer = /^(?:Authorization:\s*)?Bearer\s+(\S[^]*)$/i.exec(text)?.[1];
  const inner = bearer ?? LABELLED.exec(text)?.[1];
  if (inner === undefined) return undefined;
  report('text-around', 'there is other text around it: send only the value of `signature`');
  // In a query string or a form, percent-encoding is right.
  return /(?:^|[?&])signature=/i.test(text) ? decodePercent(inner) : inner;
}

function fromEscapes(text: string, report: Report): string | undefined {
  if (!text.includes('\\')) return undefined;
  const unescaped = text
    .replace(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_, long?: string, short?: string) =>
      String.fromCharCode(parseInt(long ?? short ?? '', 16)),
    )
    .replace(/\\(?:[rn]|\r?\n)/g, '\n')
    .replace(/\\(["'/\\])/g, '$1');
  if (unescaped === text) return undefined;
  report(
    'escaped',
    'it has the escapes of a JSON text ("\\/", "\\n", "\\u003d"): parse the JSON, do not cut the text out',
  );
  return unescaped;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['plus', '+'],
  ['sol', '/'],
  ['equals', '='],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
  ['lt', '<'],
  ['gt', '>'],
  ['nbsp', ' '],
  ['NewLine', '\n'],
]);

/** Characters for HTML's entities; unknown ones stay. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|(\w{2,8}));/gi, (entity, decimal, hex, name) => {
    if (typeof name === 'string') return ENTITIES.get(name) ?? entity;
    const code = typeof decimal === 'string' ? Number(decimal) : parseInt(String(hex), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
  });
}

function fromEntities(text: string, report: Report): string | undefined {
  const decoded = decodeEntities(text);
  if (decoded === text) return undefined;
  report('html-escaped', 'it is escaped for HTML ("&#43;" for "+"): put it into JSON, or decode the entities');
  return decoded;
}

function fromPercent(text: string, report: Report): string | undefined {
  if (!/%[0-9A-F]{2}/i.test(text)) return undefined;
  report('url-encoded', 'the signature itself was URL-encoded: send the Base64 as it is, in JSON');
  return decodePercent(text);
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
