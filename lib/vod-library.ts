import { readEvent } from './event';
import type { Task } from './event';
import { member, text } from './message';
import { present } from './present';
import { changes } from './upload';
import type { Truth } from './verdict';
import type { VodApi } from './vod-api';

/** How many files one DescribeMediaInfos takes (266/31763). */
export const MOST_FILES = 20;
/** How far SearchMedia counts: no page ends behind its 5 000th result (266/31813). */
const SEARCH_CAP = 5_000;
const SEARCH_PAGE = 200;
/** How long after its file a task may begin to count as the upload's own, in milliseconds. */
const PROCEDURE_DELAY = 60_000;

/** A place in VOD's library ordered by creation: all before `second` (Unix time), and `offset` files of that second. */
export interface Cursor {
  readonly second: number;
  readonly offset: number;
}

export interface SearchPage {
  readonly fileIds: readonly string[];
  /** Where the next page begins; none when the library has been read up to `end`. */
  readonly next?: Cursor;
  /** A second (Unix time) of which SearchMedia does not show all files, for it has over 5 000. */
  readonly overfull?: number;
}

/**
 * One page of the files created from `cursor` on and up to `end` (Unix seconds), oldest first (SearchMedia, 266/31813).
 *
 * SearchMedia shows 5 000 files of a window. So the window moves: each page begins where the last one ended, to the
 * second, and only files of one second are counted through. Windows meet in a second that both include, for the
 * documents disagree on whether the end of a window belongs to it.
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
  const fileIds = found.flatMap((info) => text(info, 'FileId') ?? []);
  if (found.length < limit) return { fileIds };
  const last = Math.floor(Date.parse(text(member(found.at(-1), 'BasicInfo'), 'CreateTime') ?? '') / 1000);
  if (last > second) return { fileIds, next: { second: last, offset: 0 } };
  if (offset + limit < SEARCH_CAP) return { fileIds, next: { second, offset: offset + limit } };
  return { fileIds, next: { second: second + 1, offset: 0 }, overfull: second };
}

/**
 * What VOD says now of at most {@link MOST_FILES} files, by id (DescribeMediaInfos, 266/31763): `undefined` for one that it
 * does not know; one of which it says nothing is not among them. The tasks that it remembers are asked for where
 * `wantsTasks` says so (DescribeTasks, 266/33430; DescribeTaskDetail, 266/33431).
 */
export async function askVod(
  vod: VodApi,
  fileIds: readonly string[],
  sealKeys: readonly string[],
  wantsTasks: (fileId: string, createTime: string) => boolean,
): Promise<ReadonlyMap<string, Truth | undefined>> {
  const { known, unknown } = await describeFiles(vod, fileIds);
  const truths = await Promise.all(
    known.map(async ({ FileId, BasicInfo, MetaData }): Promise<Truth | undefined> => {
      // As the upload event says it, so that both are read in one way.
      const upload = { FileId, MediaBasicInfo: BasicInfo, MetaData };
      const [change] = changes(readEvent({ EventType: 'NewFileUpload', FileUploadEvent: upload }), sealKeys, '');
      if (!change) return undefined;
      const { fileId, facts } = change;
      const created = facts.createTime ?? '';
      const asked = wantsTasks(fileId, created) ? await tasksOf(vod, fileId) : [];
      const first = asked.find(({ createTime }) => Math.abs(createTime - Date.parse(created)) <= PROCEDURE_DELAY);
      const tasks = new Map(asked.map(({ id, task }) => [id, task]));
      return { fileId, facts, tasks, ...present({ procedureTaskId: first?.id }) };
    }),
  );
  const answers = new Map<string, Truth | undefined>(unknown.map((fileId) => [fileId, undefined]));
  for (const truth of truths) if (truth) answers.set(truth.fileId, truth);
  return answers;
}

