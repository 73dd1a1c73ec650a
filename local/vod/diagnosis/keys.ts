import { contains } from './display';
import { isSecretIdShaped } from './names';
import type { Variant } from './mac-search';

/** A key pair that a signature may be made with. */
export interface KeyPair {
  readonly secretId?: string | undefined;
  readonly secretKey: string;
}

/** A key for another purpose, with which an upload may have been signed by mistake. */
export interface OtherKey {
  /** For the message, such as "the player key". */
  readonly name: string;
  readonly key: string;
}

/** Whether SecretId and SecretKey of a pair stand in each other's place. */
export function isSwapped({ secretId = '', secretKey }: KeyPair): boolean {
  return isSecretIdShaped(secretKey) && !isSecretIdShaped(secretId);
}

/** The texts that must not be shown. */
export function secretsOf(pairs: readonly KeyPair[], others: readonly OtherKey[]): string[] {
  const ofPairs = pairs.flatMap((pair) => (isSwapped(pair) ? (pair.secretId ?? []) : pair.secretKey));
  return [...ofPairs, ...others.map(({ key }) => key)].filter((secret) => secret !== '');
}

/** The pair whose SecretKey a text is or contains. */
export function exposedPair(text: string, pairs: readonly KeyPair[]): KeyPair | undefined {
  return pairs.find((pair) => contains(text, secretsOf([pair], [])));
}

/** Keys that are taken by mistake. */
export function wrongKeys(
  secretId: string,
  pairs: readonly KeyPair[],
  others: readonly OtherKey[],
): Variant<string | Buffer>[] {
  const variants: Variant<string | Buffer>[] = [];
  const add = (rule: string, message: string, values: readonly (string | Buffer)[]) => {
    variants.push(...values.map((value) => ({ value, rule: { rule, message } })));
  };
  const ids = [secretId, ...pairs.map((pair) => pair.secretId ?? '')].filter((id) => id !== '');
  add('key-without-value', 'the MAC is made with an empty key: set the variable of the SecretKey', ['']);
  for (const text of ['undefined', 'null', 'None', 'nil', '[object Object]', '[object Promise]']) {
    const message = `the MAC is made with the text "${text}" as its key: set the variable of the SecretKey`;
    add('key-without-value', message, [text]);
  }
  add('secret-id-as-key', 'the MAC is made with the SecretId as its key: sign with the SecretKey', ids);
  for (const { secretKey: key } of pairs) {
    const blank = 'the SecretKey was used with a space or line break at its beginning or end: trim it';
    const signs = ['\n', '\r\n', '\r', ' ', '\t', '\0', '\ufeff', '\n\n', ' \n'];
    add('key-with-blank', blank, [...signs.map((sign) => key + sign), ...signs.map((sign) => sign + key), key.trim()]);
    add('key-with-quotes', 'the SecretKey was used with quotes around it: remove them', [`"${key}"`, `'${key}'`]);
    const alone = 'sign with the SecretKey alone';
    const v3 = `the MAC is made with "TC3" before the SecretKey, as for the server API: ${alone}`;
    add('key-with-prefix', v3, [`TC3${key}`]);
    const oauth = `the MAC is made with "&" after the SecretKey, as for other clouds and OAuth: ${alone}`;
    add('key-with-prefix', oauth, [`${key}&`]);
    const encoded = ['base64', 'hex'] as const;
    const decodings = encoded.map((encoding) => Buffer.from(key, encoding));
    add('key-decoded', 'the SecretKey was decoded before it signed: its text is the key', decodings);
    const encodings = encoded.map((encoding) => Buffer.from(key).toString(encoding));
    add('key-encoded', 'the SecretKey was encoded in Base64 or hex before it signed: its text is the key', encodings);
    add('key-case', 'the SecretKey was used in another case: keep its capitals', [
      key.toLowerCase(),
      key.toUpperCase(),
    ]);
  }
  for (const { name, key } of others) {
    add('other-key', `the MAC is made with ${name}: an upload is signed with the SecretKey`, [key]);
  }
  const secretKeys = pairs.map(({ secretKey }) => secretKey);
  return variants.filter(({ value }) => typeof value !== 'string' || !secretKeys.includes(value));
}
