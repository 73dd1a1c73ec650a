import { toIsoTime } from '../media-view';
import type { Task } from '../state';
import { reviewTask } from '../task-views';
import type { Action, ApiDeps } from './deps';
import { ApiError } from './error';
import {
  getChoice,
  getInteger,
  getSort,
  getString,
  getTimeRange,
  invalidValue,
  requireParameter,
  type Parameters,
} from './parameters';

const TASK_RETENTION_MS = 3 * 24 * 60 * 60 * 1000;
const MAX_TASKS_PER_CALL = 100;
const DEFAULT_LIMIT = 10;

export const ProcessMediaByProcedure: Action = {
  parameters: ['FileId', 'ProcedureName', 'TasksPriority', 'TasksNotifyMode', 'SessionContext'],
  run: processMediaByProcedure,
};
export const DescribeTasks: Action = {
  parameters: ['Status', 'FileId', 'CreateTime', 'FinishTime', 'Sort', 'Limit', 'ScrollToken'],
  run: describeTasks,
};
export const DescribeTaskDetail: Action = { parameters: ['TaskId'], run: describeTaskDetail };

function processMediaByProcedure({ state, procedures, now }: ApiDeps, parameters: Parameters): object {
  const fileId = requireParameter(getString(parameters, 'FileId'), 'FileId');
  const media = state.media.get(fileId);
  if (!media) throw new ApiError('ResourceNotFound', `There is no file ${fileId}`);
  if (media.isOriginalDeleted === true) {
    throw new ApiError('FailedOperation', `The original of the file ${fileId} was deleted`);
  }
  const request = {
    procedure: requireParameter(getString(parameters, 'ProcedureName'), 'ProcedureName'),
    taskPriority: getInteger(parameters, 'TasksPriority', -10, 10) ?? 0,
    taskNotifyMode: getChoice(parameters, 'TasksNotifyMode', ['Finish', 'Change', 'None']) ?? 'Finish',
    sessionContext: getString(parameters, 'SessionContext') ?? '',
  };
  const ids = procedures.newTaskIds(request.procedure);
  procedures.start(ids, fileId, request, now());
  return { TaskId: ids.taskId, ReviewAudioVideoTaskId: ids.reviewTaskId };
}

function describeTasks(deps: ApiDeps, parameters: Parameters): object {
  const limit = getInteger(parameters, 'Limit', 1, MAX_TASKS_PER_CALL) ?? DEFAULT_LIMIT;
  const scroll = getString(parameters, 'ScrollToken') ?? '';
  if (!/^\d{0,9}$/.test(scroll)) throw invalidValue('ScrollToken', '`ScrollToken` is unknown');
  const matches = findTasks(deps, parameters);
  const start = Number(scroll);
  return {
    TaskSet: matches.slice(start, start + limit).map((task) => ({
      TaskId: task.taskId,
      FileId: task.fileId,
      ...taskSummary(task),
      SessionId: '',
      SessionContext: task.sessionContext,
    })),
    ScrollToken: matches.length > start + limit ? String(start + limit) : '',
  };
}

/** All tasks that match, in the requested order. */
function findTasks({ state, now }: ApiDeps, parameters: Parameters): Task[] {
  const status = getString(parameters, 'Status');
  const fileId = getString(parameters, 'FileId');
  const created = getTimeRange(parameters, 'CreateTime', 'exclusive');
  const finished = 'FinishTime' in parameters ? getTimeRange(parameters, 'FinishTime', 'exclusive') : undefined;
  const { field, isAscending } = getSort(parameters, ['CreateTime', 'FinishTime']);
  const from = Math.max(created.from, now() - TASK_RETENTION_MS);
  let candidates: Task[];
  if (fileId !== undefined) candidates = [...state.tasksByFile.get(fileId).values()];
  else if (finished) candidates = state.tasksByFinishTime.range(finished.from, finished.to);
  else candidates = state.tasksByCreateTime.range(from, created.to);
  const matches = candidates.filter(
    (task) =>
      (status ?? task.status) === task.status &&
      isInRange(task.createTime, { from, to: created.to }) &&
      (!finished || isInRange(task.finishTime ?? 0, finished)),
  );
  const timeOf = (task: Task): number => (field === 'FinishTime' ? (task.finishTime ?? 0) : task.createTime);
  return matches.sort((a, b) => (isAscending ? timeOf(a) - timeOf(b) : timeOf(b) - timeOf(a)));
}

function isInRange(time: number, { from, to }: { readonly from: number; readonly to: number }): boolean {
  return time >= from && time < to;
}

function describeTaskDetail({ state, procedures, now }: ApiDeps, parameters: Parameters): object {
  const id = requireParameter(getString(parameters, 'TaskId'), 'TaskId');
  const task = state.tasks.get(id);
  if (!task || now() - task.createTime > TASK_RETENTION_MS) {
    throw new ApiError('ResourceNotFound', `There is no task ${id} of the last 3 days`);
  }
  const isReview = task.taskType === 'ReviewAudioVideo';
  return {
    ...taskSummary(task),
    ProcedureTask: isReview ? null : procedures.detail(task),
    ReviewAudioVideoTask: isReview ? reviewTask(task) : null,
  };
}

function taskSummary(task: Task): object {
  return {
    TaskType: task.taskType ?? 'Procedure',
    Status: task.status,
    CreateTime: toIsoTime(task.createTime),
    BeginProcessTime: toIsoTime(task.createTime),
    FinishTime: task.finishTime === undefined ? '' : toIsoTime(task.finishTime),
  };
}
