import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { findHotlinkViolation } from './hotlink';
import { allowAnyOrigin, reply, type Call } from './http';
import { definitionOf, directoryOf, fileIdOf, isSnapshotKey } from './media-keys';
import { contentTypeOf } from './media-types';
import type { PlaybackKeys } from './playback-keys';
import type { Procedures } from './procedures';
import type { Media, State } from './state';

// No snapshot is taken: every cover made by a procedure is this one grey pixel.
const SNAPSHOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

export const MEDIA_PATH = '/media/';

interface MediaDeps {
  readonly state: State;
  readonly procedures: Procedures;
  readonly playbackKeys: PlaybackKeys;
  readonly now: () => number;
}

/** Serves the files of the library over HTTP, with ranges, so that a browser can play and seek. */
export async function serveMedia(call: Call, deps: MediaDeps): Promise<void> {
  const { state, procedures } = deps;
  if (allowAnyOrigin(call) || replyIfHotlink(call, deps)) return;
  const key = decodeURIComponent(call.path).slice(MEDIA_PATH.length);
  const media = state.media.get(fileIdOf(key));
  if (!media || directoryOf(media.key) !== directoryOf(key) || !['GET', 'HEAD'].includes(call.method)) {
    replyNotFound(call);
    return;
  }
  if (media.isForbidden === true) {
    reply(call.response, 403, 'Forbidden by ForbidMediaDistribution\n');
    return;
  }
  const headers = {
    'content-type': contentTypeOf(extname(key).slice(1)),
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
  };
  if (isSnapshotKey(key)) {
    call.response.writeHead(200, { ...headers, 'content-length': SNAPSHOT.length }).end(SNAPSHOT);
    return;
  }
  const stored = storedKeyOf(key, media, procedures);
  const size = stored === undefined ? undefined : await sizeOf(state.bucket.file(stored));
  if (stored === undefined || size === undefined) replyNotFound(call);
  else await sendFile(call, state.bucket.file(stored), size, headers);
}

/** Returns true if Key hotlink protection refuses the request, which then has its response. */
function replyIfHotlink(call: Call, { playbackKeys, now }: MediaDeps): boolean {
  if (playbackKeys.url.length === 0) return false;
  const violation = findHotlinkViolation(call.path, call.query, playbackKeys.url, now());
  if (violation === undefined) return false;
  reply(call.response, 403, `Key hotlink protection: ${violation}\n`, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
  return true;
}

async function sendFile(call: Call, file: string, size: number, headers: Record<string, string>): Promise<void> {
  const range = parseRange(call.request.headers.range, size);
  if (range === 'unsatisfiable') {
    reply(call.response, 416, '', { 'content-range': `bytes */${size}` });
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  call.response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': end - start + 1,
    ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (call.method === 'HEAD' || size === 0) call.response.end();
  else await pipeline(createReadStream(file, { start, end }), call.response);
}

/** The key of the bytes to send. A transcoded output has the bytes of the original. */
function storedKeyOf(key: string, media: Media, procedures: Procedures): string | undefined {
  const definition = definitionOf(key);
  if (definition !== undefined) {
    const isThere = procedures.transcodedOutputs(media).some((output) => output.Definition === definition);
    return isThere ? media.key : undefined;
  }
  if (key === media.coverKey) return key;
  return key === media.key && media.isOriginalDeleted !== true ? key : undefined;
}

/** Undefined if the file does not exist. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch {
    return undefined;
  }
}

function replyNotFound(call: Call): void {
  reply(call.response, 404, 'No such file\n');
}

/** RFC 9110, section 14. A header that is invalid, or names several ranges, is ignored. */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
