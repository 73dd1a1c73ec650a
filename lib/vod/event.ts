import * as validate from '../generated/events';
import { RequestError, schemaErrors } from '../platform/errors';
import { boundedNumber, boundedString, list, member, number, object, text, type Notes } from '../platform/json';
import { omitUndefined } from '../platform/omit-undefined';

type TextFact =
  'url' | 'sourceContext' | 'procedureTaskId' | 'sourceType' | 'name' | 'type' | 'coverUrl' | 'createTime';
type NumberFact = 'size' | 'duration' | 'width' | 'height';

/** What an event says of a file, in the row's words: sizes in bytes, durations in seconds, the source context as sent. */
export type MediaInfo = Readonly<Partial<Record<TextFact, string> & Record<NumberFact, number>>>;

/** A sub-task: of one that succeeded the first file that it made, of one that failed why. */
export interface SubTask {
  readonly type?: string;
  readonly definition?: number;
  readonly url?: string;
  readonly code?: number | string;
  readonly message?: string;
}

/** A task of the file; everything but `status` is known only once it has finished. */
export interface Task {
  readonly status: 'PROCESSING' | 'FINISH';
  readonly failed?: boolean;
  readonly outputs?: readonly SubTask[];
  readonly errors?: readonly SubTask[];
  readonly sessionContext?: string;
  /** Set where not everything could be kept. */
  readonly truncated?: true;
}

interface FileEvent {
  readonly fileId: string;
  readonly facts: MediaInfo;
  /** Members that were too long, too large or not well-formed, and so are absent. */
  readonly leftOut: Notes;
}

/** An event of either wire format, in 3.0's words. Strings that were empty and members of the wrong type are absent. */
export type VodEvent =
  | (FileEvent & { readonly type: 'NewFileUpload' | 'PullComplete' })
  | (FileEvent & { readonly type: 'ProcedureStateChanged'; readonly task: Task; readonly taskId?: string })
  | { readonly type: 'FileDeleted'; readonly fileIds: readonly string[] }
  /** Nothing to keep: another event type, a pull that failed, files of which only parts were deleted. */
  | { readonly type: 'Ignored'; readonly eventType: string };

/** How many outputs, and how many errors, a task keeps. */
const MAX_SUB_TASKS = 20;

/** Where 3.0, and then 2.0, carry a task's sub-tasks. */
const SUB_TASK_MEMBERS =
  'MediaProcessResultSet AiContentReviewResultSet AiAnalysisResultSet AiRecognitionResultSet ' +
  'ProcessTaskList ContentReviewList AIAnalysisList';

/** Where they carry what a sub-task made, by its type: a URL, URLs, or objects with one. */
const URL_MEMBERS = 'Url CoverUrl WebVttUrl ImageUrl ImageUrlSet ImageUrls UrlList PicInfoSet ImgInfo';

const NO_EVENT_TYPE = 'Cannot read event: it must be a JSON object with an EventType';

/** Where 3.0 carries an event; not always EventType + "Event". 2.0 carries all of them in `data`. */
const payloadNames = {
  NewFileUpload: 'FileUploadEvent',
  PullComplete: 'PullCompleteEvent',
  ProcedureStateChanged: 'ProcedureStateChangeEvent',
  FileDeleted: 'FileDeleteEvent',
} as const;

/**
 * Reads an event notification, 3.0 (`EventType`, 266/33779) or 2.0 (`eventType` and `data`, 266/33796).
 *
 * 2.0 says the same in lowerCamel names, and one revision of the documents mixes the two; so every member is read in
 * either spelling, whatever the envelope.
 *
 * @throws RequestError `invalid-request` where an event that is kept lacks what identifies its files
 */
export function parseEvent(message: unknown): VodEvent {
  const eventType = text(message, 'EventType');
  if (eventType === undefined) throw new RequestError('invalid-request', NO_EVENT_TYPE);
  if (!isKept(eventType)) return { type: 'Ignored', eventType };
  const payload = object(message, payloadNames[eventType]) ?? object(message, 'Data');
  const at = `/${payloadNames[eventType]}`;
  // A pull or deletion that failed did nothing; 2.0 says so in a `status` that is a number.
  const inVain = hasFailed(payload) || (number(payload, 'Status') ?? 0) !== 0;
  if (inVain && /Pull|Deleted/.test(eventType)) return { type: 'Ignored', eventType };
  if (eventType === 'FileDeleted') {
    const infos = ['FileInfo', 'FileDeleteResultInfo'].flatMap((name) => list(payload, name));
    const named = list(payload, 'FileIdSet');
    const read = { FileIdSet: named.length > 0 ? named : infos.map((info) => member(info, 'FileId')) };
    if (!validate.filesEvent(read)) throw unfit(at, validate.filesEvent);
    const fileIds = [...new Set(read.FileIdSet)].filter((fileId) => {
      const parts = infos.filter((info) => member(info, 'FileId') === fileId).map((info) => list(info, 'DeleteParts'));
      return parts.length === 0 || parts.some(({ length }) => length === 0);
    });
    return fileIds.length > 0 ? { type: eventType, fileIds } : { type: 'Ignored', eventType };
  }
  const read: unknown = omitUndefined({
    FileId: member(payload, 'FileId'),
    TaskId: text(payload, 'TaskId') ?? text(payload, 'VodTaskId'),
    ProcedureTaskId: text(payload, 'ProcedureTaskId'),
  });
  if (!validate.fileEvent(read)) throw unfit(at, validate.fileEvent);
  const { FileId: fileId, TaskId: taskId } = read;
  const leftOut: Notes = [];
  const file = { fileId, leftOut };
  if (eventType !== 'ProcedureStateChanged') return { type: eventType, ...file, facts: uploadFacts(payload, leftOut) };
  const of = { type: eventType, ...file, ...omitUndefined({ taskId }) };
  // A PROCESSING notice comes in any number and state of completion: only that the task exists is taken from it.
  if (text(payload, 'Status') !== 'FINISH') return { ...of, task: { status: 'PROCESSING' }, facts: {} };
  return { ...of, task: finishedTask(payload, leftOut), facts: fileFacts(payload, leftOut) };
}

