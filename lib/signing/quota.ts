import type { UploaderIndex } from '../uploads/by-uploader';
import { QUOTA_PERIOD } from '../uploads/limits';

/**
 * Resolves to the seconds until the caller may upload again; 0 = now.
 *
 * @throws Error when the table does not respond before the deadline (milliseconds since 1970)
 */
export type SecondsToQuota = (caller: string, deadline: number) => Promise<number>;

/**
 * Counts the caller's confirmed uploads of the last 24 hours, including rejected and deleted ones.
 *
 * @param now milliseconds since 1970
 */
export function uploadQuota(index: UploaderIndex, uploadsPerDay: number, now: () => number): SecondsToQuota {
  return async (caller, deadline) => {
    const from = new Date(now() - QUOTA_PERIOD).toISOString();
    // VOD's clock sets the times in the index and may be ahead.
    const to = new Date(now() + QUOTA_PERIOD).toISOString();
    const { keys } = await index.page(caller, { limit: uploadsPerDay, range: { from, to } }, deadline);
    const oldest = keys[uploadsPerDay - 1];
    if (!oldest) return 0;
    return Math.max(1, Math.ceil((Date.parse(oldest.sortTime) + QUOTA_PERIOD - now()) / 1000));
  };
}
