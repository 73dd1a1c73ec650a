import type { Row } from '../uploads/row';
import type { UploadStore } from '../uploads/store';
import { TASK_RETENTION_MS } from '../uploads/snapshot';
import { codeOf, type VodApi } from '../vod/api';
import { endedTasksPage, searchPage, type Cursor, type EndedTask } from '../vod/library';
import type { Checkpoint, Phase } from './checkpoint';
import type { Candidate } from './verify';

/** How much of VOD's library each run reads again, in seconds: SearchMedia may return a file some time after its creation. */
const OVERLAP = 900;
/** The same for the run after the one that begins in the first five minutes of an hour, in seconds. */
const HOURLY_OVERLAP = 2 * 3_600;
/** Where the first pass through VOD's library begins, in Unix seconds: no file is older. */
const BEGINNING = Date.parse('2015-01-01T00:00:00Z') / 1000;
/** Time from one pass through the library to the next, in milliseconds; also the most for passes through all rows. */
const PASS_INTERVAL = 7 * 24 * 3_600_000;
/** Time until the next audit, in milliseconds for each row of the last one: a small table is audited more often. */
const AUDIT_INTERVAL_PER_ROW = 600;

export interface CandidatePage {
  readonly candidates: readonly Candidate[];
  /** How many files were examined to find the candidates. */
  readonly examined: number;
  /** The change of the checkpoint, to be saved once the candidates are verified. */
  readonly progress: Partial<Checkpoint>;
  /** Whether the phase ends with this page. */
  readonly isLast: boolean;
  /** A second (Unix time) with files that VOD does not list, see {@link searchPage}. */
  readonly hiddenSecond?: number;
}

export interface CandidateDeps {
  readonly vod: VodApi;
  readonly store: UploadStore;
  readonly checkpoint: Checkpoint;
  /** When the run started, in milliseconds since 1970. */
  readonly runStartedAt: number;
  /** Until when reads of the table are retried, in milliseconds since 1970. */
  readonly deadline: number;
}

/**
 * The files that a phase has to verify, page by page, from its position in the checkpoint:
 * - `recent`: files created since the last run with a missing or unconfirmed row
 * - `tasks`: files with a procedure or review that ended since then, if the row lacks its result
 * - `library`: as `recent`, for the whole library, once a week
 * - `audit`: every row of a file that VOD had, once a week, in a small table more often
 */
export const candidatePages: Readonly<Record<Phase, (deps: CandidateDeps) => AsyncGenerator<CandidatePage>>> = {
  recent: recentPages,
  tasks: taskPages,
  library: libraryPages,
  audit: auditPages,
};

async function* recentPages(deps: CandidateDeps): AsyncGenerator<CandidatePage> {
  const now = Math.floor(deps.runStartedAt / 1000);
  const overlap: Cursor = { second: now - overlapOf(now), offset: 0 };
  const begin = deps.checkpoint.recent ?? { second: now - HOURLY_OVERLAP, offset: 0 };
  for await (const { next, ...page } of filePages(deps, begin)) {
    yield { ...page, isLast: next === undefined, progress: { recent: next ?? overlap } };
  }
}

async function* libraryPages(deps: CandidateDeps): AsyncGenerator<CandidatePage> {
  const { library } = deps.checkpoint;
  const isDue = !library || library.cursor !== undefined || deps.runStartedAt - library.startedAt >= PASS_INTERVAL;
  if (!isDue) return;
  const startedAt = library?.cursor ? library.startedAt : deps.runStartedAt;
  const begin = library?.cursor ?? { second: BEGINNING, offset: 0 };
  for await (const { next, ...page } of filePages(deps, begin)) {
    yield { ...page, isLast: next === undefined, progress: { library: { startedAt, ...(next && { cursor: next }) } } };
  }
}

async function* filePages({ vod, store, runStartedAt, deadline }: CandidateDeps, begin: Cursor) {
  let cursor: Cursor | undefined = begin;
  while (cursor) {
    const page = await searchPage(vod, cursor, Math.floor(runStartedAt / 1000));
    const rows = await store.readAll(page.fileIds, deadline, 'eventual');
    const candidates = page.fileIds
      .map((fileId): Candidate => ({ fileId, row: rows.get(fileId) }))
      .filter(({ row }) => needsVerification(row));
    const { next, hiddenSecond } = page;
    cursor = next;
    yield { candidates, examined: page.fileIds.length, next, ...(hiddenSecond !== undefined && { hiddenSecond }) };
  }
}

