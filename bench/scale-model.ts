import { fromItem, toItem, type Item, type Row } from '../lib/uploads/row';
import type { RowsPage, UploadStore } from '../lib/uploads/store';
import { createPacer } from '../lib/vod/pace';
import { seal } from '../lib/vod/source-context';
import { VodError, type VodApi, type VodCallOptions } from '../lib/vod/api';
import { itemBytes, readUnits, scanUnits, writesOf, type KeyedStorage } from '../tests/support/unit/capacity';
import { fakeVod } from '../tests/support/unit/vod-model';
import { SEAL_KEY } from './values';
import type { VirtualTime } from './virtual-time';

/** A file of VOD's library, with a procedure that ended a minute after its creation. */
interface LibraryFile {
  readonly createdAt: number;
  /** Files that were uploaded before this service was deployed have no seal. */
  readonly isSealed: boolean;
}

export type Action = keyof VodApi;

/** What work at the table and at VOD costs. */
export interface Meter {
  calls: Partial<Record<Action, number>>;
  readUnits: number;
  writeUnits: number;
}

export const emptyMeter = (): Meter => ({ calls: {}, readUnits: 0, writeUnits: 0 });

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const FIRST_ID = 5_285_890_000_000_000_000n;
const PROCEDURE_TIME = MINUTE;
/** How long VOD keeps tasks. */
const TASK_MEMORY = 3 * DAY;
/** How long VOD takes for a call, in milliseconds. */
const VOD_TIME = 300;
/** How long the table takes for a request, in milliseconds. */
const TABLE_TIME = { readAll: 8, replace: 6, page: 40 };
const PAGE_ROWS = 500;

