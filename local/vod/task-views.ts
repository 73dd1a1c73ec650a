// Tasks as events and DescribeTaskDetail show them.
import { isObject } from './http';
import type { MediaView } from './media-view';
import type { ContentReview, Step } from './procedure-templates';
import type { ProcedureTask, ReviewTask } from './state';

const REVIEW_DEFINITION = 10;

/** A procedure's task; `outputs` has one element per step. */
export function procedureTask(
  task: ProcedureTask,
  media: MediaView | undefined,
  outputs: readonly object[],
): Record<string, unknown> {
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
    AiContentReviewResultSet: task.contentReview ? [contentReviewResult(task, task.contentReview)] : [],
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

/** A procedure's steps in format 2.0. */
export function processTaskList(task: ProcedureTask, outputs: readonly object[]): object[] {
  return task.steps.map((step, index) => ({
    taskType: step.type,
    ...lowerCamelObject(stepResult(task, step, index, outputs)),
  }));
}

/** The review task as DescribeTaskDetail shows it. */
export function reviewTask({ taskId, fileId, status, sessionContext, verdict }: ReviewTask): Record<string, unknown> {
  const isFinished = status === 'FINISH';
  const output = {
    Suggestion: verdict.suggestion,
    Label: verdict.label,
    Form: verdict.form,
    SegmentSet: [],
    SegmentSetFileUrl: '',
    SegmentSetFileUrlExpireTime: '',
    CoverReviewResult: null,
  };
  return {
    TaskId: taskId,
    Status: status === 'PROCESSING' ? 'PROCESSING' : 'FINISH',
    ErrCodeExt: '',
    Message: isFinished ? 'SUCCESS' : '',
    Input: { FileId: fileId, Definition: REVIEW_DEFINITION, ReviewContents: ['Media'] },
    Output: isFinished ? output : null,
    SessionId: '',
    SessionContext: sessionContext,
  };
}

/** Changes all names in a value of the server API to those of format 2.0. */
export function lowerCamel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerCamel);
  return isObject(value) ? lowerCamelObject(value) : value;
}

function lowerCamelObject(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [name.charAt(0).toLowerCase() + name.slice(1), lowerCamel(content)]),
  );
}

function stepResult(task: ProcedureTask, step: Step, index: number, outputs: readonly object[]): object {
  const isDone = index < task.stepsDone;
  if (!isDone) return result('PROCESSING', step.definition, null);
  if (!step.fails) return result('SUCCESS', step.definition, outputs[index] ?? null);
  return {
    ...result('FAIL', step.definition, null),
    ErrCode: 30000,
    ErrCodeExt: 'InternalError',
    Message: 'This sub-task always fails',
  };
}

/** The AI content review finishes with the last step. */
function contentReviewResult(task: ProcedureTask, review: ContentReview): object {
  const output = {
    Confidence: review.confidence,
    Suggestion: review.suggestion,
    Label: review.label,
    SegmentSet: [],
    SegmentSetFileUrl: '',
    SegmentSetFileUrlExpireTime: '',
  };
  const isDone = task.stepsDone === task.steps.length;
  return {
    Type: 'Porn',
    PornTask: result(isDone ? 'SUCCESS' : 'PROCESSING', REVIEW_DEFINITION, isDone ? output : null),
  };
}

function result(status: 'PROCESSING' | 'SUCCESS' | 'FAIL', definition: number, output: object | null): object {
  return {
    Status: status,
    ErrCode: 0,
    ErrCodeExt: '',
    Message: status === 'SUCCESS' ? 'SUCCESS' : '',
    Progress: status === 'PROCESSING' ? 0 : 100,
    Input: { Definition: definition },
    Output: output,
  };
}
