import { isDeepStrictEqual } from 'node:util';
import type { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import type { Uploaded } from './uploads';

// The expected rows, from two sources that are independent of the code under test: the client that uploaded, and the
// server API of VOD, called with the vendor's SDK.

export type VodApi = InstanceType<typeof sdk.v20180717.Client>;

export type Row = Readonly<Record<string, unknown>>;

/** The expected attributes of a row; `undefined` for one that must be absent. */
export type Expected = Record<string, unknown>;

interface SubTask {
  readonly Status: string;
  readonly ErrCode: number;
  readonly Message: string;
  readonly Input: { readonly Definition: number };
  readonly Output: { readonly Url?: string; readonly CoverUrl?: string } | null;
}

/** The rows of the files as VOD has them now; a message for each file that differs in VOD from what was uploaded. */
export async function expectedRows(api: VodApi, uploads: readonly Uploaded[]) {
  const rows = new Map<string, Expected>();
  const problems: string[] = [];
  const tasks = await tasksByFile(api);
  for (let at = 0; at < uploads.length; at += 20) {
    const FileIds = uploads.slice(at, at + 20).map(({ fileId }) => fileId);
    const { MediaInfoSet = [] } = await api.DescribeMediaInfos({ FileIds });
    for (const uploaded of uploads.slice(at, at + 20)) {
      const { fileId } = uploaded;
      const media = MediaInfoSet.find(({ FileId }) => FileId === fileId);
      const ids = tasks.get(fileId) ?? [];
      const details = await Promise.all(ids.map((TaskId) => api.DescribeTaskDetail({ TaskId })));
      const basic = media?.BasicInfo;
      const byClient = {
        name: uploaded.name,
        type: uploaded.type,
        url: uploaded.url,
        size: uploaded.content.length,
        tasks: uploaded.procedure === undefined ? 0 : 1,
      };
      const byVod = {
        name: basic?.Name,
        type: basic?.Type,
        url: basic?.MediaUrl,
        size: media?.MetaData?.Size,
        tasks: ids.length,
      };
      if (!isDeepStrictEqual(byVod, byClient)) {
        problems.push(`${fileId}: VOD returns ${JSON.stringify(byVod)}, not ${JSON.stringify(byClient)}`);
      }
      const { tasks: _, ...facts } = byClient;
      rows.set(fileId, {
        ...facts,
        fileId,
        status: STATUS[uploaded.procedure ?? 'none'],
        sourceContext: uploaded.sourceContext,
        uploader: uploaded.user,
        seal: 'valid',
        createTime: basic?.CreateTime,
        sourceType: basic?.SourceInfo?.SourceType,
        coverUrl: basic?.CoverUrl === '' ? undefined : basic?.CoverUrl,
        procedureTaskId: ids[0],
        notice: undefined,
        ...Object.fromEntries(
          details.map(({ ProcedureTask }) => [`task:${ProcedureTask?.TaskId ?? ''}`, taskOf(ProcedureTask)]),
        ),
      });
    }
  }
  return { rows, problems };
}

const STATUS = { LongVideoPreset: 'ready', FailingPreset: 'failed', none: 'ready' };

/** A message for each difference between a row and what is expected of it, unexpected tasks included. */
export function differences(row: Row, expected: Expected): string[] {
  const isGone = expected['status'] === 'deleted';
  const tasks = isGone ? [] : Object.keys(row).filter((name) => name.startsWith('task:'));
  const names = new Set([...Object.keys(expected), ...tasks]);
  return [...names]
    .filter((name) => !isDeepStrictEqual(withoutInternals(row[name]), expected[name]))
    .map((name) => `${String(row['fileId'])}: ${name} is ${show(row[name])}, not ${show(expected[name])}`);
}

/** A task without the attributes that no consumer reads. */
function withoutInternals(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith('_')));
}

const show = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));

async function tasksByFile(api: VodApi): Promise<Map<string, string[]>> {
  const ids = new Map<string, string[]>();
  let ScrollToken = '';
  do {
    const page = await api.DescribeTasks({ Limit: 100, ...(ScrollToken && { ScrollToken }) });
    for (const { FileId = '', TaskId = '' } of page.TaskSet ?? [])
      ids.set(FileId, [...(ids.get(FileId) ?? []), TaskId]);
    ScrollToken = page.ScrollToken ?? '';
  } while (ScrollToken !== '');
  return ids;
}

/** A finished task as a row has it. */
function taskOf(
  task: { MediaProcessResultSet?: object[]; Status?: string; SessionContext?: string } | null | undefined,
) {
  const subTasks = (task?.MediaProcessResultSet ?? []).map((result) => {
    const type = String(Reflect.get(result, 'Type'));
    return { type, ...(Reflect.get(result, `${type}Task`) as SubTask) };
  });
  const outputs = subTasks
    .filter(({ Status }) => Status === 'SUCCESS')
    .map(({ type, Input, Output }) => ({ type, definition: Input.Definition, url: Output?.Url ?? Output?.CoverUrl }));
  const errors = subTasks
    .filter(({ Status }) => Status === 'FAIL')
    .map(({ type, ErrCode, Message }) => ({ type, code: ErrCode, message: Message }));
  return {
    status: task?.Status,
    failed: errors.length > 0,
    ...(outputs.length > 0 && { outputs }),
    ...(errors.length > 0 && { errors }),
    ...(task?.SessionContext && { sessionContext: task.SessionContext }),
  };
}
