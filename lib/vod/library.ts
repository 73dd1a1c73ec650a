import { codeOf, isAccountError, type VodApi } from './api';
import { getNumber, getObject, getString } from './wire';

/** Offset + Limit of SearchMedia cannot exceed this (266/31813). */
export const SEARCH_CAP = 5_000;
const SEARCH_PAGE = 200;

/** A position in VOD's library ordered by creation time: after all files before `second` (Unix time) and `offset` files of it. */
export interface Cursor {
  readonly second: number;
  readonly offset: number;
}

export interface SearchPage {
  readonly fileIds: readonly string[];
  /** Where the next page begins; absent when the library has been read up to `end`. */
  readonly next?: Cursor;
  /** A second (Unix time) with more than 5 000 files, which SearchMedia cannot list completely. */
  readonly hiddenSecond?: number;
}

/**
 * One page of the files created from `cursor` on and up to `end` (Unix seconds), oldest first (SearchMedia, 266/31813).
 *
 * SearchMedia lists at most 5 000 files of a time window. So the window moves: each page begins at the second in which the
 * last one ended, and an offset is needed only within one second. Adjacent windows share a second, because the documents
 * disagree on whether the end of a window is inclusive.
 *
 * TotalCount decides whether there are more files: a page that is short or empty need not be the last one.
 *
 * @throws Error when TotalCount is missing, or a page is empty although TotalCount is larger; what the call throws
 */
export async function searchPage(vod: Pick<VodApi, 'SearchMedia'>, cursor: Cursor, end: number): Promise<SearchPage> {
  const { second, offset } = cursor;
  const limit = Math.min(SEARCH_PAGE, SEARCH_CAP - offset);
  const response = await vod.SearchMedia({
    CreateTime: { After: isoSecond(second), Before: isoSecond(end + 1) },
    Sort: { Field: 'CreateTime', Order: 'Asc' },
    Offset: offset,
    Limit: limit,
    Filters: ['basicInfo'],
  });
  const page = response.MediaInfoSet ?? [];
  const total = getNumber(response, 'TotalCount');
  const fileIds = page.flatMap((info) => getString(info, 'FileId') ?? []);
  const read = offset + page.length;
  if (total === undefined) throw new Error("Cannot read VOD's library: SearchMedia's response has no TotalCount");
  if (read >= total && total < SEARCH_CAP) return { fileIds };
  if (page.length === 0) {
    throw new Error(`Cannot read VOD's library: SearchMedia counts ${total} files and returned ${read}`);
  }
  const last = Math.floor(Date.parse(getString(getObject(page.at(-1), 'BasicInfo'), 'CreateTime') ?? '') / 1000);
  if (last > second) return { fileIds, next: { second: last, offset: 0 } };
  if (read < SEARCH_CAP) return { fileIds, next: { second, offset: read } };
  return { fileIds, next: { second: second + 1, offset: 0 }, hiddenSecond: second };
}

export interface EndedTask {
  readonly taskId: string;
  readonly fileId: string;
}

export interface EndedTasksPage {
  readonly tasks: readonly EndedTask[];
  /** Where the next page begins; absent after the last. */
  readonly next?: string;
}

/** A page of the procedures and reviews that ended from `after` to `before`, in Unix seconds (DescribeTasks, 266/33430). @throws Error when TaskSet is missing; what the call throws */
export async function endedTasksPage(
  vod: Pick<VodApi, 'DescribeTasks'>,
  after: number,
  before: number,
  scrollToken: string | undefined,
): Promise<EndedTasksPage> {
  const page = await vod.DescribeTasks({
    FinishTime: { After: isoSecond(after), Before: isoSecond(before + 1) },
    Sort: { Field: 'FinishTime', Order: 'Asc' },
    Limit: 100,
    ...(scrollToken !== undefined && { ScrollToken: scrollToken }),
  });
  if (!page.TaskSet) throw new Error("Cannot read VOD's ended tasks: DescribeTasks' response has no TaskSet");
  const tasks = page.TaskSet.flatMap((task) => {
    const taskId = getString(task, 'TaskId');
    const fileId = getString(task, 'FileId');
    const isKept = TASK_TYPES.includes(getString(task, 'TaskType') ?? '');
    return isKept && taskId !== undefined && fileId !== undefined ? [{ taskId, fileId }] : [];
  });
  const next = getString(page, 'ScrollToken');
  return { tasks, ...(next !== undefined && { next }) };
}

/** The types of tasks that rows keep. */
export const TASK_TYPES: readonly string[] = ['Procedure', 'ReviewAudioVideo'];

/** Whether VOD reports with this error that the task does not exist. */
export function isNoSuchTask(error: unknown): boolean {
  // Some codes of this kind are about the account or its application.
  return !isAccountError(error) && /^(ResourceNotFound|InvalidParameter)/.test(codeOf(error) ?? '');
}

function isoSecond(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
