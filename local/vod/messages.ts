// The events in both wire formats:
// 3.0 https://cloud.tencent.com/document/product/266/7830, /9636, /13434; 2.0 in their older versions.
import { isObject } from './http';
import type { Step } from './procedures';
import type { Task } from './state';

/** One event as it goes out: `current` is format 3.0, `legacy` is format 2.0, where that has words for it. */
export interface Message {
  readonly current: { readonly EventType: EventType; readonly [member: string]: unknown };
  readonly legacy?: object;
}

export type EventType = 'NewFileUpload' | 'ProcedureStateChanged' | 'FileDeleted';

export interface DeletedPart {
  readonly Type: string;
  readonly Definition: number;
}

/** A file as the server API and the events show it. */
export interface MediaView {
  readonly FileId: string;
  readonly BasicInfo: Readonly<Record<string, unknown>> & {
    readonly Name: string;
    readonly MediaUrl: string;
    readonly CoverUrl: string;
    readonly SourceInfo: { readonly SourceType: string; readonly SourceContext: string };
  };
  readonly MetaData: Readonly<Record<string, string | number>>;
}

/** An upload was committed. */
export function newFileUpload({ FileId, BasicInfo, MetaData }: MediaView, taskId: string): Message {
  return {
    current: {
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId,
        MediaBasicInfo: BasicInfo,
        ProcedureTaskId: taskId,
        ReviewAudioVideoTaskId: '',
        MetaData,
      },
    },
    legacy: {
      version: '4.0',
      eventType: 'NewFileUpload',
      data: {
        status: 0,
        message: '',
        vodTaskId: '',
        fileId: FileId,
        fileUrl: BasicInfo.MediaUrl,
        fileName: BasicInfo.Name,
        coverUrl: BasicInfo.CoverUrl,
        continued: 0,
        author: '',
        sourceType: 'ClientUpload',
        sourceContext: BasicInfo.SourceInfo.SourceContext,
        metaData: lowerCamel(MetaData),
        // A payload captured from the real VOD has no such member when there is no task.
        ...(taskId ? { procedureTaskId: taskId } : {}),
      },
    },
  };
}

/** A sub-task or the whole of a procedure is done. */
export function procedureStateChanged(task: Task, media: MediaView, outputs: readonly object[]): Message {
  const procedure = procedureTask(task, media, outputs);
  return {
    current: { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: procedure },
    legacy: {
      version: '4.0',
      eventType: 'ProcedureStateChanged',
      data: {
        vodTaskId: task.taskId,
        status: task.status,
        errCode: 0,
        message: '',
        fileId: task.fileId,
        metaData: lowerCamel(media.MetaData),
        contentReviewList: [],
        aIAnalysisList: [],
        processTaskList: task.steps.map((step, index) => ({
          taskType: step.type,
          ...lowerCamelObject(stepResult(task, step, index, outputs)),
        })),
      },
    },
  };
}

/** A file, or parts of one, were deleted. */
export function fileDeleted(fileId: string, parts: readonly DeletedPart[]): Message {
  return {
    current: {
      EventType: 'FileDeleted',
      FileDeleteEvent: { FileIdSet: [fileId], FileDeleteResultInfo: [{ FileId: fileId, DeleteParts: parts }] },
    },
    // 2.0 would say that the whole file is gone.
    ...(parts.length === 0 && {
      legacy: {
        version: '4.0',
        eventType: 'FileDeleted',
        data: { status: 0, message: '', fileInfo: [{ fileId }] },
      },
    }),
  };
}

/** A procedure's task as events and DescribeTaskDetail show it. */
export function procedureTask(task: Task, media: MediaView | undefined, outputs: readonly object[]): object {
  return {
    TaskId: task.taskId,
    Status: task.status === 'PROCESSING' ? 'PROCESSING' : 'FINISH',
    ErrCode: 0,
    Message: '',
    FileId: task.fileId,
    FileName: media?.BasicInfo.Name ?? '',
    FileUrl: media?.BasicInfo.MediaUrl ?? '',
    MetaData: media?.MetaData ?? null,
    MediaProcessResultSet: task.steps.map((step, index) => ({
      Type: step.type,
      [`${step.type}Task`]: stepResult(task, step, index, outputs),
    })),
    AiContentReviewResultSet: [],
    AiAnalysisResultSet: [],
    AiRecognitionResultSet: [],
    TasksPriority: task.priority,
    TasksNotifyMode: task.notifyMode,
    SessionContext: task.sessionContext,
    SessionId: '',
    Operator: '',
    OperationType: '',
  };
}

function stepResult(task: Task, step: Step, index: number, outputs: readonly object[]): Record<string, unknown> {
  const done = index < task.stepsDone;
  const failed = done && step.fails;
  return {
    Status: failed ? 'FAIL' : done ? 'SUCCESS' : 'PROCESSING',
    ErrCode: failed ? 30000 : 0,
    ErrCodeExt: failed ? 'InternalError' : '',
    Message: failed ? 'This sub-task is there to fail' : done ? 'SUCCESS' : '',
    Progress: done ? 100 : 0,
    Input: { Definition: step.definition },
    Output: done && !failed ? (outputs[index] ?? null) : null,
  };
}

function lowerCamelObject(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.charAt(0).toLowerCase() + name.slice(1), lowerCamel(member)]),
  );
}

function lowerCamel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCamel);
  return isObject(value) ? lowerCamelObject(value) : value;
}
