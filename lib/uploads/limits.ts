import { parseTime } from '../platform/time';
import type { MediaInfo } from '../vod/media';
import type { OpenedSourceContext } from '../vod/source-context';
import { LIMIT_REASONS, type RejectAction, type Rejection, type Row } from './row';

/** Limits on uploads, each off unless it is present. A signature of VOD cannot contain them, so verification enforces them. */
export interface Limits {
  readonly maxBytes?: number;
  /** Of video and audio. */
  readonly maxSeconds?: number;
  /** `Video`, `Audio`, `Image`. */
  readonly allowedCategories?: readonly string[];
  /** Uploads of one caller in 24 hours. */
  readonly uploadsPerDay?: number;
  /** What is done in VOD with a file that these limits reject; absent: nothing. */
  readonly rejectAction?: RejectAction;
}

/** The limits for one file. */
export interface FileLimits extends Limits {
  /** How many other uploads of the same caller were confirmed that were created in the 24 hours before this one. */
  readonly earlierUploads?: number;
}

export const NO_LIMITS: FileLimits = {};

/** What VOD answered about a file. */
export interface LimitedFile {
  readonly media: MediaInfo;
  readonly context: OpenedSourceContext | undefined;
}

/** The part of a row that limits decide. */
export type LimitState = Pick<Row, 'awaitsFigures' | 'pendingAction' | 'rejection'>;

const HOUR = 3_600_000;
/** The period of `uploadsPerDay`, in milliseconds. */
export const QUOTA_PERIOD = 24 * HOUR;
/** How old a file may be at its first confirmation: limits are for new uploads, not for an existing library. */
const MAX_AGE = 24 * HOUR;
/** How long after the file's creation VOD may lack a figure; from then on its limit counts as exceeded. */
const MAX_WAIT = HOUR;

/** The file's limits have not been judged because VOD lacks a figure. */
const UNDECIDED = 'undecided';

/**
 * What limits decide about a file. They are judged once: at the row's first confirmation, or when VOD has the figures that
 * they need; the result is kept, whatever the limits are later. Only uploads of this service (`seal: valid`) that are less
 * than 24 hours old are judged.
 *
 * @param row before VOD's answer
 * @param now milliseconds since 1970
 */
export function applyLimits(
  row: Row | undefined,
  { media, context }: LimitedFile,
  limits: FileLimits,
  now: number,
): LimitState {
  if (row && isJudged(row)) return keepJudgement(row, limits);
  if (!isToBeJudged(row, { media, context }, now)) return { awaitsFigures: false };
  const verdict = firstViolation(media, limits, now - parseTime(media.createTime) >= MAX_WAIT);
  if (verdict === UNDECIDED) return { awaitsFigures: true };
  if (!verdict) return { awaitsFigures: false };
  const { rejectAction } = limits;
  return { awaitsFigures: false, rejection: verdict, ...(rejectAction && { pendingAction: rejectAction }) };
}

/** Whether limits are judged by VOD's next answer about this file. */
export function isToBeJudged(row: Row | undefined, { media, context }: LimitedFile, now: number): boolean {
  if (row && isJudged(row)) return false;
  if (row?.awaitsFigures === true) return true;
  return context?.seal === 'valid' && now - parseTime(media.createTime) < MAX_AGE;
}

/** Whether limits were judged, or do not apply. */
function isJudged(row: Row): boolean {
  return row.confirmedAt !== undefined && !row.awaitsFigures;
}

/** An action that was switched off before it was taken is not taken later, and "forbid" replaces "delete". */
function keepJudgement({ rejection, pendingAction }: Row, { rejectAction }: Limits): LimitState {
  const isByLimit = LIMIT_REASONS.some((reason) => reason === rejection?.reason);
  return {
    awaitsFigures: false,
    ...(rejection && isByLimit && { rejection }),
    ...(pendingAction && rejectAction && { pendingAction: rejectAction === 'forbid' ? 'forbid' : pendingAction }),
  };
}

/**
 * The first limit that the file exceeds, in the order of {@link LIMIT_REASONS}. A missing figure leaves the limits after it
 * undecided too, so that the reason does not depend on when VOD had which figure.
 */
function firstViolation(
  media: MediaInfo,
  limits: FileLimits,
  isOverdue: boolean,
): Rejection | typeof UNDECIDED | undefined {
  for (const { reason, figure, value, isExceeded, detail } of rulesFor(media, limits)) {
    if (value === undefined && !isOverdue) return UNDECIDED;
    if (value === undefined) return { reason, detail: `VOD has no ${figure} of the file after an hour` };
    if (isExceeded) return { reason, detail };
  }
  return undefined;
}

interface Rule {
  readonly reason: Rejection['reason'];
  /** What VOD has to know of the file. */
  readonly figure: string;
  readonly value: string | number | undefined;
  readonly isExceeded: boolean;
  readonly detail: string;
}

function* rulesFor({ size, duration, category }: MediaInfo, limits: FileLimits): Generator<Rule> {
  const { maxBytes, maxSeconds, allowedCategories = [], uploadsPerDay, earlierUploads = 0 } = limits;
  if (maxBytes !== undefined) {
    const detail = `the file has ${size ?? 0} bytes, the limit is ${maxBytes}`;
    yield { reason: 'too-large', figure: 'size', value: size, isExceeded: (size ?? 0) > maxBytes, detail };
  }
  // An image has no duration.
  if (maxSeconds !== undefined && category !== 'Image') {
    const detail = `the file lasts ${duration ?? 0} seconds, the limit is ${maxSeconds}`;
    yield { reason: 'too-long', figure: 'duration', value: duration, isExceeded: (duration ?? 0) > maxSeconds, detail };
  }
  if (allowedCategories.length > 0) {
    const detail = `the file's category is ${category ?? ''}, allowed: ${allowedCategories.join(', ')}`;
    const isExceeded = !allowedCategories.includes(category ?? '');
    yield { reason: 'type', figure: 'category', value: category, isExceeded, detail };
  }
  if (uploadsPerDay !== undefined) {
    const detail = `the caller's limit is ${uploadsPerDay} uploads in 24 hours`;
    const isExceeded = earlierUploads >= uploadsPerDay;
    yield { reason: 'quota', figure: 'number of uploads', value: earlierUploads, isExceeded, detail };
  }
}
