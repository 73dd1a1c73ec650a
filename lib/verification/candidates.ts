import type { Row } from '../uploads/row';
import type { UploadStore } from '../uploads/store';
import { TASK_MEMORY_MS } from '../uploads/snapshot';
import { codeOf, type VodApi } from '../vod/api';
import { endedTasksPage, searchPage, type Cursor, type EndedTask } from '../vod/library';
import type { Checkpoint, Phase } from './checkpoint';
import type { Candidate } from './verify';

/** How much of VOD's library each run reads again, in seconds: SearchMedia may show a file some time after it was made. */
const OVERLAP = 3_600;
/** Where VOD's library is read from at first: nothing in it is older. */
const BEGINNING = Date.parse('2015-01-01T00:00:00Z') / 1000;
/** How often the whole library is looked at, and every row at the latest, in milliseconds. */
const PASS_EVERY = 7 * 24 * 3_600_000;
/** How long a row that was audited pays for, in milliseconds: a million fill a week, and a small table is audited often. */
const AUDIT_REST_PER_ROW = 600;

export interface CandidatePage {
  readonly candidates: readonly Candidate[];
  /** How many files were looked at to find the candidates. */
  readonly looked: number;
  /** What the checkpoint becomes once the candidates are verified. */
  readonly progress: Partial<Checkpoint>;
  /** Whether the phase ends with this page. */
  readonly isLast: boolean;
  /** A second of which VOD does not show all files, see {@link searchPage}. */
  readonly hiddenSecond?: number;
}

export interface CandidateDeps {
  readonly vod: VodApi;
  readonly store: UploadStore;
  readonly checkpoint: Checkpoint;
  /** When the run began, and until when the table is asked, in milliseconds since 1970. */
  readonly started: number;
  readonly deadline: number;
}

/**
 * The files that a phase wants verified, page by page, from its place in the checkpoint:
 * - `recent`: files made since the last run whose row is missing or not confirmed
 * - `tasks`: procedures and reviews that ended since then and whose row does not have their result
 * - `library`: as `recent`, for the whole library, once a week
 * - `audit`: every row that VOD knew, once a week, and of a small table more often
 */
export const candidatePages: Readonly<Record<Phase, (deps: CandidateDeps) => AsyncGenerator<CandidatePage>>> = {
  recent: recentPages,
  tasks: taskPages,
  library: libraryPages,
  audit: auditPages,
};

async function* recentPages(deps: CandidateDeps): AsyncGenerator<CandidatePage> {
  const overlap: Cursor = { second: Math.floor(deps.started / 1000) - OVERLAP, offset: 0 };
  for await (const { next, ...page } of filePages(deps, deps.checkpoint.recent ?? overlap)) {
    yield { ...page, isLast: next === undefined, progress: { recent: next ?? overlap } };
  }
}

async function* libraryPages(deps: CandidateDeps): AsyncGenerator<CandidatePage> {
  const { library } = deps.checkpoint;
  const isDue = !library || library.cursor !== undefined || deps.started - library.startedAt >= PASS_EVERY;
  if (!isDue) return;
  const startedAt = library?.cursor ? library.startedAt : deps.started;
  const begin = library?.cursor ?? { second: BEGINNING, offset: 0 };
  for await (const { next, ...page } of filePages(deps, begin)) {
    yield { ...page, isLast: next === undefined, progress: { library: { startedAt, ...(next && { cursor: next }) } } };
  }
}

async function* filePages({ vod, store, started, deadline }: CandidateDeps, begin: Cursor) {
  let cursor: Cursor | undefined = begin;
  while (cursor) {
    const page = await searchPage(vod, cursor, Math.floor(started / 1000));
    const rows = await store.readAll(page.fileIds, deadline);
    const candidates = page.fileIds
      .map((fileId): Candidate => ({ fileId, row: rows.get(fileId) }))
      .filter(({ row }) => isDoubtful(row));
    const { next, hiddenSecond } = page;
    cursor = next;
    yield { candidates, looked: page.fileIds.length, next, ...(hiddenSecond !== undefined && { hiddenSecond }) };
  }
}

/** Whether VOD is to be asked about a file that its library shows. */
function isDoubtful(row: Row | undefined): boolean {
  return row?.trust !== 'confirmed' || row.status === 'deleted';
}

async function* taskPages({ vod, store, checkpoint, started, deadline }: CandidateDeps): AsyncGenerator<CandidatePage> {
  const now = Math.floor(started / 1000);
  const earliest = Math.floor((started - TASK_MEMORY_MS) / 1000);
  let window = checkpoint.tasks ?? { after: earliest, before: now };
  // A window that was read to its end is followed by the one up to now.
  if (window.scrollToken === undefined) window = { after: window.after, before: now };
  for (;;) {
    const page = await readTaskPage(vod, window.after, window.before, window.scrollToken);
    const rows = await store.readAll(
      page.tasks.map(({ fileId }) => fileId),
      deadline,
    );
    const progress = page.next === undefined ? { after: window.before - OVERLAP, before: window.before } : undefined;
    window = { ...window, ...(page.next !== undefined && { scrollToken: page.next }) };
    yield {
      candidates: withoutResult(page.tasks, rows),
      looked: page.tasks.length,
      isLast: progress !== undefined,
      progress: { tasks: progress ?? window },
    };
    if (progress) return;
  }
}

/** VOD does not say how long a token is valid: one that it refuses begins the window anew. */
async function readTaskPage(vod: VodApi, after: number, before: number, scrollToken: string | undefined) {
  try {
    return await endedTasksPage(vod, after, before, scrollToken);
  } catch (error) {
    const isRefusedToken = scrollToken !== undefined && codeOf(error)?.startsWith('InvalidParameter') === true;
    if (!isRefusedToken) throw error;
    return endedTasksPage(vod, after, before, undefined);
  }
}

/** A candidate for each file with tasks whose result its row does not have. */
function withoutResult(tasks: readonly EndedTask[], rows: ReadonlyMap<string, Row>): Candidate[] {
  const idsByFile = new Map<string, string[]>();
  for (const { fileId, taskId } of tasks) {
    if (rows.get(fileId)?.tasks.get(taskId)?.status === 'FINISH') continue;
    idsByFile.set(fileId, [...(idsByFile.get(fileId) ?? []), taskId]);
  }
  return [...idsByFile].map(([fileId, taskIds]) => ({ fileId, row: rows.get(fileId), taskIds }));
}

async function* auditPages({ store, checkpoint, started, deadline }: CandidateDeps): AsyncGenerator<CandidatePage> {
  const { audit } = checkpoint;
  const isUnderWay = audit?.fileId !== undefined;
  const rest = Math.min(PASS_EVERY, (audit?.rows ?? 0) * AUDIT_REST_PER_ROW);
  if (audit && !isUnderWay && started - audit.startedAt < rest) return;
  const startedAt = isUnderWay ? audit.startedAt : started;
  let rows = isUnderWay ? audit.rows : 0;
  let after = audit?.fileId;
  do {
    const page = await store.page(after, deadline);
    after = page.next;
    rows += page.looked;
    const candidates = page.rows.map((row): Candidate => ({ fileId: row.fileId, row }));
    const progress = { audit: { startedAt, rows, ...(after !== undefined && { fileId: after }) } };
    yield { candidates, looked: candidates.length, isLast: after === undefined, progress };
  } while (after !== undefined);
}
