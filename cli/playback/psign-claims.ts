import { asObject, getField } from '../../lib/platform/json';
import { AUDIO_VIDEO_TYPES } from '../../lib/playback/psign';
import type { Report } from '../../local/vod/diagnosis/rules';
import { isMilliseconds, isoTime, show } from './show';

export type Claims = Readonly<Record<string, unknown>>;

/** Where a claim is reported. */
interface Reports {
  readonly report: Report;
  /** For faults that VOD accepts. */
  readonly note: Report;
}

/** The template that each type requires (266/45554). */
const DEFINITIONS: Readonly<Record<(typeof AUDIO_VIDEO_TYPES)[number], readonly string[]>> = {
  Original: [],
  RawAdaptive: ['rawAdaptiveDefinition'],
  Transcode: ['transcodeDefinition'],
  ProtectedAdaptive: ['privateEncryptionDefinition', 'widevineDefinition', 'fairPlayDefinition'],
};
/** How far ahead a signer's clock may be, in seconds. */
const MAX_CLOCK_SKEW = 60;
/** Bounds of the preview in seconds, and of the number of IP addresses. */
const MIN_PREVIEW = 30;
const MAX_ADDRESSES = 9;

/** Whether the claims are those of a psign at all. */
export function isPsign(claims: Claims): boolean {
  return ['appId', 'fileId', 'contentInfo', 'urlAccessInfo'].some((name) => Object.hasOwn(claims, name));
}

/** A psign of the time before the player key (October 2022): without `contentInfo`, and signed with the URL key. */
export function isOldPsign(claims: Claims): boolean {
  return claims['contentInfo'] === undefined && misnamedContentInfo(claims) === undefined;
}

export function checkIdentity({ appId, fileId }: Claims, report: Report): void {
  if (appId === undefined)
    report('missing', 'appId is missing: a psign has appId, fileId, contentInfo, currentTimeStamp');
  else checkInteger('appId', appId, report);
  if (fileId === undefined) {
    report('missing', 'fileId is missing: a psign has appId, fileId, contentInfo, currentTimeStamp');
  } else if (typeof fileId === 'number') {
    report(
      'file-id-number',
      'fileId is a number: it must be a string, because a JSON number loses digits of a file id',
    );
  } else if (typeof fileId !== 'string' || fileId === '') {
    report('file-id-not-text', 'fileId must be a non-empty string');
  }
}

/** Which content of the file is played. */
export function checkContentInfo(claims: Claims, report: Report): void {
  const misnamed = misnamedContentInfo(claims);
  const contentInfo = claims['contentInfo'] ?? (misnamed === undefined ? undefined : claims[misnamed]);
  if (misnamed !== undefined && claims['contentInfo'] === undefined) {
    report('content-info-name', `"${misnamed}" must be called contentInfo`);
  }
  if (contentInfo === undefined) return;
  if (asObject(contentInfo) === undefined) {
    report('content-info-not-object', 'contentInfo must be an object such as {"audioVideoType": "Original"}');
    return;
  }
  const type = getField(contentInfo, 'audioVideoType');
  const definedType = AUDIO_VIDEO_TYPES.find((one) => one === type);
  const problem = type === undefined ? 'is missing' : `is ${show(type)}`;
  if (!definedType)
    report('audio-video-type', `audioVideoType ${problem}: it must be one of: ${AUDIO_VIDEO_TYPES.join(', ')}`);
  const drm = getField(contentInfo, 'drmAdaptiveInfo');
  const definitions = { ...contentInfo, ...asObject(drm) };
  for (const [name, value] of Object.entries(definitions)) {
    if (name.endsWith('Definition')) checkInteger(name, value, report);
  }
  const expected = DEFINITIONS[definedType ?? 'Original'];
  if (definedType === undefined || expected.length === 0) return;
  if (expected.some((name) => getField(definitions, name) !== undefined)) return;
  const where = definedType === 'ProtectedAdaptive' ? ' in drmAdaptiveInfo' : '';
  report('missing', `${definedType} requires ${expected.join(' or ')}${where}: the template's id`);
}

/** The name under which an object with `audioVideoType` stands, if that is not `contentInfo`. */
function misnamedContentInfo(claims: Claims): string | undefined {
  const others = Object.entries(claims).filter(([name]) => name !== 'contentInfo');
  const byContent = others.find(([, value]) => getField(value, 'audioVideoType') !== undefined);
  const byName = others.find(([name]) => name.toLowerCase().replace(/\W|_/g, '') === 'contentinfo');
  return (byContent ?? byName)?.[0];
}

export function checkTimes(
  { currentTimeStamp, expireTimeStamp }: Claims,
  nowSeconds: number,
  { report, note }: Reports,
): void {
  if (currentTimeStamp === undefined) {
    report('missing', 'currentTimeStamp is missing: a psign has appId, fileId, contentInfo, currentTimeStamp');
  }
  const start = secondsOf('currentTimeStamp', currentTimeStamp, report);
  if (start !== undefined && start > nowSeconds + MAX_CLOCK_SKEW) {
    report('not-yet-valid', `currentTimeStamp is ${start - nowSeconds} s in the future: set the signer's clock`);
  }
  if (expireTimeStamp === undefined) note('never-expires', 'expireTimeStamp is missing: the psign never expires');
  const end = secondsOf('expireTimeStamp', expireTimeStamp, report);
  if (end === undefined) return;
  if (start !== undefined && end <= start) {
    report('no-validity', 'expireTimeStamp must be later than currentTimeStamp: it is a point in time, not a duration');
  } else if (end < nowSeconds) {
    report('expired', `it expired ${isoTime(end)}, ${nowSeconds - end} s ago: sign a new one`);
  }
}