/** An invented id may be one that VOD refuses, and with it the whole call: then the files are asked about in halves. */
async function describeFiles(vod: VodApi, fileIds: readonly string[]): Promise<Described> {
  try {
    const answer = await vod.DescribeMediaInfos({ FileIds: [...fileIds], Filters: ['basicInfo', 'metaData'] });
    return { known: answer.MediaInfoSet ?? [], unknown: answer.NotExistFileIdSet ?? [] };
  } catch (error) {
    if (!isAboutParameters(error)) throw error;
    if (fileIds.length === 1) return { known: [], unknown: fileIds };
    const half = Math.ceil(fileIds.length / 2);
    const halves = [fileIds.slice(0, half), fileIds.slice(half)];
    const [one, other] = await Promise.all(halves.map((ids) => describeFiles(vod, ids)));
    return {
      known: [...(one?.known ?? []), ...(other?.known ?? [])],
      unknown: [...(one?.unknown ?? []), ...(other?.unknown ?? [])],
    };
  }
}

interface Described {
  readonly known: NonNullable<Awaited<ReturnType<VodApi['DescribeMediaInfos']>>['MediaInfoSet']>;
  readonly unknown: readonly string[];
}

function isAboutParameters(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('InvalidParameter');
}

interface AskedTask {
  readonly id: string;
  readonly createTime: number;
  readonly task: Task;
}

export interface EndedTask {
  readonly taskId: string;
  readonly fileId: string;
}

/** The procedures that ended between two times (Unix seconds), page by page (DescribeTasks, 266/33430). */
export async function* endedTasks(vod: VodApi, after: number, before: number): AsyncGenerator<readonly EndedTask[]> {
  const FinishTime = { After: isoSecond(after), Before: isoSecond(before + 1) };
  for await (const tasks of taskPages(vod, { FinishTime, Sort: { Field: 'FinishTime', Order: 'Asc' } })) {
    yield tasks.flatMap(({ TaskId: taskId = '', FileId: fileId = '', TaskType }) =>
      TaskType === 'Procedure' && taskId !== '' && fileId !== '' ? [{ taskId, fileId }] : [],
    );
  }
}

async function* taskPages(vod: VodApi, request: Parameters<VodApi['DescribeTasks']>[0]) {
  let scroll: string | undefined;
  do {
    const page = await vod.DescribeTasks({ ...request, Limit: 100, ...present({ ScrollToken: scroll }) });
    yield page.TaskSet ?? [];
    scroll = text(page, 'ScrollToken');
  } while (scroll !== undefined);
}

/** The procedures that VOD remembers of a file, the oldest first. */
async function tasksOf(vod: VodApi, fileId: string): Promise<AskedTask[]> {
  const found = [];
  const request = { FileId: fileId, Sort: { Field: 'CreateTime', Order: 'Asc' } };
  for await (const page of taskPages(vod, request)) found.push(...page);
  const tasks = await Promise.all(
    found.map(async ({ TaskId: id = '', TaskType, Status, CreateTime = '' }): Promise<AskedTask | undefined> => {
      if (TaskType !== 'Procedure' || id === '') return undefined;
      const task = await taskState(vod, fileId, id, Status);
      return task && { id, createTime: Date.parse(CreateTime), task };
    }),
  );
  return tasks.flatMap((task) => task ?? []);
}

async function taskState(vod: VodApi, fileId: string, id: string, status: string | undefined) {
  if (status === 'ABORTED')
    return { status: 'FINISH', failed: true, errors: [{ type: 'Procedure', message: 'ABORTED' }] } as const;
  if (status !== 'FINISH') return { status: 'PROCESSING' } as const;
  const { ProcedureTask } = await vod.DescribeTaskDetail({ TaskId: id });
  if (!ProcedureTask) return undefined;
  const finished = { ...ProcedureTask, FileId: fileId, TaskId: id, Status: 'FINISH' };
  const event = readEvent({ EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: finished });
  return event.type === 'ProcedureStateChanged' ? event.task : undefined;
}

function isoSecond(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
