import { createHmac } from 'node:crypto';
import { timingSafeEqualStrings } from '../lib/platform/timing-safe-equal';
import { schemaErrors } from '../lib/platform/errors';
import { signatureParameters as validate } from '../lib/generated/signature';
import { MAX_SOURCE_CONTEXT_BYTES, MAX_VALIDITY, schemas } from '../lib/vod/schemas';
import { open } from '../lib/vod/source-context';

/** A rule that a signature breaks, and what its author has to do. */
export interface Rule {
  readonly rule: string;
  readonly sentence: string;
}

export interface Examined {
  readonly broken: readonly Rule[];
  /** What VOD takes, and would better be otherwise. */
  readonly notes: readonly Rule[];
  /** As VOD would read them, as far as they can be read. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether a key was at hand and the MAC is its own. */
  readonly verified: boolean;
}

/** What is at hand to verify with. */
export interface Keys {
  readonly secretId?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly sealKeys: readonly string[];
}

const { properties, required } = schemas.signature.signatureParameters;
const INTEGERS = Object.entries(properties).flatMap(([name, schema]) =>
  ('type' in schema && schema.type === 'integer') || name === 'oneTimeValid' ? [name] : [],
);
const TIMES = ['currentTimeStamp', 'expireTime'];
/** In seconds, for clocks that differ. */
const CLOCKS_DIFFER = 60;
/** Below: one in a thousand signatures of a second meets another one. */
const TINY_RANDOM = 1_000_000;

/**
 * Holds a signature against the vendor's rules (266/9221) and names each one that it breaks. A mistake that hides others
 * is undone first, so that those are named too.
 */
export function examine(signature: string, keys: Keys, nowSeconds: number): Examined {
  const broken: Rule[] = [];
  const notes: Rule[] = [];
  const breaks = (rule: string, sentence: string) => broken.push({ rule, sentence });
  const note = (rule: string, sentence: string) => notes.push({ rule, sentence });

  const bytes = decode(signature, breaks);
  const layout = bytes && findLayout(bytes, breaks);
  if (!layout) return { broken, notes, parameters: {}, verified: false };

  const { text, isWhole } = readOriginal(layout.original, breaks);
  const pairs = isWhole ? pairsOf(text) : jsonPairs(text);
  const parameters = namesAndValues(pairs, breaks);
  if (isWhole) checkEncoding(pairs, keys.sealKeys, breaks, note);
  checkTimes(parameters, nowSeconds, breaks);
  checkBounds(parameters, breaks, note);
  const { sourceContext = '' } = parameters;
  if (keys.sealKeys.length > 0 && open(sourceContext, keys.sealKeys).seal === 'broken') {
    breaks('broken-seal', 'the source context has our mark and a seal that no seal key of this deployment made');
  }
  const verified = checkMac(layout, parameters, keys, breaks);
  return { broken, notes, parameters, verified };
}

type Breaks = (rule: string, sentence: string) => void;

