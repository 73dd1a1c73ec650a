import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { readCheckpoint, writeCheckpoint } from './checkpoint';
import { describe, type Log } from '../platform/log';
import { omitUndefined } from '../platform/omit-undefined';
import type { Row } from '../uploads/upload';
import { MOST_ROWS, uploadsRows } from '../uploads/uploads-rows';
import { judge, TASK_MEMORY, type Finding, type Verdict } from './verdict';
import type { VodApi } from '../vod/api';
import { askVod, endedTasks, MOST_FILES, searchPage, type Cursor } from '../vod/library';

/** How much of VOD's library each run reads again, in seconds: SearchMedia may show a file some time after it was made. */
const OVERLAP = 3_600;
/** Where VOD's library is read from at first: nothing in it is older. */
const BEGINNING = Date.parse('2015-01-01T00:00:00Z') / 1000;
/** How old a file is, in milliseconds, when an event of it counts as lost. */
const LOST_AFTER = 2 * 60_000;
/** How many rows that nothing has touched a run looks at again. */
const MOST_AUDITED = 5_000;
/** Left of the function's time for what is under way and the checkpoint, in milliseconds. */
const RESERVE = 30_000;
/** Share of the time for what events brought; the rest is for what they did not bring. */
const FIRST_SHARE = 0.6;
/** After how many pages of VOD's library its place is saved, for a run that is cut off. */
const PAGES_PER_CHECKPOINT = 50;
/** How many failures in a row end a run: VOD or the table is away. */
const MOST_FAILURES = 3;

