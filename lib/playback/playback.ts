import { omitUndefined } from '../platform/omit-undefined';
import { signKeyUrl } from './key-url';
import { signPsign, type ContentInfo } from './psign';

/** Which content of a file is played. */
export interface PlaybackContent {
  readonly audioVideoType: ContentInfo['audioVideoType'];
  /** Id of the template that produced it; ignored for `Original`. */
  readonly definition?: number;
}

export interface PlaybackConfig {
  /** VOD's application id. */
  readonly appId: number;
  /** Lifetime of a playback, in seconds. */
  readonly seconds: number;
  readonly content: PlaybackContent;
}

/** The keys to sign with: at least one of them. */
export interface PlaybackKeys {
  /** 播放密钥. */
  readonly playerKey?: string;
  /** The key of Key hotlink protection (Key 防盗链) of the domain. */
  readonly urlKey?: string;
}

export interface PlayableFile {
  readonly fileId: string;
  /** URL of the original. */
  readonly url?: string;
  readonly outputs?: readonly { readonly type?: string; readonly definition?: number; readonly url?: string }[];
}

/** The body that `GET /uploads/{fileId}/playback` returns. */
export interface Playback {
  readonly appId: number;
  readonly fileId: string;
  /** For the vendor's player SDKs; absent without a player key. */
  readonly psign?: string;
  /** For any player; absent without a URL key, and where the content has no URL that plays by itself. */
  readonly url?: string;
  /** Unix seconds until which both are valid. */
  readonly expireTime: number;
}

const DEFINITION_CLAIMS: Readonly<Record<ContentInfo['audioVideoType'], (definition: number) => Partial<ContentInfo>>> =
  {
    Original: () => ({}),
    Transcode: (transcodeDefinition) => ({ transcodeDefinition }),
    RawAdaptive: (rawAdaptiveDefinition) => ({ rawAdaptiveDefinition }),
    ProtectedAdaptive: (privateEncryptionDefinition) => ({ drmAdaptiveInfo: { privateEncryptionDefinition } }),
  };

/** The type of the outputs that each content plays. */
const OUTPUT_TYPES: Readonly<Partial<Record<ContentInfo['audioVideoType'], string>>> = {
  Transcode: 'Transcode',
  RawAdaptive: 'AdaptiveDynamicStreaming',
};

/**
 * Signs the playback of a file: a player signature (psign, 266/45554) and a URL with Key hotlink protection (266/14047),
 * each only if its key is given.
 *
 * @param now Unix seconds
 * @throws TypeError when the file's URL is not absolute
 */
export function signPlayback(file: PlayableFile, config: PlaybackConfig, keys: PlaybackKeys, now: number): Playback {
  const { appId, seconds, content } = config;
  const { playerKey, urlKey } = keys;
  const { fileId } = file;
  const { audioVideoType, definition } = content;
  const expireTime = now + seconds;
  const url = findUrl(file, content);
  const contentInfo: ContentInfo = {
    audioVideoType,
    ...(definition !== undefined && DEFINITION_CLAIMS[audioVideoType](definition)),
  };
  const claims = {
    appId,
    fileId,
    contentInfo,
    currentTimeStamp: now,
    expireTimeStamp: expireTime,
    // VOD signs the URLs that it returns to the player by these parameters.
    ...(urlKey !== undefined && { urlAccessInfo: { t: expireTime.toString(16) } }),
  };
  return omitUndefined({
    appId,
    fileId,
    psign: playerKey === undefined ? undefined : signPsign(claims, playerKey),
    url: urlKey === undefined || url === undefined ? undefined : signKeyUrl(url, { key: urlKey, expireTime }),
    expireTime,
  });
}

function findUrl({ url, outputs = [] }: PlayableFile, { audioVideoType, definition }: PlaybackContent) {
  if (audioVideoType === 'Original') return url;
  const outputType = OUTPUT_TYPES[audioVideoType];
  if (outputType === undefined) return undefined;
  const matches = outputs.filter((output) => output.type === outputType && output.url !== undefined);
  return matches.find((output) => definition === undefined || output.definition === definition)?.url;
}
