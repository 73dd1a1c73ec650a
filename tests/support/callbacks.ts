import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Bodies that are posted to the webhook, made by hand: complete events are in events.ts.

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Unix time, in seconds. */
export const inSeconds = (ahead: number): number => Math.floor(Date.now() / 1000) + ahead;

/** The fields that VOD adds to a message if there is a SignKey. */
export const signed = (T: number, key = 'SignKey1') => ({ Sign: md5(`${key}${T}`), T });

/** A sample event of the vendor's documents, as text. */
export function sample(name: string): string {
  return readFileSync(join(__dirname, '../fixtures/events', `${name}.json`), 'utf8');
}

/** A sample event about this file. */
export function sampleAbout(name: string, fileId: string): string {
  const event = sample(name);
  const [, sampleId = ''] = /"[Ff]ileId(?:Set)?":\s*\[?\s*"(\d+)"/.exec(event) ?? [];
  return event.replaceAll(sampleId, fileId);
}

export const bareUpload = (FileId: unknown, more: object = {}) => ({
  EventType: 'NewFileUpload',
  FileUploadEvent: { FileId, ...more },
});

export const bareDeletion = (FileIdSet: unknown, more: object = {}) => ({
  EventType: 'FileDeleted',
  FileDeleteEvent: { FileIdSet, ...more },
});

export const reviewComplete = (fileId: string, status = 'FINISH') => ({
  EventType: 'ReviewAudioVideoComplete',
  ReviewAudioVideoCompleteEvent: {
    TaskId: 'review-1',
    Status: status,
    Input: { FileId: fileId },
    Output: { Suggestion: 'block', Label: 'Porn' },
  },
});
