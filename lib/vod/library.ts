import { parseEvent } from './event';
import type { Task } from './event';
import { member, text } from '../platform/json';
import { omitUndefined } from '../platform/omit-undefined';
import { changes } from '../uploads/upload';
import type { Truth } from '../verification/verdict';
import type { VodApi } from './api';

/** How many files one DescribeMediaInfos takes (266/31763). */
export const MOST_FILES = 20;
/** How far SearchMedia counts: no page ends behind its 5 000th result (266/31813). */
export const SEARCH_CAP = 5_000;
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
 * `wantsTasks` answers those that events told of, if only none (DescribeTasks, 266/33430; DescribeTaskDetail, 266/33431).
 */
export async function askVod(
  vod: VodApi,
  fileIds: readonly string[],
  sealKeys: readonly string[],
  wantsTasks: (fileId: string, createTime: string) => readonly string[] | undefined,
): Promise<ReadonlyMap<string, Truth | undefined>> {
  const { known, unknown } = await describeFiles(vod, fileIds);
  const truths = await Promise.all(
    known.map(async ({ FileId, BasicInfo, MetaData }): Promise<Truth | undefined> => {
      // As the upload event says it, so that both are read in one way.
      const upload = { FileId, MediaBasicInfo: BasicInfo, MetaData };
      const [change] = changes(parseEvent({ EventType: 'NewFileUpload', FileUploadEvent: upload }), sealKeys, '');
      if (!change) return undefined;
      const { fileId, facts } = change;
      const created = facts.createTime ?? '';
      const told = wantsTasks(fileId, created);
      const asked = told ? await tasksOf(vod, fileId, told) : [];
      const first = asked.find(({ createTime }) => Math.abs(createTime - Date.parse(created)) <= PROCEDURE_DELAY);
      const tasks = new Map(asked.map(({ id, task }) => [id, task]));
      return { fileId, facts, tasks, ...omitUndefined({ procedureTaskId: first?.id }) };
    }),
  );
  const answers = new Map<string, Truth | undefined>(unknown.map((fileId) => [fileId, undefined]));
  for (const truth of truths) if (truth) answers.set(truth.fileId, truth);
  return answers;
}

/** What VOD's file ids look like. Others may be refused, and with them the whole call: they are asked about apart. */
const FILE_ID = /^\d{1,40}$/;

async function describeFiles(vod: VodApi, fileIds: readonly string[]): Promise<Described> {
  const [usual, odd] = [fileIds.filter((id) => FILE_ID.test(id)), fileIds.filter((id) => !FILE_ID.test(id))];
  const answers = await Promise.all([
    usual.length > 0 ? describe(vod, usual) : NOTHING,
    odd.length > 0 ? describeOdd(vod, odd) : NOTHING,
  ]);
  return { known: answers.flatMap(({ known }) => known), unknown: answers.flatMap(({ unknown }) => unknown) };
}

async function describe(vod: VodApi, fileIds: string[]): Promise<Described> {
  const answer = await vod.DescribeMediaInfos({ FileIds: fileIds, Filters: ['basicInfo', 'metaData'] });
  return { known: answer.MediaInfoSet ?? [], unknown: answer.NotExistFileIdSet ?? [] };
}

async function describeOdd(vod: VodApi, fileIds: string[]): Promise<Described> {
  try {
    const { known } = await describe(vod, fileIds);
    return { known, unknown: fileIds.filter((id) => !known.some(({ FileId }) => FileId === id)) };
  } catch (error) {
    if (!/^InvalidParameter(Value(\.FileIds)?)?$/.test(codeOf(error))) throw error;
    return { known: [], unknown: fileIds };
  }
}

const NOTHING: Described = { known: [], unknown: [] };

interface Described {
  readonly known: NonNullable<Awaited<ReturnType<VodApi['DescribeMediaInfos']>>['MediaInfoSet']>;
  readonly unknown: readonly string[];
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
    const page = await vod.DescribeTasks({ ...request, Limit: 100, ...omitUndefined({ ScrollToken: scroll }) });
    yield page.TaskSet ?? [];
    scroll = text(page, 'ScrollToken');
  } while (scroll !== undefined);
}

/** The procedures that VOD remembers of a file, the oldest first; those of `told` it is asked about even if it lists none. */
async function tasksOf(vod: VodApi, fileId: string, told: readonly string[]): Promise<AskedTask[]> {
  const listed: TaskInfo[] = [];
  const request = { FileId: fileId, Sort: { Field: 'CreateTime', Order: 'Asc' } };
  for await (const page of taskPages(vod, request)) listed.push(...page);
  const ids = new Set(listed.map(({ TaskId }) => TaskId));
  const unlisted = told.filter((id) => !ids.has(id)).map((TaskId) => ({ TaskId }));
  const tasks = await Promise.all([...listed, ...unlisted].map((info) => askAbout(vod, fileId, info)));
  return tasks.flatMap((task) => task ?? []).sort((a, b) => a.createTime - b.createTime);
}

type TaskInfo = NonNullable<Awaited<ReturnType<VodApi['DescribeTasks']>>['TaskSet']>[number];

async function askAbout(vod: VodApi, fileId: string, info: TaskInfo): Promise<AskedTask | undefined> {
  const { TaskId: id = '', TaskType = 'Procedure', Status, CreateTime } = info;
  if (TaskType !== 'Procedure' || id === '') return undefined;
  const isListed = Status !== undefined;
  if (isListed && Status !== 'FINISH' && Status !== 'ABORTED') {
    return { id, createTime: Date.parse(CreateTime ?? ''), task: { status: 'PROCESSING' } };
  }
  const detail = await describeTask(vod, id);
  const { ProcedureTask } = detail ?? {};
  // What is of another file, or unknown, is not this file's.
  if (!isListed && ProcedureTask?.FileId !== fileId) return undefined;
  const createTime = Date.parse(CreateTime ?? detail?.CreateTime ?? '');
  if (detail?.Status === 'ABORTED') return { id, createTime, task: ABORTED };
  const finished = { ...ProcedureTask, FileId: fileId, TaskId: id };
  const event = parseEvent({ EventType: 'ProcedureStateChanged', ProcedureStateChangeEvent: finished });
  return event.type === 'ProcedureStateChanged' ? { id, createTime, task: event.task } : undefined;
}

const ABORTED: Task = { status: 'FINISH', failed: true, errors: [{ type: 'Procedure', message: 'ABORTED' }] };

/** A task that VOD remembers; `undefined` for one that it does not. */
async function describeTask(vod: VodApi, id: string) {
  try {
    return await vod.DescribeTaskDetail({ TaskId: id });
  } catch (error) {
    const code = codeOf(error);
    if (code.startsWith('ResourceNotFound') || code.startsWith('InvalidParameter')) return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isoSecond(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
