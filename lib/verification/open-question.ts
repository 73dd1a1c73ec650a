import { parseTime } from '../platform/time';
import { splitEntry } from '../uploads/merge';
import type { Row } from '../uploads/row';
import { awaitsProcedure, expectsDeletion } from '../uploads/snapshot';
import type { OpenQuestion } from './delay-queue';

/** A row before VOD's response, with the question that an earlier verification left open. */
interface RowWithQuestion {
  readonly row: Row | undefined;
  readonly openQuestion?: OpenQuestion;
}

/** How long a file without media information is verified again, in milliseconds after its creation. */
const ANALYSIS_MS = 3_600_000;

/**
 * Returns the question that VOD's response leaves open about a row; `undefined` for none.
 *
 * @param after the row after VOD's response
 * @param now milliseconds since 1970
 */
export function questionAfter(
  { row, openQuestion }: RowWithQuestion,
  after: Row,
  now: number,
): OpenQuestion | undefined {
  // The most urgent first, then the one that stays open longest: every verification also notices a deletion.
  if (after.pendingAction) return 'action';
  if (expectsDeletion(after, now)) return 'deletion';
  if (after.awaitsFigures) return 'figures';
  if (after.status === 'held') return 'held';
  if (after.status === 'processing' && awaitsProcedure(after.context, after, now)) return 'procedure';
  if (awaitsResult(row, openQuestion, after)) return 'result';
  if (row?.news.some(isDeletion) || openQuestion === 'deletion') return 'deletion';
  const age = now - parseTime(after.media.createTime);
  return isUnanalysed(after) && age < ANALYSIS_MS ? 'analysis' : undefined;
}

/** Whether an event reported the end of a task that is still running in VOD. */
function awaitsResult(row: Row | undefined, openQuestion: OpenQuestion | undefined, after: Row): boolean {
  if (openQuestion === 'result') return [...after.tasks.values()].some(({ status }) => status === 'PROCESSING');
  return (row?.news ?? [])
    .map(splitEntry)
    .some(([kind, id]) => kind === 'end' && after.tasks.get(id)?.status === 'PROCESSING');
}

/** Whether figures are missing that VOD has once it has analysed the file. */
function isUnanalysed({ media }: Row): boolean {
  const isPlayable = media.category === 'Video' || media.category === 'Audio';
  return media.size === undefined || (isPlayable && media.duration === undefined);
}

function isDeletion(entry: string): boolean {
  return entry === 'gone' || entry.startsWith('parts:');
}
