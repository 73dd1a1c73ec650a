import { VOD_TIMEOUT } from '../../lib/verification/upload-changed';
import { chunk } from '../../lib/platform/chunk';
import { MAX_FILES_PER_CALL } from '../../lib/vod/files';
import type { Pacer } from '../../lib/vod/pace';
import type { Clock } from './clock';
import type { Load } from './load';
import { DURATION } from './quotas';
import type { DelayMeter } from './delays';
import type { Table } from './table';
import type { RowUnits } from './units';
import { decodeVersion, encodeVersion, type RowVersion, type UploadRows } from './uploads';
import type { Action, vodCalls } from './vod-calls';

/** How long writes of one batch are retried, in milliseconds: uploadChanged's time without its reserve. */
const WRITE_TIMEOUT = 57_000;

export interface BatchDeps {
  readonly clock: Clock;
  readonly load: Load;
  readonly units: RowUnits;
  readonly rows: UploadRows;
  readonly table: Table;
  readonly vod: ReturnType<typeof vodCalls>;
  readonly delays: DelayMeter;
  /** Receives what a write adds to the stream. */
  readonly onRecord: (partition: number, code: number) => void;
}

export interface Batch {
  readonly codes: readonly number[];
  readonly pacer: Pacer;
  /** Receives the row versions whose calls failed. */
  readonly onFailed: (code: number) => void;
  readonly onDone: () => void;
}

/** Returns a function that calls `onDone` at its call number `count`; calls it at once if `count` is 0. */
function countdown(count: number, onDone: () => void): () => void {
  let remaining = count;
  if (remaining === 0) onDone();
  return () => {
    if (--remaining === 0) onDone();
  };
}

/** Verifies the row versions of a batch as lib/verification/verify.ts does: twenty files for each call, all calls at once. */
export function batchVerifier(deps: BatchDeps) {
  return ({ codes, pacer, onFailed, onDone }: Batch): void => {
    const deadline = deps.clock.now() + VOD_TIMEOUT;
    // As uploadChanged drops records of a late stream whose row has changed since.
    const current = codes.filter((code) => isCurrent(decodeVersion(code), deps.rows));
    const chunks = chunk(current, MAX_FILES_PER_CALL);
    const finishChunk = countdown(chunks.length, onDone);
    for (const part of chunks) {
      const call: CallVod = (action, onResult) => {
        deps.vod({ action, pacer, deadline }, onResult);
      };
      call('DescribeMediaInfos', (isSuccess) => {
        if (isSuccess) {
          describeTasks(part, call, deps, (verified, failed) => {
            store(verified, failed, onFailed, finishChunk);
          });
          return;
        }
        store([], part, onFailed, finishChunk);
      });
    }
  };

  function store(
    verified: readonly number[],
    failed: readonly number[],
    onFailed: (code: number) => void,
    onDone: () => void,
  ): void {
    for (const code of failed) onFailed(code);
    deps.clock.after(failed.length > 0 ? DURATION.queueSend : 0, () => {
      const finishWrite = countdown(verified.length, () => {
        deps.clock.after(DURATION.tableWrite, onDone);
      });
      for (const code of verified) confirm(decodeVersion(code), deps, finishWrite);
    });
  }
}

function isCurrent({ upload, version }: RowVersion, { version: versions }: UploadRows): boolean {
  return versions[upload] === version;
}

type CallVod = (action: Action, onResult: (isSuccess: boolean) => void) => void;

function describeTasks(
  codes: readonly number[],
  call: CallVod,
  deps: BatchDeps,
  onDone: (verified: readonly number[], failed: readonly number[]) => void,
): void {
  const verified: number[] = [];
  const failed: number[] = [];
  const finishRow = countdown(codes.length, () => {
    onDone(verified, failed);
  });
  for (const code of codes) {
    callInTurn(callsFor(decodeVersion(code), deps), call, (isSuccess) => {
      (isSuccess ? verified : failed).push(code);
      finishRow();
    });
  }
}

/** Makes the calls one after the other; stops at the first that fails. */
function callInTurn(actions: readonly Action[], call: CallVod, onDone: (isSuccess: boolean) => void): void {
  const [first, ...others] = actions;
  if (first === undefined) {
    onDone(true);
    return;
  }
  call(first, (isSuccess) => {
    if (isSuccess) callInTurn(others, call, onDone);
    else onDone(false);
  });
}

/** The calls for one file in addition to DescribeMediaInfos. */
function callsFor({ upload }: RowVersion, { rows, load, clock }: BatchDeps): readonly Action[] {
  if (!load.hasProcedure || rows.isFinal[upload] === 1) return [];
  const hasEnded = isEnded(upload, rows, clock.now());
  if (rows.isConfirmed[upload] === 1) return hasEnded ? load.callsAtEnd : [];
  return hasEnded ? [...load.callsAtUpload, 'DescribeTaskDetail'] : load.callsAtUpload;
}

function isEnded(upload: number, { createdAt }: UploadRows, now: number): boolean {
  return now >= (createdAt[upload] ?? 0) + DURATION.procedure;
}

/** Writes VOD's response if the row still has the version that was verified. */
function confirm({ upload, version }: RowVersion, deps: BatchDeps, onDone: () => void): void {
  const { rows, load, units, table, clock } = deps;
  const partition = rows.partition[upload] ?? 0;
  const isFirst = rows.isConfirmed[upload] === 0;
  const isFinal = !load.hasProcedure || isEnded(upload, rows, clock.now());
  const write = {
    partition,
    units: isFinal ? units.finished : units.confirmed,
    indexUnits: isFirst ? units.index : 0,
    deadline: clock.now() + WRITE_TIMEOUT,
  };
  table.write(write, (isWritten) => {
    if (!isWritten) deps.onRecord(partition, encodeVersion({ upload, version, isAnnouncement: false }));
    else if (rows.version[upload] === version) applyResponse(upload, isFinal, deps);
    onDone();
  });
}

function applyResponse(upload: number, isFinal: boolean, { rows, delays, clock, onRecord }: BatchDeps): void {
  const version = (rows.version[upload] ?? 0) + 1;
  const wasFinal = rows.isFinal[upload] === 1;
  rows.version[upload] = version;
  rows.isConfirmed[upload] = 1;
  rows.isFinal[upload] = Number(isFinal);
  for (const pending of [rows.uploadPending, rows.endPending]) {
    const start = pending[upload] ?? 0;
    if (start > 0) delays.confirm(clock.now() - start);
    pending[upload] = 0;
  }
  if (!isFinal || wasFinal) return;
  onRecord(rows.partition[upload] ?? 0, encodeVersion({ upload, version, isAnnouncement: true }));
}
