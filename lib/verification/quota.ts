import { compareStrings } from '../platform/compare';
import type { UploaderIndex } from '../uploads/by-uploader';
import { QUOTA_PERIOD } from '../uploads/limits';

export interface CountedUpload {
  readonly fileId: string;
  readonly uploader: string;
  /** ISO 8601 in UTC. */
  readonly createTime: string;
}

export interface QuotaCounter {
  /** Announces uploads that are verified together: the index does not have them yet. */
  readonly expect: (uploads: readonly CountedUpload[]) => void;
  /**
   * How many other uploads of the same caller were created in the 24 hours before this one, among confirmed and expected
   * ones, up to about the counter's `max`.
   *
   * @throws Error when the table does not answer until the deadline (milliseconds since 1970)
   */
  readonly countEarlier: (upload: CountedUpload, deadline: number) => Promise<number>;
}

/**
 * Counts uploads for the quota. The order in which files were created decides which of them exceed it, not the order in
 * which they are verified or the index answers. Use one counter for a batch.
 */
export function quotaCounter(index: UploaderIndex, max: number): QuotaCounter {
  const expected = new Map<string, CountedUpload>();
  return {
    expect: (uploads) => {
      for (const upload of uploads) expected.set(upload.fileId, upload);
    },
    countEarlier: async (upload, deadline) => {
      const { fileId, uploader, createTime } = upload;
      const from = new Date(Date.parse(createTime) - QUOTA_PERIOD).toISOString();
      // One more than the quota, because the upload itself may be in the index.
      const query = { limit: max + 1, between: { from, to: createTime } };
      const { keys } = await index.page(uploader, query, deadline);
      const others = [...expected.values()].filter(
        (other) => other.uploader === uploader && other.createTime >= from && isEarlier(other, upload),
      );
      const ids = new Set([...keys, ...others].map((one) => one.fileId));
      ids.delete(fileId);
      return ids.size;
    },
  };
}

function isEarlier(a: CountedUpload, b: CountedUpload): boolean {
  return (compareStrings(a.createTime, b.createTime) || compareStrings(a.fileId, b.fileId)) < 0;
}
