import { randomUUID } from 'node:crypto';
import type { EventQueue } from './event-queue';
import { isObject, jsonObject, readBody, replyJson, type Call } from './http';
import { isoTime, type Library } from './library';
import type { DeletedPart } from './messages';
import type { EventConfig, Notifications } from './notifications';
import { taskIdFor, type Procedures } from './procedures';
import type { Media, State, Task } from './state';
import { ApiError, checkTc3 } from './tc3';
import type { Keys } from './upload-signature';

interface Api {
  readonly state: State;
  readonly library: Library;
  readonly procedures: Procedures;
  readonly notifications: Notifications;
  readonly queue: EventQueue;
  readonly keys: Keys;
  readonly subAppIds: readonly number[] | undefined;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

type Parameters = Record<string, unknown>;
type Answer = object | Promise<object>;

const VERSION = '2018-07-17';
const MOST_RESULTS = 5000;
const TASKS_KEPT_FOR = 3 * 24 * 60 * 60 * 1000;

/** The server API, version 2018-07-17, as far as the project needs it. Every answer is HTTP 200. */
export async function api(call: Call, vod: Api): Promise<void> {
  const RequestId = randomUUID();
  const action = call.request.headers['x-tc-action']?.toString() ?? '';
  try {
    const body = await readBody(call.request);
    if (!body) throw new ApiError('RequestSizeLimitExceeded', 'The request is over 1 MB');
    if (call.method !== 'POST') throw new ApiError('UnsupportedProtocol', 'The local VOD plays POST only');
    checkTc3(call, body, vod.keys, vod.now());
    if (call.request.headers['x-tc-version'] !== VERSION)
      throw new ApiError('NoSuchVersion', `Only ${VERSION} is here`);
    const played = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!played) throw new ApiError('InvalidAction', `The local VOD does not play "${action}"`);
    const parameters = jsonObject(body);
    if (!parameters) throw new ApiError('InvalidParameter', 'The body is not a JSON object');
    for (const name of Object.keys(parameters)) {
      if (![...played.parameters, 'SubAppId', 'ExtInfo'].includes(name)) {
        throw new ApiError('UnknownParameter', `The parameter \`${name}\` is not recognized by the local VOD`);
      }
    }
    const subAppId = integer(parameters, 'SubAppId', 0);
    if (vod.subAppIds && (subAppId === undefined || !vod.subAppIds.includes(subAppId))) {
      throw invalid('SubAppId', 'invalid subappid');
    }
    replyJson(call.response, 200, { Response: { ...(await played.run(vod, parameters)), RequestId } });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    vod.log(`${action}: ${error.code}: ${error.message}`);
    replyJson(call.response, 200, { Response: { Error: { Code: error.code, Message: error.message }, RequestId } });
  }
}

const ACTIONS: Record<string, { parameters: string[]; run: (vod: Api, parameters: Parameters) => Answer }> = {
  DescribeMediaInfos: { parameters: ['FileIds', 'Filters'], run: describeMediaInfos },
  SearchMedia: {
    parameters: [
      ...['FileIds', 'Names', 'NamePrefixes', 'ClassIds', 'Categories', 'SourceTypes', 'StorageRegions', 'MediaTypes'],
      ...['CreateTime', 'Sort', 'Offset', 'Limit', 'Filters'],
    ],
    run: searchMedia,
  },
  DeleteMedia: { parameters: ['FileId', 'DeleteParts'], run: deleteMedia },
  ProcessMediaByProcedure: {
    parameters: ['FileId', 'ProcedureName', 'TasksPriority', 'TasksNotifyMode', 'SessionContext'],
    run: processMediaByProcedure,
  },
  DescribeTasks: {
    parameters: ['Status', 'FileId', 'CreateTime', 'FinishTime', 'Sort', 'Limit', 'ScrollToken'],
    run: describeTasks,
  },
  DescribeTaskDetail: { parameters: ['TaskId'], run: describeTaskDetail },
  PullEvents: { parameters: [], run: async ({ queue }) => ({ EventSet: await queue.pull() }) },
  ConfirmEvents: { parameters: ['EventHandles'], run: confirmEvents },
  DescribeEventConfig: { parameters: [], run: describeEventConfig },
  ModifyEventConfig: {
    parameters: [
      ...['Mode', 'NotificationUrl', 'UploadMediaCompleteEventSwitch', 'DeleteMediaCompleteEventSwitch'],
      ...['PersistenceCompleteEventSwitch', 'SignKey'],
    ],
    run: modifyEventConfig,
  },
};

