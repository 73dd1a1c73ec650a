import { compareStrings } from '../platform/compare';
import { omitUndefined } from '../platform/omit-undefined';
import type { VodApi } from './api';
import { isNoSuchTask, TASK_TYPES } from './library';
import { parseProcedureTask, parseReviewTask, type Task } from './task';
import { getArray, getField, getObject, getString } from './wire';

/** How many pages of a file's tasks, and how many details, one verification asks for. */
const MAX_PAGES = 3;
const MAX_DETAILS = 50;

export interface TaskQuestion {
  readonly fileId: string;
  /** Tasks that events named: asked about even if VOD does not list them. */
  readonly namedIds: readonly string[];
  /** Whether the task's result is known from VOD already: such a task never changes. */
  readonly isSettled: (taskId: string) => boolean;
}

/** VOD's answer about a task is incomplete: it is to be asked again. */
export class IncompleteAnswerError extends Error {
  override readonly name = 'IncompleteAnswerError';
  readonly code = 'IncompleteAnswer';
}

/**
 * The procedures and reviews that VOD remembers of a file (of the last three days), by id, the oldest first, without
 * those that are settled (DescribeTasks, 266/33430; DescribeTaskDetail, 266/33431).
 *
 * @throws IncompleteAnswerError when a task's detail is missing from the answer; what a call throws
 */
export async function describeTasks(
  vod: Pick<VodApi, 'DescribeTasks' | 'DescribeTaskDetail'>,
  { fileId, namedIds, isSettled }: TaskQuestion,
): Promise<ReadonlyMap<string, Task>> {
  const listed = await listTasks(vod, fileId);
  const isListed = new Set(listed.map(({ taskId }) => taskId));
  const unlisted = namedIds
    .filter((taskId) => taskId !== '' && !isListed.has(taskId))
    .map((taskId): ListedTask => ({ taskId }));
  const asked = [...listed, ...unlisted].filter(({ taskId }) => !isSettled(taskId)).slice(0, MAX_DETAILS);
  const tasks = await Promise.all(
    asked.map(async (task) => [task.taskId, await describeTask(vod, fileId, task)] as const),
  );
  const found = tasks.flatMap(([taskId, task]) => (task ? [[taskId, task] as const] : []));
  return new Map(found.sort(([, a], [, b]) => compareStrings(a._createTime ?? '', b._createTime ?? '')));
}

interface ListedTask {
  readonly taskId: string;
  /** Absent where VOD did not list the task. */
  readonly type?: string;
  readonly status?: string;
  readonly createTime?: string;
}

async function listTasks(vod: Pick<VodApi, 'DescribeTasks'>, fileId: string): Promise<ListedTask[]> {
  const tasks: ListedTask[] = [];
  let scrollToken: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const answer = await vod.DescribeTasks({
      FileId: fileId,
      Sort: { Field: 'CreateTime', Order: 'Asc' },
      Limit: 100,
      ...(scrollToken !== undefined && { ScrollToken: scrollToken }),
    });
    for (const task of getArray(answer, 'TaskSet')) {
      const taskId = getString(task, 'TaskId');
      const type = getString(task, 'TaskType');
      const isOfFile = (getString(task, 'FileId') ?? fileId) === fileId;
      if (taskId === undefined || type === undefined || !TASK_TYPES.includes(type) || !isOfFile) continue;
      tasks.push({
        taskId,
        type,
        ...omitUndefined({ status: getString(task, 'Status'), createTime: getString(task, 'CreateTime') }),
      });
    }
    scrollToken = getString(answer, 'ScrollToken');
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

  const detail = await getDetail(vod, taskId);
  if (detail === undefined) {
    // A task that VOD has just listed exists: "no such task" is not an answer about it.
    if (type !== undefined) throw new IncompleteAnswerError(`VOD lists the task ${taskId} and does not describe it`);
    return undefined;
  }
  const detailType = getString(detail, 'TaskType') ?? type;
  if (detailType === undefined) throw new IncompleteAnswerError(`VOD's answer about the task ${taskId} has no type`);
  if (!TASK_TYPES.includes(detailType)) return undefined;
  const member = getObject(detail, detailType === 'Procedure' ? 'ProcedureTask' : 'ReviewAudioVideoTask');
  if (!member) throw new IncompleteAnswerError(`VOD's answer about the task ${taskId} has no ${detailType} in it`);
  const owner = getString(detailType === 'Procedure' ? member : getField(member, 'Input'), 'FileId');
  if (owner === undefined) throw new IncompleteAnswerError(`VOD's answer about the task ${taskId} names no file`);
  if (owner !== fileId) return undefined;
  const began = createTime ?? getString(detail, 'CreateTime');
  const state = status ?? getString(detail, 'Status');
  if (state === 'ABORTED') return withOrigin(ABORTED, detailType, began);
  if (state !== 'FINISH') return withOrigin(RUNNING, detailType, began);
  const task = detailType === 'Procedure' ? parseProcedureTask(member) : parseReviewTask(member);
  return withOrigin(task, detailType, began);
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

/** `undefined` where VOD has no such task. */
async function getDetail(vod: Pick<VodApi, 'DescribeTaskDetail'>, taskId: string): Promise<unknown> {
  try {
    return await vod.DescribeTaskDetail({ TaskId: taskId });
  } catch (error) {
    if (isNoSuchTask(error)) return undefined;
    throw error;
  }
}
