import { createHmac } from 'node:crypto';

export const AUDIO_VIDEO_TYPES = ['RawAdaptive', 'ProtectedAdaptive', 'Transcode', 'Original'] as const;

/** The `contentInfo` of a psign: which output of a file the player shows (266/45554). */
export interface ContentInfo {
  readonly audioVideoType: (typeof AUDIO_VIDEO_TYPES)[number];
  readonly rawAdaptiveDefinition?: number;
  readonly transcodeDefinition?: number;
  /** For `ProtectedAdaptive`. */
  readonly drmAdaptiveInfo?: { readonly privateEncryptionDefinition?: number };
  readonly imageSpriteDefinition?: number;
}

export interface PsignClaims {
  /** VOD's application id. A number: as a text the player refuses it. */
  readonly appId: number;
  readonly fileId: string;
  readonly contentInfo: ContentInfo;
  /** Unix seconds. */
  readonly currentTimeStamp: number;
  /** Unix seconds until which the player accepts the signature. */
  readonly expireTimeStamp?: number;
  /** Parameters of Key hotlink protection for the URLs that VOD returns; `t` is the expiry in hexadecimal. */
  readonly urlAccessInfo?: {
    readonly t?: string;
    readonly exper?: number;
    readonly rlimit?: number;
    readonly us?: string;
    readonly domain?: string;
    readonly scheme?: string;
  };
}

const HEADER = encodeJson({ alg: 'HS256', typ: 'JWT' });

/** The player signature: a JWT under HS256 with the player key (播放密钥, 266/45554). */
export function signPsign(claims: PsignClaims, playerKey: string): string {
  const signed = `${HEADER}.${encodeJson(claims)}`;
  return `${signed}.${psignMac(signed, playerKey)}`;
}

/** The MAC over a JWT's first two parts, in base64url. */
export function psignMac(signed: string, playerKey: string): string {
  return createHmac('sha256', playerKey).update(signed).digest('base64url');
}

function encodeJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
