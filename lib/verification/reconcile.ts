import type { Context } from 'aws-lambda';
import { getField } from '../platform/json';
import { describe, type Log } from '../platform/log';
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
  readonly checkpoint: { readonly read: () => Promise<string>; readonly write: (value: string) => Promise<void> };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly log: Log;
}

/** What a run did. The findings count rows. */
export interface Summary extends Readonly<Record<Finding, number>> {
  /** Whether every phase came to its end. */
  readonly finished: boolean;
  /** Of the filled rows those whose events were lost: not of files just made, nor of a first run. */
  readonly lost: number;
  /** Files about which VOD had no answer, or whose row the table refused. */
  readonly failed: number;
  /** Files that each phase looked at. */
  readonly looked: Readonly<Record<Phase, number>>;
  /** Times of which VOD has more files than it shows, ISO 8601: rows of theirs may be missing. */
  readonly hidden: readonly string[];
}

/** Left of the function's time for what is under way and the checkpoint, in milliseconds. */
const RESERVE = 30_000;
const VOD_TRIES = 3;
/** After how many pages the checkpoint is saved, for a run that is cut off. */
const PAGES_PER_CHECKPOINT = 50;
/** How long after VOD said for the first time that it does not have a file it is asked again, in milliseconds. */
const SECOND_LOOK_AFTER = 10_000;
/** How old a file is, in milliseconds, when its events count as lost. */
const LOST_AFTER = 2 * 60_000;

/**
 * Finds what no event brought, see {@link candidatePages}, and verifies it. Each phase has its share of the time, fails
 * alone, and resumes where it ended; the first to run is the one that had no time before. It never removes a row.
 *
 * An event `{"acceptDeletions": true}` overrules, for this run, the guard against a mass of vanished files.
 *
 * @throws Error when a phase failed, once the others are done, so that Lambda counts the invocation as failed
 */
export function reconcile(deps: ReconcileDeps) {
  return async (
    event: unknown,
    context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>,
  ): Promise<Summary> => {
    const started = deps.now();
    const end = started + context.getRemainingTimeInMillis() - RESERVE;
    const log: Log = (fields) => {
      deps.log({ ...fields, requestId: context.awsRequestId });
    };
    const run = new Run({ ...deps, log }, started, end, getField(event, 'acceptDeletions') === true);
    return run.execute();
  };
}

/** The state of one run. */
class Run {
  readonly #counts: Record<Finding, number> = { filled: 0, confirmed: 0, corrected: 0, deleted: 0, unknown: 0 };
  readonly #looked: Record<Phase, number> = { recent: 0, tasks: 0, library: 0, audit: 0 };
  readonly #hidden: string[] = [];
  #unfinished: Phase[] = [];
  readonly #failedPhases: Phase[] = [];
  readonly #missing: { readonly fileId: string; readonly at: number }[] = [];
  readonly #vod: VodApi;
  #checkpoint: Checkpoint = {};
  #isLossSuspicious = false;
  #lost = 0;
  #failed = 0;

  constructor(
    private readonly deps: ReconcileDeps,
    private readonly started: number,
    private readonly end: number,
    private readonly acceptsMassDeletion: boolean,
  ) {
    this.#vod = deps.vod({ deadline: end + RESERVE / 3, tries: VOD_TRIES });
  }