function describeMediaInfos(vod: Api, parameters: Parameters): Answer {
  const ids = [...new Set(required(texts(parameters, 'FileIds', 20), 'FileIds'))];
  const found = ids.flatMap((id) => vod.state.media.get(id) ?? []);
  return {
    MediaInfoSet: found.map((media) => mediaInfo(vod, media, texts(parameters, 'Filters', 20))),
    NotExistFileIdSet: ids.filter((id) => !vod.state.media.get(id)),
  };
}

function searchMedia(vod: Api, parameters: Parameters): Answer {
  const offset = integer(parameters, 'Offset', 0, MOST_RESULTS) ?? 0;
  const limit = integer(parameters, 'Limit', 0, MOST_RESULTS) ?? 10;
  if (offset + limit > MOST_RESULTS) throw invalid('Limit', `Offset + Limit is over ${MOST_RESULTS}`);
  const inWindow = timeRange(parameters, 'CreateTime', 'inclusive');
  const classIds = list(parameters, 'ClassIds', 10, 'number');
  const oneOf = (name: string, most: number, fits: (media: Media, value: string) => boolean) => {
    const values = texts(parameters, name, most);
    return (media: Media) => values === undefined || values.some((value) => fits(media, value));
  };
  const tests = [
    oneOf('FileIds', 10, (media, id) => media.fileId === id),
    oneOf('Names', 10, (media, name) => media.name.includes(name)),
    oneOf('NamePrefixes', 10, (media, prefix) => media.name.startsWith(prefix)),
    oneOf('Categories', 10, (media, category) => vod.library.view(media).BasicInfo['Category'] === category),
    oneOf('SourceTypes', 10, (_, type) => type === 'Upload'),
    oneOf('StorageRegions', 20, (media, region) => media.storageRegion === region),
    oneOf('MediaTypes', 10, (media, type) => media.type === type),
    (media: Media) => classIds?.includes(media.classId) ?? true,
    (media: Media) => inWindow(media.createTime),
  ];
  const order = sortOrder(parameters, ['CreateTime']);
  const found = vod.state.media
    .values()
    .filter((media) => tests.every((fits) => fits(media)))
    .sort((a, b) => order.sign * (a.createTime - b.createTime));
  const filters = texts(parameters, 'Filters', 20);
  return {
    TotalCount: Math.min(found.length, MOST_RESULTS),
    MediaInfoSet: found.slice(offset, offset + limit).map((media) => mediaInfo(vod, media, filters)),
  };
}

function mediaInfo(vod: Api, media: Media, filters: string[] | undefined): object {
  const { FileId, BasicInfo, MetaData } = vod.library.view(media);
  const wants = (name: string): boolean => filters === undefined || filters.length === 0 || filters.includes(name);
  const transcoded = vod.state.tasks
    .values()
    .filter(({ fileId }) => fileId === media.fileId)
    .flatMap((task) => {
      const outputs = vod.procedures.outputs(task, media);
      return outputs.filter(
        (_, i) => i < task.stepsDone && task.steps[i]?.type === 'Transcode' && !task.steps[i].fails,
      );
    });
  return {
    FileId,
    BasicInfo: wants('basicInfo') ? BasicInfo : null,
    MetaData: wants('metaData') ? MetaData : null,
    TranscodeInfo: wants('transcodeInfo') && transcoded.length > 0 ? { TranscodeSet: transcoded } : null,
  };
}

function deleteMedia(vod: Api, parameters: Parameters): Answer {
  const id = required(text(parameters, 'FileId'), 'FileId');
  const media = vod.state.media.get(id);
  if (!media) throw new ApiError('ResourceNotFound', `There is no file ${id}`);
  const parts = list(parameters, 'DeleteParts', 10, 'object') ?? [];
  vod.library.delete(
    media,
    parts.map((part): DeletedPart => {
      if (!isObject(part)) throw invalid('DeleteParts', 'DeleteParts holds objects');
      return {
        Type: required(text(part, 'Type'), 'DeleteParts.Type'),
        Definition: integer(part, 'Definition', 0) ?? 0,
      };
    }),
  );
  return {};
}

