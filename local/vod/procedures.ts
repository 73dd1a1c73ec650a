import { randomBytes } from 'node:crypto';
import { dirOf, type Library } from './library';
import { procedureStateChanged, procedureTask } from './messages';
import type { Notifications } from './notifications';
import { APP_ID, type Media, type State, type Task } from './state';
import type { UploadSignature } from './upload-signature';

export interface Step {
  readonly type: 'Transcode' | 'CoverBySnapshot';
  readonly definition: number;
  readonly fails: boolean;
}

const LONG_VIDEO: readonly Step[] = [
  { type: 'Transcode', definition: 100010, fails: false },
  { type: 'Transcode', definition: 100020, fails: false },
  { type: 'CoverBySnapshot', definition: 10, fails: false },
];

/** The steps of a template. Which templates an account has is not known here: any name but one is taken for a good one. */
function stepsOf(template: string): readonly Step[] {
  if (template !== 'FailingPreset') return LONG_VIDEO;
  return LONG_VIDEO.map((step) => ({ ...step, fails: step.definition === 100020 }));
}

type TaskRequest = Pick<UploadSignature, 'procedure' | 'taskPriority' | 'taskNotifyMode' | 'sessionContext'>;

export const taskIdFor = (): string => `${APP_ID}-procedurev2-${randomBytes(16).toString('hex')}t0`;

/** Task flows that only take their time: one step after the other is reported as done. */
export class Procedures {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #library: Library | undefined;

  constructor(
    private readonly state: State,
    private readonly notifications: Notifications,
    private readonly stepMs: number,
    private readonly now: () => number,
  ) {}

  /** Goes on with what a restart interrupted. */
  resume(library: Library): void {
    this.#library = library;
    for (const task of this.state.tasks.values()) if (task.status === 'PROCESSING') this.#schedule(task.taskId);
  }

  start(taskId: string, fileId: string, signed: TaskRequest): void {
    this.state.tasks.set(taskId, {
      taskId,
      fileId,
      notifyMode: signed.taskNotifyMode,
      priority: signed.taskPriority,
      sessionContext: signed.sessionContext,
      createTime: this.now(),
      status: 'PROCESSING',
      steps: stepsOf(signed.procedure),
      stepsDone: 0,
    });
    this.#schedule(taskId);
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** What each step made so far, in the words of the server API. */
  outputs(task: Task, media: Media | undefined): object[] {
    if (!media || !this.#library) return []; // deleted since
    const directory = this.#library.url(dirOf(media.key));
    return task.steps.map(({ type, definition }) =>
      type === 'CoverBySnapshot'
        ? { CoverUrl: `${directory}/snapshot.png` }
        : {
            Url: `${directory}/v.f${definition}.${media.type}`,
            Definition: definition,
            Container: media.type,
            Size: media.size,
          },
    );
  }

  /** The task as DescribeTaskDetail shows it. */
  detail(task: Task): object {
    const media = this.state.media.get(task.fileId);
    return procedureTask(task, media && this.#library?.view(media), this.outputs(task, media));
  }

  #schedule(taskId: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(taskId);
      this.#advance(taskId);
    }, this.stepMs);
    this.#timers.set(taskId, timer);
  }

  #advance(taskId: string): void {
    const task = this.state.tasks.get(taskId);
    if (!task || !this.#library) return;
    if (!this.state.media.get(task.fileId)) {
      this.state.tasks.set(taskId, { ...task, status: 'ABORTED', finishTime: this.now() });
      return;
    }
    const stepsDone = task.stepsDone + 1;
    const last = stepsDone === task.steps.length;
    const next: Task = { ...task, stepsDone, ...(last ? { status: 'FINISH', finishTime: this.now() } : {}) };
    const library = this.#library;
    this.state.together(() => {
      if (task.steps[task.stepsDone]?.type === 'CoverBySnapshot') library.setSnapshotCover(task.fileId);
      this.state.tasks.set(taskId, next);
      const media = this.state.media.get(task.fileId);
      if (media && (task.notifyMode === 'Change' || (last && task.notifyMode === 'Finish'))) {
        this.notifications.publish(procedureStateChanged(next, library.view(media), this.outputs(next, media)));
      }
    });
    if (!last) this.#schedule(taskId);
  }
}
