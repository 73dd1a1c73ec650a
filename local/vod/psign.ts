// The player signature (播放器签名), a JWT: https://cloud.tencent.com/document/product/266/42436
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { UrlAccess } from './hotlink';
import { isObject, jsonObject } from './http';
import { PlayError } from './play-error';
import type { PlaybackKeys } from './playback-keys';
import { APP_ID } from './state';

const MIN_PREVIEW_SECONDS = 30;
const MAX_IP_ADDRESSES = 9;
const AUDIO_VIDEO_TYPES = ['Original', 'Transcode', 'RawAdaptive', 'ProtectedAdaptive'] as const;
type AudioVideoType = (typeof AUDIO_VIDEO_TYPES)[number];
const DEFINITIONS = ['transcodeDefinition', 'rawAdaptiveDefinition', 'imageSpriteDefinition'] as const;
/** The member of contentInfo that each type requires. */
const REQUIRED_CLAIMS: Readonly<Record<AudioVideoType, string | undefined>> = {
  Original: undefined,
  Transcode: 'transcodeDefinition',
  RawAdaptive: 'rawAdaptiveDefinition',
  ProtectedAdaptive: 'drmAdaptiveInfo',
};

/** The access that a valid psign grants. */
export interface Psign {
  readonly audioVideoType: AudioVideoType;
  /** The template id of the output to play, for `Transcode` only. */
  readonly transcodeDefinition: number | undefined;
  readonly urlAccess: Partial<UrlAccess>;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * Verifies the psign of a file of this application. Throws a PlayError that says what is wrong.
 *
 * @param now milliseconds
 */
export function verifyPsign(psign: string, keys: PlaybackKeys, fileId: string, now: number): Psign {
  if (psign === '') throw new PlayError('noPsign', 'The request has no psign');
  const claims = readClaims(psign, keys);
  checkFile(claims, fileId);
  checkTimes(claims, now);
  return { ...readContentInfo(claims['contentInfo']), urlAccess: readUrlAccessInfo(claims['urlAccessInfo']) };
}

function readClaims(psign: string, keys: PlaybackKeys): Claims {
  const [header = '', payload = '', signature = '', ...rest] = psign.split('.');
  if (signature === '' || rest.length > 0) throw invalid('it is not a JWT, which has three parts separated by "."');
  const { alg, typ } = decode(header) ?? {};
  if (alg !== 'HS256' || typ !== 'JWT') throw invalid('the header must be {"alg":"HS256","typ":"JWT"}');
  const isSignedWith = (key: string): boolean => isEqual(macOf(`${header}.${payload}`, key), signature);
  if (!keys.player.some(isSignedWith)) {
    if (keys.player.length === 0) throw invalid('this VOD has no player key');
    // The first of the vendor's common errors.
    if (keys.url.some(isSignedWith)) {
      throw invalid('it is signed with the key of Key hotlink protection, not with the player key');
    }
    throw invalid('it is not signed with the player key');
  }
  const claims = decode(payload);
  if (!claims) throw invalid('the payload is not a JSON object');
  return claims;
}

function checkFile(claims: Claims, fileIdOfRequest: string): void {
  const appId = requireClaim(getInteger(claims, 'appId'), 'appId');
  if (appId !== APP_ID) throw invalid(`appId is ${appId}, but the request is for ${APP_ID}`);
  const fileId = requireClaim(getString(claims, 'fileId'), 'fileId');
  if (fileId !== fileIdOfRequest) throw invalid(`fileId is "${fileId}", but the request is for ${fileIdOfRequest}`);
}

function checkTimes(claims: Claims, now: number): void {
  requireClaim(getInteger(claims, 'currentTimeStamp'), 'currentTimeStamp');
  const expiresAt = getInteger(claims, 'expireTimeStamp');
  if (expiresAt !== undefined && expiresAt * 1000 < now) {
    throw new PlayError(
      'expired',
      `The psign expired: expireTimeStamp is ${expiresAt}, now is ${Math.floor(now / 1000)}`,
    );
  }
}

function readContentInfo(info: unknown): Pick<Psign, 'audioVideoType' | 'transcodeDefinition'> {
  if (!isObject(info)) throw invalid('contentInfo must be an object');
  const audioVideoType = AUDIO_VIDEO_TYPES.find((type) => type === info['audioVideoType']);
  if (audioVideoType === undefined) {
    throw invalid(`contentInfo.audioVideoType must be one of: ${AUDIO_VIDEO_TYPES.join(', ')}`);
  }
  for (const name of DEFINITIONS) getInteger(info, name, 'contentInfo.');
  const required = REQUIRED_CLAIMS[audioVideoType];
  if (required !== undefined) requireClaim(info[required], `contentInfo.${required}`);
  return { audioVideoType, transcodeDefinition: getInteger(info, 'transcodeDefinition', 'contentInfo.') };
}

function readUrlAccessInfo(info: unknown): Partial<UrlAccess> {
  if (info === undefined) return {};
  if (!isObject(info)) throw invalid('urlAccessInfo must be an object');
  const t = getString(info, 't', 'urlAccessInfo.');
  const us = getString(info, 'us', 'urlAccessInfo.');
  const exper = getInteger(info, 'exper', 'urlAccessInfo.');
  const rlimit = getInteger(info, 'rlimit', 'urlAccessInfo.');
  if (t !== undefined && !/^[0-9a-f]+$/.test(t)) throw invalid('urlAccessInfo.t is not hexadecimal in lower case');
  if (rlimit !== undefined && (rlimit < 0 || rlimit > MAX_IP_ADDRESSES)) {
    throw invalid(`urlAccessInfo.rlimit must be at most ${MAX_IP_ADDRESSES}`);
  }
  if (exper !== undefined && exper !== 0 && exper < MIN_PREVIEW_SECONDS) {
    throw new PlayError('wrongPreview', `urlAccessInfo.exper must be 0 or at least ${MIN_PREVIEW_SECONDS}`);
  }
  return {
    ...(t !== undefined && { t }),
    ...(exper !== undefined && { exper }),
    ...(rlimit !== undefined && { rlimit }),
    ...(us !== undefined && { us }),
  };
}

function requireClaim<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalid(`${name} is missing`);
  return value;
}

function getString(claims: Claims, name: string, prefix = ''): string | undefined {
  const value = claims[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(`${prefix}${name} must be a string, not ${JSON.stringify(value)}`);
}

function getInteger(claims: Claims, name: string, prefix = ''): number | undefined {
  const value = claims[name];
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return value;
  throw invalid(`${prefix}${name} must be an integer, not ${JSON.stringify(value)}`);
}

function invalid(reason: string): PlayError {
  return new PlayError('wrongPsign', `psign check failed: ${reason}`);
}

function decode(part: string): Claims | undefined {
  return jsonObject(Buffer.from(part, 'base64url'));
}

function macOf(signed: string, key: string): string {
  return createHmac('sha256', key).update(signed).digest('base64url');
}

/** Compares the text, since several texts decode to the same bytes. */
function isEqual(expected: string, received: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(received);
  return a.length === b.length && timingSafeEqual(a, b);
}
