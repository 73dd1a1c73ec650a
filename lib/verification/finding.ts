import type { Verified } from './verify';

/**
 * What a stored answer changed: `filled`: there was no row; `confirmed`: a row that events had made or touched;
 * `corrected`: a confirmed row that VOD contradicts now; `deleted`: VOD does not have the file any more; `unknown`: VOD
 * never knew it.
 */
export const FINDINGS = ['filled', 'confirmed', 'corrected', 'deleted', 'unknown'] as const;

export type Finding = (typeof FINDINGS)[number];

/** The finding in what became of a candidate; `undefined` where nothing was written. */
export function findingOf({ outcome, before, row }: Verified): Finding | undefined {
  if (outcome !== 'written' || !row) return undefined;
  if (!before) return 'filled';
  if (row.trust === 'unknown') return 'unknown';
  if (row.status === 'deleted' && before.status !== 'deleted') return 'deleted';
  return before.trust === 'confirmed' ? 'corrected' : 'confirmed';
}