function unfit(at: string, { errors }: Pick<typeof validate.fileEvent, 'errors'>): RequestError {
  return new RequestError('invalid-request', 'Cannot read event: it does not fit the schema', schemaErrors(errors, at));
}

/** Whether events of this type become rows, unless they have nothing to keep; all others are `Ignored`. */
export function isKept(eventType: string): eventType is keyof typeof payloadNames {
  return Object.hasOwn(payloadNames, eventType);
}

/** What both an upload and a finished task say of the file. */
function fileFacts(payload: unknown, notes: Notes): MediaInfo {
  const info = basicInfo(payload);
  const metaData = object(payload, 'MetaData') ?? payload;
  return omitUndefined({
    url: boundedString(info, 'MediaUrl', notes) ?? boundedString(payload, 'FileUrl', notes),
    name: boundedString(info, 'Name', notes) ?? boundedString(payload, 'FileName', notes),
    size: boundedNumber(metaData, 'Size', notes) ?? boundedNumber(metaData, 'FileSize', notes),
    // 2.0 rounds `duration` and says the same as 3.0 in `floatDuration`.
    duration: boundedNumber(metaData, 'FloatDuration', notes) ?? boundedNumber(metaData, 'Duration', notes),
    width: boundedNumber(metaData, 'Width', notes),
    height: boundedNumber(metaData, 'Height', notes),
  });
}

/** Older revisions of PullComplete nest it in another of its name. */
function basicInfo(payload: unknown): object | undefined {
  const info = object(payload, 'MediaBasicInfo');
  return object(info, 'MediaBasicInfo') ?? info;
}

function uploadFacts(payload: unknown, notes: Notes): MediaInfo {
  const info = basicInfo(payload) ?? payload;
  const source = object(info, 'SourceInfo') ?? payload;
  const sourceType = boundedString(source, 'SourceType', notes);
  return omitUndefined({
    ...fileFacts(payload, notes),
    // The vendor's guide misprints the name; no payload with it is known.
    sourceContext: boundedString(source, 'SourceContext', notes) ?? boundedString(source, 'SourceCopntext', notes),
    sourceType: sourceType?.replace(/^(Client|Server)Upload$/, 'Upload'),
    procedureTaskId: boundedString(payload, 'ProcedureTaskId', notes),
    type: boundedString(info, 'Type', notes),
    coverUrl: boundedString(info, 'CoverUrl', notes),
    createTime: boundedString(info, 'CreateTime', notes),
  });
}

function finishedTask(payload: unknown, notes: Notes): Task {
  const items = SUB_TASK_MEMBERS.split(' ').flatMap((name) => list(payload, name).map(flatSubTask));
  const succeeded = items.filter((item) => !hasFailed(item));
  const failed = (items.length > 0 ? items : [payload]).filter(hasFailed);
  const keep = (of: readonly unknown[]) =>
    of.length > 0 ? of.slice(0, MAX_SUB_TASKS).map((item) => subTask(item, notes)) : undefined;
  return omitUndefined({
    status: 'FINISH',
    failed: failed.length > 0,
    outputs: keep(succeeded),
    errors: keep(failed),
    sessionContext: boundedString(payload, 'SessionContext', notes),
    truncated: Math.max(succeeded.length, failed.length) > MAX_SUB_TASKS ? true : undefined,
  });
}

/** 3.0 nests a sub-task (`{Type: 'Transcode', TranscodeTask: {…}}`), 2.0 does not (`{taskType: 'Transcode', …}`). */
function flatSubTask(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return {};
  const isBody = ([name, of]: [string, unknown]) => name.endsWith('Task') && typeof of === 'object' && of !== null;
  return { ...item, ...Object.entries(item).find(isBody)?.[1] };
}

function hasFailed(item: unknown): boolean {
  return text(item, 'Status') === 'FAIL' || (number(item, 'ErrCode') ?? 0) !== 0;
}

function subTask(item: unknown, notes: Notes): SubTask {
  const [input, output] = [member(item, 'Input'), member(item, 'Output')];
  const errCode = boundedNumber(item, 'ErrCode', notes) ?? 0;
  return omitUndefined({
    type: boundedString(item, 'Type', notes) ?? boundedString(item, 'TaskType', notes),
    // The output's own definition is 0 in the vendor's samples.
    definition: boundedNumber(input, 'Definition', notes) ?? boundedNumber(output, 'Definition', notes),
    ...(hasFailed(item)
      ? {
          code: errCode === 0 ? boundedString(item, 'ErrCodeExt', notes) : errCode,
          message: boundedString(item, 'Message', notes),
        }
      : { url: outputUrl(output, notes) }),
  });
}

function outputUrl(output: unknown, notes: Notes): string | undefined {
  for (const name of URL_MEMBERS.split(' ')) {
    const [first] = list(output, name);
    const url = boundedString(
      typeof first === 'string' ? { Url: first } : (first ?? { Url: member(output, name) }),
      'Url',
      notes,
    );
    if (url !== undefined) return url;
  }
  return undefined;
}
