import type { Context } from 'aws-lambda';
import { getField } from '../platform/json';
import { describe, type Log } from '../platform/log';
import type { UploaderIndex } from '../uploads/by-uploader';
import type { Limits } from '../uploads/limits';
import type { UploadStore } from '../uploads/store';
import type { VodApi, VodCallOptions } from '../vod/api';
import { candidatePages, type CandidatePage } from './candidates';
import { formatCheckpoint, parseCheckpoint, PHASES, type Checkpoint, type Phase } from './checkpoint';
import type { DelayQueue } from './delay-queue';
import { findingOf, FINDINGS, type Finding } from './finding';
import { scheduleNext } from './schedule';
import type { Candidate, Verified } from './verify';
import { verifyPatiently } from './verify-patiently';

export interface ReconcileDeps {
  readonly store: UploadStore;
  readonly vod: (options: VodCallOptions) => VodApi;
  readonly sealKeys: () => Promise<readonly string[]>;
  readonly delayQueue: DelayQueue;
  /** Absent = none. */
  readonly limits?: Limits;
  /** Absent without the limit `uploadsPerDay`. */
  readonly uploaderIndex?: UploaderIndex;
  readonly checkpoint: { readonly read: () => Promise<string>; readonly write: (value: string) => Promise<void> };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly log: Log;
}

/** The result of a run: for each finding the number of rows, and the counters below. */
export interface Summary extends Readonly<Record<Finding, number>> {
  /** Whether every phase was completed. */
  readonly finished: boolean;
  /** Filled rows after lost events; files that were just created and the first run do not count. */
  readonly lostEvents: number;
  /** Files without a response of VOD, and rows that the table refused. */
  readonly failed: number;
  /** Files that each phase examined. */
  readonly examined: Readonly<Record<Phase, number>>;
  /** Seconds (ISO 8601) with more files than VOD lists: some of their rows may be missing. */
  readonly hidden: readonly string[];
}

/** Time that is reserved at the end of a run for pending calls and the checkpoint, in milliseconds. */
const RESERVE = 30_000;
/** How much of the reserve calls to VOD and the table may use, in milliseconds. */
const CALL_RESERVE = RESERVE / 3;
const VOD_TRIES = 3;
/** The checkpoint is saved after this many pages, in case the run is interrupted. */
const PAGES_PER_CHECKPOINT = 50;
/** Least time between the two responses "not found" that a deletion requires, in milliseconds. */
const SECOND_LOOK_AFTER = 10_000;
/** From this number of missing files on, a run in which VOD has no known file suspects a wrong application id. */
const MASS_DELETION = 5;
/** Age of a file from which its events count as lost, in milliseconds. */
const LOST_AFTER = 2 * 60_000;

/**
 * Finds files and results that no event reported, see {@link candidatePages}, and verifies them. Each phase has its share
 * of the time and resumes where it stopped; a failed phase does not stop the others. A phase that had no time runs first
 * in the next run. Rows are never removed.
 *
 * The event `{"acceptDeletions": true}` disables, for one run, the guard against mass deletion.
 *
 * The handler throws an Error when a phase failed, after the others are done, so that Lambda counts the invocation as
 * failed.
 */
export function reconcile(deps: ReconcileDeps) {
  return async (
    event: unknown,
    context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>,
  ): Promise<Summary> => {
    const startedAt = deps.now();
    const end = startedAt + context.getRemainingTimeInMillis() - RESERVE;
    const log: Log = (fields) => {
      deps.log({ ...fields, requestId: context.awsRequestId });
    };
    const run = new Run({ ...deps, log }, startedAt, end, getField(event, 'acceptDeletions') === true);
    return run.execute();
  };
}

/** The state of one run. */
class Run {
  readonly #counts: Record<Finding, number> = { filled: 0, confirmed: 0, corrected: 0, deleted: 0, unknown: 0 };
  readonly #examined: Record<Phase, number> = { recent: 0, tasks: 0, library: 0, audit: 0 };
  readonly #hidden: string[] = [];
  #unfinished: Phase[] = [];
  readonly #failedPhases: Phase[] = [];
  /** Files that VOD reported as missing once, with the time in milliseconds since 1970. */
  readonly #missing: { readonly fileId: string; readonly reportedAt: number }[] = [];
  readonly #vod: VodApi;
  #checkpoint: Checkpoint = {};
  #isMassDeletion = false;
  /** Files of this run that VOD has. */
  #known = 0;
  #lostEvents = 0;
  #failed = 0;