function processMediaByProcedure({ state, procedures }: Api, parameters: Parameters): Answer {
  const fileId = required(text(parameters, 'FileId'), 'FileId');
  if (!state.media.get(fileId)) throw new ApiError('ResourceNotFound', `There is no file ${fileId}`);
  const TaskId = taskIdFor();
  procedures.start(TaskId, fileId, {
    procedure: required(text(parameters, 'ProcedureName'), 'ProcedureName'),
    taskPriority: integer(parameters, 'TasksPriority', -10, 10) ?? 0,
    taskNotifyMode: choice(parameters, 'TasksNotifyMode', ['Finish', 'Change', 'None']) ?? 'Finish',
    sessionContext: text(parameters, 'SessionContext') ?? '',
  });
  return { TaskId };
}

function describeTasks(vod: Api, parameters: Parameters): Answer {
  const status = text(parameters, 'Status');
  const fileId = text(parameters, 'FileId');
  const limit = integer(parameters, 'Limit', 1, 100) ?? 10;
  const scroll = text(parameters, 'ScrollToken') ?? '0';
  if (!/^\d{1,9}$/.test(scroll)) throw invalid('ScrollToken', 'ScrollToken is not one of ours');
  const created = timeRange(parameters, 'CreateTime', 'exclusive');
  const finished = timeRange(parameters, 'FinishTime', 'exclusive');
  const order = sortOrder(parameters, ['CreateTime', 'FinishTime']);
  const timeOf = (task: Task): number => (order.field === 'FinishTime' ? (task.finishTime ?? 0) : task.createTime);
  const found = vod.state.tasks
    .values()
    .filter((task) => !outdated(vod, task))
    .filter((task) => (status ?? task.status) === task.status && (fileId ?? task.fileId) === task.fileId)
    .filter((task) => created(task.createTime) && (!('FinishTime' in parameters) || finished(task.finishTime ?? 0)))
    .sort((a, b) => order.sign * (timeOf(a) - timeOf(b)));
  const start = Number(scroll);
  return {
    TaskSet: found.slice(start, start + limit).map((task) => ({
      TaskId: task.taskId,
      FileId: task.fileId,
      ...taskTimes(task),
      SessionId: '',
      SessionContext: task.sessionContext,
    })),
    ScrollToken: found.length > start + limit ? String(start + limit) : '',
  };
}

function describeTaskDetail(vod: Api, parameters: Parameters): Answer {
  const id = required(text(parameters, 'TaskId'), 'TaskId');
  const task = vod.state.tasks.get(id);
  if (!task || outdated(vod, task)) throw new ApiError('ResourceNotFound', `There is no task ${id} of the last 3 days`);
  return { ...taskTimes(task), ProcedureTask: vod.procedures.detail(task) };
}

function taskTimes(task: Task): object {
  return {
    TaskType: 'Procedure',
    Status: task.status,
    CreateTime: isoTime(task.createTime),
    BeginProcessTime: isoTime(task.createTime),
    FinishTime: task.finishTime === undefined ? '' : isoTime(task.finishTime),
  };
}

function outdated(vod: Api, task: Task): boolean {
  return vod.now() - task.createTime > TASKS_KEPT_FOR;
}

function confirmEvents(vod: Api, parameters: Parameters): Answer {
  const handles = required(texts(parameters, 'EventHandles', 16), 'EventHandles');
  if (!vod.queue.confirm(handles)) {
    throw invalid('EventHandles', 'An event handle is unknown, confirmed already or too old');
  }
  return {};
}

function describeEventConfig({ notifications: { config } }: Api): Answer {
  return {
    Mode: config.mode,
    NotificationUrl: config.url,
    UploadMediaCompleteEventSwitch: config.uploadSwitch ? 'ON' : 'OFF',
    DeleteMediaCompleteEventSwitch: config.deleteSwitch ? 'ON' : 'OFF',
    PersistenceCompleteEventSwitch: config.persistenceSwitch ? 'ON' : 'OFF',
  };
}

