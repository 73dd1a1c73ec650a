/** The types of events that `send` can send, with a small part of the fields that VOD sends. */
export const TEST_EVENTS = [
  'NewFileUpload',
  'ProcedureStateChanged',
  'FileDeleted',
  'PullComplete',
  'ReviewAudioVideoComplete',
] as const;

export type TestEventType = (typeof TEST_EVENTS)[number];

export interface TestEventFields {
  readonly fileId: string;
  readonly taskId: string;
  readonly status: 'FINISH' | 'PROCESSING';
  readonly failed: boolean;
  readonly name: string;
  readonly mediaUrl: string;
  readonly sourceContext: string;
  readonly sessionContext: string;
  /** ISO 8601. */
  readonly createTime: string;
}

const FAILURE = { code: 40_000, message: 'Invalid parameter' };

/** Format 3.0: 266/7830, 266/9636, 266/13434, 266/7831, 266/81258. */
export function formatCurrent(type: TestEventType, fields: TestEventFields): object {
  const { fileId, taskId, status, failed, name, mediaUrl, sessionContext } = fields;
  switch (type) {
    case 'NewFileUpload': {
      const event = {
        FileId: fileId,
        MediaBasicInfo: basicInfo(fields),
        ProcedureTaskId: taskId,
        ReviewAudioVideoTaskId: '',
      };
      return { EventType: type, FileUploadEvent: event };
    }
    case 'ProcedureStateChanged': {
      const event = {
        TaskId: taskId,
        Status: status,
        ErrCode: 0,
        Message: '',
        FileId: fileId,
        FileName: name,
        FileUrl: mediaUrl,
        MediaProcessResultSet: status === 'FINISH' ? [{ Type: 'Transcode', TranscodeTask: transcode(fields) }] : [],
        SessionContext: sessionContext,
      };
      return { EventType: type, ProcedureStateChangeEvent: event };
    }
    case 'FileDeleted': {
      const event = { FileIdSet: [fileId], FileDeleteResultInfo: [{ FileId: fileId, DeleteParts: [] }] };
      return { EventType: type, FileDeleteEvent: event };
    }
    case 'PullComplete': {
      const event = {
        TaskId: taskId,
        Status: 'FINISH',
        ErrCode: failed ? FAILURE.code : 0,
        Message: failed ? FAILURE.message : '',
        FileId: failed ? '' : fileId,
        FileUrl: failed ? '' : mediaUrl,
        MediaBasicInfo: failed ? null : basicInfo(fields),
        ProcedureTaskId: '',
        SessionContext: sessionContext,
      };
      return { EventType: type, PullCompleteEvent: event };
    }
    case 'ReviewAudioVideoComplete': {
      const event = {
        TaskId: taskId,
        Status: status,
        ErrCodeExt: failed ? 'InvalidParameterValue' : '',
        Message: failed ? FAILURE.message : '',
        Input: { FileId: fileId },
        Output: failed ? null : { Suggestion: 'pass', Label: '', Form: '' },
      };
      return { EventType: type, ReviewAudioVideoCompleteEvent: event };
    }
  }
}

function basicInfo({ name, mediaUrl, sourceContext, createTime }: TestEventFields): object {
  return {
    Name: name,
    Description: '',
    CreateTime: createTime,
    UpdateTime: createTime,
    Type: 'mp4',
    MediaUrl: mediaUrl,
    CoverUrl: '',
    ClassId: 0,
    SourceInfo: { SourceType: 'Upload', SourceContext: sourceContext },
  };
}

function transcode({ failed, mediaUrl }: TestEventFields): object {
  return {
    Status: failed ? 'FAIL' : 'SUCCESS',
    ErrCode: failed ? FAILURE.code : 0,
    Message: failed ? FAILURE.message : '',
    Input: { Definition: 10 },
    Output: failed ? null : { Definition: 10, Url: mediaUrl },
  };
}

/** Format 2.0: the same in the older versions of these documents (266/33796); reviews came after it. */
export function formatLegacy(
  type: Exclude<TestEventType, 'ReviewAudioVideoComplete'>,
  fields: TestEventFields,
): object {
  return { version: '4.0', eventType: type, data: legacyData(type, fields) };
}

function legacyData(type: Exclude<TestEventType, 'ReviewAudioVideoComplete'>, fields: TestEventFields): object {
  const { fileId, taskId, status, failed, name, mediaUrl, sourceContext, sessionContext } = fields;
  const { code, message } = failed ? FAILURE : { code: 0, message: '' };
  switch (type) {
    case 'NewFileUpload':
      return {
        status: 0,
        message: '',
        fileId,
        fileName: name,
        fileUrl: mediaUrl,
        sourceType: 'ClientUpload',
        sourceContext,
        ...(taskId && { procedureTaskId: taskId }),
      };
    case 'ProcedureStateChanged': {
      const task = {
        taskType: 'Transcode',
        status: failed ? 'FAIL' : 'SUCCESS',
        errCode: code,
        message,
        input: { definition: 10 },
        output: failed ? null : { definition: 10, url: mediaUrl },
      };
      const processTaskList = status === 'FINISH' ? [task] : [];
      return { vodTaskId: taskId, status, errCode: 0, message: '', fileId, sessionContext, processTaskList };
    }
    case 'FileDeleted':
      return { status: 0, message: '', fileInfo: [{ fileId }] };
    case 'PullComplete':
      return { status: code, message, vodTaskId: taskId, fileId: failed ? '' : fileId, fileUrl: mediaUrl };
  }
}
