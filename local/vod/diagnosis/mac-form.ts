import { byteList, bytesOfText, decodeUtf8, pythonBytes } from './bytes-as-text';
import { quote } from './display';
import { isObjectText, isValueless } from './not-a-signature';
import type { Rule } from './rules';

export type Hash = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** The MAC at the beginning, in whatever form it is. */
export interface Mac {
  /** Absent where its bytes are lost. */
  readonly mac: Buffer | undefined;
  readonly hash: Hash;
  /** Where it ends, in bytes. */
  readonly end: number;
  readonly rules: readonly Rule[];
}

const HASHES: readonly { readonly hash: Hash; readonly length: number; readonly name: string }[] = [
  { hash: 'sha1', length: 20, name: 'HMAC-SHA1' },
  { hash: 'sha512', length: 64, name: 'HMAC-SHA512' },
  { hash: 'sha384', length: 48, name: 'HMAC-SHA384' },
  { hash: 'sha256', length: 32, name: 'HMAC-SHA256' },
  { hash: 'sha224', length: 28, name: 'HMAC-SHA224' },
  { hash: 'md5', length: 16, name: 'MD5' },
];
const RAW = 'put its 20 raw bytes before the original';

/** The hash with this length in bytes. */
export function byLength(length: number): (typeof HASHES)[number] | undefined {
  return HASHES.find((hash) => hash.length === length);
}

/** The message about bytes with the length of a MAC and nothing behind them. */
export function macAlone({ length, name }: (typeof HASHES)[number], form = ''): string {
  const advice = 'the original, secretId=...&currentTimeStamp=..., must follow the MAC';
  return `it has ${length} bytes${form}, the length of ${name} alone: ${advice}`;
}

type IsLead = (text: string, hasPart?: boolean) => boolean;
type Form = (prefix: Buffer, isLead: IsLead) => Mac | undefined;

/**
 * Finds the MAC in what precedes the first known name.
 *
 * @param isLead whether a text behind the MAC belongs to the original
 */
export function splitMac(prefix: Buffer, isLead: IsLead): Mac {
  for (const form of [literal, hex, base64, bytesAsText, joinedText, raw, otherHash]) {
    const result = form(prefix, isLead);
    if (result) return result;
  }
  const { length } = prefix;
  if (/^[\x20-\x7e]*$/.test(prefix.toString('latin1'))) {
    return lostMac(length, 'mac-is-text', `a text of ${length} characters precedes the parameters: ${BYTES_THERE}`);
  }
  return lostMac(length, 'mac-length', `${length} bytes precede the parameters: ${BYTES_THERE}`);
}

const BYTES_THERE = 'the 20 bytes of HMAC-SHA1 must be there, and nothing else';

const lostMac = (end: number, rule: string, message: string): Mac => ({
  mac: undefined,
  hash: 'sha1',
  end,
  rules: [{ rule, message }],
});

/** A MAC with the rules of its form and of its length; `undefined` where no hash has that length. */
function withHash(mac: Buffer, end: number, rules: readonly Rule[]): Mac | undefined {
  const entry = byLength(mac.length);
  if (!entry) return undefined;
  if (entry.hash === 'sha1') return { mac, hash: entry.hash, end, rules };
  const description = entry.hash === 'md5' ? 'the 16 bytes of an MD5' : `the ${entry.length} bytes of ${entry.name}`;
  const rule = entry.hash === 'md5' || entry.hash === 'sha256' ? entry.hash : 'mac-length';
  const message = `the MAC has ${description}: VOD requires HMAC-SHA1, 20 bytes`;
  return { mac, hash: entry.hash, end, rules: [...rules, { rule, message }] };
}

