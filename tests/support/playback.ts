import { createHash, createHmac } from 'node:crypto';
import { explainPlayback } from '../../cli/playback/explain';
import type { PlaybackKeys } from '../../cli/playback/keys';

// Psigns and Key URLs, made with the vendor's steps (266/45554, 266/14047), or with one of them wrong.

/** Unix seconds, soon after the vendor's example was signed. */
export const NOW = 1_663_064_300;
export const PLAYER_KEY = 'TxtyhLlgo7J3iOADIron';
export const URL_KEY = '24FEQmTzro4V5u3D5epW';
export const SECRET_KEY = 'a-secret-key-of-tests';

export const keys: PlaybackKeys = {
  playerKeys: [PLAYER_KEY],
  urlKeys: [URL_KEY],
  secretId: 'AKIDtest',
  secretKey: SECRET_KEY,
  appId: 1_255_566_655,
};

/** The claims of the vendor's example. */
export const CLAIMS = {
  appId: 1_255_566_655,
  fileId: '4564972818519602447',
  contentInfo: { audioVideoType: 'RawAdaptive', rawAdaptiveDefinition: 10, imageSpriteDefinition: 10 },
  currentTimeStamp: 1_663_064_276,
  expireTimeStamp: 1_663_294_210,
  urlAccessInfo: { t: '6323e6b0', rlimit: 3, us: '72d4cd1101' },
};

export const encodeJson = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The first two parts of a psign. */
export const unsigned = (claims: object, header: object = { alg: 'HS256', typ: 'JWT' }) =>
  `${encodeJson(header)}.${encodeJson(claims)}`;

export const mac = (signed: string, key: string | Buffer = PLAYER_KEY, hash = 'sha256') =>
  createHmac(hash, key).update(signed).digest();

/** The vendor's example with other claims; one that is `undefined` is omitted. */
export function psign(changes: object = {}, key: string | Buffer = PLAYER_KEY, header?: object): string {
  const signed = unsigned({ ...CLAIMS, ...changes }, header);
  return `${signed}.${mac(signed, key).toString('base64url')}`;
}

/** `t` of the vendor's example. */
export const T = '6323e6b0';
export const DIR = '/dir1/dir2/';
export const VIDEO = `http://example.vod2.myqcloud.com${DIR}myVideo.mp4`;

export const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** A URL whose `sign` is the MD5 of any text. */
export const keyUrl = (query: string, hashed: string, video = VIDEO) => `${video}?${query}&sign=${md5(hashed)}`;

export const explain = (text: string, given = keys) => explainPlayback(text, given, NOW)?.diagnosis;
export const rulesOf = (text: string, given = keys) => explain(text, given)?.violations.map(({ rule }) => rule);
export const notesOf = (text: string, given = keys) => explain(text, given)?.notes.map(({ rule }) => rule);
