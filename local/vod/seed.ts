import type { Bucket } from './bucket';
import type { Library } from './library';
import { LocalError } from './local-error';
import { newFileId, newKey } from './media-keys';
import { newFileUpload } from './messages';
import type { Notifications } from './notifications';
import { defaultVerdict, PRESETS, type ProcedureTemplate, type ReviewVerdict } from './procedure-templates';
import { newTaskId, type Procedures } from './procedures';
import { readSeed, type SeedFile, type SeedTask } from './seed-body';
import type { Media, ReviewTask, State, Task } from './state';
import { DEFAULT_REGION, NEVER_EXPIRES } from './uploads';

interface SeedDeps {
  readonly state: State;
  readonly library: Library;
  readonly procedures: Procedures;
  readonly notifications: Notifications;
  readonly templates: ReadonlyMap<string, ProcedureTemplate>;
  readonly now: () => number;
}

export interface SeedResult {
  readonly files: readonly { readonly fileId: string; readonly url: string }[];
  readonly tasks: readonly { readonly taskId: string; readonly fileId: string }[];
}

const DEFAULT_SIZE = 1000;

/**
 * Adds files and tasks, all of them or none, and sends their events if the body has `"events": true`.
 *
 * @param body is described in docs/local-vod.md
 * @throws LocalError
 */
export function seed(body: unknown, deps: SeedDeps): SeedResult {
  const { state, library, procedures, notifications } = deps;
  const { files, tasks, events } = readSeed(body);
  const media = files.map((file) => newMedia(file, deps.now()));
  const newTasks = tasks.flatMap((task, index) => newTasksOf(task, `tasks[${index}]`, media[0]?.fileId, deps));
  assertNew(media, newTasks, state);
  state.transact(() => {
    storeContents(media, files, state.bucket);
    for (const one of media) state.media.set(one.fileId, one);
    for (const task of newTasks) procedures.add(task);
    if (!events) return;
    for (const { fileId } of media) {
      const added = state.media.get(fileId);
      if (added) notifications.publish(newFileUpload(library.viewForEvent(added), taskIdsOf(newTasks, fileId)));
    }
    for (const task of newTasks) if (task.status === 'FINISH') procedures.publish(task);
  });
  return {
    files: media.map(({ fileId, key }) => ({ fileId, url: library.url(key) })),
    tasks: newTasks.map(({ taskId, fileId }) => ({ taskId, fileId })),
  };
}

/** Stores all of them or, where the disk is full for example, none. */
function storeContents(media: readonly Media[], files: readonly SeedFile[], bucket: Bucket): void {
  for (const [index, { key, size, createTime }] of media.entries()) {
    try {
      bucket.store(key, files[index]?.content ?? size, createTime);
    } catch (error) {
      for (const stored of media.slice(0, index)) bucket.remove(stored.key);
      throw error;
    }
  }
}

function newMedia(file: SeedFile, now: number): Media {
  const fileId = file.fileId ?? newFileId();
  const type = file.type ?? 'mp4';
  const createTime = file.createTime ?? now;
  const { width, height, duration, review } = file;
  return {
    fileId,
    key: newKey(fileId, 'video', type),
    name: file.name ?? 'seeded',
    type,
    size: file.content?.length ?? file.size ?? DEFAULT_SIZE,
    createTime,
    updateTime: createTime,
    expireTime: NEVER_EXPIRES,
    classId: file.classId ?? 0,
    storageRegion: DEFAULT_REGION,
    sourceContext: file.sourceContext ?? '',
    coverKey: '',
    ...(duration !== undefined && { duration }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(file.status === 'Forbidden' && { isForbidden: true }),
    ...(review && { review: { suggestion: review, types: [], time: createTime } }),
  };
}

/** Returns the task, and the review task that its procedure starts, if it does. */
function newTasksOf(task: SeedTask, name: string, firstFileId: string | undefined, deps: SeedDeps): readonly Task[] {
  const { type = 'Procedure', status = 'FINISH', suggestion = 'pass' } = task;
  const fileId = task.fileId ?? firstFileId;
  if (fileId === undefined)
    throw new LocalError(400, `"${name}.fileId" is missing: it must be the id of a file, or "files" must have one`);
  const createTime = task.createTime ?? deps.now();
  const common: CommonTask = {
    fileId,
    status,
    createTime,
    sessionContext: task.sessionContext ?? '',
    ...(status !== 'PROCESSING' && { finishTime: task.finishTime ?? createTime }),
  };
  if (type === 'ReviewAudioVideo') return [reviewTask(common, defaultVerdict(suggestion), task.taskId)];

  const template = templateOf(task.procedure ?? 'LongVideoPreset', name, deps.templates);
  const procedure: Task = {
    ...common,
    taskId: task.taskId ?? newTaskId('procedurev2'),
    taskType: type,
    notifyMode: 'Finish',
    priority: 0,
    steps: template.steps,
    stepsDone: status === 'FINISH' ? template.steps.length : 0,
    ...(template.contentReview && { contentReview: template.contentReview }),
  };
  if (!template.review) return [procedure];
  return [procedure, reviewTask(common, template.review, undefined, procedure.taskId)];
}

type CommonTask = Pick<Task, 'fileId' | 'status' | 'createTime' | 'sessionContext' | 'finishTime'>;

function reviewTask(
  common: CommonTask,
  verdict: ReviewVerdict,
  taskId = newTaskId('ReviewAudioVideo'),
  afterTaskId = '',
): ReviewTask {
  return { ...common, taskId, taskType: 'ReviewAudioVideo', verdict, afterTaskId };
}

/** Unlike an upload, whose unknown procedure VOD would accept: in a seed it is a mistake. */
function templateOf(
  procedure: string,
  name: string,
  templates: ReadonlyMap<string, ProcedureTemplate>,
): ProcedureTemplate {
  const template = templates.get(procedure) ?? PRESETS.get(procedure);
  if (template) return template;
  const available = [...PRESETS.keys(), ...templates.keys()].join(', ');
  throw new LocalError(400, `"${name}.procedure" must be one of: ${available}, not ${JSON.stringify(procedure)}`);
}

function assertNew(media: readonly Media[], tasks: readonly Task[], state: State): void {
  const fileIds = new Set<string>();
  for (const [index, { fileId }] of media.entries()) {
    const isTaken = fileIds.has(fileId) || state.media.get(fileId) !== undefined;
    if (isTaken) throw new LocalError(400, `"files[${index}].fileId" must be new: there is a file ${fileId}`);
    fileIds.add(fileId);
  }
  const taskIds = new Set<string>();
  for (const [index, { taskId, fileId }] of tasks.entries()) {
    const isTaken = taskIds.has(taskId) || state.tasks.get(taskId) !== undefined;
    if (isTaken) throw new LocalError(400, `"tasks[${index}].taskId" must be new: there is a task ${taskId}`);
    if (!fileIds.has(fileId) && !state.media.get(fileId)) {
      throw new LocalError(400, `"tasks[${index}].fileId" must be the id of a file: there is no file ${fileId}`);
    }
    taskIds.add(taskId);
  }
}

/** The tasks that the event of an upload names. */
function taskIdsOf(tasks: readonly Task[], fileId: string): { readonly taskId: string; readonly reviewTaskId: string } {
  const own = tasks.filter((task) => task.fileId === fileId);
  const review = own.find(({ taskType }) => taskType === 'ReviewAudioVideo');
  const procedure = own.find((task) => task !== review && task.taskType !== 'ReviewAudioVideo');
  return { taskId: procedure?.taskId ?? '', reviewTaskId: review?.taskId ?? '' };
}
