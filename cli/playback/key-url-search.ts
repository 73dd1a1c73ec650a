import { KEY_URL_PARAMETERS, keyUrlDir, keyUrlSign } from '../../lib/playback/key-url';
import type { Rule } from '../../local/vod/diagnosis/rules';
import type { PlaybackKeys } from './keys';

/** One way to build a part of the hashed text, correct or not. */
interface Variant {
  readonly text: string;
  /** The rule that it violates; absent for the correct way. */
  readonly rule?: Rule;
}

/** A parameter of the query, as it was sent. */
export interface Parameter {
  readonly name: string;
  readonly value: string;
}

/** Every order of this many parameters is tried: at most 120 orders. */
const PERMUTED = 5;
const FORMULA = 'MD5(KEY + Dir + t + exper + rlimit + us + uv)';

/**
 * Finds how a URL's `sign` was computed, and returns the rules that this violates: none for a correct one, `undefined` if no
 * key and variant gives this `sign`. If several do, the one with the fewest violations counts.
 *
 * @param url with the query that was signed
 * @param parameters those of {@link KEY_URL_PARAMETERS} that were sent
 */
export function explainSign(
  sign: string,
  url: URL,
  parameters: readonly Parameter[],
  keys: PlaybackKeys,
): readonly Rule[] | undefined {
  const dirs = dirVariants(url);
  const values = valueVariants(parameters);
  const ways = keyVariants(keys).flatMap((key) =>
    dirs.flatMap((dir) => values.map((value) => ({ key, dir, value, rules: rulesOf(key, dir, value) }))),
  );
  const match = ways
    .sort((a, b) => a.rules.length - b.rules.length)
    .find(({ key, dir, value }) => keyUrlSign(key.text, dir.text, [value.text]) === sign);
  return match?.rules;
}

function rulesOf(...variants: readonly Variant[]): readonly Rule[] {
  return variants.flatMap(({ rule }) => rule ?? []);
}

function keyVariants({ playerKeys, urlKeys, secretKey }: PlaybackKeys): Variant[] {
  const playerKey = { rule: 'player-key', message: 'signed with the player key (播放密钥); a URL needs the URL key' };
  const secret = { rule: 'secret-key', message: 'signed with the SecretKey; a URL needs the URL key' };
  return distinct([
    ...urlKeys.map((text) => ({ text })),
    ...playerKeys.map((text) => ({ text, rule: playerKey })),
    ...(secretKey === undefined ? [] : [{ text: secretKey, rule: secret }]),
  ]);
}

function dirVariants(url: URL): Variant[] {
  const { host, origin, pathname } = url;
  const dir = keyUrlDir(url);
  const wrong = (rule: string, text: string, message: string) => ({ text, rule: { rule, message } });
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const end = 'Dir is the path up to and including its last "/"';
  return distinct([
    { text: dir },
    wrong('dir-with-file', pathname, `the whole path was hashed: ${end}`),
    wrong('dir-without-slash', dir.slice(0, -1), `Dir was hashed without its trailing "/": ${end}`),
    wrong('dir-without-slash', dir.slice(1), `Dir was hashed without its leading "/": ${end}`),
    wrong('dir-without-slash', dir.slice(1, -1), `Dir was hashed without its leading and trailing "/": ${end}`),
    wrong('dir-with-host', host + dir, `the host was hashed together with Dir: ${end}`),
    wrong('dir-with-host', origin + dir, `scheme and host were hashed together with Dir: ${end}`),
    wrong('dir-with-file', origin + pathname, `the whole URL was hashed: ${end}`),
    wrong('dir-decoded', decoded(dir), 'Dir was hashed decoded: hash it as it is sent, percent-encoded'),
    wrong('dir-decoded', decoded(pathname), `the whole path was hashed decoded: ${end}, percent-encoded`),
    wrong('dir-encoded', encodeURIComponent(dir), 'Dir was URL-encoded for the hash, "/" too: hash it as it is sent'),
    wrong('dir-missing', '', `Dir was not hashed: ${FORMULA}`),
  ]);
}

function valueVariants(parameters: readonly Parameter[]): Variant[] {
  const inOrder = KEY_URL_PARAMETERS.flatMap((name) => parameters.find((parameter) => parameter.name === name) ?? []);
  const join = (chosen: readonly Parameter[]) => chosen.map(({ value }) => value).join('');
  const head = inOrder.filter(({ name }) => KEY_URL_PARAMETERS.indexOf(name as 't') < PERMUTED);
  const tail = inOrder.slice(head.length);
  const t = head.find(({ name }) => name === 't')?.value ?? '';
  const decimal = inOrder.map(({ name, value }) =>
    name === 't' && /^[0-9a-f]{1,13}$/i.test(t) ? { name, value: String(parseInt(value, 16)) } : { name, value },
  );
  return distinct([
    { text: join(inOrder) },
    {
      text: join(decimal),
      rule: { rule: 't-hashed-decimal', message: 't was hashed in decimal: hash it as it is sent, in hexadecimal' },
    },
    ...inOrder.map((omitted) => ({
      text: join(inOrder.filter((parameter) => parameter !== omitted)),
      rule: { rule: 'not-hashed', message: `${omitted.name} is in the query, but was not hashed: ${FORMULA}` },
    })),
    ...permutations(head).map((order) => {
      const names = order.map(({ name }) => name).join(', ');
      return {
        text: join([...order, ...tail]),
        rule: { rule: 'hash-order', message: `hashed in the order ${names}: it must be ${FORMULA}` },
      };
    }),
  ]);
}

/** Of equal texts, the first. */
function distinct(variants: readonly Variant[]): Variant[] {
  return [...new Map(variants.toReversed().map((variant) => [variant.text, variant])).values()].reverse();
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
