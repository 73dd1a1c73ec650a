import { parseTime } from '../platform/time';
import { chunk } from '../platform/chunk';
import type { Log } from '../platform/log';
import { describe } from '../platform/log';
import { taskIdOf } from '../uploads/merge';
import type { UploaderIndex } from '../uploads/by-uploader';
import { NO_LIMITS, type Limits } from '../uploads/limits';
import { awaitsProcedure, applySnapshot, TASK_RETENTION_MS, type Snapshot } from '../uploads/snapshot';
import { RefusedRowError, type UploadStore } from '../uploads/store';
import type { Row } from '../uploads/row';
import { isTransient, type VodApi } from '../vod/api';
import { describeFiles, MAX_FILES_PER_CALL, type DescribedFile, type FileResponse } from '../vod/files';
import type { Task } from '../vod/task';
import { describeTasks } from '../vod/tasks';
import type { OpenQuestion } from './delay-queue';
import { countedUpload, limitsFor, takePendingAction, type LimitDeps, type TakeAction } from './enforce-limits';
import { questionAfter } from './open-question';
import { quotaCounter } from './quota';

/** A file to verify. */
export interface Candidate {
  readonly fileId: string;
  /** The row as it was read before the call to VOD; `undefined` where the file has none. */
  readonly row: Row | undefined;
  /** Ids of tasks to describe although no event named them. */
  readonly taskIds?: readonly string[];
  /** The question that an earlier verification, at least ten seconds ago, left open. */
  readonly openQuestion?: OpenQuestion;
  /** Whether the file was in VOD before this service: then limits do not apply. */
  readonly isBackFill?: boolean;
}

/** The result of verifying one candidate. */
export interface Verified {
  readonly fileId: string;
  /**
   * `written`; `unchanged`: the row already has VOD's response; `superseded`: the row has changed meanwhile, which
   * causes another verification; `waiting`: there is nothing to store yet; `withheld`: VOD's response would delete
   * twenty files at once; `refused`: the table refuses this row permanently; `unavailable`: the table did not respond.
   */
  readonly outcome: 'written' | 'unchanged' | 'superseded' | 'waiting' | 'withheld' | 'refused' | 'unavailable';
  readonly before: Row | undefined;
  /** The row as it is now; `undefined` where there is none, or where it is not known. */
  readonly row: Row | undefined;
  /** Set where the file has to be verified again. */
  readonly openQuestion?: OpenQuestion;
  /** Why there was no response. */
  readonly error?: Error;
}

export interface VerifyDeps {
  readonly store: UploadStore;
  readonly vod: VodApi;
  readonly sealKeys: readonly string[];
  /** Absent = none. */
  readonly limits?: Limits;
  /** Absent without the limit `uploadsPerDay`. */
  readonly uploaderIndex?: UploaderIndex;
  /** Absent where this caller must not act in VOD. */
  readonly takeAction?: TakeAction;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Until when requests to the table are retried, in milliseconds since 1970. */
  readonly deadline: number;
  /** Whether to store a mass deletion, see {@link isMassDeletion}. */
  readonly acceptsMassDeletion?: boolean;
  /**
   * Receives the expected rows of a batch before any is written: rows that must be verified again are queued first, so
   * that none is lost between the two. When it throws, no such row is written.
   */
  readonly beforeWriting?: (expected: readonly Verified[]) => Promise<void>;
  /** Receives a line for each failure, with the ids of the files. */
  readonly log: Log;
}

/** The result of a verification if the row has not changed meanwhile, and the row to write for it. */
interface Plan {
  readonly expected: Verified;
  readonly after?: Row;
}

/**
 * Describes files in VOD and stores the responses: only this makes a row `confirmed`. Takes any number of files, 20 for
 * each call, all calls at once (the API client paces them). Never throws for one file: its failure is its outcome.
 */
export async function verify(candidates: readonly Candidate[], deps: VerifyDeps): Promise<Verified[]> {
  const { uploaderIndex, limits = NO_LIMITS } = deps;
  const { uploadsPerDay } = limits;
  const quota = uploaderIndex && uploadsPerDay !== undefined && quotaCounter(uploaderIndex, uploadsPerDay);
  const batchDeps: BatchDeps = { ...deps, limits, ...(quota && { quota }) };
  const batches = chunk(candidates, MAX_FILES_PER_CALL);
  const verified = await Promise.all(batches.map((batch) => verifyBatch(batch, batchDeps)));
  return verified.flat();
}

type BatchDeps = VerifyDeps & LimitDeps;

