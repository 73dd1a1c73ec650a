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

// Snapshots are not taken: every cover made by a procedure is this grey pixel.
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
  readonly log: (line: string) => void;
}

/** A refusal of the media server. */
class MediaError extends Error {
  override readonly name = 'MediaError';

  constructor(
    readonly status: 403 | 404 | 405 | 416,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Serves the files of the library over HTTP, with ranges, so that a browser can play and seek. */
export async function serveMedia(call: Call, deps: MediaDeps): Promise<void> {
  if (allowAnyOrigin(call)) return;
  try {
    await sendMedia(call, deps);
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    deps.log(`media ${call.method} ${call.path}: ${error.status}: ${error.message}`);
    reply(call.response, error.status, `${error.message}\n`, {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      ...error.headers,
    });
  }
}

async function sendMedia(call: Call, deps: MediaDeps): Promise<void> {
  const { state, procedures } = deps;
  assertNoHotlink(call, deps);
  const key = decodeURIComponent(call.path).slice(MEDIA_PATH.length);
  if (!['GET', 'HEAD'].includes(call.method)) {
    throw new MediaError(405, `The method must be GET or HEAD, not ${call.method}`, { allow: 'GET, HEAD' });
  }
  const media = state.media.get(fileIdOf(key));
  if (!media || directoryOf(media.key) !== directoryOf(key)) {
    throw new MediaError(404, 'There is no such file: it was not committed, or it was deleted');
  }
  if (media.isForbidden === true) throw new MediaError(403, 'Forbidden by ForbidMediaDistribution');
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
  if (stored === undefined)
    throw new MediaError(404, 'There is no such output of this file: it was not made, or it was deleted');
  const size = await sizeOf(state.bucket.file(stored));
  if (size === undefined) throw new MediaError(404, 'The bytes of this file are not stored: it was added without them');
  await sendFile(call, state.bucket.file(stored), size, headers);
}

/** @throws MediaError if Key hotlink protection refuses the request */
function assertNoHotlink(call: Call, { playbackKeys, now }: MediaDeps): void {
  if (playbackKeys.url.length === 0) return;
  const violation = findHotlinkViolation(call.path, call.query, playbackKeys.url, now());
  if (violation !== undefined) throw new MediaError(403, `Key hotlink protection: ${violation}`);
}

async function sendFile(call: Call, file: string, size: number, headers: Record<string, string>): Promise<void> {
  const range = parseRange(call.request.headers.range, size);
  if (range === 'unsatisfiable') {
    const message = `Range must be within the ${size} bytes of the file`;
    throw new MediaError(416, message, { 'content-range': `bytes */${size}` });
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
