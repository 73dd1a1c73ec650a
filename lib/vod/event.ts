import * as validate from '../generated/events';
import { RequestError, schemaErrors } from '../platform/errors';
import { parseMediaInfo, parseSourceContext, type MediaInfo } from './media';
import { getArray, getField, getNumber, getObject, getString } from './wire';

interface UploadEvent {
  readonly type: keyof typeof UPLOAD_EVENTS;
  readonly fileId: string;
  readonly media: MediaInfo;
  readonly sourceContext?: string;
  readonly procedureTaskId?: string;
  /** The tasks that VOD started for the upload: procedure and review. */
  readonly taskIds: readonly string[];
  /** Names of fields that are absent because they were too long, too large or not well-formed. */
  readonly droppedFields: readonly string[];
}

interface TaskEvent {
  readonly type: keyof typeof TASK_EVENTS;
  readonly fileId: string;
  readonly taskId: string;
  readonly isFinished: boolean;
  /** As in an upload event. */
  readonly droppedFields?: readonly string[];
}

interface DeletionEvent {
  readonly type: keyof typeof DELETION_EVENTS;
  /** `parts` are VOD's names of the deleted parts; empty = the whole file. */
  readonly files: readonly { readonly fileId: string; readonly parts: readonly string[] }[];
  /** As in an upload event: `FileIdSet` where some of its ids are unusable. */
  readonly droppedFields?: readonly string[];
}

/** An event of either wire format. Task events carry identifiers only: results come from VOD's API. */
export type VodEvent =
  | UploadEvent
  | TaskEvent
  | DeletionEvent
  /** Nothing to keep: another event type, a failed pull or deletion, or a task without a VOD file. */
  | { readonly type: 'Ignored'; readonly eventType: string };

const NO_EVENT_TYPE = 'Cannot read event: it must be a JSON object with an EventType';
const FILE_ID = /^\d{1,40}$/;
const MAX_TASK_ID_BYTES = 256;

// The event types that are kept, each with the name of its payload in 3.0, which is not always EventType + "Event"; 2.0 has
// every payload in `data`. docs/contributing.md has the steps to keep one more type.

/** A file is in VOD: the payload contains its FileId and media information. */
const UPLOAD_EVENTS = {
  NewFileUpload: 'FileUploadEvent',
  PullComplete: 'PullCompleteEvent',
} as const;

/** Something happened to a file: the payload, or its `Input`, contains the FileId. */
const TASK_EVENTS = {
  ProcedureStateChanged: 'ProcedureStateChangeEvent',
  ReviewAudioVideoComplete: 'ReviewAudioVideoCompleteEvent',
} as const;

/** Files or parts of files were deleted. */
const DELETION_EVENTS = {
  FileDeleted: 'FileDeleteEvent',
} as const;

export const KEPT_EVENTS = { ...UPLOAD_EVENTS, ...TASK_EVENTS, ...DELETION_EVENTS };

/**
 * Parses an event notification, 3.0 (`EventType`, 266/33779) or 2.0 (`eventType` and `data`, 266/33796).
 *
 * 2.0 has the same fields in lowerCamel names, and one revision of the documents mixes the two; so every field is read
 * in either spelling, whatever the envelope.
 *
 * @throws RequestError `invalid-request` where there is no event type, or an upload or deletion without a usable FileId
 */
export function parseEvent(message: unknown): VodEvent {
  const eventType = getString(message, 'EventType');
  if (eventType === undefined) throw new RequestError('invalid-request', NO_EVENT_TYPE);
  if (!isKept(eventType)) return { type: 'Ignored', eventType };
  const payload = getObject(message, KEPT_EVENTS[eventType]) ?? getObject(message, 'Data');
  if (isOneOf(TASK_EVENTS, eventType)) return parseTask(eventType, payload);
  if (eventType !== 'NewFileUpload' && hasFailed(payload)) return { type: 'Ignored', eventType };
  const path = `/${KEPT_EVENTS[eventType]}`;
  return isOneOf(UPLOAD_EVENTS, eventType)
    ? parseUpload(eventType, payload, path)
    : parseDeletion(eventType, payload, path);
}

/** Whether events of this type are kept. */
export function isKept(eventType: string): eventType is keyof typeof KEPT_EVENTS {
  return isOneOf(KEPT_EVENTS, eventType);
}

function isOneOf<T extends object>(events: T, eventType: string): eventType is keyof T & string {
  return Object.hasOwn(events, eventType);
}

