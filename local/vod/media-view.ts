import { categoryOf } from './media-types';
import type { Media } from './state';

/** A file as the server API and the events show it. `MetaData` is null if it is not known. */
export interface MediaView {
  readonly FileId: string;
  readonly BasicInfo: Readonly<Record<string, unknown>> & {
    readonly Name: string;
    readonly MediaUrl: string;
    readonly CoverUrl: string;
    readonly SourceInfo: { readonly SourceType: string; readonly SourceContext: string };
  };
  readonly MetaData: MetaData | null;
}

type MetaData = Readonly<Record<string, string | number>>;

/** The media information of events while it is unknown. */
export const UNKNOWN_META_DATA: MetaData = {
  Size: 0,
  Container: '',
  Bitrate: 0,
  Height: 0,
  Width: 0,
  Duration: 0,
  VideoDuration: 0,
};

/** `urlOf` returns the URL of a stored file. */
export function viewOf(media: Media, urlOf: (key: string) => string): MediaView {
  const className = media.classId === 0 ? '其他' : '';
  return {
    FileId: media.fileId,
    BasicInfo: {
      Name: media.name,
      Description: '',
      CreateTime: toIsoTime(media.createTime),
      UpdateTime: toIsoTime(media.updateTime),
      ExpireTime: media.expireTime,
      ClassId: media.classId,
      ClassName: className,
      ClassPath: className,
      CoverUrl: media.coverKey && urlOf(media.coverKey),
      Type: media.type,
      MediaUrl: media.isOriginalDeleted === true ? '' : urlOf(media.key),
      TagSet: [],
      StorageRegion: media.storageRegion,
      SourceInfo: { SourceType: 'Upload', SourceContext: media.sourceContext },
      Vid: media.fileId,
      Category: categoryOf(media.type),
      Status: media.isForbidden === true ? 'Forbidden' : 'Normal',
      StorageClass: 'STANDARD',
    },
    MetaData: metaDataOf(media),
  };
}

function metaDataOf({ size, type, duration, width, height }: Media): MetaData {
  return {
    Size: size,
    Container: type.toLowerCase(),
    ...(width === undefined || height === undefined ? {} : { Width: width, Height: height }),
    ...(duration === undefined ? {} : { Duration: duration, VideoDuration: duration }),
    ...(duration ? { Bitrate: Math.round((size * 8) / duration) } : {}),
  };
}

/** Times of VOD have no fraction of a second. */
export function toIsoTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
