import { omitUndefined } from '../platform/omit-undefined';
import { boundedNumber, boundedString, getArray, getField, getNumber, getString } from './wire';

/** The output of a sub-task. */
export interface TaskOutput {
  readonly type?: string;
  readonly definition?: number;
  readonly url?: string;
}

/** Why a sub-task failed. */
export interface TaskError {
  readonly type?: string;
  readonly code?: number | string;
  readonly message?: string;
}

export type Suggestion = 'pass' | 'review' | 'block';

export interface Review {
  readonly suggestion: Suggestion;
  readonly label?: string;
}

/** A task of a file; results are present only once it has finished. `_` marks internal attributes. */
export interface Task {
  readonly status: 'PROCESSING' | 'FINISH';
  readonly failed?: boolean;
  readonly outputs?: readonly TaskOutput[];
  readonly errors?: readonly TaskError[];
  readonly sessionContext?: string;
  /** Set where something was dropped. */
  readonly truncated?: true;
  /** Absent for a procedure. */
  readonly _kind?: 'review';
  /** ISO 8601. */
  readonly _createTime?: string;
  /** The result of a review, or of the AI review inside a procedure. */
  readonly _review?: Review;
  /** When a review ended, ISO 8601. */
  readonly _finishTime?: string;
}

const MAX_SUB_TASKS = 20;

const SUB_TASK_FIELDS = ['MediaProcessResultSet', 'AiAnalysisResultSet', 'AiRecognitionResultSet'];
const AI_REVIEW_FIELD = 'AiContentReviewResultSet';

/** Names under which sub-task outputs have their file: a URL, several URLs, or objects with one (SDK 4.1.287). */
const URL_FIELDS = [
  'Url',
  'CoverUrl',
  'WebVttUrl',
  'ImageUrl',
  'SubtitleUrl',
  'HighlightUrl',
  'ImageUrlSet',
  'ImageUrls',
  'UrlList',
  'PicInfoSet',
  'ImgInfo',
  'SubtitleSet',
  'CoverSet',
  'HighlightSet',
  'SegmentSetFileUrl',
  'CoverSetFileUrl',
  'HighlightSetFileUrl',
  'ClassificationSetFileUrl',
  'TagSetFileUrl',
  'ResultSetFileUrl',
  'SegmentSet',
  'SegmentUrl',
  'CovImgUrl',
];

/**
 * A finished procedure: `ProcedureTask` of DescribeTaskDetail (266/33431). It failed when one of its sub-tasks did. A part of
 * its AI review is an output only if it created a file, for example of the segments that it found.
 */
export function parseProcedureTask(detail: unknown): Task {
  const items = SUB_TASK_FIELDS.flatMap((name) => getArray(detail, name).map(flattenSubTask));
  const reviews = getArray(detail, AI_REVIEW_FIELD).map(flattenSubTask);
  const reviewsWithFile = reviews.filter((item) => findUrl(getField(item, 'Output')) !== undefined);
  const outputs = [...items, ...reviewsWithFile].filter((item) => !hasFailed(item)).map(parseOutput);
  const subTasks = [...items, ...reviews];
  const errors = (subTasks.length > 0 ? subTasks : [detail]).filter(hasFailed).map(parseError);
  const isTruncated = Math.max(outputs.length, errors.length) > MAX_SUB_TASKS;
  return omitUndefined({
    status: 'FINISH',
    failed: errors.length > 0,
    outputs: outputs.length > 0 ? outputs.slice(0, MAX_SUB_TASKS) : undefined,
    errors: errors.length > 0 ? errors.slice(0, MAX_SUB_TASKS) : undefined,
    sessionContext: boundedString(detail, 'SessionContext', []),
    truncated: isTruncated ? true : undefined,
    _review: worstReview(reviews.map((item) => parseReview(getField(item, 'Output')))),
  });
}

/** A finished review: `ReviewAudioVideoTask` of DescribeTaskDetail (266/81258). */
export function parseReviewTask(detail: unknown): Task {
  const failed = hasFailed(detail);
  return omitUndefined({
    status: 'FINISH',
    failed,
    errors: failed ? [parseError(detail)] : undefined,
    sessionContext: boundedString(detail, 'SessionContext', []),
    _kind: 'review',
    _review: failed ? undefined : parseReview(getField(detail, 'Output')),
  });
}

/** `Suggestion` and `Label` of a review; `undefined` where the suggestion is missing or not documented. */
export function parseReview(value: unknown): Review | undefined {
  const suggestion = SUGGESTIONS.find((candidate) => candidate === getString(value, 'Suggestion')?.toLowerCase());
  const label = boundedString(value, 'Label', []);
  return suggestion && omitUndefined({ suggestion, label });
}

/** From the best to the worst. */
const SUGGESTIONS: readonly Suggestion[] = ['pass', 'review', 'block'];

/** The review with the worst suggestion, the first of several; `undefined` where there is none. */
export function worstReview(reviews: readonly (Review | undefined)[]): Review | undefined {
  const results = reviews.filter((review) => review !== undefined);
  return SUGGESTIONS.toReversed()
    .map((suggestion) => results.find((review) => review.suggestion === suggestion))
    .find((review) => review !== undefined);
}

/** Merges the nested result of a sub-task: `{Type: 'Transcode', TranscodeTask: {...}}`. */
function flattenSubTask(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return {};
  const isResult = ([name, value]: [string, unknown]) =>
    name.endsWith('Task') && typeof value === 'object' && value !== null;
  return { ...item, ...Object.entries(item).find(isResult)?.[1] };
}

function hasFailed(item: unknown): boolean {
  return getString(item, 'Status') === 'FAIL' || (getNumber(item, 'ErrCode') ?? 0) !== 0;
}

function parseOutput(item: unknown): TaskOutput {
  const output = getField(item, 'Output');
  return omitUndefined({
    type: boundedString(item, 'Type', []),
    // The output's own definition is 0 in VOD's samples.
    definition: boundedNumber(getField(item, 'Input'), 'Definition', []) ?? boundedNumber(output, 'Definition', []),
    url: findUrl(output),
  });
}

function parseError(item: unknown): TaskError {
  const code = boundedNumber(item, 'ErrCode', []) ?? 0;
  return omitUndefined({
    type: boundedString(item, 'Type', []),
    code: code === 0 ? boundedString(item, 'ErrCodeExt', []) : code,
    message: boundedString(item, 'Message', []),
  });
}

function findUrl(output: unknown): string | undefined {
  for (const name of URL_FIELDS) {
    const url = boundedString(output, name, []) ?? firstUrl(getField(output, name));
    if (url !== undefined) return url;
  }
  return undefined;
}

function firstUrl(value: unknown): string | undefined {
  const candidates: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const candidate of candidates) {
    const url = boundedString({ Url: candidate }, 'Url', []) ?? nestedUrl(candidate);
    if (url !== undefined) return url;
  }
  return undefined;
}

function nestedUrl(value: unknown): string | undefined {
  return URL_FIELDS.map((name) => boundedString(value, name, [])).find((url) => url !== undefined);
}