  constructor(
    private readonly deps: ReconcileDeps,
    private readonly startedAt: number,
    private readonly end: number,
    private readonly acceptsMassDeletion: boolean,
  ) {
    this.#vod = deps.vod({ deadline: end + CALL_RESERVE, tries: VOD_TRIES });
  }

  async execute(): Promise<Summary> {
    const { checkpoint, now, log } = this.deps;
    this.#checkpoint = parseCheckpoint(await checkpoint.read(), this.startedAt);
    const isFirstRun = this.#checkpoint.recent === undefined;
    this.#unfinished = orderPhases(this.#checkpoint.first);
    while (this.#unfinished.length > 0 && now() < this.end) {
      const phases = this.#unfinished;
      this.#unfinished = [];
      // Unused time of a phase goes to the next ones, and finally to phases that did not finish.
      for (const [index, phase] of phases.entries()) {
        const phaseEnd = now() + (this.end - now()) / (phases.length - index);
        try {
          if (!(await this.#runPhase(phase, phaseEnd, isFirstRun))) this.#unfinished.push(phase);
        } catch (error) {
          this.#failedPhases.push(phase);
          log({ level: 'error', outcome: 'reconcile-failed', phase, ...describe(error) });
        }
      }
    }
    await this.#lookAgain();
    const { first: _, ...positions } = this.#checkpoint;
    const [starved = this.#failedPhases[0]] = this.#unfinished;
    this.#checkpoint = { ...positions, ...(starved && { first: starved }) };
    await checkpoint.write(formatCheckpoint(this.#checkpoint));
    return this.#conclude();
  }

  #conclude(): Summary {
    const finished = this.#unfinished.length + this.#failedPhases.length === 0;
    const summary: Summary = {
      finished,
      ...this.#counts,
      lostEvents: this.#lostEvents,
      failed: this.#failed,
      examined: this.#examined,
      hidden: this.#hidden,
    };
    const level = this.#hidden.length > 0 ? 'warn' : 'info';
    this.deps.log({ level, outcome: finished ? 'reconciled' : 'unfinished', ...summary });
    if (this.#failedPhases.length === 0) return summary;
    throw new Error(
      `Cannot reconcile (${this.#failedPhases.join(', ')}): see the log lines with the outcome reconcile-failed`,
    );
  }

  /** Returns whether the phase was completed before `phaseEnd`, in milliseconds since 1970. */
  async #runPhase(phase: Phase, phaseEnd: number, isFirstRun: boolean): Promise<boolean> {
    const { store, now } = this.deps;
    const pages = candidatePages[phase]({
      vod: this.#vod,
      store,
      checkpoint: this.#checkpoint,
      runStartedAt: this.startedAt,
      deadline: this.end,
    });
    let count = 0;
    for await (const page of pages) {
      // Limits are for new uploads: a file without a row that the library phase or the first run finds is not new.
      const isBackFill = phase === 'library' || isFirstRun;
      const candidates = page.candidates.map((candidate) =>
        isBackFill && !candidate.row ? { ...candidate, isBackFill } : candidate,
      );
      const verified = await this.#verifyPage(candidates, phase === 'recent' && !isFirstRun);
      // The recent files and the rows are examined again by the next runs; the library only in a week.
      if (phase === 'library') await this.#delay(verified.filter(({ row }) => row === undefined));
      await this.#advance(phase, page, ++count);
      if (now() >= phaseEnd && !page.isLast) return false;
    }
    return true;
  }

  /** Moves the phase's position in the checkpoint behind a page. */
  async #advance(phase: Phase, page: CandidatePage, count: number): Promise<void> {
    this.#examined[phase] += page.examined;
    if (page.hiddenSecond !== undefined) this.#hidden.push(new Date(page.hiddenSecond * 1000).toISOString());
    this.#checkpoint = { ...this.#checkpoint, ...page.progress };
    if (count % PAGES_PER_CHECKPOINT === 0) await this.deps.checkpoint.write(formatCheckpoint(this.#checkpoint));
  }

  async #verifyPage(
    candidates: readonly Candidate[],
    countsLost: boolean,
    acceptsMassDeletion = this.acceptsMassDeletion,
  ): Promise<readonly Verified[]> {
    if (candidates.length === 0) return [];
    const { store, now, sleep, sealKeys, limits, uploaderIndex, log } = this.deps;
    const verified = await verifyPatiently(candidates, {
      store,
      vod: this.#vod,
      sealKeys: await sealKeys(),
      ...(limits && { limits }),
      ...(uploaderIndex && { uploaderIndex }),
      now,
      sleep,
      deadline: this.end + CALL_RESERVE,
      acceptsMassDeletion,
      beforeWriting: (expected) => this.#delay(expected.filter(isQueued)),
      log,
    });
    for (const { fileId, openQuestion } of verified) {
      if (openQuestion === 'missing') this.#missing.push({ fileId, reportedAt: now() });
    }
    this.#count(verified, countsLost);
    if (verified.some(({ outcome }) => outcome === 'withheld')) this.#isMassDeletion = true;
    return verified;
  }

  async #delay(verified: readonly Verified[]): Promise<void> {
    const { delayed } = scheduleNext(verified, new Map(), this.deps.now());
    await this.deps.delayQueue.delay(delayed);
  }

  #count(verified: readonly Verified[], countsLost: boolean): void {
    const idsByFinding = new Map<Finding, string[]>();
    for (const one of verified) {
      if (FAILED.includes(one.outcome)) this.#failed++;
      if (this.#isKnown(one)) this.#known++;
      const finding = findingOf(one);
      if (!finding) continue;
      this.#counts[finding]++;
      idsByFinding.set(finding, [...(idsByFinding.get(finding) ?? []), one.fileId]);
      const age = this.deps.now() - Date.parse(one.row?.media.createTime ?? '');
      if (finding === 'filled' && countsLost && age >= LOST_AFTER) this.#lostEvents++;
    }
    for (const finding of FINDINGS) {
      const fileIds = idsByFinding.get(finding);
      if (!fileIds || finding === 'confirmed') continue;
      this.deps.log({ level: finding === 'filled' ? 'info' : 'warn', outcome: finding, fileIds });
    }
  }

  /** Whether VOD still has a file that it had before this run. */
  #isKnown({ before, row, outcome }: Verified): boolean {
    const wasConfirmed = Date.parse(before?.confirmedAt ?? '') < this.startedAt;
    return wasConfirmed && !FAILED.includes(outcome) && row?.status !== 'deleted';
  }

  /**
   * Verifies missing files for the second time, which deletes their rows if VOD still does not have them. Skipped in a
   * run with a mass deletion, because then VOD's responses are not trusted.
   */
  async #lookAgain(): Promise<void> {
    if (this.#missing.length === 0 || this.#isMassDeletion) return;
    const { now, sleep, store, log } = this.deps;
    const due = Math.max(...this.#missing.map(({ reportedAt }) => reportedAt)) + SECOND_LOOK_AFTER;
    if (due > this.end) return;
    if (this.#known === 0 && this.#missing.length >= MASS_DELETION && !this.acceptsMassDeletion) {
      log({ level: 'error', outcome: 'mass-deletion', fileIds: this.#missing.map(({ fileId }) => fileId) });
      return;
    }
    if (due > now()) await sleep(due - now());
    try {
      const ids = [...new Set(this.#missing.map(({ fileId }) => fileId))];
      const rows = await store.readAll(ids, this.end + CALL_RESERVE);
      const candidates = ids.map((fileId): Candidate => ({ fileId, row: rows.get(fileId), openQuestion: 'missing' }));
      // VOD has other files of this run, so the application id is right.
      await this.#verifyPage(candidates, false, this.acceptsMassDeletion || this.#known > 0);
    } catch (error) {
      log({ level: 'error', outcome: 'reconcile-failed', phase: 'second-look', ...describe(error) });
    }
  }
}

const FAILED: readonly Verified['outcome'][] = ['waiting', 'withheld', 'refused', 'unavailable'];

/** Whether a run queues a message: for rows that it writes and for pending actions. The next run retries the others. */
function isQueued({ outcome, openQuestion }: Verified): boolean {
  return outcome === 'written' || openQuestion === 'action';
}

function orderPhases(first: Phase | undefined): Phase[] {
  const start = first ? PHASES.indexOf(first) : 0;
  return [...PHASES.slice(start), ...PHASES.slice(0, start)];
}
