import { isDeepStrictEqual } from 'node:util';
import type { Playback } from '../../../lib/playback/playback';
import type { UploadView } from '../../../lib/uploads/view';
import type { Vod } from '../../../local/vod/server';
import { signRequest } from '../../support/lambda';
import { apply, sendRequest, cos, ugc } from '../../support/vod/vod-client';

/** A response of a function with a route. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface UserRouteServices {
  readonly vod: Vod;
  /** Calls a packaged function; resolves to its response. */
  readonly call: (name: string, event: object) => Promise<unknown>;
  /** As `call`; notes a problem where the local run returns something else. */
  readonly compare: (name: string, event: object, comparable: (response: unknown) => unknown) => Promise<unknown>;
}

/** The file that {@link uploadVideo} uploads. */
const VIDEO = smallMp4();

/** Uploads a small video with a signature. Returns its FileId. */
export async function uploadVideo({ port }: Vod, signature: string): Promise<string> {
  const file = { videoName: 'cat', videoType: 'mp4', videoSize: VIDEO.length };
  const applied = await apply(port, signature, file);
  await cos(port, applied, { method: 'PUT', path: applied.video.storagePath, body: VIDEO });
  const { vodSessionKey } = applied;
  const { code, message, data } = await ugc(port, 'Commit', { signature, vodSessionKey });
  if (code !== 0) throw new Error(`Cannot upload: Commit returned ${code} ${message}`);
  return data.fileId;
}

/** A call of a route of app users as API Gateway makes it, for the caller that the token names. */
export function userRequest(fileId?: string, headers: Readonly<Record<string, string>> = {}) {
  const event = signRequest();
  return {
    ...event,
    ...(fileId !== undefined && { pathParameters: { fileId } }),
    headers: { ...event.headers, ...headers },
  };
}

/**
 * Reads, plays and deletes uploads of `user-42` through the packaged functions. Returns a message for each thing that is
 * wrong.
 *
 * @param played is `ready`, and was uploaded by {@link uploadVideo}
 * @param deleted is `ready`, and is deleted in VOD
 */
export async function userRouteProblems(
  played: string,
  deleted: string,
  services: UserRouteServices,
): Promise<string[]> {
  const { vod, call, compare } = services;
  const problems: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (isDeepStrictEqual(found, wanted)) return;
    problems.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  };
  const list = (await compare('uploads', userRequest(), withoutVersions)) as HttpResponse;
  const { uploads } = bodyOf(list) as { uploads: readonly UploadView[] };
  const listed = uploads.map(({ fileId }) => fileId);
  expect(
    'the list has both uploads',
    [played, deleted].filter((id) => !listed.includes(id)),
    [],
  );

  const one = (await compare('uploads', userRequest(played), withoutVersions)) as HttpResponse;
  const upload = bodyOf(one) as UploadView;
  expect('the status of the upload', upload.status, 'ready');
  expect('the URL of an upload that plays with a signature only', upload.url, undefined);
  const { etag = '' } = one.headers;
  expect('the ETag', etag, `"${upload.version}"`);
  const unchanged = (await call('uploads', userRequest(played, { 'if-none-match': etag }))) as HttpResponse;
  expect('the unchanged upload', [unchanged.statusCode, unchanged.body], [304, undefined]);

  const playback = (await compare('playback', userRequest(played), withoutExpiry)) as HttpResponse;
  problems.push(...(await playProblems(vod, bodyOf(playback) as Playback)));

  const removed = (await call('deleteUpload', userRequest(deleted))) as HttpResponse;
  expect('the deletion', [removed.statusCode, (bodyOf(removed) as UploadView).fileId], [202, deleted]);
  return problems;
}

/** Plays what a playback returned: its URL, and what the vendor's players get for its psign. */
async function playProblems(vod: Vod, { appId, fileId, psign = '', url = '' }: Playback): Promise<string[]> {
  const problems: string[] = [];
  const file = await fetch(url);
  if (!file.ok || !VIDEO.equals(Buffer.from(await file.arrayBuffer()))) {
    problems.push(`the playback URL does not return the file: ${url} returned ${file.status}`);
  }
  const bare = await fetch(url.replace(/\?.*/, ''));
  if (bare.status !== 403) problems.push(`the URL without its signature returned ${bare.status}, not 403`);
  const path = `/getplayinfo/v4/${appId}/${fileId}?psign=${psign}`;
  const { text } = await sendRequest(vod.port, { host: 'playvideo.qcloud.com', path });
  if (!text.startsWith('{"code":0,')) problems.push(`the psign does not play: ${text}`);
  return problems;
}

function bodyOf({ body = '{}' }: HttpResponse): unknown {
  return JSON.parse(body);
}

/** A response without versions and times: the local run gets VOD's own event, which may come before or after another write. */
function withoutVersions(response: unknown): object {
  const { headers, ...rest } = response as HttpResponse;
  const { etag: _, ...others } = headers;
  const body: unknown = JSON.parse((response as HttpResponse).body ?? 'null', (name, value: unknown) =>
    name === 'version' || name === 'updatedAt' ? undefined : value,
  );
  return { ...rest, headers: others, body };
}

/** A playback without what depends on the second in which it was signed. */
function withoutExpiry(response: unknown): object {
  const { expireTime: _, psign = '', url = '', ...body } = bodyOf(response as HttpResponse) as Playback;
  const [header = ''] = psign.split('.');
  const { origin, pathname, searchParams } = new URL(url);
  return {
    ...(response as HttpResponse),
    body: { ...body, header, url: origin + pathname, query: [...searchParams.keys()] },
  };
}

/** A video of 2.5 s, in as much of the format as VOD needs to read it. */
function smallMp4(): Buffer {
  const box = (name: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(body.length + 8);
    head.write(name, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const movieHeader = Buffer.alloc(100);
  movieHeader.writeUInt32BE(600, 12);
  movieHeader.writeUInt32BE(1500, 16);
  const trackHeader = Buffer.alloc(84);
  trackHeader.writeUInt16BE(640, 76);
  trackHeader.writeUInt16BE(360, 80);
  return Buffer.concat([
    box('ftyp', Buffer.from('isom')),
    box('moov', Buffer.concat([box('mvhd', movieHeader), box('trak', box('tkhd', trackHeader))])),
  ]);
}
