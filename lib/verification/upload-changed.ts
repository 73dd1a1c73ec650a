import type { Context, DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { describe, type Log } from '../platform/log';
import { parseTime } from '../platform/time';
import { rowOf, type UploadStore } from '../uploads/store';
import type { UploaderIndex } from '../uploads/by-uploader';
import type { Limits } from '../uploads/limits';
import type { Row, RowChange } from '../uploads/row';
import type { VodApi, VodCallOptions } from '../vod/api';
import { parseDelayed, type DeadLetters, type DelayedVerification, type DelayQueue } from './delay-queue';
import { actionTaker } from './enforce-limits';
import { findingOf } from './finding';
import { scheduleNext } from './schedule';
import { verify, type Candidate, type Verified } from './verify';

export interface UploadChangedDeps {
  readonly store: UploadStore;
  readonly vod: (options: VodCallOptions) => VodApi;
  readonly sealKeys: () => Promise<readonly string[]>;
  readonly delayQueue: DelayQueue;
  readonly deadLetters: DeadLetters;
  /** Absent = none. */
  readonly limits?: Limits;
  /** Absent without the limit `uploadsPerDay`. */
  readonly uploaderIndex?: UploaderIndex;
  /** VOD's API under the write key pair; absent where limits have no action. */
  readonly writeApi?: (options: VodCallOptions) => VodApi;
  /** Queues the changes for the app; absent where the app is not notified. @throws Error when its queue refuses them */
  readonly announce?: (changes: readonly RowChange[]) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** The records that are to be delivered again; of a stream, with all that follow the first of them. */
export interface BatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** How long one batch may wait for VOD, in milliseconds: a slow VOD must not block the stream. */
export const VOD_TIMEOUT = 8_000;
export const VOD_TRIES = 2;
/** How often a message that arrived before its write is delayed again; after that the write is not expected. */
const MAX_EARLY_ATTEMPTS = 8;
/** From which age on a record of the stream may be outdated, in milliseconds: a younger one is not worth a read. */
const MAX_RECORD_AGE = 5_000;
/** Time that is reserved for the response and the log lines, in milliseconds. */
const RESERVE = 3_000;

/**
 * Verifies rows that an event has changed: from the table's stream at once, from the delay queue after a pause. Before
 * that it queues the notifications of confirmed changes in the same batch.
 *
 * A record fails only when the table or a queue is unavailable. Rows about which VOD returns nothing go to the delay queue;
 * a fault of one row is logged and does not affect the others.
 */
export function uploadChanged(deps: UploadChangedDeps) {
  return async (event: DynamoDBStreamEvent | SQSEvent, context: Context): Promise<BatchResponse> => {
    const deadline = deps.now() + context.getRemainingTimeInMillis() - RESERVE;
    const { log } = deps;
    const invocation: UploadChangedDeps = {
      ...deps,
      log: (fields) => {
        log({ ...fields, requestId: context.awsRequestId });
      },
    };
    const isQueue = event.Records.some((record) => 'messageId' in record);
    const failed = isQueue
      ? await verifyMessages(event as SQSEvent, deadline, invocation)
      : await handleStream(event, deadline, invocation);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

interface StreamedChange extends RowChange {
  readonly sequenceNumber: string;
}

/** The rows before and after each record that has an image of both, or of the new one. */
function parseChanges({ Records }: DynamoDBStreamEvent): StreamedChange[] {
  return Records.flatMap(({ dynamodb }) => {
    // The types of both packages describe the same JSON.
    const { OldImage: before, NewImage: after } = (dynamodb ?? {}) as Record<
      'OldImage' | 'NewImage',
      Image | undefined
    >;
    const sequenceNumber = dynamodb?.SequenceNumber ?? '';
    return after ? [{ sequenceNumber, before: before && rowOf(before), after: rowOf(after) }] : [];
  });
}

type Image = Parameters<typeof rowOf>[0];

/** Returns the sequence numbers of the records that failed. */
async function handleStream(event: DynamoDBStreamEvent, deadline: number, deps: UploadChangedDeps) {
  const changes = parseChanges(event);
  try {
    await deps.announce?.(changes);
  } catch (error) {
    deps.log({ level: 'error', outcome: 'announce-failed', ...describe(error) });
    return changes.slice(0, 1).map(({ sequenceNumber }) => sequenceNumber);
  }
  const rows = new Map<string, Row>();
  const sequenceNumbers = new Map<string, string[]>();
  for (const { sequenceNumber, after: row } of changes) {
    if (row.trust !== 'pushed') continue;
    const currentRow = rows.get(row.fileId);
    // Of several records of one row, the newest image is the row.
    if (!currentRow || currentRow.version < row.version) rows.set(row.fileId, row);
    sequenceNumbers.set(row.fileId, [...(sequenceNumbers.get(row.fileId) ?? []), sequenceNumber]);
  }
  const current = await dropOutdated([...rows.values()], deadline, deps);
  const candidates = current.map((row): Candidate => ({ fileId: row.fileId, row }));
  const failed = await verifyAndDelay(candidates, new Map(), deadline, deps);
  return failed.flatMap((fileId) => sequenceNumbers.get(fileId) ?? []);
}

/**
 * Drops rows with an old record that were written again meanwhile: that write has a record of its own, and a response
 * about the older row could not be stored. So a late stream costs no needless calls.
 */
async function dropOutdated(rows: readonly Row[], deadline: number, { store, now, log }: UploadChangedDeps) {
  const isLate = ({ updatedAt }: Row) => now() - parseTime(updatedAt) > MAX_RECORD_AGE;
  const late = rows.filter(isLate).map(({ fileId }) => fileId);
  if (late.length === 0) return rows;
  try {
    const stored = await store.readAll(late, deadline);
    return rows.filter((row) => !late.includes(row.fileId) || stored.get(row.fileId)?.version === row.version);
  } catch (error) {
    log({ level: 'warn', outcome: 'read-failed', fileIds: late, ...describe(error) });
    return rows;
  }
}

/** Returns the ids of the messages that failed. */
async function verifyMessages({ Records }: SQSEvent, deadline: number, deps: UploadChangedDeps) {
  const { store, log, now } = deps;
  const delayed = new Map<string, DelayedVerification>();
  const messageIds = new Map<string, string[]>();
  const failed: string[] = [];
  for (const { body, messageId } of Records) {
    const row = parseDelayed(body, now());
    if (!row) {
      log({ level: 'error', outcome: 'unreadable-message', messageId });
      failed.push(messageId);
      continue;
    }
    const delayedMessage = delayed.get(row.fileId);
    if (!delayedMessage || delayedMessage.version < row.version) delayed.set(row.fileId, row);
    messageIds.set(row.fileId, [...(messageIds.get(row.fileId) ?? []), messageId]);
  }
  try {
    const rows = await store.readAll([...delayed.keys()], deadline);
    const versionOf = (fileId: string) => rows.get(fileId)?.version ?? 0;
    const current = [...delayed.values()].filter(({ fileId, version }) => versionOf(fileId) === version);
    const candidates = current.map(({ fileId, question, interrupted = question }): Candidate => ({
      fileId,
      row: rows.get(fileId),
      openQuestion: interrupted,
    }));
    // A message is queued before the write that it belongs to, and may arrive before it.
    const early = [...delayed.values()].filter(
      ({ fileId, version, attempt }) => versionOf(fileId) < version && attempt < MAX_EARLY_ATTEMPTS,
    );
    await deps.delayQueue.delay(early.map((message) => ({ ...message, attempt: message.attempt + 1 })));
    const failedIds = await verifyAndDelay(candidates, delayed, deadline, deps);
    return [...failed, ...failedIds.flatMap((fileId) => messageIds.get(fileId) ?? [])];
  } catch (error) {
    log({ level: 'error', outcome: 'read-failed', fileIds: [...delayed.keys()], ...describe(error) });
    return [...failed, ...[...messageIds.values()].flat()];
  }
}

/** Returns the files whose record must be delivered again. */
async function verifyAndDelay(
  candidates: readonly Candidate[],
  previous: ReadonlyMap<string, DelayedVerification>,
  deadline: number,
  deps: UploadChangedDeps,
): Promise<readonly string[]> {
  if (candidates.length === 0) return [];
  const { store, log, now } = deps;
  const postpone = async (expected: readonly Verified[]) => {
    const { delayed, givenUp } = scheduleNext(expected, previous, now());
    await Promise.all([deps.delayQueue.delay(delayed), deps.deadLetters.giveUp(givenUp)]);
    for (const { fileId } of givenUp) log({ level: 'error', outcome: 'given-up', fileIds: [fileId] });
  };
  try {
    const { limits, uploaderIndex, writeApi } = deps;
    const options: VodCallOptions = { deadline: Math.min(now() + VOD_TIMEOUT, deadline), tries: VOD_TRIES };
    const verified = await verify(candidates, {
      store,
      vod: deps.vod(options),
      sealKeys: await deps.sealKeys(),
      ...(limits && { limits }),
      ...(uploaderIndex && { uploaderIndex }),
      ...(writeApi && { takeAction: actionTaker(writeApi(options)) }),
      now,
      deadline,
      beforeWriting: postpone,
      log,
    });
    logCounts(verified, log);
    return verified.filter(({ outcome }) => outcome === 'unavailable').map(({ fileId }) => fileId);
  } catch (error) {
    // Without the seal keys no response can be stored.
    const fileIds = candidates.map(({ fileId }) => fileId);
    log({ level: 'error', outcome: 'no-response', fileIds, ...describe(error) });
    await postpone(candidates.map(withoutResponse));
    return [];
  }
}

function withoutResponse({ fileId, row }: Candidate): Verified {
  return { fileId, outcome: 'waiting', before: row, row, openQuestion: 'no-response' };
}

/** Logs the counts of each batch, and the ids that an operator may want to look at. */
function logCounts(verified: readonly Verified[], log: Log): void {
  const counts: Record<string, number> = {};
  for (const one of verified) {
    const finding = findingOf(one);
    const name = finding ?? one.outcome;
    counts[name] = (counts[name] ?? 0) + 1;
    if (finding === 'deleted' || finding === 'unknown') log({ level: 'warn', outcome: finding, fileIds: [one.fileId] });
  }
  log({ level: 'info', outcome: 'verified', rows: verified.length, ...counts });
}
