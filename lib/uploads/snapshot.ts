import { parseTime } from '../platform/time';
import { isDeepStrictEqual } from 'node:util';
import type { DescribedFile } from '../vod/files';
import type { MediaInfo } from '../vod/media';
import type { OpenedSourceContext } from '../vod/source-context';
import { worstReview, type Review, type Task } from '../vod/task';
import { applyLimits, NO_LIMITS, type FileLimits } from './limits';
import { taskIdOf } from './merge';
import { boundRow, toItem, type Rejection, type Row, type Status } from './row';

/** VOD's response about one file that it has. */
export interface Snapshot extends DescribedFile {
  /** The file's tasks that this verification described, by id, the oldest first. */
  readonly tasks: ReadonlyMap<string, Task>;
}

const HOUR = 3_600_000;
/** How long after its first event a file that VOD does not have is still expected there. */
const MAX_UNKNOWN_MS = HOUR;
/** How long VOD may still return a file after this service asked for its deletion. */
const MAX_DELETION_MS = HOUR;
/** How long after the file's creation a signed procedure may start. */
const MAX_PROCEDURE_WAIT_MS = 24 * HOUR;
/** How far from the file's creation a procedure may start and count as the upload's own. */
const MAX_PROCEDURE_DELAY_MS = 60_000;
/** How long VOD keeps tasks, in milliseconds (266/33431). */
export const TASK_RETENTION_MS = 3 * 24 * HOUR;
/** By how much a review's own time may be before the end of its task. */
const REVIEW_TOLERANCE_MS = 10_000;
/** How long a row of an unknown file is kept, in seconds. */
const UNKNOWN_LIFETIME = 30 * 24 * 3_600;

const UNKNOWN_FILE =
  'VOD does not know this file: the event was forged, or the file was deleted before its verification';
const FORGOTTEN_TASK = 'An event named a task of this file, but VOD keeps tasks for 3 days and no longer has it';
const FORGOTTEN_RESULT = 'VOD keeps tasks for 3 days and no longer knows how a procedure of this file ended';
const NO_PROCEDURE =
  'A procedure was signed, but VOD has none of this file: its name may not exist in VOD, or it ended more than 3 days ago';

/**
 * Returns the row after VOD's response: whatever events reported before, the same response gives the same row. Returns
 * the same object when the response changes nothing.
 *
 * For a confirmed row, `not-found` makes it `deleted`: pass it only after VOD has returned it twice, or after a
 * deletion event.
 *
 * @param now milliseconds since 1970
 * @param limits evaluated once, see {@link applyLimits}
 */
export function applySnapshot(row: Row, snapshot: 'not-found', now: number): Row;
export function applySnapshot(row: Row | undefined, snapshot: Snapshot, now: number, limits?: FileLimits): Row;
export function applySnapshot(
  row: Row | undefined,
  snapshot: Snapshot | 'not-found',
  now: number,
  limits: FileLimits = NO_LIMITS,
): Row {
  if (snapshot !== 'not-found') return applyKnown(row, snapshot, now, limits);
  if (!row) throw new TypeError('Cannot apply "not-found" without a row');
  return row.confirmedAt === undefined ? applyNeverFound(row, now) : applyGone(row, now);
}

/** Whether a procedure was signed for the file, has not started, and may still start; `now` in milliseconds since 1970. */
export function awaitsProcedure(context: OpenedSourceContext | undefined, row: Row | undefined, now: number): boolean {
  if (context?.signedProcedure !== true || [...(row?.tasks.values() ?? [])].some(isProcedure)) return false;
  return now - parseTime(row?.media.createTime) < MAX_PROCEDURE_WAIT_MS;
}

/** Whether this service had the file deleted, and VOD may still show it; `now` in milliseconds since 1970. */
export function expectsDeletion(row: Row, now: number): row is Row & { readonly deletionRequestedAt: string } {
  return row.deletionRequestedAt !== undefined && now - parseTime(row.deletionRequestedAt) < MAX_DELETION_MS;
}

function applyNeverFound(row: Row, now: number): Row {
  const isReportedDeleted = row.news.includes('gone');
  if (!isReportedDeleted && now - parseTime(row.firstSeenAt) < MAX_UNKNOWN_MS) return row;
  if (row.trust === 'unknown' && (row.status === 'deleted' || !isReportedDeleted)) return row;
  return {
    ...row,
    status: isReportedDeleted ? 'deleted' : row.status,
    trust: 'unknown',
    notice: UNKNOWN_FILE,
    expiresAt: Math.floor(now / 1000) + UNKNOWN_LIFETIME,
  };
}

function applyGone(row: Row, now: number): Row {
  if (row.status === 'deleted' && row.trust === 'confirmed') return row;
  const { pendingAction: _action, deletionRequestedAt: _request, ...kept } = row;
  return confirm(row, { ...kept, status: 'deleted' }, now);
}

function applyKnown(row: Row | undefined, snapshot: Snapshot, now: number, limits: FileLimits): Row {
  const { fileId, media, isForbidden } = snapshot;
  const isConfirmedOnce = row?.confirmedAt !== undefined;
  const context = keepSeal(row, snapshot.context);
  const tasks = new Map([...(isConfirmedOnce ? row.tasks : []), ...snapshot.tasks]);
  const procedureTaskId = (isConfirmedOnce ? row.procedureTaskId : undefined) ?? firstProcedure(media, snapshot.tasks);
  const bounded = boundRow({
    fileId,
    status: 'uploaded',
    trust: 'confirmed',
    media,
    ...(context && { context }),
    ...(procedureTaskId !== undefined && { procedureTaskId }),
    tasks,
    version: row?.version ?? 0,
    firstSeenAt: row?.firstSeenAt ?? new Date(now).toISOString(),
    updatedAt: row?.updatedAt ?? '',
    news: [],
    wasReady: row?.wasReady ?? false,
    ...applyLimits(row, { media, context }, limits, now),
    ...(row && expectsDeletion(row, now) && { deletionRequestedAt: row.deletionRequestedAt }),
  });
  const review = reviewOf(snapshot, bounded.tasks);
  const rejection = bounded.rejection ?? rejectionOf(review, isForbidden);
  const status = statusOf(bounded, review, rejection, now);
  const notice = noticeOf(row, bounded, now);
  const after: Row = {
    ...bounded,
    status,
    ...(review && { review }),
    ...(rejection && { rejection }),
    ...(notice !== undefined && { notice }),
    wasReady: bounded.wasReady || status === 'ready',
  };
  return confirm(row, after, now);
}

