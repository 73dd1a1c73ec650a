import type { VodEvent } from '../vod/event';
import { MEDIA_FIELDS, type MediaInfo } from '../vod/media';
import { open, type OpenedSourceContext } from '../vod/source-context';
import { MAX_NEWS, MAX_TASKS, type Row } from './row';

/** The information of an event about one file. */
export interface Hint {
  readonly fileId: string;
  /** Empty unless the event is an upload. */
  readonly media: MediaInfo;
  /** Only in uploads. */
  readonly context?: OpenedSourceContext;
  /** Only in uploads. */
  readonly procedureTaskId?: string;
  /** `task:<id>`, `end:<id>`, `parts:<types>` or `gone`. */
  readonly news: readonly string[];
}

/** The hints of an event, one for each file that it names; `sealKeys` open its source context. */
export function hintsOf(event: VodEvent, sealKeys: readonly string[]): Hint[] {
  if (event.type === 'Ignored') return [];
  if ('files' in event) {
    return event.files.map(({ fileId, parts }) => {
      const entry = parts.length === 0 ? 'gone' : `parts:${parts.slice(0, 10).join(',')}`;
      return { fileId, media: {}, news: [entry] };
    });
  }
  if ('taskId' in event) {
    const { fileId, taskId, isFinished } = event;
    return [{ fileId, media: {}, news: [`${isFinished ? 'end' : 'task'}:${taskId}`] }];
  }
  const { fileId, media, sourceContext, procedureTaskId, taskIds } = event;
  const context = sourceContext === undefined ? undefined : open(sourceContext, sealKeys);
  return [
    {
      fileId,
      media,
      ...(context && { context }),
      ...(procedureTaskId !== undefined && { procedureTaskId }),
      news: taskIds.map((id) => `task:${id}`),
    },
  ];
}

/**
 * The row after a hint. An event never decides anything, it only causes a verification. A row that was never confirmed
 * takes the values that it lacks; a row that was confirmed once keeps its own. Returns the same object when the hint
 * contains nothing new.
 *
 * @param now ISO 8601
 */
export function merge(row: Row | undefined, hint: Hint, now: string): Row {
  const before = row ?? newRow(hint.fileId, now);
  const news = hint.news.filter((entry) => isNews(before, entry));
  const filled = before.confirmedAt === undefined ? fill(before, hint) : before;
  if (row && news.length === 0 && filled === row) return row;
  const { expiresAt: _, notice, ...others } = filled;
  return {
    ...others,
    ...(before.trust !== 'unknown' && notice !== undefined && { notice }),
    trust: 'pushed',
    news: boundNews([...before.news, ...news]),
  };
}

/** Whether the hint names a task for which a confirmed row has no place: it is dropped, and never becomes part of the row. */
export function isDropped(row: Row | undefined, hint: Hint): boolean {
  if (row?.confirmedAt === undefined || row.tasks.size < MAX_TASKS) return false;
  return hint.news.some((entry) => {
    const taskId = taskIdOf(entry);
    return taskId !== undefined && !row.tasks.has(taskId);
  });
}

/** The first entries; a deletion of the whole file always has a place among them. */
function boundNews(news: readonly string[]): readonly string[] {
  if (news.length <= MAX_NEWS || news.indexOf('gone') < MAX_NEWS) return news.slice(0, MAX_NEWS);
  return [...news.slice(0, MAX_NEWS - 1), 'gone'];
}

function newRow(fileId: string, now: string): Row {
  return {
    fileId,
    status: 'uploaded',
    trust: 'pushed',
    media: {},
    tasks: new Map(),
    version: 0,
    firstSeenAt: now,
    updatedAt: now,
    news: [],
    wasReady: false,
    awaitsFigures: false,
  };
}

function isNews(row: Row, entry: string): boolean {
  if (row.news.includes(entry)) return false;
  if (row.confirmedAt === undefined) return true;
  const [kind, id] = splitEntry(entry);
  if (kind !== 'task' && kind !== 'end') return row.status !== 'deleted';
  const existing = row.tasks.get(id);
  // A full row never stores the task, so each of its events would be news.
  if (!existing) return row.tasks.size < MAX_TASKS;
  return kind === 'end' && existing.status !== 'FINISH';
}

/** Kind and id of an entry of {@link Row.news}; ids may contain colons. */
export function splitEntry(entry: string): readonly [kind: string, id: string] {
  const end = entry.indexOf(':');
  return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)];
}

/** The task that an entry of {@link Row.news} names; `undefined` for an entry about the file. */
export function taskIdOf(entry: string): string | undefined {
  const [kind, id] = splitEntry(entry);
  return kind === 'task' || kind === 'end' ? id : undefined;
}

/** The row with the hint's values for missing attributes; the same object when there are none. */
function fill(row: Row, hint: Hint): Row {
  const missing = MEDIA_FIELDS.filter((name) => row.media[name] === undefined && hint.media[name] !== undefined);
  const namesTask = hint.news.some((entry) => taskIdOf(entry) !== undefined);
  const status = row.status === 'uploaded' && namesTask ? 'processing' : row.status;
  const context = row.context ?? hint.context;
  const procedureTaskId = row.procedureTaskId ?? hint.procedureTaskId;
  const isSame = status === row.status && context === row.context && procedureTaskId === row.procedureTaskId;
  if (missing.length === 0 && isSame) return row;
  return {
    ...row,
    status,
    media: { ...row.media, ...Object.fromEntries(missing.map((name) => [name, hint.media[name]])) },
    ...(context && { context }),
    ...(procedureTaskId !== undefined && { procedureTaskId }),
  };
}