  async execute(): Promise<Summary> {
    const { checkpoint, now, log } = this.deps;
    this.#checkpoint = parseCheckpoint(await checkpoint.read(), this.started);
    const isFirstRun = this.#checkpoint.recent === undefined;
    this.#unfinished = orderPhases(this.#checkpoint.first);
    while (this.#unfinished.length > 0 && now() < this.end) {
      const phases = this.#unfinished;
      this.#unfinished = [];
      // What one phase leaves of its share goes to the others, in the end to those that had too little.
      for (const [index, phase] of phases.entries()) {
        const until = now() + (this.end - now()) / (phases.length - index);
        try {
          if (!(await this.#runPhase(phase, until, isFirstRun))) this.#unfinished.push(phase);
        } catch (error) {
          this.#failedPhases.push(phase);
          log({ level: 'error', outcome: 'reconcile-failed', phase, ...describe(error) });
        }
      }
    }
    await this.#lookAgain();
    const { first: _, ...places } = this.#checkpoint;
    const [starved = this.#failedPhases[0]] = this.#unfinished;
    this.#checkpoint = { ...places, ...(starved && { first: starved }) };
    await checkpoint.write(formatCheckpoint(this.#checkpoint));
    return this.#conclude();
  }

  #conclude(): Summary {
    const finished = this.#unfinished.length + this.#failedPhases.length === 0;
    const summary: Summary = {
      finished,
      ...this.#counts,
      lost: this.#lost,
      failed: this.#failed,
      looked: this.#looked,
      hidden: this.#hidden,
    };
    const level = this.#hidden.length > 0 ? 'warn' : 'info';
    this.deps.log({ level, outcome: finished ? 'reconciled' : 'unfinished', ...summary });
    if (this.#failedPhases.length === 0) return summary;
    throw new Error(`Cannot reconcile (${this.#failedPhases.join(', ')}): see the lines with reconcile-failed`);
  }

  /** Returns whether the phase came to its end before `until`. */
  async #runPhase(phase: Phase, until: number, isFirstRun: boolean): Promise<boolean> {
    const { store, now } = this.deps;
    const pages = candidatePages[phase]({
      vod: this.#vod,
      store,
      checkpoint: this.#checkpoint,
      started: this.started,
      deadline: this.end,
    });
    let count = 0;
    for await (const page of pages) {
      await this.#verifyPage(page.candidates, phase === 'recent' && !isFirstRun);
      await this.#advance(phase, page, ++count);
      if (now() >= until && !page.isLast) return false;
    }
    return true;
  }

  /** Moves the phase's place in the checkpoint behind a page. */
  async #advance(phase: Phase, page: CandidatePage, count: number): Promise<void> {
    this.#looked[phase] += page.looked;
    if (page.hiddenSecond !== undefined) this.#hidden.push(new Date(page.hiddenSecond * 1000).toISOString());
    this.#checkpoint = { ...this.#checkpoint, ...page.progress };
    if (count % PAGES_PER_CHECKPOINT === 0) await this.deps.checkpoint.write(formatCheckpoint(this.#checkpoint));
  }

  async #verifyPage(candidates: readonly Candidate[], countsLost: boolean): Promise<void> {
    if (candidates.length === 0) return;
    const { store, now, sleep, sealKeys, log } = this.deps;
    const verified = await verifyPatiently(candidates, {
      store,
      vod: this.#vod,
      sealKeys: await sealKeys(),
      now,
      sleep,
      deadline: this.end + RESERVE / 3,
      acceptsMassDeletion: this.acceptsMassDeletion,
      log,
    });
    const isSecondLookDue = ({ openQuestion }: Verified) => openQuestion === 'missing';
    for (const { fileId } of verified.filter(isSecondLookDue)) this.#missing.push({ fileId, at: now() });
    await this.#delay(verified.filter((one) => !isSecondLookDue(one)));
    this.#count(verified, countsLost);
    if (verified.some(({ outcome }) => outcome === 'withheld')) this.#isLossSuspicious = true;
  }

  async #delay(verified: readonly Verified[]): Promise<void> {
    try {
      await this.deps.delayQueue.delay(scheduleNext(verified, new Map(), this.deps.now()).delayed);
    } catch (error) {
      this.deps.log({ level: 'error', outcome: 'delay-failed', ...describe(error) });
    }
  }

  #count(verified: readonly Verified[], countsLost: boolean): void {
    const idsByFinding = new Map<Finding, string[]>();
    for (const one of verified) {
      if (FAILED.includes(one.outcome)) this.#failed++;
      const finding = findingOf(one);
      if (!finding) continue;
      this.#counts[finding]++;
      idsByFinding.set(finding, [...(idsByFinding.get(finding) ?? []), one.fileId]);
      const age = this.deps.now() - Date.parse(one.row?.media.createTime ?? '');
      if (finding === 'filled' && countsLost && age >= LOST_AFTER) this.#lost++;
    }
    for (const finding of FINDINGS) {
      const fileIds = idsByFinding.get(finding);
      if (!fileIds || finding === 'confirmed') continue;
      this.deps.log({ level: finding === 'filled' ? 'info' : 'warn', outcome: finding, fileIds });
    }
  }

  /**
   * Files that VOD does not have any more are deleted once it says so for the second time; not in a run in which so many
   * vanished that VOD's answers are not to be trusted.
   */
  async #lookAgain(): Promise<void> {
    if (this.#missing.length === 0 || this.#isLossSuspicious) return;
    const { now, sleep, store, log } = this.deps;
    const due = Math.max(...this.#missing.map(({ at }) => at)) + SECOND_LOOK_AFTER;
    if (due > this.end) return;
    if (due > now()) await sleep(due - now());
    try {
      const ids = [...new Set(this.#missing.map(({ fileId }) => fileId))];
      const rows = await store.readAll(ids, this.end + RESERVE / 3);
      const candidates = ids.map((fileId): Candidate => ({ fileId, row: rows.get(fileId), openQuestion: 'missing' }));
      await this.#verifyPage(candidates, false);
    } catch (error) {
      log({ level: 'error', outcome: 'reconcile-failed', phase: 'second-look', ...describe(error) });
    }
  }
}

const FAILED: readonly Verified['outcome'][] = ['waiting', 'withheld', 'refused', 'unavailable'];

function orderPhases(first: Phase | undefined): Phase[] {
  const start = first ? PHASES.indexOf(first) : 0;
  return [...PHASES.slice(start), ...PHASES.slice(0, start)];
}
