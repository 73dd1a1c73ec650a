import { hintsOf, merge } from '../../../lib/uploads/merge';
import { toItem, type Row } from '../../../lib/uploads/row';
import { verify, type Candidate, type Verified } from '../../../lib/verification/verify';
import { parseEvent } from '../../../lib/vod/event';
import { seal } from '../../../lib/vod/source-context';
import {
  fileDeleted,
  fileDeleted2,
  newFileUpload,
  newFileUpload2,
  procedureStateChanged,
  procedureStateChanged2,
  type EventBody,
} from '../events';
import { memoryStore } from './memory-store';
import { vodModel, type ModelFile, type ModelTask } from './vod-model';

export const SEAL_KEY = 'seal key';
export const FILE_ID = '5285890784273533167';
export const TASK_ID = '1500000001-procedurev2-1t0';
export const CREATED = '2026-11-22T08:00:00Z';
/** The time at which everything of a story happens. */
export const NOW = Date.parse(CREATED) + 60_000;

const facts = {
  fileId: FILE_ID,
  sourceContext: seal('order=7', 'user-42', true, SEAL_KEY),
  procedureTaskId: TASK_ID,
};
const task = { taskId: TASK_ID, sessionContext: 'session' };

/** The stages of a file in VOD, in this order. */
export const STAGES = ['absent', 'uploaded', 'processing', 'finished', 'original deleted', 'deleted'] as const;
export type Stage = (typeof STAGES)[number];

/** A true event: VOD sends it in either format, once or more, at any time after the stage was reached. */
export interface TrueEvent {
  readonly stage: Stage;
  readonly bodies: readonly EventBody[];
}

export const trueEvents: readonly TrueEvent[] = [
  { stage: 'uploaded', bodies: [newFileUpload(facts), newFileUpload2(facts)] },
  {
    stage: 'processing',
    bodies: [procedureStateChanged(facts, 'PROCESSING', task), procedureStateChanged2(facts, 'PROCESSING', task)],
  },
  {
    stage: 'finished',
    bodies: [procedureStateChanged(facts, 'FINISH', task), procedureStateChanged2(facts, 'FINISH', task)],
  },
  { stage: 'original deleted', bodies: [partsDeleted('OriginalFiles')] },
  { stage: 'deleted', bodies: [fileDeleted(facts), fileDeleted2(facts)] },
];

export function partsDeleted(type: string, fileId = FILE_ID): EventBody {
  const results = [{ FileId: fileId, DeleteParts: [{ Type: type, Definition: 0 }] }];
  return { EventType: 'FileDeleted', FileDeleteEvent: { FileIdSet: [fileId], FileDeleteResultInfo: results } };
}

export function reviewComplete(taskId: string, suggestion: string, fileId = FILE_ID): EventBody {
  return {
    EventType: 'ReviewAudioVideoComplete',
    ReviewAudioVideoCompleteEvent: {
      TaskId: taskId,
      Status: 'FINISH',
      Input: { FileId: fileId },
      Output: { Suggestion: suggestion, Label: 'Porn' },
    },
  };
}

/** An event of every kind that an attacker can make up about the file. */
export function forgedEvents(taskId: string): Readonly<Record<string, EventBody>> {
  const forged = {
    fileId: FILE_ID,
    url: 'http://attacker.example/f0.mp4',
    size: 5,
    sourceContext: seal('order=666', 'attacker', false, 'another key'),
    procedureTaskId: taskId,
  };
  return {
    'an upload with another URL, seal and task': newFileUpload(forged),
    'an upload in format 2.0 with a text of its own': newFileUpload2({ ...forged, sourceContext: 'uid=1' }),
    'the begin of a task that does not exist': procedureStateChanged(forged, 'PROCESSING', { taskId }),
    'the end of a task that does not exist': procedureStateChanged(forged, 'FINISH', { taskId, failed: true }),
    'the end of the running task': procedureStateChanged2(forged, 'FINISH', { ...task, failed: true }),
    'a review that says block': reviewComplete(taskId, 'block'),
    'the deletion of the file': fileDeleted(facts),
    'the deletion of the file in format 2.0': fileDeleted2(facts),
    'the deletion of parts': partsDeleted('OriginalFiles'),
  };
}

