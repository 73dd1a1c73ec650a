import { isDeepStrictEqual } from 'node:util';
import type { Task } from '../vod/event';
import { omitUndefined } from '../platform/omit-undefined';
import type { OpenedSourceContext } from '../vod/source-context';
import {
  bare,
  CONTEXT,
  jsonBytes,
  MAX_ROW_BYTES,
  MAX_TASKS,
  rounded,
  SHARED,
  STATUSES,
  type Facts,
  type Row,
  type Status,
} from '../uploads/upload';

/** What VOD itself said of a file when it was asked. */
export interface Truth {
  readonly fileId: string;
  /** The source context opened; without `procedureTaskId`, which VOD's library does not have. */
  readonly facts: Facts;
  /** The tasks that VOD remembers, by id: of the last three days only (266/33431). */
  readonly tasks: ReadonlyMap<string, Task>;
  /** The task that began with the upload, as far as its time can tell. */
  readonly procedureTaskId?: string;
}

/**
 * What a row was found to be: not there; right; wrong; of a file that is gone; of a file that VOD never knew; or of one
 * that VOD does not know yet.
 */
export type Finding = 'filled' | 'confirmed' | 'corrected' | 'deleted' | 'unconfirmed' | 'waiting';

/** What is to be written so that a row says what VOD says. */
export interface Verdict {
  readonly fileId: string;
  readonly finding: Finding;
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  /** The attributes that said otherwise, for the log. */
  readonly corrected: readonly string[];
  /** How many tasks ended of which no event had told. */
  readonly results: number;
  /** `updatedAt` of the row that was judged; none where there was no row. */
  readonly seen?: string;
}

const PROCESSING: Task = { status: 'PROCESSING' };

type Attributes = Readonly<Record<string, unknown>>;

const HOUR = 3_600_000;
/** How long VOD remembers a task (266/33431), less an hour for clocks and for the asking, in milliseconds. */
export const TASK_MEMORY = (3 * 24 - 1) * HOUR;
/** How long a row waits for VOD to know its file, and a fresh file for VOD to look into it, in milliseconds. */
const PATIENCE = HOUR;

const UNKNOWN = 'VOD does not know this file: forged, or deleted before we could ask';
const FORGOTTEN = 'VOD keeps tasks for 3 days and has forgotten how this one ended: ';

/** When a row was heard of: not part of what it says. */
const RECEIPT: readonly string[] = ['firstSeenAt', 'updatedAt', 'confirmedAt'];

/** What VOD's library knows of a file: what a row says beside it is not true. */
const FACTS: readonly string[] = [...CONTEXT, ...SHARED, 'type', 'createTime', 'coverUrl', 'sourceType'];

/**
 * What has to be written to a row, given what VOD says of its file; `undefined` where nothing has.
 *
 * @param truth `undefined` where VOD does not know the file
 * @param now milliseconds since 1970
 * @param since when every unchecked row had been looked at, so that what is unchecked now came later; likewise
 */
export function judge(row: Row | undefined, truth: Truth | undefined, now: number, since: number): Verdict | undefined {
  if (truth) return agree(row, truth, now, since);
  if (!row) return undefined;
  if (row.trust === 'confirmed') {
    const told = isChecked(row) ? [] : Object.keys(tasksOf(row)).filter((id) => row.checkedTasks?.[id] === undefined);
    const rest = without(row, ['unchecked', 'notice', 'claims', 'truncated', ...told.map(attribute)]);
    return verdict('deleted', row, row.fileId, { ...rest, status: 'deleted' });
  }
  const isOverdue = now - Date.parse(row.firstSeenAt) >= PATIENCE;
  const next = isOverdue
    ? { ...without(row, ['unchecked']), trust: 'unconfirmed', notice: UNKNOWN }
    : { ...row, unchecked: 'later' };
  return verdict(isOverdue ? 'unconfirmed' : 'waiting', row, row.fileId, next);
}