export interface ReconcileDeps {
  readonly dynamodb: Pick<DynamoDBClient, 'send'>;
  readonly tableName: string;
  /** VOD's server API, for the time until a deadline in milliseconds since 1970. */
  readonly vodUntil: (deadline: number) => VodApi;
  readonly sealKeys: () => Promise<readonly string[]>;
  readonly checkpoint: { readonly read: () => Promise<string>; readonly write: (value: string) => Promise<void> };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** What a run did. The findings count rows. */
export interface Summary extends Readonly<Record<Finding, number>> {
  /** Whether there was time for everything that events brought, and to read VOD's library to its end. */
  readonly finished: boolean;
  /** Of the filled rows those whose events are lost: not of files that have just been made, nor of the first run. */
  readonly lost: number;
  /** Procedures that ended without an event telling. */
  readonly results: number;
  /** Files that VOD's library showed, and untouched rows that were looked at again. */
  readonly searched: number;
  readonly audited: number;
  /** Times of which VOD has more files than it shows, ISO 8601: rows of theirs may be missing. */
  readonly overfull: readonly string[];
}

/**
 * Makes the table say what VOD says, as far as there is time for it: first the rows that events have touched, then what
 * VOD's library has and the table lacks, then the procedures that ended, then some of the rows that nothing has touched,
 * in turn. A run goes on where the last one ended. It never removes a row.
 *
 * @throws Error when VOD, the table or SSM failed it; what could be done is done, and the rest waits for the next run
 */
export function reconcile({ vodUntil, sealKeys, checkpoint, now, log, ...edge }: ReconcileDeps) {
  const rows = uploadsRows(edge.dynamodb, edge.tableName);

  return async (
    _event: unknown,
    context: Pick<Context, 'getRemainingTimeInMillis' | 'awsRequestId'>,
  ): Promise<Summary> => {
    const { awsRequestId: requestId } = context;
    const started = now();
    const end = started + context.getRemainingTimeInMillis() - RESERVE;
    const vod = vodUntil(end + RESERVE / 3);
    const keys = await sealKeys();
    let place = readCheckpoint(await checkpoint.read(), started);
    const since = place.drained ?? 0;
    const counts = { filled: 0, confirmed: 0, corrected: 0, deleted: 0, unconfirmed: 0, waiting: 0 };
    const events = { lost: 0, results: 0 };
    const failures = { inARow: 0, files: 0 };
    let searched = 0;
    let audited = 0;
    const overfull: string[] = [];

    async function settle(verdict: Verdict): Promise<void> {
      const { fileId, finding, corrected, results } = verdict;
      if (!(await rows.write(verdict, new Date(now()).toISOString()))) return;
      counts[finding]++;
      events.results += results;
      if (finding === 'filled' && isLost(verdict, since, now())) events.lost++;
      if (finding === 'confirmed' || finding === 'waiting') return;
      const level = finding === 'filled' ? 'info' : 'warn';
      log({
        level,
        requestId,
        outcome: finding,
        fileIds: [fileId],
        ...(corrected.length > 0 && { attributes: corrected }),
      });
    }

    async function judgeAll(fileIds: readonly string[], withTasks: boolean): Promise<void> {
      const known = await rows.read(fileIds);
      const truths = await askVod(vod, fileIds, keys, (fileId, createTime) => {
        const row = known.get(fileId);
        return withTasks || wantsTasks(row, createTime, now()) ? untold(row) : undefined;
      });
      const answered = fileIds.filter((id) => truths.has(id));
      const verdicts = answered.flatMap((id) => judge(known.get(id), truths.get(id), now(), since) ?? []);
      await Promise.all(verdicts.map(settle));
    }

    /** Checks files together; when that fails in halves, so that one of them does not keep the others back. */
    async function check(fileIds: readonly string[], withTasks: boolean): Promise<void> {
      try {
        await judgeAll(fileIds, withTasks);
        failures.inARow = 0;
      } catch (error) {
        if (fileIds.length > 1 && now() < end) {
          const half = Math.ceil(fileIds.length / 2);
          await check(fileIds.slice(0, half), withTasks);
          await check(fileIds.slice(half), withTasks);
          return;
        }
        failures.files += fileIds.length;
        log({ level: 'error', requestId, outcome: 'reconcile-failed', fileIds, ...describe(error) });
        if (++failures.inARow >= MOST_FAILURES) throw error;
      }
    }

    /** Checks files in as few calls as VOD allows; whether there was time for all of them. */
    async function checkAll(fileIds: readonly string[], until: number, withTasks = false): Promise<boolean> {
      for (let at = 0; at < fileIds.length; at += MOST_FILES) {
        if (now() >= until) return false;
        await check(fileIds.slice(at, at + MOST_FILES), withTasks);
      }
      return true;
    }

    async function checkTouched(until: number): Promise<boolean> {
      for (const which of ['yes', 'later'] as const) {
        for await (const fileIds of rows.unchecked(which, new Date(started).toISOString())) {
          if (!(await checkAll(fileIds, until))) return false;
        }
      }
      return true;
    }

    async function checkLibrary(until: number): Promise<boolean> {
      let cursor: Cursor | undefined = place.search ?? { second: BEGINNING, offset: 0 };
      for (let pages = 1; cursor; pages++) {
        if (now() >= until) return false;
        const page = await searchPage(vod, cursor, Math.floor(started / 1000));
        for (let at = 0; at < page.fileIds.length; at += MOST_ROWS) {
          const fileIds = page.fileIds.slice(at, at + MOST_ROWS);
          const known = await rows.read(fileIds);
          const inDoubt = fileIds.filter((id) => isInDoubt(known.get(id)));
          if (!(await checkAll(inDoubt, until))) return false;
        }
        searched += page.fileIds.length;
        if (page.overfull !== undefined) overfull.push(new Date(page.overfull * 1000).toISOString());
        cursor = page.next;
        if (cursor) place = { ...place, search: cursor };
        if (pages % PAGES_PER_CHECKPOINT === 0) await save();
      }
      place = { ...place, search: { second: Math.floor(started / 1000) - OVERLAP, offset: 0 } };
      return true;
    }

    /** Procedures may begin long after the upload: those that ended since the last look, and whose row does not say so. */
    async function checkTasks(until: number): Promise<boolean> {
      const after = Math.floor((place.tasks ?? started - TASK_MEMORY) / 1000) - OVERLAP;
      for await (const ended of endedTasks(vod, after, Math.floor(started / 1000))) {
        if (now() >= until) return false;
        const known = await rows.read(ended.map(({ fileId }) => fileId));
        const untold = ended.filter(({ fileId, taskId }) => known.get(fileId)?.[`task:${taskId}`]?.status !== 'FINISH');
        if (!(await checkAll([...new Set(untold.map(({ fileId }) => fileId))], until, true))) return false;
      }
      place = { ...place, tasks: started };
      return true;
    }

    async function audit(until: number): Promise<void> {
      while (now() < until) {
        const { fileIds, next } = await rows.page(place.audited);
        if (!(await checkAll(fileIds, until))) return;
        audited += fileIds.length;
        const { audited: _, ...others } = place;
        place = { ...others, ...omitUndefined({ audited: next }) };
        if (next === undefined || audited >= MOST_AUDITED) return;
      }
    }

    const save = () => checkpoint.write(writeCheckpoint(place));
    let finished = false;
    try {
      const isDrained = await checkTouched(started + (end - started) * FIRST_SHARE);
      if (isDrained) place = { ...place, drained: started };
      const isComplete = (await checkLibrary(end)) && (await checkTasks(end));
      finished = isDrained && isComplete && failures.files === 0;
      await audit(end);
    } finally {
      const level = overfull.length > 0 ? 'warn' : 'info';
      const outcome = finished ? 'reconciled' : 'unfinished';
      log({ level, requestId, outcome, ...counts, ...events, searched, audited, overfull });
      await save();
    }
    if (failures.files > 0) {
      throw new Error(`Cannot reconcile ${failures.files} files: see the lines with reconcile-failed`);
    }
    return { finished, ...counts, ...events, searched, audited, overfull };
  };
}

/** Whether events of a file that was just filled in should have come. Nothing is known of those before the first run. */
function isLost({ set }: Verdict, since: number, now: number): boolean {
  const created = Date.parse(String(set['createTime']));
  return created >= since - OVERLAP * 1000 && since > 0 && now - created >= LOST_AFTER;
}

/** Whether VOD's word on a file that its library shows is still to be had. */
function isInDoubt(row: Row | undefined): boolean {
  return (
    row?.trust !== 'confirmed' || row.status === 'processing' || row.status === 'deleted' || row.unchecked !== undefined
  );
}

/** VOD is asked for tasks, a call and more per file, only where it can know of one that the row does not have. */
function wantsTasks(row: Row | undefined, createTime: string, now: number): boolean {
  if (row?.unchecked !== undefined || row?.status === 'processing') return true;
  return row?.trust !== 'confirmed' && now - (Date.parse(createTime) || 0) < TASK_MEMORY;
}

/** The tasks that only events told of. */
function untold(row: Row | undefined): string[] {
  const tasks = Object.keys(row ?? {}).filter((name) => name.startsWith('task:'));
  const ids = tasks.map((name) => name.slice('task:'.length));
  return ids.filter((id) => row?.checkedTasks?.[id] === undefined);
}