function modifyEventConfig({ notifications }: Api, parameters: Parameters): Answer {
  const { config } = notifications;
  const isOn = (name: string, now: boolean): boolean =>
    ({ ON: true, OFF: false })[choice(parameters, name, ['ON', 'OFF']) ?? (now ? 'ON' : 'OFF')];
  const signKey = text(parameters, 'SignKey') ?? config.signKey;
  if (!/^[A-Za-z0-9]{0,32}$/.test(signKey)) throw invalid('SignKey', 'SignKey is letters and digits, at most 32');
  const changed: EventConfig = {
    mode: choice(parameters, 'Mode', ['PUSH', 'PULL']) ?? config.mode,
    url: text(parameters, 'NotificationUrl') ?? config.url,
    uploadSwitch: isOn('UploadMediaCompleteEventSwitch', config.uploadSwitch),
    deleteSwitch: isOn('DeleteMediaCompleteEventSwitch', config.deleteSwitch),
    persistenceSwitch: isOn('PersistenceCompleteEventSwitch', config.persistenceSwitch),
    signKey,
  };
  const isUrl = URL.canParse(changed.url) && /^https?:$/.test(new URL(changed.url).protocol);
  if (changed.url !== '' && !isUrl) throw invalid('NotificationUrl', 'It is not a URL');
  notifications.config = changed;
  return {};
}

function invalid(name: string, message: string): ApiError {
  return new ApiError(`InvalidParameterValue.${name}`, message);
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ApiError('MissingParameter', `The request is missing the parameter \`${name}\``);
  return value;
}

function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new ApiError('InvalidParameter', `\`${name}\` is not a string`);
}

function choice<T extends string>(parameters: Parameters, name: string, choices: readonly T[]): T | undefined {
  const value = text(parameters, name);
  const chosen = choices.find((one) => one === value);
  if (value !== undefined && chosen === undefined) throw invalid(name, `\`${name}\` is one of ${choices.join(', ')}`);
  return chosen;
}

function integer(
  parameters: Parameters,
  name: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new ApiError('InvalidParameter', `\`${name}\` is not an integer`);
  }
  if (value < least || value > most) throw invalid(name, `\`${name}\` is not from ${least} to ${most}`);
  return value;
}

function list(parameters: Parameters, name: string, most: number, type: string): unknown[] | undefined {
  const value = parameters[name];
  if (value === undefined) return undefined;
  if (!isArray(value) || !value.every((one) => typeof one === type)) {
    throw new ApiError('InvalidParameter', `\`${name}\` is not an array of ${type}s`);
  }
  if (value.length > most) throw invalid(name, `\`${name}\` has over ${most} elements`);
  return value;
}

function texts(parameters: Parameters, name: string, most: number): string[] | undefined {
  return list(parameters, name, most, 'string')?.map(String);
}

function sortOrder(parameters: Parameters, fields: readonly string[]): { field: string; sign: number } {
  const sort = parameters['Sort'] ?? {};
  if (!isObject(sort)) throw new ApiError('InvalidParameter', '`Sort` is not an object');
  const field = choice(sort, 'Field', fields) ?? 'CreateTime';
  return { field, sign: choice(sort, 'Order', ['Asc', 'Desc']) === 'Asc' ? 1 : -1 };
}

/** What the times of such a range are. Times have whole seconds in the API. */
function timeRange(parameters: Parameters, name: string, end: 'inclusive' | 'exclusive'): (time: number) => boolean {
  const range = parameters[name] ?? {};
  if (!isObject(range)) throw new ApiError('InvalidParameter', `\`${name}\` is not an object`);
  const bound = (side: string): number | undefined => {
    const value = text(range, side);
    const time = value === undefined ? undefined : Date.parse(value);
    if (time !== undefined && Number.isNaN(time)) throw invalid(name, `${name}.${side} is not an ISO 8601 time`);
    return time;
  };
  const after = bound('After') ?? -Infinity;
  const before = bound('Before') ?? Infinity;
  return (time) => {
    const seconds = Math.floor(time / 1000) * 1000;
    return seconds >= after && (seconds < before || (end === 'inclusive' && seconds === before));
  };
}

function isArray(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
