import type { Log } from '../platform/log';
import { describe } from '../platform/log';
import { splitEntry } from '../uploads/merge';
import { awaitsProcedure, applySnapshot, TASK_MEMORY_MS, type Snapshot } from '../uploads/snapshot';
import { RefusedRowError, type UploadStore } from '../uploads/store';
import type { Row } from '../uploads/row';
import { isTransient, type VodApi } from '../vod/api';
import { describeFiles, MAX_FILES_PER_CALL, type DescribedFile, type FileAnswer } from '../vod/files';
import { describeTasks } from '../vod/tasks';
import type { OpenQuestion } from './delay-queue';

/** A file to ask VOD about. */
export interface Candidate {
  readonly fileId: string;
  /** The row as it was read before VOD is asked. */
  readonly row: Row | undefined;
  /** Tasks that VOD is to be asked about although no event named them. */
  readonly taskIds?: readonly string[];
  /** What VOD could not settle when it was asked at least ten seconds ago. */
  readonly openQuestion?: OpenQuestion;
}

/** What became of one candidate. */
export interface Verified {
  readonly fileId: string;
  /**
   * `written`; `unchanged`: the row has VOD's answer already; `superseded`: the row has changed meanwhile, which brings
   * another verification; `waiting`: nothing could be stored; `withheld`: VOD's answer would delete twenty files at once;
   * `refused`: the table refuses this row for good; `unavailable`: the table did not answer.
   */
  readonly outcome: 'written' | 'unchanged' | 'superseded' | 'waiting' | 'withheld' | 'refused' | 'unavailable';
  readonly before: Row | undefined;
  /** The row as it is now, as far as it is known. */
  readonly row: Row | undefined;
  /** Set where VOD is to be asked again. */
  readonly openQuestion?: OpenQuestion;
  /** Why there was no answer. */
  readonly error?: Error;
}

export interface VerifyDeps {
  readonly store: UploadStore;
  readonly vod: VodApi;
  readonly sealKeys: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds since 1970: how long the table is asked again when it does not answer. */
  readonly deadline: number;
  /** Whether twenty confirmed files may vanish at once, see {@link isSuspiciousLoss}. */
  readonly acceptsMassDeletion?: boolean;
  /** Gets a line for each failure, with the ids that it is about. */
  readonly log: Log;
}

/** How long VOD is asked for media information that it lacks, in milliseconds after the file's creation. */
const ANALYSIS_MS = 3_600_000;

/**
 * Asks VOD about files and stores its answers: the only way to a confirmed row. Any number of files, 20 a call, all
 * calls at once (the API client has their pace). What is wrong with one file stays that file's outcome.
 */
export async function verify(candidates: readonly Candidate[], deps: VerifyDeps): Promise<Verified[]> {
  const batches = Array.from({ length: Math.ceil(candidates.length / MAX_FILES_PER_CALL) }, (_, index) =>
    candidates.slice(index * MAX_FILES_PER_CALL, (index + 1) * MAX_FILES_PER_CALL),
  );
  const verified = await Promise.all(batches.map((batch) => verifyBatch(batch, deps)));
  return verified.flat();
}

async function verifyBatch(batch: readonly Candidate[], deps: VerifyDeps): Promise<Verified[]> {
  const ids = batch.map(({ fileId }) => fileId);
  const answers = await describeFiles(deps.vod, ids, deps.sealKeys);
  logFailures(answers, deps.log);
  if (deps.acceptsMassDeletion !== true && isSuspiciousLoss(batch, answers)) {
    deps.log({ level: 'error', outcome: 'mass-deletion', fileIds: ids });
    return batch.map(({ fileId, row }) => ({
      fileId,
      outcome: 'withheld',
      before: row,
      row,
    }));
  }
  return Promise.all(batch.map((candidate) => verifyOne(candidate, answers.get(candidate.fileId), deps)));
}

/** One line for each reason, for one failed call is about up to twenty files. */
function logFailures(answers: ReadonlyMap<string, FileAnswer>, log: Log): void {
  const idsByError = new Map<Error, string[]>();
  for (const [fileId, answer] of answers) {
    if (answer instanceof Error) idsByError.set(answer, [...(idsByError.get(answer) ?? []), fileId]);
  }
  for (const [error, fileIds] of idsByError) {
    log({ level: isTransient(error) ? 'warn' : 'error', outcome: 'no-answer', fileIds, ...describe(error) });
  }
}

/**
 * Twenty confirmed files, none of which an event reported as deleted, do not vanish at once: rather the application id or
 * the account is wrong.
 */
function isSuspiciousLoss(batch: readonly Candidate[], answers: ReadonlyMap<string, FileAnswer>): boolean {
  if (batch.length < MAX_FILES_PER_CALL) return false;
  return batch.every(({ fileId, row }) => {
    const isConfirmed = row?.confirmedAt !== undefined && row.status !== 'deleted' && !row.news.includes('gone');
    return isConfirmed && answers.get(fileId) === 'not-found';
  });
}

