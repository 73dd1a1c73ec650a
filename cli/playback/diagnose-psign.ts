import { createHmac } from 'node:crypto';
import { asObject, parseJson } from '../../lib/platform/json';
import { timingSafeEqualStrings } from '../../lib/platform/timing-safe-equal';
import type { Diagnosis } from '../signature/diagnose';
import { collectRules, type Report } from '../../local/vod/diagnosis/rules';
import type { PlaybackKeys } from './keys';
import {
  checkContentInfo,
  checkIdentity,
  checkTimes,
  checkUrlAccess,
  isOldPsign,
  isPsign,
  type Claims,
} from './psign-claims';
import { show, describeExpiry } from './show';

/** The hash of a MAC, by its length in bytes. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [32, 'sha256'],
  [48, 'sha384'],
  [64, 'sha512'],
]);

/** The parts of a text that is a JWT, well or badly encoded; `undefined` for any other text. */
export function splitJwt(text: string): readonly [header: string, payload: string, mac: string] | undefined {
  const [header = '', payload = '', mac = '', ...rest] = text.replace(/\s/g, '').split('.');
  const areEncoded = [header, payload, mac].every((part) => /^[\w+/=-]*$/.test(part));
  const isHeader = asObject(parseJson(Buffer.from(header, 'base64url'))) !== undefined;
  return rest.length === 0 && payload !== '' && areEncoded && isHeader ? [header, payload, mac] : undefined;
}

/**
 * Checks a player signature (psign, a JWT) against the vendor's rules (266/45554) and returns each one that it violates.
 *
 * @param text one that {@link splitJwt} can split
 */
export function diagnosePsign(text: string, keys: PlaybackKeys, nowSeconds: number): Diagnosis {
  const { violations, notes, report, note } = collectRules();
  const [header = '', payload = '', mac = ''] = splitJwt(text) ?? [];
  if (/\s/.test(text)) report('line-wrapped', 'it has spaces or line breaks: make one line of it');
  if (/[+/=]/.test(header + payload + mac)) {
    report('not-base64url', 'its parts are standard Base64: a JWT has base64url, without "+", "/" and "="');
  }
  const claims = readClaims(payload);
  if (claims === undefined || !isPsign(claims)) {
    const problem = claims === undefined ? 'its payload is not a JSON object' : 'it has neither appId nor fileId';
    report('another-jwt', `it is a JWT, but neither a psign nor an upload signature: ${problem}, as in a login token`);
    return { violations, notes, parameters: {}, verified: false };
  }
  const { alg } = asObject(parseJson(Buffer.from(header, 'base64url'))) as { readonly alg?: unknown };
  if (alg !== 'HS256') {
    report('algorithm', `the header's alg is ${alg === undefined ? 'missing' : show(alg)}: it must be "HS256"`);
  }
  checkIdentity(claims, report);
  checkContentInfo(claims, report);
  checkTimes(claims, nowSeconds, { report, note });
  checkUrlAccess(claims, nowSeconds, keys.urlKeys.length > 0, report);
  const signed = checkMac(text, claims, keys, report);
  if (isOldPsign(claims) && signed === 'url-key') {
    const form = 'it has the format used before October 2022, without contentInfo and signed with the URL key';
    note('old-psign', `${form}: VOD still accepts it, new ones have contentInfo and the player key (266/51190)`);
  } else if (isOldPsign(claims)) {
    report(
      'missing',
      'contentInfo is missing: since October 2022 a psign has it, such as {"audioVideoType": "Original"}',
    );
  } else if (signed === 'url-key') {
    report('url-key', 'signed with the URL key; a psign needs the player key (播放密钥)');
  }
  const verified = signed === 'player-key' || (signed === 'url-key' && isOldPsign(claims));
  return { violations, notes, parameters: parametersOf(claims), verified };
}

/** Parses the claims; a claim that is null is treated as missing. */
function readClaims(payload: string): Claims | undefined {
  const claims = asObject(parseJson(Buffer.from(payload, 'base64url')));
  return claims && Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
}