/** `[object ArrayBuffer]` and the like, which has 20 characters by chance. */
const literal: Form = (prefix, isLead) => {
  const text = prefix.toString('latin1');
  for (const pattern of [/^\[object \w{1,40}\]/, /^\[B@[0-9a-f]{1,16}/, /^System\.Byte\[\]/, /^[^&=]{3,200}$/s]) {
    const literalText = pattern.exec(text)?.[0];
    if (literalText === undefined || !isLead(text.slice(literalText.length))) continue;
    if (!isObjectText(literalText) && !isValueless(literalText)) continue;
    const message = `the text ${quote(literalText)} is in place of the MAC: ${BYTES_THERE}`;
    return lostMac(literalText.length, 'mac-is-text', message);
  }
  return undefined;
};

const hex: Form = (prefix, isLead) => {
  const text = prefix.toString('latin1');
  for (const { length } of HASHES.toSorted((a, b) => b.length - a.length)) {
    const hexText = new RegExp(`^(?:0x)?(?:[0-9a-f]{2}[-: ]?){${length - 1}}[0-9a-f]{2}`, 'i').exec(text)?.[0];
    if (hexText === undefined || !isLead(text.slice(hexText.length))) continue;
    const digits = hexText.replace(/^0x|[-: ]/gi, '');
    const rules = [{ rule: 'mac-in-hex', message: `the MAC is in hex: ${RAW}` }];
    return withHash(Buffer.from(digits, 'hex'), hexText.length, rules);
  }
  return undefined;
};

const base64: Form = (prefix, isLead) => {
  const text = prefix.toString('latin1');
  const base64Text = /^[\w+/-]{22,88}={0,2}/.exec(text)?.[0];
  if (base64Text === undefined || !isLead(text.slice(base64Text.length))) return undefined;
  const mac = Buffer.from(base64Text.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
  const message = `the MAC is in Base64: ${RAW}, and encode once`;
  return withHash(mac, base64Text.length, [{ rule: 'mac-in-base64', message }]);
};

const bytesAsText: Form = (prefix, isLead) => {
  const text = prefix.toString('latin1');
  const literalText =
    /^b(["'])[\x20-\x7e]*\1/.exec(text)?.[0] ?? /^\[?-?\d{1,3}(?:, ?-?\d{1,3}){15,63}\]?/.exec(text)?.[0];
  if (literalText === undefined || !isLead(text.slice(literalText.length))) return undefined;
  const mac = pythonBytes(literalText) ?? byteList(literalText);
  const message = `the MAC is there as text, ${literalText.startsWith('b') ? "Python's b'...'" : 'a list of numbers'}: ${RAW}`;
  return mac && withHash(mac, literalText.length, [{ rule: 'mac-as-text', message }]);
};

/** 20 bytes, which are random. */
const raw: Form = (prefix, isLead) => {
  const mac = prefix.subarray(0, 20);
  const rest = prefix.toString('latin1', 20);
  // With damage in it, the first parameter is one all the same.
  const isRest = isLead(rest, true) || (rest.includes('=') && rest.endsWith('&'));
  if (mac.length < 20 || !isRest || decodeUtf8(prefix)?.includes('\ufffd') === true) return undefined;
  const text = mac.toString('latin1');
  if (/^[\x20-\x7e]*$/.test(text)) return undefined;
  if (/^[\0-\x7f]*$/.test(text) && text.split('?').length > 3) {
    const message = 'the MAC was turned into ASCII text: its bytes over 127 became "?" and are lost, join the bytes';
    return lostMac(20, 'mac-as-text', message);
  }
  return { mac, hash: 'sha1', end: 20, rules: [] };
};

/** A MAC that was read as text, whose characters UTF-8 writes with more bytes, or with U+FFFD. */
const joinedText: Form = (prefix, isLead) => {
  // Text of .NET, as UTF-16.
  const utf16 = byLength(prefix.length / 2);
  if (utf16 && /^(?:[^]\0)*$/.test(prefix.toString('latin1'))) {
    const message = `the MAC was joined to the original as text, not as ${utf16.length} bytes: join the bytes`;
    return withHash(Buffer.from(prefix.toString('utf16le'), 'latin1'), prefix.length, [
      { rule: 'mac-as-text', message },
    ]);
  }
  const text = decodeUtf8(prefix);
  if (text === undefined || /^[\0-\x7f]*$/.test(text)) return undefined;
  const join = 'join the bytes, then encode them in Base64';
  if (text.includes('\ufffd')) {
    const message = `the MAC was read as UTF-8 text: its other bytes became U+FFFD and are lost, ${join}`;
    return lostMac(prefix.length, 'mac-as-text', message);
  }
  const characters = Array.from(text);
  for (const { length } of HASHES) {
    const mac = bytesOfText(characters.slice(0, length).join(''));
    if (mac?.length !== length || !isLead(characters.slice(length).join(''))) continue;
    const end = Buffer.byteLength(characters.slice(0, length).join(''));
    const message = `the MAC was joined to the original as text, which made ${end} bytes of its ${length}: ${join}`;
    return withHash(mac, end, [{ rule: 'mac-as-text', message }]);
  }
  return undefined;
};

const otherHash: Form = (prefix, isLead) => {
  const text = prefix.toString('latin1');
  if (/^[\x20-\x7e]*$/.test(text)) return undefined;
  const others = HASHES.filter(({ hash }) => hash !== 'sha1');
  const entry = others.find(({ length }) => length <= prefix.length && isLead(text.slice(length)));
  return entry && withHash(prefix.subarray(0, entry.length), entry.length, []);
};
