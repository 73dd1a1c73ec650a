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
  /** Adds uploads of the same batch, which the index does not have yet. */
  readonly expect: (uploads: readonly CountedUpload[]) => void;
  /**
   * Counts the other uploads of the caller that were created in the 24 hours before this one: the expected ones, and up to
   * `max` + 1 confirmed ones.
   *
   * @throws Error when the table does not respond before the deadline (milliseconds since 1970)
   */
  readonly countEarlier: (upload: CountedUpload, deadline: number) => Promise<number>;
}

/**
 * Counts uploads for the quota, with one counter for each batch. Which uploads exceed the quota depends on when their files
 * were created, not on the order in which they are verified.
 *
 * @param max the quota
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
      const query = { limit: max + 1, range: { from, to: createTime } };
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
