import { randomBytes } from 'node:crypto';
import type { Library } from './library';
import { snapshotKey, transcodedKey } from './media-keys';
import { procedureStateChanged, reviewAudioVideoComplete, type TaskIds } from './messages';
import type { Notifications } from './notifications';
import { findTemplate, type ProcedureTemplate, type ReviewVerdict, type Step } from './procedure-templates';
import { APP_ID, type Media, type ProcedureTask, type ReviewTask, type State, type Task } from './state';
import { procedureTask } from './task-views';
import type { UploadSignature } from './upload-signature';

type ProcedureRequest = Pick<UploadSignature, 'procedure' | 'taskPriority' | 'taskNotifyMode' | 'sessionContext'>;

export interface TranscodedOutput {
  readonly Url: string;
  readonly Definition: number;
  readonly Container: string;
  readonly Size: number;
}

/** Procedures and reviews. They take time and send events, but process nothing. */
export class Procedures {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly state: State,
    private readonly library: Library,
    private readonly notifications: Notifications,
    private readonly templates: ReadonlyMap<string, ProcedureTemplate>,
    private readonly stepMs: number,
    private readonly now: () => number,
  ) {}

  /** Continues the tasks that a restart interrupted. */
  resume(): void {
    for (const task of this.state.tasks.values()) this.#scheduleNext(task);
  }

  /** Ids for the tasks of a procedure that is started later; '' for a task that the procedure does not have. */
  newTaskIds(procedure: string): TaskIds {
    if (procedure === '') return { taskId: '', reviewTaskId: '' };
    const { review } = findTemplate(procedure, this.templates);
    return { taskId: newTaskId('procedurev2'), reviewTaskId: review ? newTaskId('ReviewAudioVideo') : '' };
  }

  /** Starts the tasks that have an id. */
  start({ taskId, reviewTaskId }: TaskIds, fileId: string, request: ProcedureRequest, createTime: number): void {
    const template = findTemplate(request.procedure, this.templates);
    const { sessionContext } = request;
    const common = { fileId, sessionContext, createTime, status: 'PROCESSING' } as const;
    if (taskId !== '') {
      const task: ProcedureTask = {
        ...common,
        taskId,
        taskType: 'Procedure',
        notifyMode: request.taskNotifyMode,
        priority: request.taskPriority,
        steps: template.steps,
        stepsDone: 0,
        ...(template.contentReview && { contentReview: template.contentReview }),
      };
      this.state.tasks.set(taskId, task);
      this.#scheduleNext(task);
    }
    if (reviewTaskId !== '' && template.review) {
      this.state.tasks.set(reviewTaskId, {
        ...common,
        taskId: reviewTaskId,
        taskType: 'ReviewAudioVideo',
        verdict: template.review,
        afterTaskId: taskId,
      });
      const steps = template.steps.map((step) => this.#msOf(step));
      this.#schedule(reviewTaskId, sum([...steps, this.#msOf(template.review)]));
    }
  }

  /** Adds a task in any state. One that is PROCESSING starts; one with status FINISH changes its file as it would have. */
  add(task: Task): void {
    this.state.tasks.set(task.taskId, task);
    this.#scheduleNext(task);
    if (task.status !== 'FINISH') return;
    if (task.taskType === 'ReviewAudioVideo') this.#setReview(task);
    else for (const step of task.steps) this.#applyStep(step, task.fileId);
  }

  /** Sends the event that the end of a task causes, unless its file was deleted. */
  publish(task: Task): void {
    if (task.taskType === 'ReviewAudioVideo') {
      this.notifications.publish(reviewAudioVideoComplete(task));
      return;
    }
    const media = this.state.media.get(task.fileId);
    if (!media) return;
    const view = this.library.viewForEvent(media);
    this.notifications.publish(procedureStateChanged(task, view, this.#outputs(task, media)));
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** The procedure's task as DescribeTaskDetail shows it. */
  detail(task: ProcedureTask): Record<string, unknown> {
    const media = this.state.media.get(task.fileId);
    return procedureTask(task, media && this.library.viewForApi(media), this.#outputs(task, media));
  }

  /** The transcoded outputs that exist, one per template. */
  transcodedOutputs(media: Media): TranscodedOutput[] {
    const definitions = new Set<number>();
    for (const task of this.#proceduresOf(media.fileId)) {
      for (const definition of existingOutputs(task)) definitions.add(definition);
    }
    return [...definitions].map((definition) => this.#transcodedOutput(media, definition));
  }

  /** Whether transcoded outputs exist, or a procedure that makes some is running. */
  usesOriginal(media: Media): boolean {
    const isRunning = this.#proceduresOf(media.fileId).some(({ status }) => status === 'PROCESSING');
    return isRunning || this.transcodedOutputs(media).length > 0;
  }

  /** Deletes the transcoded outputs of one template, or of all templates if the definition is 0. */
  deleteTranscodedOutputs(fileId: string, definition: number): void {
    for (const task of this.#proceduresOf(fileId)) {
      const deleted = existingOutputs(task).filter((existing) => definition === 0 || existing === definition);
      if (deleted.length === 0) continue;
      this.state.tasks.set(task.taskId, { ...task, deletedOutputs: [...(task.deletedOutputs ?? []), ...deleted] });
    }
  }

  #proceduresOf(fileId: string): ProcedureTask[] {
    const tasks = [...this.state.tasksByFile.get(fileId).values()];
    return tasks.filter((task) => task.taskType !== 'ReviewAudioVideo');
  }

  /** The outputs of the steps, one element per step; empty if the file was deleted. */
  #outputs(task: ProcedureTask, media: Media | undefined): object[] {
    if (!media) return [];
    return task.steps.map(({ type, definition }) =>
      type === 'CoverBySnapshot'
        ? { CoverUrl: this.library.url(snapshotKey(media.key)) }
        : this.#transcodedOutput(media, definition),
    );
  }

  #transcodedOutput({ key, type, size }: Media, definition: number): TranscodedOutput {
    return {
      Url: this.library.url(transcodedKey(key, definition, type)),
      Definition: definition,
      Container: type.toLowerCase(),
      Size: size,
    };
  }

  #msOf({ ms }: Step | ReviewVerdict): number {
    return ms ?? this.stepMs;
  }

  /** Schedules the next step of a task that has not finished. */
  #scheduleNext(task: Task): void {
    if (task.status !== 'PROCESSING') return;
    const next = task.taskType === 'ReviewAudioVideo' ? task.verdict : task.steps[task.stepsDone];
    this.#schedule(task.taskId, next ? this.#msOf(next) : this.stepMs);
  }

  #schedule(taskId: string, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(taskId);
      this.#advance(taskId);
    }, ms);
    this.#timers.set(taskId, timer);
  }

  #advance(taskId: string): void {
    const task = this.state.tasks.get(taskId);
    if (!task) return;
    if (!this.state.media.get(task.fileId)) {
      this.state.tasks.set(taskId, { ...task, status: 'ABORTED', finishTime: this.now() });
    } else if (task.taskType === 'ReviewAudioVideo') {
      this.#finishReview(task);
    } else {
      this.#finishStep(task);
    }
  }

  #finishStep(task: ProcedureTask): void {
    const stepsDone = task.stepsDone + 1;
    const isLast = stepsDone >= task.steps.length;
    const next: ProcedureTask = {
      ...task,
      stepsDone,
      ...(isLast ? { status: 'FINISH', finishTime: this.now() } : {}),
    };
    this.state.transact(() => {
      this.#applyStep(task.steps[task.stepsDone], task.fileId);
      this.state.tasks.set(task.taskId, next);
      if (task.notifyMode === 'Change' || (isLast && task.notifyMode === 'Finish')) this.publish(next);
    });
    this.#scheduleNext(next);
  }

  #applyStep(step: Step | undefined, fileId: string): void {
    if (step?.type === 'CoverBySnapshot' && !step.fails) this.library.setSnapshotCover(fileId);
  }

  #setReview({ fileId, verdict: { suggestion, label, form } }: ReviewTask): void {
    this.library.setReview(fileId, { suggestion, types: suggestion === 'pass' ? [] : [`${form}.${label}`] });
  }

  /** The review ends after the procedure: a file can be processed and not reviewed yet. */
  #finishReview(task: ReviewTask): void {
    if (this.state.tasks.get(task.afterTaskId)?.status === 'PROCESSING') {
      this.#scheduleNext(task);
      return;
    }
    const next: ReviewTask = { ...task, status: 'FINISH', finishTime: this.now() };
    this.state.transact(() => {
      this.#setReview(next);
      this.state.tasks.set(task.taskId, next);
      this.publish(next);
    });
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function newTaskId(kind: 'procedurev2' | 'ReviewAudioVideo'): string {
  return `${APP_ID}-${kind}-${randomBytes(16).toString('hex')}t0`;
}

/** Template ids of the transcoded outputs that the task has made and that were not deleted since. */
function existingOutputs(task: ProcedureTask): number[] {
  return task.steps
    .slice(0, task.stepsDone)
    .filter(({ type, fails }) => type === 'Transcode' && !fails)
    .map(({ definition }) => definition)
    .filter((definition) => task.deletedOutputs?.includes(definition) !== true);
}