async function verifyBatch(batch: readonly Candidate[], deps: BatchDeps): Promise<Verified[]> {
  const ids = batch.map(({ fileId }) => fileId);
  // These do not depend on the responses about the files.
  const knownTasks = new Map(batch.filter(isListKnown).map((each) => [each.fileId, describeTasksOf(each, deps)]));
  const responses = await describeFiles(deps.vod, ids, deps.sealKeys);
  logFailures(responses, deps.log);
  if (deps.acceptsMassDeletion !== true && isMassDeletion(batch, responses)) {
    deps.log({ level: 'error', outcome: 'mass-deletion', fileIds: ids });
    return batch.map(({ fileId, row }) => ({
      fileId,
      outcome: 'withheld',
      before: row,
      row,
    }));
  }
  deps.quota?.expect(batch.flatMap((candidate) => findCounted(responses, candidate, deps.now()) ?? []));
  const plans = await Promise.all(
    batch.map((candidate) => {
      const { fileId } = candidate;
      return planSafely(candidate, responses.get(fileId), knownTasks.get(fileId), deps);
    }),
  );
  const isQueued = await queueQuestions(plans, deps);
  return Promise.all(
    plans.map(async (plan): Promise<Verified> => {
      const { fileId, before, openQuestion } = plan.expected;
      if (openQuestion === undefined || isQueued) return write(plan, deps);
      return { fileId, outcome: 'unavailable', before, row: before };
    }),
  );
}

function findCounted(responses: ReadonlyMap<string, FileResponse>, candidate: Candidate, now: number) {
  const response = responses.get(candidate.fileId);
  if (typeof response !== 'object' || response instanceof Error) return undefined;
  return countedUpload(candidate, response, now);
}

/** Returns false when the questions that the plans leave open could not be queued. */
async function queueQuestions(plans: readonly Plan[], { beforeWriting, log }: VerifyDeps): Promise<boolean> {
  try {
    await beforeWriting?.(plans.map(({ expected }) => expected));
    return true;
  } catch (error) {
    const fileIds = plans.flatMap(({ expected }) => (expected.openQuestion ? expected.fileId : []));
    log({ level: 'error', outcome: 'delay-failed', fileIds, ...describe(error) });
    return false;
  }
}

/** One line for each error: a failed call concerns up to twenty files. */
function logFailures(responses: ReadonlyMap<string, FileResponse>, log: Log): void {
  const idsByError = new Map<Error, string[]>();
  for (const [fileId, response] of responses) {
    if (response instanceof Error) idsByError.set(response, [...(idsByError.get(response) ?? []), fileId]);
  }
  for (const [error, fileIds] of idsByError) {
    log({ level: isTransient(error) ? 'warn' : 'error', outcome: 'no-response', fileIds, ...describe(error) });
  }
}

/**
 * Whether VOD has none of twenty confirmed files although no event reported a deletion: more likely, the application id or
 * the account is wrong.
 */
function isMassDeletion(batch: readonly Candidate[], responses: ReadonlyMap<string, FileResponse>): boolean {
  if (batch.length < MAX_FILES_PER_CALL) return false;
  return batch.every((candidate) => {
    const { fileId, row } = candidate;
    const isConfirmed = row?.confirmedAt !== undefined && row.status !== 'deleted';
    return isConfirmed && !isDeletionReported(row, candidate) && responses.get(fileId) === 'not-found';
  });
}

/** An error that a row or a response causes is the failure of that file alone. */
async function planSafely(
  candidate: Candidate,
  response: FileResponse | undefined,
  tasks: Promise<TasksResponse> | undefined,
  deps: BatchDeps,
): Promise<Plan> {
  try {
    return await planVerification(candidate, response, tasks, deps);
  } catch (error) {
    const { fileId, row } = candidate;
    deps.log({ level: 'error', outcome: 'row-refused', fileIds: [fileId], ...describe(error) });
    return { expected: { fileId, outcome: 'refused', before: row, row } };
  }
}

