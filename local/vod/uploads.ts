import type { Library } from './library';
import { newFileId, newKey } from './media-keys';
import { newFileUpload, type TaskIds } from './messages';
import { describe, type Picture } from './mp4';
import type { Notifications } from './notifications';
import type { Procedures } from './procedures';
import type { Media, Session, State } from './state';
import type { UploadSignature } from './upload-signature';

export const NEVER_EXPIRES = '9999-12-31T23:59:59Z';
export const DEFAULT_REGION = 'ap-chongqing';

/** A file that is put into the library without the upload protocol. No bytes are stored: its URL returns 404. */
export interface PutMedia {
  readonly name: string;
  /** Extension without the dot. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  readonly sourceContext: string;
  /** Template name of the procedure to start; none by default. */
  readonly procedure?: string;
  readonly taskNotifyMode?: 'Finish' | 'Change' | 'None';
  /** Milliseconds since 1970; now by default. The tasks of the procedure have the same creation time. */
  readonly createTime?: number;
  /** Seconds. */
  readonly duration?: number;
  /** Pixels. */
  readonly width?: number;
  /** Pixels. */
  readonly height?: number;
}

export interface PutResult extends TaskIds {
  readonly fileId: string;
}

/** Adds files to the library, sends their events and starts their procedures. */
export class Uploads {
  constructor(
    private readonly state: State,
    private readonly library: Library,
    private readonly procedures: Procedures,
    private readonly notifications: Notifications,
    private readonly now: () => number,
  ) {}

  /** Reads what an uploaded file contains, before it is added. */
  async inspect({ video }: Session): Promise<Picture> {
    return video ? describe(this.state.bucket.file(video.key)) : {};
  }

  /** Adds a finished upload. A new cover of an existing file causes no event. */
  commit(session: Session, picture: Picture): void {
    const { fileId, video, cover, signed } = session;
    if (!video) {
      if (cover) this.library.setCover(fileId, cover.key);
      return;
    }
    const now = this.now();
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
    this.#add(media, { taskId: session.taskId, reviewTaskId: session.reviewTaskId ?? '' }, signed);
  }

  /** Adds a file without the upload protocol, as if its upload had just been committed. */
  put({ name, type, size, sourceContext, duration, width, height, ...options }: PutMedia): PutResult {
    const fileId = newFileId();
    const createTime = options.createTime ?? this.now();
    const procedure = options.procedure ?? '';
    const ids = this.procedures.newTaskIds(procedure);
    const media: Media = {
      fileId,
      key: newKey(fileId, 'video', type),
      name,
      type,
      size,
      createTime,
      updateTime: createTime,
      expireTime: NEVER_EXPIRES,
      classId: 0,
      storageRegion: DEFAULT_REGION,
      sourceContext,
      coverKey: '',
      ...(duration !== undefined && { duration }),
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
    };
    const request = {
      procedure,
      taskPriority: 0,
      taskNotifyMode: options.taskNotifyMode ?? 'Finish',
      sessionContext: '',
    };
    this.state.transact(() => {
      this.#add(media, ids, request);
    });
    return { fileId, ...ids };
  }

  #add(
    media: Media,
    ids: TaskIds,
    request: Pick<UploadSignature, 'procedure' | 'taskPriority' | 'taskNotifyMode' | 'sessionContext'>,
  ): void {
    this.state.media.set(media.fileId, media);
    this.notifications.publish(newFileUpload(this.library.viewForEvent(media), ids));
    this.procedures.start(ids, media.fileId, request, media.createTime);
  }
}
