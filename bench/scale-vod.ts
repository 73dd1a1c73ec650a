import { VodError, type VodApi, type VodCallOptions } from '../lib/vod/api';
import { createPacer } from '../lib/vod/pace';
import { seal } from '../lib/vod/source-context';
import { fakeVod } from '../tests/support/unit/vod-model';
import { idOf, indexOf, type Action, type Clock, type LibraryFile, type ModelLibrary } from './scale-model';
import { SEAL_KEY } from './values';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const PROCEDURE_TIME = MINUTE;
/** How long VOD keeps tasks. */
const TASK_RETENTION = 3 * DAY;
/** How long VOD takes for a call, in milliseconds. */
export const VOD_TIME = 300;

export type OnCall = (action: Action, request: object) => void;

/** VOD's server API on this library: 300 ms a call in virtual time, and the production pace of 100 calls a second. */
export function modelVod(library: ModelLibrary, { now, sleep }: Clock, onCall: OnCall) {
  const pacer = createPacer(now);
  const model = modelResponses(library, now);
  return ({ deadline }: Pick<VodCallOptions, 'deadline'>): VodApi => {
    const call =
      <R extends object>(action: Action, respond: (request: R) => object) =>
      async (request: R): Promise<object> => {
        const wait = pacer.take(action, deadline);
        if (wait === undefined) throw new VodError(action, 'there was no time left for the call');
        onCall(action, request);
        await sleep(wait + VOD_TIME);
        return respond(request);
      };
    return fakeVod({
      SearchMedia: call('SearchMedia', model.searchMedia),
      DescribeMediaInfos: call('DescribeMediaInfos', model.describeMediaInfos),
      DescribeTasks: call('DescribeTasks', (request: Request<'DescribeTasks'>) =>
        request.FileId === undefined ? model.listEndedTasks(request) : model.listTasksOf(request.FileId),
      ),
      DescribeTaskDetail: call('DescribeTaskDetail', model.describeTaskDetail),
    });
  };
}

type Request<A extends Action> = Parameters<VodApi[A]>[0];

/** VOD's responses, by action. */
function modelResponses({ files, firstSince }: ModelLibrary, now: () => number) {
  const createTimeOf = (index: number) => isoSecond(files[index]?.createdAt ?? 0);
  const statusOf = (index: number) => {
    const endedAt = (files[index]?.createdAt ?? 0) + PROCEDURE_TIME;
    return endedAt > now() ? 'PROCESSING' : 'FINISH';
  };
  const listedTask = (index: number) => ({
    TaskId: taskIdOf(index),
    TaskType: 'Procedure',
    FileId: idOf(index),
    Status: statusOf(index),
    CreateTime: createTimeOf(index),
  });
  const oldestKept = () => firstSince(now() - TASK_RETENTION);

  return {
    searchMedia: ({ CreateTime, Offset = 0, Limit = 10 }: Request<'SearchMedia'>) => {
      const first = firstSince(Date.parse(CreateTime?.After ?? ''));
      const total = firstSince(Date.parse(CreateTime?.Before ?? '')) - first;
      const count = Math.max(0, Math.min(Limit, total - Offset));
      const MediaInfoSet = Array.from({ length: count }, (_, place) => {
        const index = first + Offset + place;
        return { FileId: idOf(index), BasicInfo: { CreateTime: createTimeOf(index) } };
      });
      return { TotalCount: Math.min(total, 5_000), MediaInfoSet };
    },
    describeMediaInfos: ({ FileIds }: Request<'DescribeMediaInfos'>) => ({
      MediaInfoSet: FileIds.flatMap((fileId) => {
        const file = files[indexOf(fileId)];
        return file ? [mediaInfo(indexOf(fileId), file)] : [];
      }),
      NotExistFileIdSet: FileIds.filter((fileId) => files[indexOf(fileId)] === undefined),
    }),
    listTasksOf: (fileId: string) => ({
      TaskSet: indexOf(fileId) < oldestKept() ? [] : [listedTask(indexOf(fileId))],
    }),
    listEndedTasks: ({ FinishTime, ScrollToken, Limit = 10 }: Request<'DescribeTasks'>) => {
      const begin = Math.max(oldestKept(), firstSince(Date.parse(FinishTime?.After ?? '') - PROCEDURE_TIME));
      const end = firstSince(Math.min(now(), Date.parse(FinishTime?.Before ?? '')) - PROCEDURE_TIME);
      const from = begin + Number(ScrollToken ?? 0);
      const count = Math.max(0, Math.min(Limit, end - from));
      return {
        TaskSet: Array.from({ length: count }, (_, place) => listedTask(from + place)),
        ScrollToken: from + count < end ? String(from + count - begin) : '',
      };
    },
    describeTaskDetail: ({ TaskId }: Request<'DescribeTaskDetail'>) => {
      const index = indexOf(/-(\d+)t0$/.exec(TaskId)?.[1] ?? idOf(0));
      return { TaskType: 'Procedure', Status: statusOf(index), ProcedureTask: procedureTask(index) };
    },
  };
}

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

function isoSecond(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