/** The claims as {@link diagnosePsign} reports them, one level deep. */
function parametersOf(claims: Claims): Record<string, string> {
  const pairs = Object.entries(claims).flatMap(([name, value]) => {
    const members = asObject(value);
    if (!members) return [[name, value] as const];
    return Object.entries(members).map(([member, content]) => [`${name}.${member}`, content as unknown] as const);
  });
  return Object.fromEntries(pairs.map(([name, value]) => [name, typeof value === 'string' ? value : show(value)]));
}

/** Returns the key that signed it, if it is one of the two that can be right; any other key is reported. */
function checkMac(
  text: string,
  claims: Claims,
  keys: PlaybackKeys,
  report: Report,
): 'player-key' | 'url-key' | undefined {
  const [header = '', payload = '', encodedMac = ''] = splitJwt(text) ?? [];
  const mac = readMac(encodedMac, report);
  if (mac === undefined) return undefined;
  const { appId } = claims;
  if (keys.appId !== undefined && Number.isSafeInteger(appId) && appId !== keys.appId) {
    report('another-application', `appId is ${show(appId)}, this deployment has ${keys.appId}`);
    return undefined;
  }
  const signedText = `${header}.${payload}`;
  const signed = [signedText, toBase64Url(signedText)];
  const fits = (key: string | Buffer) =>
    signed.some((input) => {
      const expected = createHmac(HASHES.get(mac.length) ?? 'sha256', key)
        .update(input)
        .digest('hex');
      return timingSafeEqualStrings(expected, mac.toString('hex'));
    });
  const { playerKeys, urlKeys, secretKey, secretId } = keys;
  if (playerKeys.some(fits)) return 'player-key';
  if (urlKeys.some(fits)) return 'url-key';
  if (secretKey !== undefined && fits(secretKey)) {
    report('secret-key', 'signed with the SecretKey; a psign needs the player key (播放密钥)');
  } else if (secretId !== undefined && fits(secretId)) {
    report('secret-id', 'signed with the SecretId; a psign needs the player key (播放密钥)');
  } else if (playerKeys.some((key) => fits(`${key}\n`) || fits(`${key}\r\n`))) {
    report('key-with-line-break', 'the player key was used with a line break at its end: remove it');
  } else if (playerKeys.some((key) => fits(Buffer.from(key, 'base64')))) {
    report('key-decoded', 'the player key was Base64-decoded before it signed: its text is the key');
  } else if (playerKeys.length > 0) {
    report(
      'wrong-mac',
      'the MAC does not match: signed with another player key, over other bytes, or modified afterwards',
    );
  }
  return undefined;
}

/** The bytes of the third part; `undefined` if they are not a MAC. */
function readMac(part: string, report: Report): Buffer | undefined {
  if (part === '') {
    report('no-mac', 'the third part is empty: it is not signed');
    return undefined;
  }
  const decoded = Buffer.from(part, 'base64url');
  for (const hex of [part, decoded.toString('latin1')]) {
    if (!/^[0-9a-f]{64}$/i.test(hex)) continue;
    report('mac-in-hex', 'the MAC is in hex: encode its 32 raw bytes in base64url');
    return Buffer.from(hex, 'hex');
  }
  if (decoded.length !== 32) {
    report('mac-length', `the MAC has ${decoded.length} bytes: HMAC-SHA256 has 32`);
  }
  return HASHES.has(decoded.length) ? decoded : undefined;
}

function toBase64Url(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Returns what the psign permits, and until when. */
export function psignPermission({ parameters, violations }: Diagnosis, nowSeconds: number): string | undefined {
  const { fileId, appId, expireTimeStamp } = parameters;
  if (violations.length > 0 || fileId === undefined || appId === undefined) return undefined;
  const content = parameters['contentInfo.audioVideoType'];
  const end = expireTimeStamp === undefined ? 'without an expiry' : describeExpiry(Number(expireTimeStamp), nowSeconds);
  return `it permits playing ${fileId} of application ${appId}${content ? ` (${content})` : ''}, ${end}`;
}
