import { compareStrings } from '../platform/compare';
import { omitUndefined } from '../platform/omit-undefined';
import type { Review, TaskOutput } from '../vod/task';
import type { Rejection, Row, Status } from './row';

/** An upload as apps and their users see it. */
export interface UploadView {
  readonly fileId: string;
  readonly status: Status;
  /** Grows with every change of the row. */
  readonly version: number;
  readonly name?: string;
  readonly type?: string;
  readonly category?: string;
  /** Bytes. */
  readonly size?: number;
  /** Seconds. */
  readonly duration?: number;
  readonly width?: number;
  readonly height?: number;
  readonly coverUrl?: string;
  readonly url?: string;
  /** The outputs of finished procedures, the oldest procedure first, each in the order of its steps. */
  readonly outputs?: readonly TaskOutput[];
  readonly sourceContext?: string;
  readonly review?: Review;
  readonly rejection?: Rejection;
  readonly createTime?: string;
  readonly updatedAt?: string;
}

/** The statuses in which an upload has URLs that can be played. */
const PLAYABLE: readonly Status[] = ['ready', 'failed'];

/**
 * The row as an app sees it. Before its first confirmation only its identity; URLs only while it is `ready` or `failed`.
 *
 * @param options `showsUrls`: false where VOD's URLs play only with a signature; true if absent
 */
export function viewUpload(row: Row, { showsUrls = true }: { readonly showsUrls?: boolean } = {}): UploadView {
  const { fileId, status, version, context, media, review, rejection, updatedAt } = row;
  // A source context that looks sealed but is not is forged.
  const sourceContext = context?.seal === 'broken' ? undefined : context?.sourceContext;
  if (row.confirmedAt === undefined) return omitUndefined({ fileId, status, version, sourceContext });
  const isPlayable = showsUrls && PLAYABLE.includes(status);
  const { name, type, category, size, duration, width, height, coverUrl, url, createTime } = media;
  const outputs = outputsOf(row).map(({ url: outputUrl, ...output }) =>
    omitUndefined({ ...output, url: isPlayable ? outputUrl : undefined }),
  );
  return omitUndefined({
    fileId,
    status,
    version,
    name,
    type,
    category,
    size,
    duration,
    width,
    height,
    coverUrl: isPlayable ? coverUrl : undefined,
    url: isPlayable ? url : undefined,
    outputs: outputs.length > 0 ? outputs : undefined,
    sourceContext,
    review,
    rejection,
    createTime,
    updatedAt,
  });
}

function outputsOf({ tasks }: Row): TaskOutput[] {
  return [...tasks.values()]
    .sort((a, b) => compareStrings(a._createTime ?? '', b._createTime ?? ''))
    .flatMap(({ outputs = [] }) => outputs);
}
