import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Hash } from './mac-form';
import { pairsOf, unescape } from './original';
import type { Rule } from './rules';

/** A way to make a MAC, right or wrong. */
export interface Variant<T> {
  readonly value: T;
  /** The fault of this variant; absent for the right way. */
  readonly rule?: Rule;
}

export interface MacToFind {
  readonly mac: Buffer;
  readonly hash: Hash;
  /** The bytes that may have been signed: as they were sent, and with the damage undone. */
  readonly forms: readonly Buffer[];
  /** The query string with the damage undone; absent where it is not a query string. */
  readonly query: string | undefined;
}

/** Whether a key makes the MAC over these bytes. */
export function fits({ mac, hash }: Pick<MacToFind, 'mac' | 'hash'>, key: string | Buffer, input: Buffer): boolean {
  return isEqual(createHmac(hash, key).update(input).digest(), mac);
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The faults in how the MAC was made, none if it is right; `undefined` if no key and no form makes it. */
export function searchMac(
  target: MacToFind,
  rightKeys: readonly string[],
  wrongKeys: readonly Variant<string | Buffer>[],
): readonly Rule[] | undefined {
  const original = target.forms.map((value): Variant<Buffer> => ({ value }));
  const others = target.query === undefined ? [] : wrongForms(target.query);
  const tries: readonly (readonly [readonly Variant<string | Buffer>[], readonly Variant<Buffer>[]])[] = [
    [rightKeys.map((value) => ({ value })), [...original, ...others]],
    [wrongKeys, original],
  ];
  for (const [keys, forms] of tries) {
    for (const key of keys) {
      const form = forms.find(({ value }) => fits(target, key.value, value));
      if (form) return [key.rule, form.rule].filter((rule) => rule !== undefined);
    }
  }
  return otherFunction(target, rightKeys);
}

function wrongForms(query: string): Variant<Buffer>[] {
  const decodings = [unescape(query), unescape(query.replaceAll('+', ' '))].filter((text) => text !== undefined);
  const encode = (encodeValue: (value: string) => string) =>
    pairsOf(query)
      .map(({ name, value }) => `${name}=${encodeValue(value)}`)
      .join('&');
  const encodings = [
    encode(encodeURIComponent),
    encode((value) => new URLSearchParams({ v: value }).toString().slice(2)),
  ];
  const formsWith = (rule: string, message: string, texts: readonly string[]) =>
    texts.map((text) => ({ value: Buffer.from(text), rule: { rule, message } }));
  const must = 'it must be over the bytes that are sent';
  return [
    ...formsWith(
      'mac-over-decoded',
      'the MAC is over the decoded string, but the encoded one is sent: sign what you send',
      decodings,
    ),
    ...formsWith(
      'mac-over-encoded',
      'the MAC is over the encoded string, but the decoded one is sent: send what you sign',
      encodings,
    ),
    ...formsWith(
      'mac-over-line-break',
      `the MAC is over the original followed by a line break (echo adds one): ${must}`,
      [`${query}\n`, `${query}\r\n`],
    ),
    ...formsWith('mac-over-signs', `the MAC is over the original with "&" or "?" at its beginning or end: ${must}`, [
      `&${query}`,
      `?${query}`,
      `${query}&`,
    ]),
    ...formsWith(
      'mac-over-other-order',
      `the MAC is over the sorted parameters, which are sent in another order: ${must}`,
      [query.split('&').toSorted().join('&')],
    ),
    ...formsWith('mac-over-base64', `the MAC is over the Base64 of the original: ${must}`, [
      Buffer.from(query).toString('base64'),
    ]),
    { value: Buffer.from(query, 'utf16le'), rule: { rule: 'mac-over-utf-16', message: OVER_UTF16 } },
  ];
}

const OVER_UTF16 = 'the MAC is over the original as UTF-16: it must be over UTF-8, as it is sent';

/** Other functions of the right key and the original that make as many bytes. */
function otherFunction({ mac, hash, forms }: MacToFind, keys: readonly string[]): readonly Rule[] | undefined {
  if (hash !== 'sha1') return undefined;
  for (const form of forms) {
    const plain = [
      [form],
      ...keys.flatMap((key) => [
        [Buffer.from(key), form],
        [form, Buffer.from(key)],
      ]),
    ];
    if (plain.some((parts) => isEqual(createHash(hash).update(Buffer.concat(parts)).digest(), mac))) {
      return [{ rule: 'not-hmac', message: 'the MAC is a plain SHA-1: it must be HMAC-SHA1 with the SecretKey' }];
    }
    if (keys.some((key) => fits({ mac, hash }, form, Buffer.from(key)))) {
      const message = 'key and text of the HMAC are swapped: the SecretKey must be its key, the original its text';
      return [{ rule: 'hmac-arguments', message }];
    }
  }
  return undefined;
}
