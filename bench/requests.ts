import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { announcementOf } from '../lib/notifications/announcement';
import { formatAnnouncement } from '../lib/notifications/queue';
import type { Row } from '../lib/uploads/row';
import { seal } from '../lib/vod/source-context';
import { newFileUpload } from '../tests/support/events';
import { delivery, queueEvent, signRequest, streamEvent } from '../tests/support/lambda';
import { CACHE } from '../tests/support/node-majors';
import { imageOf, pushedRow, readyRow } from './uploads';
import { CALLER, SEAL_KEY, TOKEN } from './values';
import type { FunctionName } from './variants';

/** Rows of each kind in a batch of the stream. */
export const BATCH_ROWS = 5;
/** The file that the routes read. */
export const READ_FILE = '5285890784273533167';

/**
 * Writes what each function is called with, an event a line; returns the files' names.
 *
 * @param batches the rows that an event has changed, for each batch of the stream
 */
export function writeEventFiles(batches: readonly (readonly Row[])[]): Record<FunctionName, string> {
  const write = (name: FunctionName, events: readonly object[]) => {
    const file = join(CACHE, `${name}.jsonl`);
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return file;
  };
  return {
    'upload-signature': write('upload-signature', [
      signRequest({ sourceContext: 'order=7', procedure: 'LongVideoPreset' }, { sub: CALLER }),
    ]),
    'vod-events': write('vod-events', [uploadEvent()]),
    'upload-changed': write('upload-changed', batches.map(streamBatch)),
    'notify-app': write('notify-app', [webhookMessage()]),
    uploads: write('uploads', [readRequest(`/uploads/${READ_FILE}`)]),
    playback: write('playback', [readRequest(`/uploads/${READ_FILE}/playback`)]),
  };
}

function uploadEvent(): APIGatewayProxyEventV2 {
  const sourceContext = seal('order=7', CALLER, true, SEAL_KEY);
  const upload = newFileUpload({ fileId: 'FILE_ID', procedureTaskId: 'FILE_ID-procedure', sourceContext });
  return {
    ...delivery(upload, { query: `token=${TOKEN}`, headers: { 'content-type': 'application/json' } }),
    queryStringParameters: { token: TOKEN },
  };
}

/** Rows that an event has changed, and as many that VOD has confirmed, which the app is notified of. */
function streamBatch(rows: readonly Row[], batch: number): object {
  const now = Date.now();
  const records = [
    ...rows.map((row) => ({ after: row, before: undefined })),
    ...rows.map((_, index) => {
      const fileId = `52858907842${String(batch * BATCH_ROWS + index).padStart(8, '0')}`;
      return { after: readyRow(fileId, now), before: pushedRow(fileId, now) };
    }),
  ];
  return streamEvent(
    records.map(({ before, after }, index) => ({
      eventID: String(index),
      eventName: before ? 'MODIFY' : 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'ap-southeast-1',
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(now / 1000),
        Keys: { fileId: { S: after.fileId } },
        NewImage: imageOf(after) as Record<string, { S: string }>,
        ...(before && { OldImage: imageOf(before) as Record<string, { S: string }> }),
        SequenceNumber: String(10n ** 20n + BigInt(index)),
        SizeBytes: 1_000,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    })),
  );
}

function webhookMessage(): object {
  const now = Date.now();
  const announcement = announcementOf(pushedRow(READ_FILE, now), readyRow(READ_FILE, now, 3));
  if (!announcement) throw new Error('the row of the bench is not announced');
  return queueEvent([{ body: formatAnnouncement(announcement) }]);
}

function readRequest(path: string): object {
  const event = signRequest(undefined, { sub: CALLER });
  return { ...event, rawPath: path, pathParameters: { fileId: READ_FILE } };
}
