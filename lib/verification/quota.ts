import type { UploaderIndex } from '../uploads/by-uploader';
import { QUOTA_PERIOD } from '../uploads/limits';

export interface CountedUpload {
  readonly fileId: string;
  readonly uploader: string;
  /** ISO 8601 in UTC. */
  readonly createTime: string;
}

/** @throws Error when the table does not answer until the deadline (milliseconds since 1970) */
export type CountEarlierUploads = (upload: CountedUpload, deadline: number) => Promise<number>;

/**
 * Counts how many other uploads of the same caller were confirmed that were created in the 24 hours before an upload, up to
 * `max`. So the order in which files were created decides which of them exceed a quota, not the order of verification.
 *
 * The index lacks rows that are being verified at the same time. Those of one counter are added: use one for a batch.
 */
export function quotaCounter(index: UploaderIndex, max: number): CountEarlierUploads {
  const createTimes = new Map<string, Map<string, string>>();
  return async ({ fileId, uploader, createTime }, deadline) => {
    const from = new Date(Date.parse(createTime) - QUOTA_PERIOD).toISOString();
    // One more than the quota, because the upload itself may be in the index.
    const query = { limit: max + 1, between: { from, to: createTime } };
    const { keys } = await index.page(uploader, query, deadline);
    const inBatch = createTimes.get(uploader) ?? new Map<string, string>();
    createTimes.set(uploader, inBatch);
    const earlier = [...inBatch].filter(([, time]) => time >= from && time <= createTime).map(([id]) => id);
    inBatch.set(fileId, createTime);
    const others = new Set([...keys.map((key) => key.fileId), ...earlier]);
    others.delete(fileId);
    return others.size;
  };
}
