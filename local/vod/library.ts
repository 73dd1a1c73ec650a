import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { allowAnyOrigin, reply, type Call } from './http';
import { fileDeleted, newFileUpload, type DeletedPart, type MediaView } from './messages';
import { describe, type Picture } from './mp4';
import type { Notifications } from './notifications';
import type { Procedures } from './procedures';
import type { Media, Session, State } from './state';

const CONTENT_TYPES: Record<string, string> = {
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  flv: 'video/x-flv',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  wav: 'audio/wav',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
};

// No snapshot is taken: every cover made by a procedure is this one grey pixel.
const SNAPSHOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

/** The media library: what was committed, how it looks from outside, and its bytes over plain HTTP. */
export class Library {
  constructor(
    private readonly state: State,
    private readonly origin: string,
    private readonly notifications: Notifications,
    private readonly procedures: Procedures,
    private readonly now: () => number,
  ) {}

  /** Where a browser can play or show a stored file. */
  url(key: string): string {
    return `${this.origin}/media/${key}`;
  }

  /** How the file looks from outside, in the words of the server API. */
  view(media: Media): MediaView {
    const contentType = CONTENT_TYPES[media.type.toLowerCase()] ?? 'video/';
    const { duration, width, height } = media;
    const className = media.classId === 0 ? '其他' : '';
    return {
      FileId: media.fileId,
      BasicInfo: {
        Name: media.name,
        Description: '',
        CreateTime: isoTime(media.createTime),
        UpdateTime: isoTime(media.updateTime),
        ExpireTime: media.expireTime,
        ClassId: media.classId,
        ClassName: className,
        ClassPath: className,
        CoverUrl: media.coverKey && this.url(media.coverKey),
        Type: media.type,
        MediaUrl: this.url(media.key),
        TagSet: [],
        StorageRegion: media.storageRegion,
        SourceInfo: { SourceType: 'Upload', SourceContext: media.sourceContext },
        Vid: media.fileId,
        Category: contentType.startsWith('image/') ? 'Image' : contentType.startsWith('audio/') ? 'Audio' : 'Video',
        Status: 'Normal',
        StorageClass: 'STANDARD',
      },
      MetaData: {
        Size: media.size,
        Container: media.type,
        ...(width === undefined || height === undefined ? {} : { Width: width, Height: height }),
        ...(duration === undefined ? {} : { Duration: duration, VideoDuration: duration }),
        ...(duration ? { Bitrate: Math.round((media.size * 8) / duration) } : {}),
      },
    };
  }

  /** What an uploaded file is by itself, before it is added. */
  async inspect({ video }: Session): Promise<Picture> {
    return video ? describe(this.state.bucket.file(video.key)) : {};
  }

  /** Takes a finished upload in. A new cover of a file that is here already brings no event. */
  add({ fileId, video, cover, signed, ...session }: Session, picture: Picture): void {
    const now = this.now();
    if (!video) {
      const media = this.state.media.get(fileId);
      if (!media) return;
      if (media.coverKey) this.state.bucket.remove(media.coverKey);
      this.state.media.set(fileId, { ...media, coverKey: cover?.key ?? '', updateTime: now });
      return;
    }
    const media: Media = {
      fileId,
      key: video.key,
      name: video.name,
      type: video.type,
      size: this.state.bucket.find(video.key)?.size ?? 0,
      createTime: now,
      updateTime: now,
      expireTime: session.expireTime,
      classId: signed.classId,
      storageRegion: session.storageRegion,
      sourceContext: signed.sourceContext,
      coverKey: cover?.key ?? '',
      ...picture,
    };
    this.state.media.set(fileId, media);
    this.notifications.publish(newFileUpload(this.view(media), session.taskId));
    if (session.taskId) this.procedures.start(session.taskId, fileId, signed);
  }

  /** Deletes the file, or says that parts of it were deleted: the parts are not files of their own here. */
  delete(media: Media, parts: DeletedPart[]): void {
    this.state.together(() => {
      if (parts.length === 0) {
        this.state.media.delete(media.fileId);
        for (const key of [media.key, media.coverKey]) if (key) this.state.bucket.remove(key);
      }
      this.notifications.publish(fileDeleted(media.fileId, parts));
    });
  }

  /** Gives the cover that a procedure made to a file that has none. */
  setSnapshotCover(fileId: string): void {
    const media = this.state.media.get(fileId);
    if (media?.coverKey !== '') return;
    this.state.media.set(fileId, { ...media, coverKey: `${dirOf(media.key)}/snapshot.png`, updateTime: this.now() });
  }

  /** Serves what `url` names, with ranges, so that a browser can play and seek. */
  async serve(call: Call): Promise<void> {
    if (allowAnyOrigin(call)) return;
    const key = decodeURIComponent(call.path).replace(/^\/media\//, '');
    const media = this.state.media.get(dirOf(key).slice(-19));
    const name = key.slice(dirOf(key).length + 1);
    const headers = {
      'content-type': CONTENT_TYPES[/\.([a-z0-9]+)$/.exec(key)?.[1] ?? ''] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
    };
    if (!media || dirOf(media.key) !== dirOf(key) || !['GET', 'HEAD'].includes(call.method)) {
      reply(call.response, 404, 'No such file\n');
      return;
    }
    if (name === 'snapshot.png') {
      call.response.writeHead(200, { ...headers, 'content-length': SNAPSHOT.length }).end(SNAPSHOT);
      return;
    }
    // A transcoded file is the original under another name.
    const stored = /^v\.f\d+\./.test(name) ? media.key : key;
    if (stored !== media.key && stored !== media.coverKey) {
      reply(call.response, 404, 'No such file\n');
      return;
    }
    const file = this.state.bucket.file(stored);
    const { size } = await stat(file);
    const range = rangeOf(call.request.headers.range, size);
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
}

/** VOD's ISO times have no fraction. */
export function isoTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** The directory part of a key: one directory per file. */
export function dirOf(key: string): string {
  return key.slice(0, Math.max(key.lastIndexOf('/'), 0));
}

/** RFC 9110, section 14: a header that is not understood, or names several ranges, is as good as none. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
