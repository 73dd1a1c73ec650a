import { VodError, type VodApi } from '../../../lib/vod/api';

type Action = keyof VodApi;
type Responses = { readonly [A in Action]?: (request: Parameters<VodApi[A]>[0]) => unknown };

/**
 * VOD's server API with these responses; every other action fails the test. What VOD sends is JSON: its types are the
 * vendor's promise, which some of these tests break on purpose.
 */
export function fakeVod(responses: Responses): VodApi {
  const action = (name: Action) => async (request: object) => {
    await Promise.resolve();
    const response = responses[name] as ((request: object) => unknown) | undefined;
    if (!response) throw new Error(`unexpected call of ${name}`);
    return response(request);
  };
  return {
    PullEvents: action('PullEvents'),
    ConfirmEvents: action('ConfirmEvents'),
    SearchMedia: action('SearchMedia'),
    DescribeMediaInfos: action('DescribeMediaInfos'),
    DescribeTasks: action('DescribeTasks'),
    DescribeTaskDetail: action('DescribeTaskDetail'),
    DeleteMedia: action('DeleteMedia'),
    ForbidMediaDistribution: action('ForbidMediaDistribution'),
  } as unknown as VodApi;
}

export function refusal(action: Action, code: string): VodError {
  return new VodError(action, `VOD returned ${code} (request r-1)`, code);
}

export interface ModelTask {
  readonly taskId: string;
  readonly type: 'Procedure' | 'ReviewAudioVideo';
  readonly status: 'WAITING' | 'PROCESSING' | 'FINISH' | 'ABORTED';
  readonly createTime: string;
  readonly finishTime?: string;
  /** `ProcedureTask` or `ReviewAudioVideoTask`, in addition to FileId. */
  readonly result?: object;
}

export interface ModelFile {
  readonly fileId: string;
  readonly basicInfo: { readonly CreateTime: string } & Readonly<Record<string, unknown>>;
  readonly metaData?: object | null;
  readonly reviewInfo?: object | null;
  readonly tasks: readonly ModelTask[];
}

const seconds = (time: string | undefined) => Date.parse(time ?? '') / 1000;

/** A VOD that has these files, as its documents describe it, and shows at most `maxTasks` tasks a page. */
export function vodModel(files: readonly ModelFile[] = [], maxTasks = 100) {
  const library = new Map(files.map((file) => [file.fileId, file]));
  const calls: { readonly action: Action; readonly request: object }[] = [];
  let fault: (action: Action, request: object) => void = () => undefined;
  const begin = (action: Action, request: object) => {
    calls.push({ action, request });
    fault(action, request);
  };
  const tasksOf = (file: ModelFile | undefined) => (file?.tasks ?? []).map((task) => ({ file, task }));
  const allTasks = () => [...library.values()].flatMap(tasksOf);

  const api = fakeVod({
    DescribeMediaInfos: (request) => {
      begin('DescribeMediaInfos', request);
      const found = request.FileIds.flatMap((fileId) => library.get(fileId) ?? []);
      return {
        MediaInfoSet: found.map(({ fileId, basicInfo, metaData = null, reviewInfo = null }) => ({
          FileId: fileId,
          BasicInfo: basicInfo,
          MetaData: metaData,
          ReviewInfo: reviewInfo,
        })),
        NotExistFileIdSet: request.FileIds.filter((fileId) => !library.has(fileId)),
      };
    },
    DescribeTasks: (request) => {
      begin('DescribeTasks', request);
      const { FileId, FinishTime, ScrollToken } = request;
      const limit = Math.min(request.Limit ?? 10, maxTasks);
      const isInWindow = ({ finishTime }: ModelTask) =>
        seconds(finishTime) >= seconds(FinishTime?.After) && seconds(finishTime) <= seconds(FinishTime?.Before);
      const found = FileId ? tasksOf(library.get(FileId)) : allTasks().filter(({ task }) => isInWindow(task));
      const start = Number(ScrollToken ?? 0);
      const page = found.slice(start, start + limit);
      return {
        TaskSet: page.map(({ file, task }) => ({
          TaskId: task.taskId,
          Status: task.status,
          FileId: file?.fileId,
          TaskType: task.type,
          CreateTime: task.createTime,
        })),
        ScrollToken: found.length > start + limit ? String(start + limit) : '',
      };
    },
    DescribeTaskDetail: (request) => {
      begin('DescribeTaskDetail', request);
      const found = allTasks().find(({ task }) => task.taskId === request.TaskId);
      if (!found) throw refusal('DescribeTaskDetail', 'ResourceNotFound');
      const { file, task } = found;
      const fileId = file?.fileId;
      const isProcedure = task.type === 'Procedure';
      return {
        TaskType: task.type,
        Status: task.status,
        CreateTime: task.createTime,
        ProcedureTask: isProcedure ? { FileId: fileId, ...task.result } : null,
        ReviewAudioVideoTask: isProcedure ? null : { Input: { FileId: fileId }, ...task.result },
      };
    },
    DeleteMedia: (request) => {
      begin('DeleteMedia', request);
      if (!library.delete(request.FileId)) throw refusal('DeleteMedia', 'ResourceNotFound');
      return {};
    },
    ForbidMediaDistribution: (request) => {
      begin('ForbidMediaDistribution', request);
      for (const fileId of request.FileIds) {
        const file = library.get(fileId);
        if (file) library.set(fileId, { ...file, basicInfo: { ...file.basicInfo, Status: 'Forbidden' } });
      }
      return { NotExistFileIdSet: request.FileIds.filter((fileId) => !library.has(fileId)) };
    },
    SearchMedia: (request) => {
      begin('SearchMedia', request);
      const { CreateTime, Offset = 0, Limit = 10 } = request;
      const created = ({ basicInfo }: ModelFile) => seconds(basicInfo.CreateTime);
      const found = [...library.values()]
        .filter((file) => created(file) >= seconds(CreateTime?.After) && created(file) <= seconds(CreateTime?.Before))
        .sort((a, b) => created(a) - created(b));
      return {
        TotalCount: Math.min(found.length, 5_000),
        MediaInfoSet: found
          .slice(Offset, Offset + Limit)
          .map(({ fileId, basicInfo }) => ({ FileId: fileId, BasicInfo: basicInfo })),
      };
    },
  });

  return {
    api,
    calls,
    /** How often an action was called. */
    count: (action: Action) => calls.filter((call) => call.action === action).length,
    put: (file: ModelFile) => {
      library.set(file.fileId, file);
    },
    remove: (fileId: string) => library.delete(fileId),
    failWith: (next: typeof fault) => {
      fault = next;
    },
  };
}

export type VodModel = ReturnType<typeof vodModel>;
