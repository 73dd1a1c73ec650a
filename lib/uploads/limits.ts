import { parseTime } from '../platform/time';
import type { MediaInfo } from '../vod/media';
import type { OpenedSourceContext } from '../vod/source-context';
import { LIMIT_REASONS, type RejectAction, type Rejection, type Row } from './row';

/** Limits on uploads; an absent one is off. VOD's signature has no parameter for them, so verification enforces them. */
export interface Limits {
  readonly maxBytes?: number;
  /** Longest duration of video and audio. */
  readonly maxSeconds?: number;
  /** Among `Video`, `Audio` and `Image`; empty = all of them. */
  readonly allowedCategories?: readonly string[];
  /** Uploads of one caller in 24 hours. */
  readonly uploadsPerDay?: number;
  /** The action in VOD on a file that these limits reject; absent = none. */
  readonly rejectAction?: RejectAction;
}

/** The limits for one file. */
export interface FileLimits extends Limits {
  /** How many other confirmed uploads of the caller were created in the 24 hours before this one. */
  readonly earlierUploads?: number;
}

export const NO_LIMITS: FileLimits = {};

/** The part of VOD's response about a file that limits need. */
export interface LimitedFile {
  readonly media: MediaInfo;
  readonly context: OpenedSourceContext | undefined;
}

/** The part of a row that limits set. */
export type LimitState = Pick<Row, 'awaitsFigures' | 'pendingAction' | 'rejection'>;

const HOUR = 3_600_000;
/** The period of `uploadsPerDay`, in milliseconds. */
export const QUOTA_PERIOD = 24 * HOUR;
/** How old a file may be at its first confirmation: limits are for new uploads, not for an existing library. */
const MAX_AGE = 24 * HOUR;
/** How long after the file's creation a value may be missing in VOD; from then on its limit counts as exceeded. */
const MAX_WAIT = HOUR;

/** The limits cannot be evaluated yet because VOD lacks a value. */
const UNDECIDED = 'undecided';

/**
 * Evaluates the limits of a file once: at the row's first confirmation, or as soon as VOD has the values that they need.
 * Later changes of the limits do not change the result. Only uploads of this service (`seal: valid`) that are less than 24
 * hours old are evaluated.
 *
 * @param row the row before VOD's response
 * @param now milliseconds since 1970
 */
export function applyLimits(
  row: Row | undefined,
  { media, context }: LimitedFile,
  limits: FileLimits,
  now: number,
): LimitState {
  if (row && isEvaluated(row)) return keepResult(row, limits);
  if (!needsEvaluation(row, { media, context }, now)) return { awaitsFigures: false };
  const violation = firstViolation(media, limits, now - parseTime(media.createTime) >= MAX_WAIT);
  if (violation === UNDECIDED) return { awaitsFigures: true };
  if (!violation) return { awaitsFigures: false };
  const { rejectAction } = limits;
  return { awaitsFigures: false, rejection: violation, ...(rejectAction && { pendingAction: rejectAction }) };
}

/** Whether VOD's next response about this file evaluates its limits; `now` in milliseconds since 1970. */
export function needsEvaluation(row: Row | undefined, { media, context }: LimitedFile, now: number): boolean {
  if (row && isEvaluated(row)) return false;
  if (row?.awaitsFigures === true) return true;
  return context?.seal === 'valid' && now - parseTime(media.createTime) < MAX_AGE;
}

/** Whether the limits were evaluated, or do not apply. */
function isEvaluated(row: Row): boolean {
  return row.confirmedAt !== undefined && !row.awaitsFigures;
}

/** A pending action is dropped when the deployment no longer has one, and "forbid" replaces a pending "delete". */
function keepResult({ rejection, pendingAction }: Row, { rejectAction }: Limits): LimitState {
  const isByLimit = LIMIT_REASONS.some((reason) => reason === rejection?.reason);
  return {
    awaitsFigures: false,
    ...(rejection && isByLimit && { rejection }),
    ...(pendingAction && rejectAction && { pendingAction: rejectAction === 'forbid' ? 'forbid' : pendingAction }),
  };
}

/**
 * The first limit that the file exceeds, in the order of {@link LIMIT_REASONS}. A missing value leaves the limits after it
 * undecided too, so that the reason does not depend on the order in which VOD gets the values.
 */
function firstViolation(
  media: MediaInfo,
  limits: FileLimits,
  isOverdue: boolean,
): Rejection | typeof UNDECIDED | undefined {
  for (const { reason, figure, value, isExceeded, detail } of rulesFor(media, limits)) {
    if (value === undefined && !isOverdue) return UNDECIDED;
    if (value === undefined) {
      const missing = `VOD did not report the ${figure} of the file within an hour, so the limit cannot be checked`;
      return { reason, detail: missing };
    }
    if (isExceeded) return { reason, detail };
  }
  return undefined;
}

interface Rule {
  readonly reason: Rejection['reason'];
  /** Name of the value, for the message. */
  readonly figure: string;
  /** As VOD reports it. */
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
    const detail = `the file is ${duration ?? 0} seconds long, the limit is ${maxSeconds}`;
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
