import type { Verified } from './verify';

/**
 * The effect of a stored response on the row. `filled`: there was none; `confirmed`: events had created or touched it;
 * `corrected`: the row was confirmed, and VOD's response differs now; `deleted`: VOD no longer has the file; `unknown`:
 * VOD never had the file.
 */
export const FINDINGS = ['filled', 'confirmed', 'corrected', 'deleted', 'unknown'] as const;

export type Finding = (typeof FINDINGS)[number];

/** The finding of one verification; `undefined` where nothing was written. */
export function findingOf({ outcome, before, row }: Verified): Finding | undefined {
  if (outcome !== 'written' || !row) return undefined;
  if (!before) return 'filled';
  if (row.trust === 'unknown') return 'unknown';
  if (row.status === 'deleted' && before.status !== 'deleted') return 'deleted';
  return before.trust === 'confirmed' ? 'corrected' : 'confirmed';
}