/** The bytes behind the text, whatever was done to it. */
function decode(signature: string, breaks: Breaks): Buffer | undefined {
  let text = signature;
  if (/%[0-9A-F]{2}/i.test(text)) {
    breaks('url-encoded', 'the signature itself was URL-encoded: send the Base64 as it is, in JSON');
    text = text.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (/\s/.test(text)) {
    breaks(
      'line-wrapped',
      'the Base64 has spaces or line breaks: make one line of it (Java: no MIME encoder; openssl: -A)',
    );
    text = text.replace(/\s/g, '');
  }
  if (/^([0-9a-f]{2}){30,}$/i.test(text)) {
    breaks('hex', 'the signature is in hex: encode the bytes of MAC and original in Base64');
    return Buffer.from(text, 'hex');
  }
  if (/[-_]/.test(text)) {
    breaks('url-safe-base64', 'it is url-safe Base64 ("-" and "_"): VOD takes the standard alphabet ("+" and "/")');
    text = text.replaceAll('-', '+').replaceAll('_', '/');
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    breaks('not-base64', 'it is no Base64: a signature is Base64 of a MAC of 20 bytes and the original');
    return undefined;
  }
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  if (canonical === text) return bytes;
  if (canonical.replace(/=+$/, '') === text)
    breaks('no-padding', 'the Base64 lacks the "=" at its end: keep the padding');
  else breaks('not-base64', 'the end of the Base64 was cut or changed: it is not what any encoder writes');
  return bytes;
}

interface Layout {
  readonly mac: Buffer;
  readonly original: Buffer;
  readonly hash: 'sha1' | 'sha256';
}

/** Tells MAC and original apart, in the right order or another one. */
function findLayout(bytes: Buffer, breaks: Breaks): Layout | undefined {
  const isOriginal = (part: Buffer) => {
    const text = utf8(part) ?? part.toString('latin1');
    // Long enough that the random bytes of a MAC do not look like one.
    return /^[A-Za-z]\w{5,}(=|%3D)/i.test(text) || /^\s*\{\s*"\w+"\s*:/.test(text);
  };
  const split = (at: number, hash: Layout['hash']): Layout => {
    return { mac: bytes.subarray(0, at), original: bytes.subarray(at), hash };
  };
  const latin1 = bytes.toString('latin1');
  // Before the raw MACs: hex digits and a name behind them look like one long name.
  for (const [digits, hash] of [
    [64, 'sha256'],
    [40, 'sha1'],
  ] as const) {
    const { mac, original } = split(digits, hash);
    if (!new RegExp(`^[0-9a-f]{${digits}}`, 'i').test(latin1) || !isOriginal(original)) continue;
    breaks('mac-in-hex', 'the MAC stands there as hex: put its 20 raw bytes before the original');
    if (hash === 'sha256') sha256(breaks);
    return { mac: Buffer.from(mac.toString('latin1'), 'hex'), original, hash };
  }
  if (/^[A-Za-z0-9+/]{27}=/.test(latin1) && isOriginal(bytes.subarray(28))) {
    breaks(
      'mac-in-base64',
      'the MAC stands there in Base64: put its 20 raw bytes before the original, and encode once',
    );
    return { mac: Buffer.from(latin1.slice(0, 28), 'base64'), original: bytes.subarray(28), hash: 'sha1' };
  }
  if (isOriginal(bytes)) return behind(bytes, breaks);
  if (isOriginal(bytes.subarray(20))) return split(20, 'sha1');
  if (isOriginal(bytes.subarray(32))) {
    sha256(breaks);
    return split(32, 'sha256');
  }
  breaks('no-original', 'behind the first 20 bytes there is no query string secretId=...&currentTimeStamp=...');
  return undefined;
}

function sha256(breaks: Breaks): void {
  breaks('sha256', 'the MAC has 32 bytes, of HMAC-SHA256: VOD wants HMAC-SHA1, 20 bytes');
}

/** The original comes first: what stands behind it, if anything, is the MAC. */
function behind(bytes: Buffer, breaks: Breaks): Layout {
  const hexBehind = /[0-9a-f]{40}$/i.exec(bytes.toString('latin1'));
  if (hexBehind) {
    breaks('mac-behind', 'the MAC stands behind the original: put it in front');
    breaks('mac-in-hex', 'the MAC stands there as hex: put its 20 raw bytes before the original');
    return { mac: Buffer.from(hexBehind[0], 'hex'), original: bytes.subarray(0, -40), hash: 'sha1' };
  }
  // 20 random bytes are no printable text.
  if (/^[\x20-\x7e]*$/.test(bytes.subarray(-20).toString('latin1'))) {
    breaks('no-mac', 'there is no MAC: put the 20 bytes of HMAC-SHA1 before the original');
    return { mac: Buffer.alloc(0), original: bytes, hash: 'sha1' };
  }
  breaks('mac-behind', 'the MAC stands behind the original: put it in front');
  const is32 = !/^[\x20-\x7e]*$/.test(bytes.subarray(-32, -20).toString('latin1'));
  if (is32) sha256(breaks);
  const at = is32 ? -32 : -20;
  return { mac: bytes.subarray(at), original: bytes.subarray(0, at), hash: is32 ? 'sha256' : 'sha1' };
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function readOriginal(original: Buffer, breaks: Breaks): { readonly text: string; readonly isWhole: boolean } {
  const text = utf8(original);
  if (text === undefined)
    breaks('not-utf8', 'the original is not UTF-8: encode its values as UTF-8, then percent-encode');
  const read = text ?? original.toString('latin1');
  if (/^\s*\{/.test(read)) {
    breaks('json', 'the original is JSON: it must be a query string, secretId=...&currentTimeStamp=...&expireTime=...');
    return { text: read, isWhole: false };
  }
  if (/^[A-Za-z]\w*%3D/i.test(read)) {
    breaks('encoded-as-a-whole', 'the whole original is URL-encoded, "=" and "&" too: encode each value by itself');
    return { text: unescape(read) ?? read, isWhole: true };
  }
  return { text: read, isWhole: true };
}

interface Pair {
  readonly name: string;
  /** As it was sent. */
  readonly raw: string;
  /** As VOD reads it: form-decoded. */
  readonly value: string;
}

function pairsOf(query: string): Pair[] {
  return query.split('&').map((part) => {
    const [name = ''] = part.split('=', 1);
    const raw = part.slice(name.length + 1);
    const [[, value = ''] = []] = new URLSearchParams(part);
    return { name: unescape(name) ?? name, raw, value };
  });
}

function jsonPairs(text: string): Pair[] {
  try {
    const members = Object.entries(JSON.parse(text) as object);
    return members.map(([name, member]) => ({ name, raw: String(member), value: String(member) }));
  } catch {
    return [];
  }
}

/** `undefined` where it is no percent-encoding of UTF-8. */
function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function namesAndValues(pairs: readonly Pair[], breaks: Breaks): Record<string, string> {
  const parameters: Record<string, string> = {};
  const names = new Set(pairs.map(({ name }) => name));
  for (const name of names) {
    const values = pairs.filter((pair) => pair.name === name).map(({ value }) => value);
    const value = values.at(-1) ?? '';
    if (values.length > 1) breaks('duplicated', `${name} stands there ${values.length} times: once is enough`);
    if (Object.hasOwn(properties, name)) {
      parameters[name] = value;
    } else if (name === 'currentTime') {
      breaks('current-time', 'currentTime is called currentTimeStamp');
      if (!names.has('currentTimeStamp')) parameters['currentTimeStamp'] = value;
    } else {
      const meant = Object.keys(properties).find((known) => known.toLowerCase() === name.toLowerCase());
      const rest = meant ? `write ${meant}` : 'leave it out; or it is the rest of a value that was not URL-encoded';
      breaks('unknown', `"${name}" is no parameter of a signature: ${rest}`);
    }
  }
  for (const name of required) {
    if (!parameters[name]) breaks('missing', `${name} is missing: every signature has ${required.join(', ')}`);
  }
  return parameters;
}

function checkEncoding(pairs: readonly Pair[], sealKeys: readonly string[], breaks: Breaks, note: Breaks): void {
  for (const { name, raw, value } of pairs) {
    if (/%(?![0-9A-F]{2})/i.test(raw)) {
      breaks('bad-escape', `${name} has a "%" that begins no %XX: encode the value as a whole`);
    } else if (unescape(raw) === undefined) {
      breaks('not-utf8', `${name} is percent-encoded from another charset than UTF-8`);
    } else if (/[^\w.~!'()*%+:,;@$/?-]/.test(raw)) {
      breaks('unencoded', `${name} is not URL-encoded: encode each value (encodeURIComponent) before it is signed`);
    } else if (/%25[0-9A-F]{2}/i.test(raw) && unescape(value) !== undefined && unescape(value) !== value) {
      if (open(value, sealKeys).seal === 'valid') continue; // then the text has a %XX of its own
      const text = JSON.stringify(value);
      note(
        'double-encoded',
        `${name} looks URL-encoded twice: VOD hands on ${text}, encode once if that is not the text`,
      );
    }
  }
}

function checkTimes(parameters: Record<string, string>, nowSeconds: number, breaks: Breaks): void {
  const seconds = TIMES.map((name) => {
    const value = parameters[name] ?? '';
    if (value === '') return undefined;
    if (/^\d+\.\d+$/.test(value)) {
      breaks('float-time', `${name} is ${value}: it must be whole seconds, round it down`);
    } else if (!/^\d+$/.test(value)) {
      breaks('not-a-number', `${name} must be decimal digits, whole seconds since 1970`);
      return undefined;
    }
    if (Number(value) < 1e11) return Math.floor(Number(value));
    breaks('milliseconds', `${name} is in milliseconds: divide by 1000 and round down`);
    return Math.floor(Number(value) / 1000);
  });
  const [start, end] = seconds;
  if (start !== undefined && start > nowSeconds + CLOCKS_DIFFER) {
    breaks('not-yet-valid', `currentTimeStamp is ${start - nowSeconds} s in the future: set the signer's clock`);
  }
  if (end === undefined) return;
  if (start !== undefined && end - start > MAX_VALIDITY) {
    const days = (end - start) / 86_400;
    const span = Number.isInteger(days) ? `${days} days` : `${end - start} seconds`;
    breaks('too-long', `it is valid for ${span}: VOD allows ${MAX_VALIDITY} seconds, 90 days`);
  }
  if (start !== undefined && end <= start) {
    const isSpan = end <= MAX_VALIDITY ? ', it is a point in time (currentTimeStamp + validity), not a span' : '';
    breaks('no-validity', `expireTime must be later than currentTimeStamp${isSpan}`);
  } else if (end < nowSeconds) {
    breaks('expired', `it expired ${new Date(end * 1000).toISOString()}, ${nowSeconds - end} s ago: ask for a new one`);
  }
}

/** Everything else that the schema bounds; an optional parameter that is empty counts as absent. */
function checkBounds(parameters: Readonly<Record<string, string>>, breaks: Breaks, note: Breaks): void {
  const { random = '', sourceContext = '', procedure = '' } = parameters;
  if (/^\d+$/.test(random) && Number(random) >= 2 ** 32) {
    breaks('random-overflow', 'random is over 4294967295: it is an unsigned 32-bit integer');
  } else if (random !== '' && !/^\d+$/.test(random)) {
    breaks('random-not-integer', 'random must be decimal digits, 0 to 4294967295');
  } else if (random !== '' && Number(random) < TINY_RANDOM) {
    const draw = 'draw it from all 32 bits, or two one-time signatures of one second are the same';
    note('random-tiny', `random is below a million: ${draw} (by chance, one in 4000 is)`);
  }
  const bytes = Buffer.byteLength(sourceContext);
  if (bytes > MAX_SOURCE_CONTEXT_BYTES) {
    breaks('source-context-too-long', `sourceContext has ${bytes} bytes: at most ${MAX_SOURCE_CONTEXT_BYTES} are safe`);
  }
  for (const name of ['taskPriority', 'taskNotifyMode']) {
    if (parameters[name] && procedure === '')
      breaks('no-procedure', `${name} needs a procedure: add one, or leave it out`);
  }
  const told = ['secretId', ...TIMES, 'random', 'sourceContext'];
  const given = Object.entries(parameters).filter(([name, value]) => value !== '' && !told.includes(name));
  const numbers = given.map(([name, value]) => {
    const isNumber = INTEGERS.includes(name) && /^-?\d{1,16}$/.test(value);
    return [name, isNumber ? Number(value) : value] as const;
  });
  const rest = { secretId: '-', currentTimeStamp: 1, expireTime: 1, random: 0, ...Object.fromEntries(numbers) };
  if (validate(rest)) return;
  for (const { path, message } of schemaErrors(validate.errors)) {
    breaks('out-of-bounds', `${path.slice(1)} ${message}`);
  }
}

/** Whether the MAC was made with the key at hand over the bytes that were sent. */
function checkMac(
  { mac, original, hash }: Layout,
  parameters: Record<string, string>,
  keys: Keys,
  breaks: Breaks,
): boolean {
  const { secretKey, secretId } = keys;
  if (secretKey === undefined || mac.length === 0) return false;
  if (secretId !== undefined && parameters['secretId'] !== secretId) {
    breaks('another-key', `secretId is ${parameters['secretId'] ?? 'missing'}, this deployment has ${secretId}`);
    return false;
  }
  const fits = (over: string | Buffer) =>
    timingSafeEqualStrings(createHmac(hash, secretKey).update(over).digest('hex'), mac.toString('hex'));
  if (fits(original)) return true;
  const text = original.toString('utf8');
  const decoded = [unescape(text), unescape(text.replaceAll('+', ' '))].filter((of) => of !== undefined);
  if (decoded.some((of) => fits(of))) {
    breaks('mac-over-decoded', 'the MAC is over the decoded string, and the encoded one is sent: sign what you send');
  } else {
    breaks('wrong-mac', 'the MAC does not fit: made with another SecretKey, over other bytes, or changed afterwards');
  }
  return false;
}
