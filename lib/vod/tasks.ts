import { compareStrings } from '../platform/compare';
import { omitUndefined } from '../platform/omit-undefined';
import { codeOf, isAccountError, isTransient, type VodApi } from './api';
import { isNoSuchTask, TASK_TYPES } from './library';
import { toUtc } from './media';
import { parseProcedureTask, parseReviewTask, type Task } from './task';
import { getArray, getField, getObject, getString } from './wire';

/** Pages of a file's tasks that one verification reads. */
const MAX_PAGES = 3;
/** Details of tasks that one verification reads. */
const MAX_DETAILS = 50;

export interface TaskQuestion {
  readonly fileId: string;
  /** Tasks that events named: described even if VOD does not list them. */
  readonly namedIds: readonly string[];
  /** Whether VOD has already returned the task's final result, which never changes. */
  readonly isFinished: (taskId: string) => boolean;
  /** VOD has listed the named tasks before, and no other task has news: the list is skipped. Default: false. */
  readonly isListKnown?: boolean;
}

/** VOD's response about a task is incomplete: the verification has to be repeated later. */
export class IncompleteResponseError extends Error {
  override readonly name = 'IncompleteResponseError';
  readonly code = 'IncompleteResponse';
}

/**
 * The procedures and reviews of a file that VOD still keeps (three days), by id, the oldest first, without those with a
 * final result in the row (DescribeTasks, 266/33430; DescribeTaskDetail, 266/33431).
 *
 * @throws IncompleteResponseError when the list or a task's detail is missing from the response; what a call throws
 */
export async function describeTasks(
  vod: Pick<VodApi, 'DescribeTasks' | 'DescribeTaskDetail'>,
  { fileId, namedIds, isFinished, isListKnown = false }: TaskQuestion,
): Promise<ReadonlyMap<string, Task>> {
  if (isListKnown) {
    const details = await describeAll(
      vod,
      fileId,
      namedIds.map((taskId) => ({ taskId })),
    );
    if (details.size === namedIds.length) return details;
  }
  const listed = await listTasks(vod, fileId);
  const listedIds = new Set(listed.map(({ taskId }) => taskId));
  const unlisted = namedIds
    .filter((taskId) => taskId !== '' && !listedIds.has(taskId))
    .map((taskId): ListedTask => ({ taskId }));
  const unfinished = [...listed, ...unlisted].filter(({ taskId }) => !isFinished(taskId)).slice(0, MAX_DETAILS);
  return describeAll(vod, fileId, unfinished);
}

async function describeAll(
  vod: Pick<VodApi, 'DescribeTaskDetail'>,
  fileId: string,
  listed: readonly ListedTask[],
): Promise<ReadonlyMap<string, Task>> {
  const tasks = await Promise.all(
    listed.map(async (task) => [task.taskId, await describeTask(vod, fileId, task)] as const),
  );
  const described = tasks.flatMap(([taskId, task]) => (task ? [[taskId, task] as const] : []));
  return new Map(described.sort(([, a], [, b]) => compareStrings(a._createTime ?? '', b._createTime ?? '')));
}

interface ListedTask {
  readonly taskId: string;
  /** This and the following are absent where VOD did not list the task. */
  readonly type?: string;
  readonly status?: string;
  readonly createTime?: string;
}

async function listTasks(vod: Pick<VodApi, 'DescribeTasks'>, fileId: string): Promise<ListedTask[]> {
  const tasks: ListedTask[] = [];
  let scrollToken: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const response = await vod.DescribeTasks({
      FileId: fileId,
      Sort: { Field: 'CreateTime', Order: 'Asc' },
      Limit: 100,
      ...(scrollToken !== undefined && { ScrollToken: scrollToken }),
    });
    if (!Array.isArray(getField(response, 'TaskSet'))) {
      throw new IncompleteResponseError(`VOD's response about the tasks of the file ${fileId} has no TaskSet`);
    }
    for (const task of getArray(response, 'TaskSet')) {
      const taskId = getString(task, 'TaskId');
      const type = getString(task, 'TaskType');
      const isOfFile = (getString(task, 'FileId') ?? fileId) === fileId;
      if (taskId === undefined || type === undefined || !TASK_TYPES.includes(type) || !isOfFile) continue;
      tasks.push({
        taskId,
        type,
        ...omitUndefined({ status: getString(task, 'Status'), createTime: toUtc(getString(task, 'CreateTime')) }),
      });
    }
    scrollToken = getString(response, 'ScrollToken');
    if (scrollToken === undefined) break;
  }
  return tasks;
}