function parseUpload(type: UploadEvent['type'], payload: unknown, path: string): UploadEvent {
  const event = { FileId: getField(payload, 'FileId') };
  if (!validate.uploadEvent(event)) throw schemaError(path, validate.uploadEvent);
  const droppedFields: string[] = [];
  const procedureTaskId = getTaskId(payload, 'ProcedureTaskId', droppedFields);
  const reviewTaskId = getTaskId(payload, 'ReviewAudioVideoTaskId', droppedFields);
  const sourceContext = parseSourceContext(payload, droppedFields);
  return {
    type,
    fileId: event.FileId,
    media: parseMediaInfo(payload, droppedFields),
    ...(sourceContext !== undefined && { sourceContext }),
    ...(procedureTaskId !== undefined && { procedureTaskId }),
    taskIds: [procedureTaskId, reviewTaskId].filter((id) => id !== undefined),
    droppedFields,
  };
}

function parseTask(type: TaskEvent['type'], payload: unknown): VodEvent {
  const fileId = getField(payload, 'FileId') ?? getField(getField(payload, 'Input'), 'FileId');
  // For ProcessMediaByUrl this is the caller's own text, or missing: such a task has no file in VOD.
  if (typeof fileId !== 'string' || !FILE_ID.test(fileId)) return { type: 'Ignored', eventType: type };
  const droppedFields: string[] = [];
  const taskId = getTaskId(payload, 'TaskId', droppedFields) ?? getTaskId(payload, 'VodTaskId', droppedFields) ?? '';
  const isFinished = getString(payload, 'Status') === 'FINISH';
  return { type, fileId, taskId, isFinished, ...(droppedFields.length > 0 && { droppedFields }) };
}

function parseDeletion(type: DeletionEvent['type'], payload: unknown, path: string): DeletionEvent {
  const details = ['FileInfo', 'FileDeleteResultInfo'].flatMap((name) => getArray(payload, name));
  const named = getArray(payload, 'FileIdSet');
  const ids = named.length > 0 ? named : details.map((detail) => getField(detail, 'FileId'));
  const usable = ids.filter((id) => typeof id === 'string' && FILE_ID.test(id));
  const event = { FileIdSet: usable.length > 0 ? [...new Set(usable)] : ids };
  if (!validate.deletionEvent(event)) throw schemaError(path, validate.deletionEvent);
  const partsById = new Map<unknown, string[]>();
  for (const detail of details) {
    const parts = getArray(detail, 'DeleteParts').map(getPartType);
    const fileId = getField(detail, 'FileId');
    const earlierParts = partsById.get(fileId);
    // A file that is listed twice, once without parts, was deleted as a whole.
    const isWhole = parts.length === 0 || earlierParts?.length === 0;
    partsById.set(fileId, isWhole ? [] : [...(earlierParts ?? []), ...parts]);
  }
  return {
    type,
    files: event.FileIdSet.map((fileId) => ({
      fileId,
      parts: [...new Set(partsById.get(fileId))].sort(),
    })),
    ...(usable.length < ids.length && { droppedFields: ['FileIdSet'] }),
  };
}

/** In the SDK's typings: OriginalFiles, TranscodeFiles, AdaptiveDynamicStreamingFiles, ... */
function getPartType(part: unknown): string {
  const type = getString(part, 'Type') ?? '';
  return /^[A-Za-z]{1,64}$/.test(type) ? type : 'Unknown';
}

/** Whether a pull or deletion failed; in 2.0 `status` is a number, 0 for success. */
function hasFailed(payload: unknown): boolean {
  const isFailure = getString(payload, 'Status') === 'FAIL' || (getNumber(payload, 'ErrCode') ?? 0) !== 0;
  return isFailure || (getNumber(payload, 'Status') ?? 0) !== 0;
}

function getTaskId(payload: unknown, name: string, droppedFields: string[]): string | undefined {
  const taskId = getString(payload, name);
  if (taskId === undefined) return undefined;
  if (Buffer.byteLength(taskId) <= MAX_TASK_ID_BYTES && taskId.isWellFormed()) return taskId;
  droppedFields.push(name);
  return undefined;
}

function schemaError(path: string, { errors }: Pick<typeof validate.uploadEvent, 'errors'>): RequestError {
  return new RequestError(
    'invalid-request',
    'Cannot read event: it does not match the schema',
    schemaErrors(errors, path),
  );
}
