// The events in both formats: 3.0 https://cloud.tencent.com/document/product/266/7830, /9636, /13434, /81258;
// 2.0 in older versions of the same documents.
import type { Message } from './event-message';
import type { MediaView } from './media-view';
import type { ProcedureTask, ReviewTask } from './state';
import { lowerCamel, procedureTask, processTaskList, reviewTask } from './task-views';

export interface DeletedPart {
  readonly Type: string;
  readonly Definition: number;
}

/** The tasks that an upload starts; '' for none. */
export interface TaskIds {
  readonly taskId: string;
  readonly reviewTaskId: string;
}

/** An upload was committed. */
export function newFileUpload({ FileId, BasicInfo, MetaData }: MediaView, { taskId, reviewTaskId }: TaskIds): Message {
  return {
    current: {
      EventType: 'NewFileUpload',
      FileUploadEvent: {
        FileId,
        MediaBasicInfo: BasicInfo,
        ProcedureTaskId: taskId,
        ReviewAudioVideoTaskId: reviewTaskId,
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
        // A payload captured from the real VOD lacks this property when there is no task.
        ...(taskId ? { procedureTaskId: taskId } : {}),
      },
    },
  };
}

/** A sub-task of a procedure, or all of it, has finished. */
export function procedureStateChanged(task: ProcedureTask, media: MediaView, outputs: readonly object[]): Message {
  return {
    current: { EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: procedureTask(task, media, outputs) },
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
        processTaskList: processTaskList(task, outputs),
      },
    },
  };
}

/** A review task has finished. Format 2.0 is older than this event. */
export function reviewAudioVideoComplete(task: ReviewTask): Message {
  return {
    current: { EventType: 'ReviewAudioVideoComplete', ReviewAudioVideoCompleteEvent: reviewTask(task) },
  };
}

/** A file, or parts of it, were deleted. */
export function fileDeleted(fileId: string, parts: readonly DeletedPart[]): Message {
  return {
    current: {
      EventType: 'FileDeleted',
      FileDeleteEvent: { FileIdSet: [fileId], FileDeleteResultInfo: [{ FileId: fileId, DeleteParts: parts }] },
    },
    // Format 2.0 can only report that the whole file was deleted.
    ...(parts.length === 0 && {
      legacy: {
        version: '4.0',
        eventType: 'FileDeleted',
        data: { status: 0, message: '', fileInfo: [{ fileId }] },
      },
    }),
  };
}