async function describeTask(
  vod: Pick<VodApi, 'DescribeTaskDetail'>,
  fileId: string,
  listed: ListedTask,
): Promise<Task | undefined> {
  const { taskId, type, status, createTime } = listed;
  if (status !== undefined && status !== 'FINISH' && status !== 'ABORTED') return withOrigin(RUNNING, type, createTime);
  if (status === 'ABORTED') return withOrigin(ABORTED, type, createTime);

  const detail = await getDetail(vod, taskId, type === undefined);
  if (detail === undefined) {
    // A task that VOD has just listed exists: "no such task" is not a response about it.
    if (type !== undefined) throw new IncompleteResponseError(`VOD lists the task ${taskId}, but does not describe it`);
    return undefined;
  }
  const detailType = getString(detail, 'TaskType') ?? type;
  if (detailType === undefined) {
    throw new IncompleteResponseError(`VOD's response about the task ${taskId} has no type`);
  }
  if (!TASK_TYPES.includes(detailType)) return undefined;
  const payload = getObject(detail, detailType === 'Procedure' ? 'ProcedureTask' : 'ReviewAudioVideoTask');
  if (!payload) throw new IncompleteResponseError(`VOD's response about the task ${taskId} has no ${detailType} in it`);
  const owner = getString(detailType === 'Procedure' ? payload : getField(payload, 'Input'), 'FileId');
  if (owner === undefined) throw new IncompleteResponseError(`VOD's response about the task ${taskId} names no file`);
  if (owner !== fileId) return undefined;
  const createdAt = createTime ?? toUtc(getString(detail, 'CreateTime'));
  const state = status ?? getString(detail, 'Status');
  if (state === 'ABORTED') return withOrigin(ABORTED, detailType, createdAt);
  if (state !== 'FINISH') return withOrigin(RUNNING, detailType, createdAt);
  if (detailType === 'Procedure') return withOrigin(parseProcedureTask(payload), detailType, createdAt);
  const finishedAt = toUtc(getString(detail, 'FinishTime'));
  const review = { ...parseReviewTask(payload), ...(finishedAt !== undefined && { _finishTime: finishedAt }) };
  return withOrigin(review, detailType, createdAt);
}

const RUNNING: Task = { status: 'PROCESSING' };
const ABORTED: Task = { status: 'FINISH', failed: true, errors: [{ type: 'Task', message: 'ABORTED' }] };

function withOrigin(task: Task, type: string | undefined, createTime: string | undefined): Task {
  return {
    ...task,
    ...(type === 'ReviewAudioVideo' && { _kind: 'review' }),
    ...(createTime !== undefined && { _createTime: createTime }),
  };
}

/** Whether VOD refuses to describe this id: an event may name anything. */
function isRefusal(error: unknown): boolean {
  return codeOf(error) !== undefined && !isTransient(error) && !isAccountError(error);
}

/** `undefined` where VOD does not have the task. */
async function getDetail(
  vod: Pick<VodApi, 'DescribeTaskDetail'>,
  taskId: string,
  isUnlisted: boolean,
): Promise<unknown> {
  try {
    return await vod.DescribeTaskDetail({ TaskId: taskId });
  } catch (error) {
    if (isNoSuchTask(error) || (isUnlisted && isRefusal(error))) return undefined;
    throw error;
  }
}