/** The row as confirmed now; `before` itself where a confirmed row does not change. */
function confirm(before: Row | undefined, after: Row, now: number): Row {
  const { notice, expiresAt: _, ...kept } = after;
  const confirmed: Row = {
    ...kept,
    ...(after.status !== 'deleted' && notice !== undefined && { notice }),
    trust: 'confirmed',
    news: [],
    confirmedAt: before?.confirmedAt ?? '',
    sortTime: before?.sortTime ?? after.media.createTime ?? after.firstSeenAt,
  };
  if (before && isDeepStrictEqual(toItem(confirmed), toItem(before))) return before;
  return { ...confirmed, confirmedAt: new Date(now).toISOString() };
}

/**
 * VOD never changes a source context. So a confirmed one stays when a response has none, and a seal that was confirmed
 * as `valid` stays valid after its key was rotated out.
 */
function keepSeal(row: Row | undefined, returned: OpenedSourceContext | undefined): OpenedSourceContext | undefined {
  if (row?.confirmedAt === undefined) return returned;
  const isRotatedOut = row.context?.seal === 'valid' && returned?.seal === 'broken';
  return returned === undefined || isRotatedOut ? row.context : returned;
}

function firstProcedure({ createTime }: MediaInfo, tasks: ReadonlyMap<string, Task>): string | undefined {
  const isUploadProcedure = (task: Task) =>
    isProcedure(task) && Math.abs(parseTime(task._createTime) - parseTime(createTime)) <= MAX_PROCEDURE_DELAY_MS;
  return [...tasks].find(([, task]) => isUploadProcedure(task))?.[0];
}

/**
 * The worst of VOD's own review and the AI reviews inside procedures. `ReviewInfo` contains the decision of a person,
 * so it overrules review tasks, except one that ended after it.
 */
function reviewOf(snapshot: Snapshot, tasks: ReadonlyMap<string, Task>): Review | undefined {
  const finished = [...tasks.values()].filter(({ status }) => status === 'FINISH');
  const overruled = snapshot.review ? parseTime(snapshot.reviewTime) + REVIEW_TOLERANCE_MS : -1;
  const reviewTasks = finished.filter((task) => !isProcedure(task) && parseTime(task._finishTime) > overruled);
  // A failed review is not a passed review.
  const fromTasks = reviewTasks.map((task): Review => task._review ?? { suggestion: 'review', label: 'ReviewFailed' });
  const fromProcedures = finished.filter(isProcedure).map((task) => task._review);
  return worstReview([snapshot.review, ...fromTasks, ...fromProcedures]);
}

function rejectionOf(review: Review | undefined, isForbidden: boolean): Rejection | undefined {
  if (review?.suggestion === 'block') {
    return { reason: 'review', detail: `VOD's review suggests "block"${review.label ? ` (${review.label})` : ''}` };
  }
  return isForbidden ? { reason: 'forbidden', detail: 'the file is forbidden (Forbidden) in VOD' } : undefined;
}

function statusOf(row: Row, review: Review | undefined, rejection: Rejection | undefined, now: number): Status {
  if (rejection) return 'rejected';
  if (review?.suggestion === 'review') return 'held';
  const tasks = [...row.tasks.values()];
  const procedures = tasks.filter(isProcedure);
  const hasSucceeded = procedures.some(({ status, failed }) => status === 'FINISH' && failed !== true);
  const hasFailed = procedures.some(({ status, failed }) => status === 'FINISH' && failed === true);
  const isReviewing = tasks.some((task) => !isProcedure(task) && task.status === 'PROCESSING');
  const isRunning = procedures.some(({ status }) => status === 'PROCESSING') || awaitsProcedure(row.context, row, now);
  const isProcessing = isReviewing || row.awaitsFigures || (isRunning && !hasSucceeded);
  if (isProcessing && !row.wasReady) return 'processing';
  return hasFailed && !hasSucceeded ? 'failed' : 'ready';
}

function noticeOf(before: Row | undefined, after: Row, now: number): string | undefined {
  const procedures = [...after.tasks.values()].filter(isProcedure);
  const isForgotten = (task: Task) =>
    task.status === 'PROCESSING' && now - parseTime(task._createTime) >= TASK_RETENTION_MS;
  if (procedures.some(isForgotten)) return FORGOTTEN_RESULT;
  if (procedures.length > 0) return undefined;
  const age = now - parseTime(after.media.createTime);
  if (after.context?.signedProcedure === true) return age >= MAX_PROCEDURE_WAIT_MS ? NO_PROCEDURE : undefined;
  if (before?.confirmedAt !== undefined) return before.notice === FORGOTTEN_TASK ? FORGOTTEN_TASK : undefined;
  const isNamed = before?.news.some((entry) => taskIdOf(entry) !== undefined) === true;
  return isNamed && age >= TASK_RETENTION_MS ? FORGOTTEN_TASK : undefined;
}

function isProcedure(task: Task): boolean {
  return task._kind === undefined;
}