async function verifyOne(candidate: Candidate, answer: FileAnswer | undefined, deps: VerifyDeps): Promise<Verified> {
  const { fileId, row } = candidate;
  const waiting = (openQuestion: OpenQuestion, error?: Error): Verified => ({
    fileId,
    outcome: 'waiting',
    before: row,
    row,
    openQuestion,
    ...(error && { error }),
  });
  if (answer === undefined || answer instanceof Error) return waiting('no-answer', answer);
  if (answer === 'not-found') {
    if (!row) return { fileId, outcome: 'unchanged', before: row, row };
    if (row.confirmedAt !== undefined && !isCertainlyGone(row, candidate)) return waiting('missing');
    const after = applySnapshot(row, 'not-found', deps.now());
    return after === row && row.trust === 'pushed' ? waiting('unknown') : store(row, after, deps);
  }

  let tasks: Snapshot['tasks'] = new Map();
  if (needsTasks(candidate, answer, deps.now())) {
    try {
      tasks = await describeTasks(deps.vod, {
        fileId,
        namedIds: [...namedTasks(row), ...(candidate.taskIds ?? [])],
        isSettled: (taskId) => row?.tasks.get(taskId)?.status === 'FINISH',
      });
    } catch (error) {
      const level = isTransient(error) ? 'warn' : 'error';
      deps.log({ level, outcome: 'no-answer', fileIds: [fileId], ...describe(error) });
      return waiting('no-answer', error instanceof Error ? error : undefined);
    }
  }
  const after = applySnapshot(row, { ...answer, tasks }, deps.now());
  const verified = await store(row, after, deps);
  const openQuestion = questionAfter(candidate, after, deps.now());
  const isStored = verified.outcome === 'written' || verified.outcome === 'unchanged';
  return openQuestion && isStored ? { ...verified, openQuestion } : verified;
}

/** An event reported the deletion, or VOD says so for the second time. */
function isCertainlyGone(row: Row, { openQuestion }: Candidate): boolean {
  if (row.news.includes('gone') || row.status === 'deleted') return true;
  return openQuestion === 'missing' || openQuestion === 'deletion';
}

async function store(before: Row | undefined, after: Row, deps: VerifyDeps): Promise<Verified> {
  const { fileId } = after;
  if (after === before) return { fileId, outcome: 'unchanged', before, row: before };
  try {
    const isWritten = await deps.store.replace(before, after, deps.deadline);
    if (!isWritten) return { fileId, outcome: 'superseded', before, row: undefined };
    return { fileId, outcome: 'written', before, row: { ...after, version: after.version + 1 } };
  } catch (error) {
    const isRefused = error instanceof RefusedRowError;
    const outcome = isRefused ? 'refused' : 'unavailable';
    deps.log({
      level: 'error',
      outcome: isRefused ? 'row-refused' : 'write-failed',
      fileIds: [fileId],
      ...describe(error),
    });
    return { fileId, outcome, before, row: before };
  }
}

/** VOD is asked for tasks, a call and more for each file, only where the seal or an event says that there are any. */
function needsTasks({ row, taskIds }: Candidate, { context, media }: DescribedFile, now: number): boolean {
  if (taskIds !== undefined || namedTasks(row).length > 0) return true;
  if ([...(row?.tasks.values() ?? [])].some(({ status }) => status === 'PROCESSING')) return true;
  if (row?.confirmedAt !== undefined) return awaitsProcedure(context, row, now);
  const isRemembered = now - (Date.parse(media.createTime ?? '') || 0) < TASK_MEMORY_MS;
  return isRemembered && (context?.seal !== 'valid' || context.signedProcedure !== false);
}

/** The tasks that events named since VOD was last asked. */
function namedTasks(row: Row | undefined): string[] {
  const named = (row?.news ?? [])
    .map(splitEntry)
    .flatMap(([kind, id]) => (kind === 'task' || kind === 'end' ? id : []));
  const unconfirmed = row?.confirmedAt === undefined ? row?.procedureTaskId : undefined;
  return [...new Set([...named, ...(unconfirmed === undefined ? [] : [unconfirmed])])];
}

function questionAfter({ row, openQuestion }: Candidate, after: Row, now: number): OpenQuestion | undefined {
  // The questions that are asked for longest come first: while they are, a deletion is noticed too.
  if (after.status === 'held') return 'held';
  if (after.status === 'processing' && awaitsProcedure(after.context, after, now)) return 'procedure';
  if (awaitsResult(row, openQuestion, after)) return 'result';
  if (row?.news.includes('gone') || openQuestion === 'deletion') return 'deletion';
  const age = now - (Date.parse(after.media.createTime ?? '') || 0);
  return after.media.size === undefined && age < ANALYSIS_MS ? 'analysis' : undefined;
}

/** An event reported the end of a task that VOD still calls running. */
function awaitsResult(row: Row | undefined, openQuestion: OpenQuestion | undefined, after: Row): boolean {
  if (openQuestion === 'result') return [...after.tasks.values()].some(({ status }) => status === 'PROCESSING');
  return (row?.news ?? [])
    .map(splitEntry)
    .some(([kind, id]) => kind === 'end' && after.tasks.get(id)?.status === 'PROCESSING');
}