export const idOf = (index: number) => String(FIRST_ID + BigInt(index));
const indexOf = (fileId: string) => Number(BigInt(fileId) - FIRST_ID);
const isoSecond = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** VOD's library, the oldest file first; the id of a file follows from its place. */
export function modelLibrary() {
  const files: LibraryFile[] = [];
  /** The first file that was created at this time or later. */
  function firstSince(time: number): number {
    let [low, high] = [0, files.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((files[middle]?.createdAt ?? Infinity) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  return { files, firstSince };
}

export type ModelLibrary = ReturnType<typeof modelLibrary>;

function mediaInfo(index: number, { createdAt, isSealed }: LibraryFile) {
  const fileId = idOf(index);
  const text = `order=${index}`;
  return {
    FileId: fileId,
    BasicInfo: {
      Name: `holiday ${index}`,
      CreateTime: isoSecond(createdAt),
      Type: 'mp4',
      Category: 'Video',
      Status: 'Normal',
      MediaUrl: `http://1500000001.vod2.myqcloud.com/6c5d7b8dvodcq1500000001/${fileId}/f0.mp4`,
      CoverUrl: `http://1500000001.vod2.myqcloud.com/6c5d7b8dvodcq1500000001/${fileId}/cover.jpg`,
      SourceInfo: {
        SourceType: 'Upload',
        SourceContext: isSealed ? seal(text, `user-${index % 5_000}`, true, SEAL_KEY) : text,
      },
    },
    MetaData: { Size: 10_485_760, Duration: 60.5, Width: 1920, Height: 1080 },
    ReviewInfo: null,
  };
}

const taskIdOf = (index: number) => `1500000001-procedurev2-${idOf(index)}t0`;

/** The procedure of a file, with three outputs. */
function procedureTask(index: number) {
  const url = `http://1500000001.vod2.myqcloud.com/6c5d7b8dvodtranscq1500000001/${idOf(index)}/v.f100020.mp4`;
  const MediaProcessResultSet = [100_010, 100_020, 100_030].map((Definition) => ({
    Type: 'Transcode',
    TranscodeTask: { Status: 'SUCCESS', ErrCode: 0, Input: { Definition }, Output: { Url: url, Definition } },
  }));
  return { FileId: idOf(index), Status: 'FINISH', ErrCode: 0, MediaProcessResultSet };
}

/** VOD's server API on this library: 300 ms a call in virtual time, and the production pace of 100 calls a second. */
export function modelVod({ files, firstSince }: ModelLibrary, { now, sleep }: Clock, onCall: OnCall) {
  const pacer = createPacer(now);
  const api = (deadline: number): VodApi => {
    const call =
      <R extends object>(action: Action, answer: (request: R) => object) =>
      async (request: R): Promise<object> => {
        const wait = pacer.take(action, deadline);
        if (wait === undefined) throw new VodError(action, 'there was no time left for the call');
        onCall(action, request);
        await sleep(wait + VOD_TIME);
        return answer(request);
      };
    const taskView = (index: number) => {
      const endedAt = (files[index]?.createdAt ?? 0) + PROCEDURE_TIME;
      const isRunning = endedAt > now();
      return { index, endedAt, Status: isRunning ? 'PROCESSING' : 'FINISH' };
    };
    const listedTask = (index: number) => ({
      TaskId: taskIdOf(index),
      TaskType: 'Procedure',
      FileId: idOf(index),
      Status: taskView(index).Status,
      CreateTime: isoSecond(files[index]?.createdAt ?? 0),
    });
    return fakeVod({
      SearchMedia: call(
        'SearchMedia',
        ({ CreateTime, Offset = 0, Limit = 10 }: Parameters<VodApi['SearchMedia']>[0]) => {
          const first = firstSince(Date.parse(CreateTime?.After ?? ''));
          const total = firstSince(Date.parse(CreateTime?.Before ?? '')) - first;
          const count = Math.max(0, Math.min(Limit, total - Offset));
          return {
            TotalCount: Math.min(total, 5_000),
            MediaInfoSet: Array.from({ length: count }, (_, place) => {
              const index = first + Offset + place;
              return { FileId: idOf(index), BasicInfo: { CreateTime: isoSecond(files[index]?.createdAt ?? 0) } };
            }),
          };
        },
      ),
      DescribeMediaInfos: call('DescribeMediaInfos', ({ FileIds }: Parameters<VodApi['DescribeMediaInfos']>[0]) => ({
        MediaInfoSet: FileIds.flatMap((fileId) => {
          const file = files[indexOf(fileId)];
          return file ? [mediaInfo(indexOf(fileId), file)] : [];
        }),
        NotExistFileIdSet: FileIds.filter((fileId) => files[indexOf(fileId)] === undefined),
      })),
      DescribeTasks: call('DescribeTasks', (request: Parameters<VodApi['DescribeTasks']>[0]) => {
        const { FileId, FinishTime, ScrollToken, Limit = 10 } = request;
        const oldest = firstSince(now() - TASK_MEMORY);
        if (FileId !== undefined) return { TaskSet: indexOf(FileId) < oldest ? [] : [listedTask(indexOf(FileId))] };
        const begin = Math.max(oldest, firstSince(Date.parse(FinishTime?.After ?? '') - PROCEDURE_TIME));
        const end = firstSince(Math.min(now(), Date.parse(FinishTime?.Before ?? '')) - PROCEDURE_TIME);
        const from = begin + Number(ScrollToken ?? 0);
        const count = Math.max(0, Math.min(Limit, end - from));
        return {
          TaskSet: Array.from({ length: count }, (_, place) => listedTask(from + place)),
          ScrollToken: from + count < end ? String(from + count - begin) : '',
        };
      }),
      DescribeTaskDetail: call('DescribeTaskDetail', ({ TaskId }: Parameters<VodApi['DescribeTaskDetail']>[0]) => {
        const index = indexOf(/-(\d+)t0$/.exec(TaskId)?.[1] ?? String(FIRST_ID));
        return { TaskType: 'Procedure', Status: taskView(index).Status, ProcedureTask: procedureTask(index) };
      }),
    });
  };
  return ({ deadline }: Pick<VodCallOptions, 'deadline'>) => api(deadline);
}

type Clock = Pick<VirtualTime, 'now' | 'sleep'>;

export type OnCall = (action: Action, request: object) => void;

interface StoreDeps {
  readonly items: Map<string, Item>;
  readonly clock: Clock;
  readonly library: ModelLibrary;
  readonly storages: readonly KeyedStorage[];
  /** Where the next request is counted. */
  readonly meter: () => Meter;
  readonly onPage: () => void;
}

/** The table in memory, which counts units as DynamoDB bills them; pages come in the order of creation. */
export function modelStore({ items, clock, library, storages, meter, onPage }: StoreDeps): UploadStore {
  const rowOf = (item: Item | undefined): Row | undefined => item && fromItem(item);
  const never = (method: string) => () => Promise.reject(new Error(`reconcile does not call ${method}`));

  async function replace(before: Row | undefined, after: Row): Promise<boolean> {
    await clock.sleep(TABLE_TIME.replace);
    const stored = items.get(after.fileId);
    if (stored?.['version'] !== before?.version) return false;
    const version = (before?.version ?? 0) + 1;
    const item = toItem({ ...after, version, updatedAt: new Date(clock.now()).toISOString() });
    for (const { units } of writesOf(storages, stored, item)) meter().writeUnits += units;
    items.set(after.fileId, item);
    return true;
  }

  async function page(after: string | undefined): Promise<RowsPage> {
    onPage();
    await clock.sleep(TABLE_TIME.page);
    const scanned: Item[] = [];
    let index = after === undefined ? 0 : indexOf(after) + 1;
    for (; index < library.files.length && scanned.length < PAGE_ROWS; index++) {
      const item = items.get(idOf(index));
      if (item) scanned.push(item);
    }
    meter().readUnits += scanUnits(scanned.reduce((sum, item) => sum + itemBytes(item), 0));
    const rows = scanned.flatMap((item) => rowOf(item) ?? []);
    const last = rows.at(-1);
    return { rows, looked: rows.length, ...(rows.length === PAGE_ROWS && last && { next: last.fileId }) };
  }

  return {
    read: never('read'),
    update: never('update'),
    replace,
    page,
    readAll: async (fileIds) => {
      await clock.sleep(TABLE_TIME.readAll * Math.ceil(fileIds.length / 100));
      const found = new Map<string, Row>();
      for (const fileId of new Set(fileIds)) {
        const item = items.get(fileId);
        meter().readUnits += readUnits(item);
        const row = rowOf(item);
        if (row) found.set(fileId, row);
      }
      return found;
    },
  };
}