async function planVerification(
  candidate: Candidate,
  response: FileResponse | undefined,
  knownTasks: Promise<TasksResponse> | undefined,
  deps: BatchDeps,
): Promise<Plan> {
  const { fileId, row } = candidate;
  const wait = (openQuestion: OpenQuestion, error?: Error): Plan => ({
    expected: { fileId, outcome: 'waiting', before: row, row, openQuestion, ...(error && { error }) },
  });
  if (response === undefined || response instanceof Error) return wait('no-response', response);
  if (response === 'not-found') {
    if (!row) return { expected: { fileId, outcome: 'unchanged', before: row, row } };
    if (row.confirmedAt !== undefined && !isCertainlyGone(row, candidate)) return wait('missing');
    const after = applySnapshot(row, 'not-found', deps.now());
    return after === row && row.trust === 'pushed' ? wait('unknown') : planWrite(row, after);
  }

  const areTasksNeeded = needsTasks(candidate, response, deps.now());
  const tasks = areTasksNeeded ? await (knownTasks ?? describeTasksOf(candidate, deps)) : new Map<string, Task>();
  if (tasks instanceof Error) {
    const level = isTransient(tasks) ? 'warn' : 'error';
    deps.log({ level, outcome: 'no-response', fileIds: [fileId], ...describe(tasks) });
    return wait('no-response', tasks);
  }
  const limits = await limitsFor(candidate, response, deps);
  if (!limits) return { expected: { fileId, outcome: 'unavailable', before: row, row } };
  const after = applySnapshot(row, { ...response, tasks }, deps.now(), limits);
  const final = await takePendingAction(candidate, after, deps);
  return planWrite(row, final, questionAfter(candidate, final, deps.now()));
}

function planWrite(before: Row | undefined, after: Row, openQuestion?: OpenQuestion): Plan {
  const { fileId } = after;
  const question = openQuestion && { openQuestion };
  if (after === before) return { expected: { fileId, outcome: 'unchanged', before, row: before, ...question } };
  const row = { ...after, version: after.version + 1 };
  return { expected: { fileId, outcome: 'written', before, row, ...question }, after };
}

/** Whether an event reported the deletion, or this is VOD's second response "not found". */
function isCertainlyGone(row: Row, candidate: Candidate): boolean {
  return isDeletionReported(row, candidate) || row.status === 'deleted' || candidate.openQuestion === 'missing';
}

/** Whether an event reported the deletion, or this service requested it. */
function isDeletionReported(row: Row, { openQuestion }: Candidate): boolean {
  return row.news.includes('gone') || row.deletionRequestedAt !== undefined || openQuestion === 'deletion';
}

async function write({ expected, after }: Plan, deps: VerifyDeps): Promise<Verified> {
  if (!after) return expected;
  const { fileId, before } = expected;
  try {
    const isWritten = await deps.store.replace(before, after, deps.deadline);
    return isWritten ? expected : { fileId, outcome: 'superseded', before, row: undefined };
  } catch (error) {
    const isRefused = error instanceof RefusedRowError;
    deps.log({
      level: 'error',
      outcome: isRefused ? 'row-refused' : 'write-failed',
      fileIds: [fileId],
      ...describe(error),
    });
    return { fileId, outcome: isRefused ? 'refused' : 'unavailable', before, row: before };
  }
}

/** Whether the seal, an event or the row indicates tasks: they cost at least one call for each file. */
function needsTasks({ row, taskIds }: Candidate, { context, media }: DescribedFile, now: number): boolean {
  if (taskIds !== undefined || namedTasks(row).length > 0) return true;
  if ([...(row?.tasks.values() ?? [])].some(({ status }) => status === 'PROCESSING')) return true;
  if (row?.confirmedAt !== undefined) return awaitsProcedure(context, row, now);
  const areTasksKept = now - parseTime(media.createTime) < TASK_RETENTION_MS;
  return areTasksKept && (context?.seal !== 'valid' || context.signedProcedure !== false);
}

/** Whether a response has listed every task with news, and every task without a result has news. */
function isListKnown({ row, taskIds }: Candidate): boolean {
  if (row?.confirmedAt === undefined || taskIds !== undefined) return false;
  const named = namedTasks(row);
  const running = [...row.tasks].filter(([, { status }]) => status === 'PROCESSING');
  return named.length > 0 && named.length === running.length && running.every(([taskId]) => named.includes(taskId));
}

type TasksResponse = Snapshot['tasks'] | Error;

/** Never rejects: returns the error. */
async function describeTasksOf(candidate: Candidate, { vod }: BatchDeps): Promise<TasksResponse> {
  const { fileId, row, taskIds = [] } = candidate;
  try {
    return await describeTasks(vod, {
      fileId,
      namedIds: [...namedTasks(row), ...taskIds],
      isFinished: (taskId) => row?.tasks.get(taskId)?.status === 'FINISH',
      isListKnown: isListKnown(candidate),
    });
  } catch (error) {
    return error instanceof Error ? error : new Error('a value was thrown that is not an Error');
  }
}

/** Ids of the tasks that events named since VOD's last response. */
function namedTasks(row: Row | undefined): string[] {
  const named = (row?.news ?? []).flatMap((entry) => taskIdOf(entry) ?? []);
  const unconfirmed = row?.confirmedAt === undefined ? row?.procedureTaskId : undefined;
  return [...new Set([...named, ...(unconfirmed === undefined ? [] : [unconfirmed])])];
}
