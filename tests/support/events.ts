/** Events of one file that agree with each other, in both formats, as VOD writes them. */
export interface FileFacts {
  readonly fileId: string;
  readonly sourceContext?: string;
  readonly procedureTaskId?: string;
  readonly url?: string;
  readonly size?: number;
}

export type EventBody = Readonly<Record<string, unknown>>;

const v2 = (eventType: string, data: object): EventBody => ({ version: '4.0', eventType, data });

const media = ({ fileId, url, size = 10_485_760 }: FileFacts) => ({
  url: url ?? `http://1500000001.vod2.myqcloud.com/6c5d7b8dvodcq1500000001/${fileId}/f0.mp4`,
  name: '动物世界',
  size,
  duration: 60.5,
  width: 1920,
  height: 1080,
});

export function newFileUpload(file: FileFacts): EventBody {
  const { url, name, size, duration, width, height } = media(file);
  return {
    EventType: 'NewFileUpload',
    FileUploadEvent: {
      FileId: file.fileId,
      MediaBasicInfo: {
        Name: name,
        CreateTime: '2026-11-22T08:00:00Z',
        CoverUrl: '',
        Type: 'mp4',
        MediaUrl: url,
        SourceInfo: { SourceType: 'Upload', SourceContext: file.sourceContext ?? '' },
      },
      MetaData: { Size: size, Duration: duration, Width: width, Height: height },
      ProcedureTaskId: file.procedureTaskId ?? '',
    },
    ProcedureStateChangeEvent: null,
  };
}

export function newFileUpload2(file: FileFacts): EventBody {
  const { url, name, size, duration, width, height } = media(file);
  return v2('NewFileUpload', {
    fileId: file.fileId,
    fileUrl: url,
    fileName: name,
    sourceType: 'ClientUpload',
    sourceContext: file.sourceContext ?? '',
    procedureTaskId: file.procedureTaskId ?? '',
    metaData: { size, duration: Math.round(duration), floatDuration: duration, width, height },
  });
}

interface TaskFacts {
  readonly taskId: string;
  readonly failed?: boolean;
  readonly sessionContext?: string;
}

const subTasks = ({ url }: { url: string }, failed: boolean) => [
  { type: 'Transcode', definition: 20, url: url.replace('f0', 'v.f20') },
  failed
    ? { type: 'CoverBySnapshot', definition: 10, code: 40_000, message: 'Invalid parameter' }
    : { type: 'CoverBySnapshot', definition: 10, url: url.replace('f0.mp4', 'cover.jpg') },
];

export function procedureStateChanged(file: FileFacts, status: string, task: TaskFacts): EventBody {
  const { url, name, size, duration, width, height } = media(file);
  const results = subTasks({ url }, task.failed ?? false).map(({ type, definition, url: made, code, message }) => ({
    Type: type,
    [`${type}Task`]: {
      Status: code === undefined ? 'SUCCESS' : 'FAIL',
      ErrCode: code ?? 0,
      Message: message ?? '',
      Input: { Definition: definition },
      Output: code === undefined ? { Definition: 0, [type === 'Transcode' ? 'Url' : 'CoverUrl']: made } : null,
    },
  }));
  return {
    EventType: 'ProcedureStateChanged',
    ProcedureStateChangeEvent: {
      TaskId: task.taskId,
      Status: status,
      ErrCode: 0,
      FileId: file.fileId,
      FileName: name,
      FileUrl: url,
      MetaData: { Size: size, Duration: duration, Width: width, Height: height },
      MediaProcessResultSet: status === 'FINISH' ? results : [],
      SessionContext: task.sessionContext ?? '',
    },
  };
}

export function procedureStateChanged2(file: FileFacts, status: string, task: TaskFacts): EventBody {
  const { url, size, duration, width, height } = media(file);
  const results = subTasks({ url }, task.failed ?? false).map(({ type, definition, url: made, code, message }) => ({
    taskType: type,
    status: code === undefined ? 'SUCCESS' : 'FAIL',
    errCode: code ?? 0,
    message: message ?? '',
    input: { definition },
    ...(code === undefined && { output: { [type === 'Transcode' ? 'url' : 'imageUrl']: made } }),
  }));
  return v2('ProcedureStateChanged', {
    vodTaskId: task.taskId,
    status,
    errCode: 0,
    fileId: file.fileId,
    metaData: { size, duration: Math.round(duration), floatDuration: duration, width, height },
    processTaskList: status === 'FINISH' ? results : [],
  });
}

export function fileDeleted({ fileId }: FileFacts): EventBody {
  const results = [{ FileId: fileId, DeleteParts: [] }];
  return { EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: [fileId], FileDeleteResultInfo: results } };
}

export function fileDeleted2({ fileId }: FileFacts): EventBody {
  return v2('FileDeleted', { status: 0, message: '', fileInfo: [{ fileId }] });
}

/** All orders of a list; with `twice`, of the list with each element in it two times. */
export function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [at, item] of items.entries()) {
    // Equal elements make equal orders: one of them is enough.
    if (items.indexOf(item) < at) continue;
    for (const rest of permutations([...items.slice(0, at), ...items.slice(at + 1)])) yield [item, ...rest];
  }
}
