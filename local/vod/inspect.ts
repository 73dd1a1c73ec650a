import { shownUrl } from '../network/shown-url';
import type { Faults, FaultInjector } from './faults';
import { categoryOf } from './media-types';
import type { EventConfig } from './event-config';
import type { Notifications } from './notifications';
import { SESSION_LIFETIME_MS, type Media, type Session, type State, type Task } from './state';

/** How many files, tasks and sessions are shown. */
const MAX_SHOWN = 100;

/** The data and the settings of the VOD, without secrets. Times are in milliseconds since 1970. */
export interface VodView {
  readonly files: Shown<FileView>;
  readonly tasks: Shown<TaskView>;
  readonly sessions: Shown<SessionView>;
  readonly events: EventsView;
  readonly faults: Faults;
}

/** The newest, and how many there are. */
export interface Shown<T> {
  readonly total: number;
  readonly newest: readonly T[];
}

export interface FileView extends Pick<
  Media,
  'fileId' | 'name' | 'type' | 'size' | 'createTime' | 'duration' | 'width' | 'height' | 'sourceContext'
> {
  readonly category: string;
  readonly hasCover: boolean;
  readonly isForbidden: boolean;
  readonly isOriginalDeleted: boolean;
  readonly suggestion?: string;
}

export interface TaskView extends Pick<Task, 'taskId' | 'fileId' | 'status' | 'createTime' | 'finishTime'> {
  readonly taskType: 'Procedure' | 'ReviewAudioVideo';
  readonly stepsDone: number;
  readonly steps: number;
  /** Of steps that are done. */
  readonly failedSteps: number;
  /** Of a review that has finished. */
  readonly suggestion?: string;
}

export interface SessionView {
  readonly fileId: string;
  /** Absent in a session that only replaces a cover. */
  readonly name?: string;
  readonly hasCover: boolean;
  readonly isCommitted: boolean;
  readonly isOneTime: boolean;
  readonly procedure: string;
  readonly storageRegion: string;
  readonly createTime: number;
  readonly expireTime: number;
}

export interface EventsView extends Pick<EventConfig, 'mode' | 'uploadSwitch' | 'deleteSwitch' | 'persistenceSwitch'> {
  /** Without the query, which has the token. */
  readonly url: string;
  readonly hasSignKey: boolean;
  /** Events that wait to be pulled, or to be confirmed. */
  readonly queued: number;
}

interface InspectDeps {
  readonly state: State;
  readonly notifications: Notifications;
  readonly faults: FaultInjector;
}

export function inspect({ state, notifications, faults }: InspectDeps): VodView {
  const sessions = [...state.sessions.values()].sort((a, b) => b.expiresAt - a.expiresAt);
  return {
    files: { total: state.media.size, newest: state.mediaByCreateTime.newest(MAX_SHOWN).map(fileView) },
    tasks: { total: state.tasks.size, newest: state.tasksByCreateTime.newest(MAX_SHOWN).map(taskView) },
    sessions: { total: sessions.length, newest: sessions.slice(0, MAX_SHOWN).map(sessionView) },
    events: eventsView(notifications.config, state.queue.size),
    faults: faults.current,
  };
}

/** How events are sent, without secrets. */
export function eventsView(config: EventConfig, queued: number): EventsView {
  const { mode, url, uploadSwitch, deleteSwitch, persistenceSwitch, signKey } = config;
  return {
    mode,
    url: shownUrl(url),
    hasSignKey: signKey !== '',
    uploadSwitch,
    deleteSwitch,
    persistenceSwitch,
    queued,
  };
}

function fileView(media: Media): FileView {
  const { fileId, name, type, size, createTime, duration, width, height, sourceContext } = media;
  return {
    fileId,
    name,
    type,
    category: categoryOf(type),
    size,
    createTime,
    ...(duration !== undefined && { duration }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    sourceContext,
    hasCover: media.coverKey !== '',
    isForbidden: media.isForbidden === true,
    isOriginalDeleted: media.isOriginalDeleted === true,
    ...(media.review && { suggestion: media.review.suggestion }),
  };
}

function taskView(task: Task): TaskView {
  const { taskId, fileId, status, createTime, finishTime } = task;
  const common = { taskId, fileId, status, createTime, ...(finishTime !== undefined && { finishTime }) };
  if (task.taskType === 'ReviewAudioVideo') {
    const isFinished = status === 'FINISH';
    const stepsDone = isFinished ? 1 : 0;
    return {
      ...common,
      taskType: task.taskType,
      steps: 1,
      stepsDone,
      failedSteps: 0,
      ...(isFinished && { suggestion: task.verdict.suggestion }),
    };
  }
  const failedSteps = task.steps.slice(0, task.stepsDone).filter(({ fails }) => fails).length;
  return { ...common, taskType: 'Procedure', steps: task.steps.length, stepsDone: task.stepsDone, failedSteps };
}

function sessionView({ fileId, signed, storageRegion, expiresAt, video, cover, committed }: Session): SessionView {
  return {
    fileId,
    ...(video && { name: [video.name, video.type].filter((part) => part !== '').join('.') }),
    hasCover: cover !== undefined,
    isCommitted: committed,
    isOneTime: signed.oneTimeValid,
    procedure: signed.procedure,
    storageRegion,
    createTime: expiresAt - SESSION_LIFETIME_MS,
    expireTime: expiresAt,
  };
}