const TASK_STATUS = {
  uploaded: 'WAITING',
  processing: 'PROCESSING',
  finished: 'FINISH',
  'original deleted': 'FINISH',
} as const;

/** The file as VOD has it at a stage; `undefined` where it does not. */
export function fileAt(stage: Stage): ModelFile | undefined {
  if (stage === 'absent' || stage === 'deleted') return undefined;
  const status = TASK_STATUS[stage];
  const url = `http://1500000001.vod2.myqcloud.com/6c5d7b8dvodcq1500000001/${FILE_ID}/f0.mp4`;
  const transcode = {
    Type: 'Transcode',
    TranscodeTask: { Status: 'SUCCESS', ErrCode: 0, Input: { Definition: 20 }, Output: { Url: `${url}.f20.mp4` } },
  };
  const procedure: ModelTask = {
    taskId: TASK_ID,
    type: 'Procedure',
    status,
    createTime: '2026-11-22T08:00:02Z',
    ...(status === 'FINISH' && {
      finishTime: '2026-11-22T08:00:30Z',
      result: { SessionContext: 'session', MediaProcessResultSet: [transcode] },
    }),
  };
  return {
    fileId: FILE_ID,
    basicInfo: {
      Name: '动物世界',
      Type: 'mp4',
      Category: 'Video',
      Status: 'Normal',
      CreateTime: CREATED,
      MediaUrl: stage === 'original deleted' ? '' : url,
      SourceInfo: { SourceType: 'Upload', SourceContext: facts.sourceContext },
    },
    metaData: { Size: 10_485_760, Duration: 60.5, Width: 1920, Height: 1080 },
    tasks: [procedure],
  };
}

/** The row after an event, as the webhook makes it. */
export function deliver(row: Row | undefined, body: unknown, now = NOW): Row | undefined {
  return hintsOf(parseEvent(body), [SEAL_KEY]).reduce<Row | undefined>(
    (before, hint) => merge(before, hint, new Date(now).toISOString()),
    row,
  );
}

/** The row after one verification while VOD is at `stage`, and the outcome. */
export async function verifyAt(
  row: Row | undefined,
  stage: Stage,
  more: Partial<Candidate> = {},
  now = NOW,
): Promise<{ readonly row: Row | undefined; readonly verified: Verified }> {
  const store = memoryStore(() => now);
  if (row) store.put(row);
  const vod = vodModel([fileAt(stage) ?? []].flat());
  const [verified] = await verify([{ fileId: FILE_ID, row, ...more }], {
    store,
    vod: vod.api,
    sealKeys: [SEAL_KEY],
    now: () => now,
    deadline: now + 10_000,
    log: () => undefined,
  });
  if (!verified) throw new Error('verify returned nothing about its candidate');
  return { row: store.get(FILE_ID), verified };
}

/** The row once no question is open: verified twice where VOD must confirm a missing file. */
export async function settle(row: Row | undefined, stage: Stage, more: Partial<Candidate> = {}) {
  const first = await verifyAt(row, stage, more);
  const { openQuestion } = first.verified;
  if (first.verified.outcome !== 'waiting' || openQuestion === undefined) return first.row;
  return (await verifyAt(first.row, stage, { ...more, openQuestion })).row;
}

const TIMES_AND_LOCK = new Set(['version', 'firstSeenAt', 'confirmedAt', 'updatedAt', 'sortTime']);

/** The part of a row that consumers see, without times and version: it must not depend on the order of events. */
export function visible(row: Row | undefined): object | undefined {
  if (!row) return undefined;
  const entries = Object.entries(toItem(row)).filter(([name]) => !TIMES_AND_LOCK.has(name) && !name.startsWith('_'));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