function agree(row: Row | undefined, truth: Truth, now: number, since: number): Verdict | undefined {
  const { fileId } = truth;
  // VOD may not have looked into a file that is just there: what the event says of it stays until VOD has.
  const isFresh = truth.facts.size === undefined && now - (Date.parse(truth.facts.createTime ?? '') || 0) < PATIENCE;
  const kept = row && { ...keptSeal(row, truth), ...(isFresh && measured(row)) };
  const facts: Facts = { ...truth.facts, ...kept };
  const known = row ? tasksOf(row) : {};
  /** The end of a task that VOD has seen running, and forgotten since, has an event's word alone. */
  const asChecked = ([id, task]: readonly [string, Task]) =>
    [id, row?.checkedTasks?.[id] === 'PROCESSING' ? PROCESSING : task] as const;
  // What only events told of is kept where it stood at the last check already, or VOD may have forgotten it.
  const mayBeTrue = isChecked(row) || !wouldRemember(row, truth, now, since);
  const isTrue = (id: string) => truth.tasks.has(id) || row?.checkedTasks?.[id] !== undefined || mayBeTrue;
  const told = [...new Map([...Object.entries(known).map(asChecked), ...truth.tasks])].filter(([id]) => isTrue(id));
  const tasks: Record<string, Task> = {};
  for (const [id, task] of told.slice(0, MAX_TASKS)) {
    tasks[id] = jsonBytes(tasks) + jsonBytes(task) <= MAX_ROW_BYTES ? task : bare(task);
  }
  const said = row?.procedureTaskId;
  // Of a task that VOD remembers its time says whether the upload began it.
  const isSaidTrue = said !== undefined && !truth.tasks.has(said) && isTrue(said);
  const procedureTaskId = isSaidTrue ? said : truth.procedureTaskId;
  const checked = {
    ...(procedureTaskId !== undefined && { [procedureTaskId]: 'PROCESSING' as const }),
    ...Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, task.status])),
  };

  const statuses: Status[] = Object.values(tasks).map(statusOf);
  if (procedureTaskId !== undefined && tasks[procedureTaskId] === undefined) statuses.push('processing');
  if (row && mayBeTrue && row.status !== 'deleted') statuses.push(row.status);
  const isOpen = isFresh || [...truth.tasks.values()].some((task) => task.status === 'PROCESSING');
  const forgotten = Object.keys(tasks).filter((id) => tasks[id]?.status === 'PROCESSING' && !truth.tasks.has(id));

  const stated = SHARED.filter((name) => Reflect.has(facts, name));
  const next = omitUndefined({
    ...(row && without(row, [...FACTS, ...Object.keys(known).map(attribute), 'claims'])),
    ...facts,
    fileId,
    procedureTaskId,
    ...Object.fromEntries(Object.entries(tasks).map(([id, task]) => [attribute(id), task])),
    status: STATUSES.findLast((status) => statuses.includes(status)) ?? 'uploaded',
    trust: 'confirmed',
    stated: stated.length > 0 ? new Set(stated) : undefined, // the table has no empty sets
    checkedTasks: Object.keys(checked).length > 0 ? checked : undefined,
    sortTime: facts.createTime ?? row?.sortTime ?? new Date(now).toISOString(),
    unchecked: isOpen ? 'later' : undefined,
    notice: forgotten.length > 0 ? FORGOTTEN + forgotten.join(', ') : undefined,
    truncated: told.length > MAX_TASKS ? true : undefined,
  });
  return verdict(row ? 'confirmed' : 'filled', row, fileId, next);
}

/** Whether nothing has touched the row since VOD was asked about it. */
function isChecked(row: Row | undefined): boolean {
  return row?.trust === 'confirmed' && row.unchecked === undefined;
}

/** What VOD measures of a file, as far as the row has it. */
function measured({ size, duration, width, height }: Row) {
  return omitUndefined({ size, duration, width, height });
}

/**
 * The opened source context of a row, where VOD's word on it was opened before and no key that is left opens it now: VOD
 * never changes it, and a key that rotated out is not to take the uploaders of its files along.
 */
function keptSeal({ trust, seal, sourceContext, uploader }: Row, { facts }: Truth): Partial<OpenedSourceContext> {
  const isKept = trust === 'confirmed' && seal === 'valid' && facts.seal === 'broken';
  return isKept ? { seal, sourceContext, uploader } : {};
}

/**
 * Whether VOD would still remember any task that only events told of: for that it must be young enough, and it is younger
 * than its file, than the row, and than the last look at what events had brought.
 */
function wouldRemember(row: Row | undefined, { facts }: Truth, now: number, since: number): boolean {
  const notBefore = [facts.createTime, row?.firstSeenAt].map((time) => Date.parse(time ?? '') || 0);
  return now - Math.max(since, ...notBefore) < TASK_MEMORY;
}

function statusOf({ status, failed }: Task): Status {
  if (status !== 'FINISH') return 'processing';
  return failed === true ? 'failed' : 'ready';
}

/** What turns the row into the next one; nothing where it is that already. */
function verdict(finding: Finding, row: Row | undefined, fileId: string, next: Attributes): Verdict | undefined {
  const was: Attributes = row ?? {};
  const set = Object.entries(next).filter(([name, value]) => !isDeepStrictEqual(was[name], value));
  const remove = Object.keys(was).filter((name) => next[name] === undefined && !RECEIPT.includes(name));
  if (set.length + remove.length === 0) return undefined;
  const changed = [...set.map(([name]) => name), ...remove];
  const isResult = (name: string) => isTask(name) && !isFinished(was[name]) && isFinished(next[name]);
  const isWrong = (name: string) => {
    if (was[name] === undefined || isResult(name)) return false;
    if (name === 'status') return row !== undefined && STATUSES.indexOf(row.status) > statusIndex(next);
    // VOD may know more of a task than an event of format 2.0 told; that does not make the event wrong.
    if (isTask(name)) return !isDeepStrictEqual({ ...Object(next[name]), ...Object(was[name]) }, next[name]);
    // A cover may come later than its file.
    const isSame = rounded(name, was[name]) === rounded(name, next[name]);
    return name === 'procedureTaskId' || (FACTS.includes(name) && name !== 'coverUrl' && !isSame);
  };
  const corrected = finding === 'confirmed' ? changed.filter(isWrong) : [];
  return {
    fileId,
    finding: corrected.length > 0 ? 'corrected' : finding,
    set: Object.fromEntries(set),
    remove,
    corrected,
    results: changed.filter(isResult).length,
    ...(row && { seen: row.updatedAt }),
  };
}

function isFinished(task: unknown): boolean {
  return typeof task === 'object' && task !== null && 'status' in task && task.status === 'FINISH';
}

function statusIndex({ status }: Attributes): number {
  return STATUSES.findIndex((of) => of === status);
}

const attribute = (taskId: string) => `task:${taskId}` as const;

const isTask = (name: string) => name.startsWith('task:');

function tasksOf(row: Row): Record<string, Task> {
  const names = Object.keys(row).filter((name): name is `task:${string}` => isTask(name));
  return Object.fromEntries(names.flatMap((name) => (row[name] ? [[name.slice('task:'.length), row[name]]] : [])));
}

function without(row: Row, names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}
