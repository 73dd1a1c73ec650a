import { createHash } from 'node:crypto';
import type { ParsedUrlQueryInput } from 'node:querystring';
import { SignJWT, type JWTPayload } from 'jose';
import { apply, sendRequest, cos, sign, ugc, type Committed } from './vod-client';

// Signatures of playback, written from the vendor's documents: none of this comes from the code under test.

export const APP_ID = 1500000001;
export const PLAYER_KEY = 'TxtyhLlgo7J3iOADIron';
export const URL_KEY = '24FEQmTzro4V5u3D5epW';

/** A URL with Key hotlink protection: MD5 of the key, the directory and the given values in their order (266/14047). */
export function keyUrl(url: string, values: Readonly<Record<string, string>>, key = URL_KEY): string {
  const { pathname } = new URL(url);
  const dir = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  const text = [key, dir, ...Object.values(values)].join('');
  const digest = createHash('md5').update(text).digest('hex');
  return `${url}?${new URLSearchParams({ ...values, sign: digest }).toString()}`;
}

/** Unix seconds in hexadecimal. */
export function hexSeconds(time: number): string {
  return Math.floor(time / 1000).toString(16);
}

/** A player signature (266/42436). `changed` replaces or, with undefined, removes claims. */
export function psignOf(fileId: string, now: number, changed: JWTPayload = {}, key = PLAYER_KEY): Promise<string> {
  const seconds = Math.floor(now / 1000);
  const claims = {
    appId: APP_ID,
    fileId,
    contentInfo: { audioVideoType: 'Original' },
    currentTimeStamp: seconds,
    expireTimeStamp: seconds + 3600,
    ...changed,
  };
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(key));
}

/** Uploads a file and a cover. */
export async function uploadWithCover(
  port: number,
  body: string | Buffer,
  { type = 'mp4', ...parameters }: ParsedUrlQueryInput & { readonly type?: string } = {},
): Promise<Committed> {
  const video = { videoName: 'holiday', videoType: type, videoSize: body.length };
  const cover = { coverName: 'c', coverType: 'png', coverSize: 3 };
  const applied = await apply(port, sign(parameters), { ...video, ...cover });
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body });
  await cos(port, applied, { method: 'PUT', path: applied.cover.storagePath, body: 'png' });
  const { vodSessionKey } = applied;
  return (await ugc(port, 'Commit', { signature: sign(parameters), vodSessionKey })).data;
}

/** The response of playvideo.qcloud.com (PlayInfoParserV4 of the vendor's SuperPlayer demo). */
export interface PlayInfo {
  readonly code: number;
  readonly message: string;
  readonly requestId: string;
  readonly version: number;
  readonly media?: {
    readonly basicInfo: {
      readonly name: string;
      readonly size: number;
      readonly duration: number;
      readonly description: string;
      readonly coverUrl: string;
    };
    readonly audioVideoType: string;
    readonly originalInfo?: { readonly url: string };
    readonly transcodeInfo?: { readonly url: string };
  };
}

/** Asks as the vendor's players do. */
export async function playInfo(port: number, fileId: string, psign: string, appId = APP_ID): Promise<PlayInfo> {
  const path = `/getplayinfo/v4/${appId}/${fileId}?psign=${encodeURIComponent(psign)}`;
  const { status, text } = await sendRequest(port, { host: 'playvideo.qcloud.com', path });
  if (status !== 200) throw new Error(`getplayinfo returned ${status} ${text}`);
  return JSON.parse(text) as PlayInfo;
}