/**
 * How much the run after this one reads again, in seconds. A finished pass decides it, so that a pass that is in progress
 * resumes, however long it takes.
 */
function overlapOf(now: number): number {
  return now % 3_600 < 300 ? HOURLY_OVERLAP : OVERLAP;
}

/** Whether a file that VOD's library lists has to be verified. */
function needsVerification(row: Row | undefined): boolean {
  return row?.trust !== 'confirmed' || row.status === 'deleted';
}

async function* taskPages({
  vod,
  store,
  checkpoint,
  runStartedAt,
  deadline,
}: CandidateDeps): AsyncGenerator<CandidatePage> {
  const now = Math.floor(runStartedAt / 1000);
  const earliest = Math.floor((runStartedAt - TASK_RETENTION_MS) / 1000);
  let window = checkpoint.tasks ?? { after: earliest, before: now };
  // After a window that was read to its end, the next one ends now.
  if (window.scrollToken === undefined) window = { after: window.after, before: now };
  for (;;) {
    const page = await readTaskPage(vod, window.after, window.before, window.scrollToken);
    const rows = await store.readAll(
      page.tasks.map(({ fileId }) => fileId),
      deadline,
      'eventual',
    );
    const progress =
      page.next === undefined ? { after: window.before - overlapOf(window.before), before: window.before } : undefined;
    window = { ...window, ...(page.next !== undefined && { scrollToken: page.next }) };
    yield {
      candidates: candidatesWithoutResult(page.tasks, rows),
      examined: page.tasks.length,
      isLast: progress !== undefined,
      progress: { tasks: progress ?? window },
    };
    if (progress) return;
  }
}

/** VOD does not document how long a token is valid: when it refuses one, the window is read from its start. */
async function readTaskPage(vod: VodApi, after: number, before: number, scrollToken: string | undefined) {
  try {
    return await endedTasksPage(vod, after, before, scrollToken);
  } catch (error) {
    const isTokenRefused = scrollToken !== undefined && codeOf(error)?.startsWith('InvalidParameter') === true;
    if (!isTokenRefused) throw error;
    return endedTasksPage(vod, after, before, undefined);
  }
}

/** A candidate for each file that has ended tasks without a result in its row. */
function candidatesWithoutResult(tasks: readonly EndedTask[], rows: ReadonlyMap<string, Row>): Candidate[] {
  const idsByFile = new Map<string, string[]>();
  for (const { fileId, taskId } of tasks) {
    if (rows.get(fileId)?.tasks.get(taskId)?.status === 'FINISH') continue;
    idsByFile.set(fileId, [...(idsByFile.get(fileId) ?? []), taskId]);
  }
  return [...idsByFile].map(([fileId, taskIds]) => ({ fileId, row: rows.get(fileId), taskIds }));
}

async function* auditPages({
  store,
  checkpoint,
  runStartedAt,
  deadline,
}: CandidateDeps): AsyncGenerator<CandidatePage> {
  const { audit } = checkpoint;
  const isInProgress = audit?.fileId !== undefined;
  const interval = Math.min(PASS_INTERVAL, (audit?.rows ?? 0) * AUDIT_INTERVAL_PER_ROW);
  if (audit && !isInProgress && runStartedAt - audit.startedAt < interval) return;
  const startedAt = isInProgress ? audit.startedAt : runStartedAt;
  let rows = isInProgress ? audit.rows : 0;
  let after = audit?.fileId;
  do {
    const page = await store.page(after, deadline);
    after = page.next;
    rows += page.examined;
    const candidates = page.rows.map((row): Candidate => ({ fileId: row.fileId, row }));
    const progress = { audit: { startedAt, rows, ...(after !== undefined && { fileId: after }) } };
    yield { candidates, examined: candidates.length, isLast: after === undefined, progress };
  } while (after !== undefined);
}
