import { codeOf, type VodApi } from './api';
import { getNumber, getObject, getString } from './wire';

/** How far SearchMedia counts: no page ends behind its 5 000th result (266/31813). */
export const SEARCH_CAP = 5_000;
const SEARCH_PAGE = 200;

/** A place in VOD's library ordered by creation: all before `second` (Unix time), and `offset` files of that second. */
export interface Cursor {
  readonly second: number;
  readonly offset: number;
}

export interface SearchPage {
  readonly fileIds: readonly string[];
  /** Where the next page begins; absent when the library has been read up to `end`. */
  readonly next?: Cursor;
  /** A second (Unix time) of which SearchMedia does not show all files, for it has over 5 000. */
  readonly hiddenSecond?: number;
}

/**
 * One page of the files created from `cursor` on and up to `end` (Unix seconds), oldest first (SearchMedia, 266/31813).
 *
 * SearchMedia shows 5 000 files of a window. So the window moves: each page begins where the last one ended, to the
 * second, and only files of one second are counted through. Windows meet in a second that both include, for the
 * documents disagree on whether the end of a window belongs to it.
 *
 * TotalCount decides whether there is more: a page may be short, or empty, without being the last.
 *
 * @throws Error when TotalCount is missing, or a page is empty although it counts more files; what the call throws
 */
export async function searchPage(vod: Pick<VodApi, 'SearchMedia'>, cursor: Cursor, end: number): Promise<SearchPage> {
  const { second, offset } = cursor;
  const limit = Math.min(SEARCH_PAGE, SEARCH_CAP - offset);
  const answer = await vod.SearchMedia({
    CreateTime: { After: isoSecond(second), Before: isoSecond(end + 1) },
    Sort: { Field: 'CreateTime', Order: 'Asc' },
    Offset: offset,
    Limit: limit,
    Filters: ['basicInfo'],
  });
  const found = answer.MediaInfoSet ?? [];
  const total = getNumber(answer, 'TotalCount');
  const fileIds = found.flatMap((info) => getString(info, 'FileId') ?? []);
  const read = offset + found.length;
  if (total === undefined) throw new Error("Cannot read VOD's library: SearchMedia's answer has no TotalCount");
  if (read >= total && total < SEARCH_CAP) return { fileIds };
  if (found.length === 0) {
    throw new Error(`Cannot read VOD's library: SearchMedia counts ${total} files and shows ${read}`);
  }
  const last = Math.floor(Date.parse(getString(getObject(found.at(-1), 'BasicInfo'), 'CreateTime') ?? '') / 1000);
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

/** A page of the procedures and reviews that ended between two times (Unix seconds) (DescribeTasks, 266/33430). */
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
  const tasks = (page.TaskSet ?? []).flatMap((task) => {
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

/** Whether an error is VOD's statement that there is no such task. */
export function isNoSuchTask(error: unknown): boolean {
  return /^(ResourceNotFound|InvalidParameter)/.test(codeOf(error) ?? '');
}

function isoSecond(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