function secondsOf(name: string, value: unknown, report: Report): number | undefined {
  if (value === undefined || !checkInteger(name, value, report)) return undefined;
  if (!isMilliseconds(value)) return value;
  report('milliseconds', `${name} is in milliseconds: divide by 1000 and round down`);
  return Math.floor(value / 1000);
}

/**
 * How the URLs are signed that VOD returns to the player.
 *
 * @param isUrlKeyOn whether Key hotlink protection is known to be on
 */
export function checkUrlAccess(
  { urlAccessInfo: access }: Claims,
  nowSeconds: number,
  isUrlKeyOn: boolean,
  report: Report,
): void {
  if (access !== undefined && asObject(access) === undefined) {
    report('url-access-not-object', 'urlAccessInfo must be an object such as {"t": "6323e6b0"}');
    return;
  }
  const t = getField(access, 't');
  if (t !== undefined) checkHexTime('urlAccessInfo.t', t, nowSeconds, report);
  else if (isUrlKeyOn) {
    const advice = 'set it to the expiry in hexadecimal, otherwise they never expire';
    report(
      'url-t-missing',
      `urlAccessInfo.t is missing, and there is a URL key for the URLs that VOD returns: ${advice}`,
    );
  }
  const exper = getField(access, 'exper');
  if (exper !== undefined && checkInteger('urlAccessInfo.exper', exper, report) && exper !== 0 && exper < MIN_PREVIEW) {
    report('exper-bounds', `urlAccessInfo.exper is ${exper}: a preview has at least ${MIN_PREVIEW} seconds`);
  }
  const rlimit = getField(access, 'rlimit');
  if (rlimit !== undefined && checkInteger('urlAccessInfo.rlimit', rlimit, report)) {
    checkRlimit('urlAccessInfo.rlimit', rlimit, report);
  }
  const us = getField(access, 'us');
  if (us !== undefined && typeof us !== 'string') report('us-not-text', 'urlAccessInfo.us must be a string');
}

export function checkRlimit(name: string, rlimit: number, report: Report): void {
  if (rlimit >= 1 && rlimit <= MAX_ADDRESSES) return;
  report('rlimit-bounds', `${name} is ${rlimit}: it must be 1 to ${MAX_ADDRESSES}, or be omitted`);
}

/**
 * Checks an expiry in hexadecimal, and returns it in seconds where it can be read.
 *
 * @param tolerance seconds for which it counts after that
 */
export function checkHexTime(
  name: string,
  value: unknown,
  nowSeconds: number,
  report: Report,
  tolerance = 0,
): number | undefined {
  const seconds = readHexTime(name, value, report);
  if (seconds !== undefined && seconds + tolerance < nowSeconds) {
    report('url-expired', `${name} expired ${isoTime(seconds)}, ${nowSeconds - seconds} s ago: sign a new one`);
  }
  return seconds;
}

function readHexTime(name: string, value: unknown, report: Report): number | undefined {
  if (typeof value === 'number') {
    report('t-not-text', `${name} is a number: it must be a string, the expiry in hexadecimal`);
    return undefined;
  }
  const text = typeof value === 'string' ? value : '';
  // Read as hexadecimal, 10 digits are the year 4147 and later.
  if (/^(\d{10}|\d{13})$/.test(text)) {
    const seconds = text.length === 10 ? Number(text) : Math.floor(Number(text) / 1000);
    const unit = text.length === 10 ? '' : ' milliseconds';
    report('t-decimal', `${name} is decimal${unit}, must be hexadecimal${unit && ' seconds'}: ${seconds.toString(16)}`);
    return seconds;
  }
  const digits = text.replace(/^0x/i, '');
  const isHex = /^[0-9a-f]{1,13}$/i.test(digits);
  if (!isHex || digits !== text) {
    const meant = isHex ? `: ${digits.toLowerCase()}` : '';
    report('t-not-hex', `${name} must be hexadecimal digits without anything before them${meant}`);
    if (!isHex) return undefined;
  }
  if (digits !== digits.toLowerCase()) {
    report('t-upper-case', `${name} must be hexadecimal in lower case: ${digits.toLowerCase()}`);
  }
  const seconds = parseInt(digits, 16);
  if (!isMilliseconds(seconds)) return seconds;
  report('milliseconds', `${name} is in milliseconds: divide by 1000, round down, then write it in hexadecimal`);
  return Math.floor(seconds / 1000);
}

/** Returns whether a value is an integer, and reports one that is not. */
export function checkInteger(name: string, value: unknown, report: Report): value is number {
  if (Number.isSafeInteger(value)) return true;
  if (typeof value === 'string' && /^\d+$/.test(value)) {
    report('number-as-text', `${name} is the string "${value}": it must be the number ${value}, without quotes`);
  } else {
    report('not-an-integer', `${name} must be a whole number, not ${show(value)}`);
  }
  return false;
}
