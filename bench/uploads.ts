import { BatchWriteItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { chunk } from '../lib/platform/chunk';
import { hintsOf, merge } from '../lib/uploads/merge';
import { toItem, type Row } from '../lib/uploads/row';
import { applySnapshot, type Snapshot } from '../lib/uploads/snapshot';
import { parseEvent } from '../lib/vod/event';
import { seal } from '../lib/vod/source-context';
import type { Task } from '../lib/vod/task';
import type { Vod } from '../local/vod/server';
import { TABLE_NAME } from '../tests/support/backend';
import { newFileUpload } from '../tests/support/events';
import { CALLER, SEAL_KEY } from './values';

// Files and rows that the measured functions find.

/** How many writes one BatchWriteItem takes. */
const MAX_BATCH = 25;

const sealed = (hasProcedure: boolean) => seal('order=7', CALLER, hasProcedure, SEAL_KEY);

/** Adds `count` files without a procedure to VOD's library; returns their ids. */
export function putFiles(vod: Vod, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const size = 10_485_760 + index;
    const media = { name: `clip ${index}`, type: 'mp4', size, duration: 60.5, width: 1920, height: 1080 };
    return vod.put({ ...media, sourceContext: sealed(false) }).fileId;
  });
}

/** The row of a file after its upload event, as the table stores it. */
export function pushedRow(fileId: string, now: number): Row {
  const time = new Date(now).toISOString();
  const event = parseEvent(newFileUpload({ fileId, sourceContext: sealed(false) }));
  const [hint] = hintsOf(event, [SEAL_KEY]);
  if (!hint) throw new Error('the upload event of the bench names no file');
  return { ...merge(undefined, hint, time), version: 1, updatedAt: time };
}

/** The same row after VOD's response, with the outputs of a procedure if there are any. */
export function readyRow(fileId: string, now: number, outputs = 0): Row {
  const tasks = new Map<string, Task>(outputs === 0 ? [] : [[procedureIdOf(fileId), finishedTask(outputs)]]);
  const snapshot = snapshotOf(fileId, tasks);
  // An app is not notified of old files.
  const media = { ...snapshot.media, createTime: new Date(now).toISOString() };
  const after = applySnapshot(pushedRow(fileId, now), { ...snapshot, media }, now);
  return { ...after, version: 2 };
}

/** An id of a procedure's task, as long as VOD's. */
export function procedureIdOf(fileId: string): string {
  return `1500000001-procedurev2-${fileId.padStart(32, '0')}t0`;
}

const FOLDER = 'http://1500000001.vod2.myqcloud.com/6c5d7b8dvodtranscq1500000001/5285890784273533167';

/** The URL of a file's original, with a length of `bytes`. */
export function originalUrl(bytes: number): string {
  return `${FOLDER}/${'k'.repeat(bytes - FOLDER.length - 5)}.mp4`;
}

/** Bytes of the URL of an original in VOD. */
export const URL_BYTES = 101;

/** VOD's response about a file of the bench. */
export function snapshotOf(
  fileId: string,
  tasks: Snapshot['tasks'],
  hasProcedure = false,
  urlBytes = URL_BYTES,
): Snapshot {
  const procedureTaskId = hasProcedure ? procedureIdOf(fileId) : undefined;
  const event = newFileUpload({
    fileId,
    url: originalUrl(urlBytes),
    sourceContext: sealed(hasProcedure),
    ...(procedureTaskId !== undefined && { procedureTaskId }),
  });
  const [hint] = hintsOf(parseEvent(event), [SEAL_KEY]);
  if (!hint) throw new Error('the upload event of the bench names no file');
  const hasCover = [...tasks.values()].some(({ status }) => status === 'FINISH');
  const media = { ...hint.media, ...(hasCover && { coverUrl: `${FOLDER}/coverBySnapshot_10_0.jpg` }) };
  return { fileId, media, context: hint.context, isForbidden: false, tasks };
}

export function finishedTask(outputs: number): Task {
  return {
    status: 'FINISH',
    failed: false,
    outputs: Array.from({ length: outputs }, (_, i) => ({
      type: 'Transcode',
      definition: 100_010 + i,
      url: `${FOLDER}/v.f${100_010 + i}.mp4`,
    })),
  };
}

export function imageOf(row: Row): Record<string, AttributeValue> {
  return marshall(toItem(row), { removeUndefinedValues: true });
}

/** Writes rows over whatever the table has of their files. */
export async function putRows(client: DynamoDBClient, rows: readonly Row[]): Promise<void> {
  for (const batch of chunk(rows, MAX_BATCH)) {
    const requests = batch.map((row) => ({ PutRequest: { Item: imageOf(row) } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE_NAME]: requests } }));
  }
}
