import { KEY_URL_PARAMETERS, keyUrlDir } from '../../lib/playback/key-url';
import type { Diagnosis } from '../signature/diagnose';
import { collectRules, type Report } from '../../local/vod/diagnosis/rules';
import { explainSign, type Parameter } from './key-url-search';
import type { PlaybackKeys } from './keys';
import { checkHexTime, checkRlimit } from './psign-claims';
import { describeExpiry } from './show';

/** Seconds for which VOD plays a URL after its expiry (266/14047). */
const TOLERANCE = 300;

const KNOWN: readonly string[] = [...KEY_URL_PARAMETERS, 'sign'];
/** Parameters that VOD requires in this order (266/33986). */
const ORDERED: readonly string[] = ['t', 'exper', 'rlimit', 'us', 'sign'];

/**
 * Checks a URL against the rules of Key hotlink protection (Key 防盗链, 266/14047) and returns each one that it violates.
 *
 * @param text an absolute URL
 */
export function diagnoseKeyUrl(text: string, keys: PlaybackKeys, nowSeconds: number): Diagnosis {
  const { violations, notes, report, note } = collectRules();
  if (text.includes('&amp;')) report('html', 'it was copied from HTML: "&amp;" must be "&"');
  const url = new URL(text.replaceAll('&amp;', '&'));
  const query = url.search.slice(1).split('&').map(parameterOf);
  const parameters = Object.fromEntries([
    ['host', url.host],
    ['Dir', keyUrlDir(url)],
    ...KNOWN.flatMap((name) => query.filter((one) => one.name === name).map(({ value }) => [name, value])),
  ]) as Record<string, string>;
  const has = (name: string) => Boolean(parameters[name]);
  if (!has('t') && !has('sign')) {
    const cause = 'it is not an upload signature, and a media URL returns 403 while Key hotlink protection is on';
    report('not-signed', `it is a URL with neither t nor sign: ${cause}`);
    return { violations, notes, parameters, verified: false };
  }
  checkQuery(query, report);
  if (has('t')) {
    const seconds = checkHexTime('t', parameters['t'], nowSeconds, report, TOLERANCE);
    if (seconds !== undefined && seconds < nowSeconds && seconds + TOLERANCE >= nowSeconds) {
      note(
        'expired-lately',
        `it expired ${nowSeconds - seconds} s ago: VOD plays a URL for ${TOLERANCE} s after its expiry`,
      );
    }
  }
  checkOptions(parameters, report);
  const sign = parameters['sign'] ?? '';
  const isMd5 = /^[0-9a-f]{32}$/i.test(sign);
  if (has('sign') && !isMd5) report('sign-form', 'sign must be the 32 hexadecimal digits of an MD5');
  if (isMd5 && sign !== sign.toLowerCase())
    note('sign-upper-case', "sign is in upper case, VOD's examples are in lower case");
  const hashed = query.filter(({ name, value }) => name !== 'sign' && KNOWN.includes(name) && value !== '');
  const verified = isMd5 && checkSign(sign.toLowerCase(), url, hashed, keys, report);
  return { violations, notes, parameters, verified };
}

function parameterOf(pair: string): Parameter {
  const [name = ''] = pair.split('=', 1);
  return { name, value: pair.slice(name.length + 1) };
}

function checkQuery(query: readonly Parameter[], report: Report): void {
  const names = query.map(({ name }) => name);
  for (const name of ['t', 'sign']) {
    if (!query.some((one) => one.name === name && one.value !== '')) report('missing', `${name} is missing`);
  }
  const repeated = KNOWN.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  for (const name of repeated) report('duplicated', `${name} is in the query more than once: keep one`);
  const ordered = names.filter((name) => ORDERED.includes(name));
  const expected = ORDERED.filter((name) => ordered.includes(name));
  if (repeated.length === 0 && ordered.join() !== expected.join()) {
    report('query-order', `the query has ${ordered.join(', ')}: VOD requires the order ${expected.join(', ')}`);
  }
}

function checkOptions(parameters: Readonly<Record<string, string>>, report: Report): void {
  const { exper, rlimit } = parameters;
  for (const [name, value] of Object.entries({ exper, rlimit })) {
    if (value && !/^\d{1,9}$/.test(value)) report('not-a-number', `${name} must be decimal digits`);
  }
  if (rlimit && /^\d{1,9}$/.test(rlimit)) checkRlimit('rlimit', Number(rlimit), report);
}

/** Returns whether `sign` is correct and made with the URL key, and reports each violation. */
function checkSign(
  sign: string,
  url: URL,
  parameters: readonly Parameter[],
  keys: PlaybackKeys,
  report: Report,
): boolean {
  const mistakes = explainSign(sign, url, parameters, keys);
  for (const { rule, message } of mistakes ?? []) report(rule, message);
  if (mistakes === undefined && keys.urlKeys.length > 0) {
    report('wrong-sign', 'sign does not match: computed with another key, over other values, or modified afterwards');
  }
  return mistakes?.length === 0;
}

/** Returns what the URL permits, and until when: a `sign` is valid for every file of its folder. */
export function keyUrlPermission({ parameters, violations }: Diagnosis, nowSeconds: number): string | undefined {
  const { host = '', Dir: dir = '', t = '', exper, rlimit } = parameters;
  if (violations.length > 0) return undefined;
  const addresses = rlimit ? ` from ${rlimit} IP addresses` : '';
  const preview = exper && exper !== '0' ? `, ${exper} s of it` : '';
  const end = describeExpiry(parseInt(t, 16), nowSeconds);
  return `it permits playing every file in ${dir} of ${host}${addresses}${preview}, ${end}`;
}
