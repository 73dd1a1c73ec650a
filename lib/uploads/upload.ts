import { isDeepStrictEqual } from 'node:util';
import type { MediaInfo, Task, VodEvent } from '../vod/event';
import { omitUndefined } from '../platform/omit-undefined';
import { open, type OpenedSourceContext } from '../vod/source-context';

/** From lowest to highest: events only ever raise it. */
export const STATUSES = ['uploaded', 'processing', 'failed', 'ready', 'deleted'] as const;

export type Status = (typeof STATUSES)[number];

/** `pushed`: an event's word alone; `confirmed`: VOD's own, asked; `unconfirmed`: asked, VOD does not know the file. */
export type Trust = 'pushed' | 'confirmed' | 'unconfirmed';

/** `yes`: ask VOD in the next run; `later`: VOD had no answer yet. */
export type Unchecked = 'yes' | 'later';

/** What a row knows of a file from events: the source context opened, of which all three members are one fact. */
export type Facts = Omit<MediaInfo, 'sourceContext'> & Partial<OpenedSourceContext>;

/** The row of one file. Its tasks stand beside the rest, one attribute each, so that none overwrites another. */
export type Row = Facts & {
  readonly fileId: string;
  readonly status: Status;
  readonly trust: Trust;
  /** When VOD was last asked about the row, knew the file, and something changed. */
  readonly confirmedAt?: string;
  /** The tasks as they stood when VOD was last asked: it named them, or may have forgotten them. */
  readonly checkedTasks?: Readonly<Record<string, Task['status']>>;
  /** Set while VOD is to be asked about the row: by every event, until reconciliation has asked. */
  readonly unchecked?: Unchecked;
  /** What an operator should know about the row, in a sentence. */
  readonly notice?: string;
  readonly firstSeenAt: string;
  readonly updatedAt: string;
  /** Order of the look-ups: when the file was made, else when it was first heard of. */
  readonly sortTime?: string;
  /** Which of the {@link SHARED} facts an upload event stated, so that a state change no longer does. */
  readonly stated?: ReadonlySet<string>;
  /** What later events of the same kind said differently, each as JSON: a sign of forgery. */
  readonly claims?: ReadonlySet<string>;
  /** Set where tasks or claims could not all be kept. */
  readonly truncated?: true;
  readonly [task: `task:${string}`]: Task;
};

/** What an event does to one row: the merge takes it in any order, any number of times. */
export interface Change {
  readonly fileId: string;
  readonly eventType: string;
  /** Whether the facts are those of an upload event, the authority; else they fill what nobody knows. */
  readonly authority: boolean;
  readonly facts: Facts;
  /** Raises the row's status to this. */
  readonly status?: Status;
  readonly sortTime?: string;
  readonly task?: TaskChange;
  /** What contradicts the row, to be kept beside it. */
  readonly claim?: string;
  readonly truncated?: true;
  /** `updatedAt` of the row that this is left against: not made when somebody else has written since. */
  readonly seen?: string;
}

export interface TaskChange {
  readonly id: string;
  readonly state: Task;
  /** The status that a task of the row must have to become `state`, unless the row does not have it. */
  readonly replaces: Task['status'];
}

/** Facts that upload events and state changes both carry. */
export const SHARED: readonly string[] = ['url', 'name', 'size', 'duration', 'width', 'height'];

/** Members of the opened source context. What one event says must not fill what another left open. */
export const CONTEXT: readonly string[] = ['seal', 'sourceContext', 'uploader'];

/** Facts that VOD always has an answer to: where a confirmed row has none, an event that has one is not believed. */
const CERTAIN: readonly string[] = [...CONTEXT, 'url', 'name', 'type', 'createTime'];

/** Bounds that keep a row far below DynamoDB's 400 kB, whatever arrives and in whatever order. */
export const MAX_TASKS = 50;
const MAX_TASK_BYTES = 90_000;
export const MAX_ROW_BYTES = 100_000;
const MAX_CLAIMS = 8;
const MAX_CLAIM_BYTES = 4_000;

const ISO_8601_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** The changes that an event makes, one for each file it names; `sealKeys` open its source context. */
export function changes(event: VodEvent, sealKeys: readonly string[], now: string): Change[] {
  if (event.type === 'Ignored') return [];
  const of = { eventType: event.type, authority: false, facts: {} };
  if (event.type === 'FileDeleted') return event.fileIds.map((fileId) => ({ ...of, fileId, status: 'deleted' }));
  const { fileId, facts } = event;
  if (event.type === 'ProcedureStateChanged') {
    const { taskId: id, task } = event;
    const finished = task.failed === true ? 'failed' : 'ready';
    const status = task.status === 'FINISH' ? finished : 'processing';
    const state = jsonBytes(task) > MAX_TASK_BYTES ? bare(task) : task;
    return [{ ...of, fileId, facts, status, ...(id !== undefined && { task: { id, state, replaces: 'PROCESSING' } }) }];
  }
  const { sourceContext, ...others } = facts;
  const { createTime = '', procedureTaskId } = facts;
  const isTime = ISO_8601_UTC.test(createTime) && !Number.isNaN(Date.parse(createTime));
  const sealed = sourceContext !== undefined && open(sourceContext, sealKeys);
  const status = procedureTaskId === undefined ? 'uploaded' : 'processing';
  const file = { fileId, sortTime: isTime ? createTime : now };
  return [{ ...of, ...file, authority: true, facts: { ...others, ...sealed }, status }];
}

/**
 * What of a change is still to be made to a row: not what the row has, not what a higher authority said otherwise.
 * What contradicts the row is not made either, but kept beside it as a claim. `undefined` when nothing is left.
 */
export function settle(row: Row, change: Change): Change | undefined {
  const { fileId, eventType, authority, status } = change;
  const facts: Record<string, unknown> = {};
  const contradictions: Record<string, unknown> = {};
  const isConfirmed = row.trust === 'confirmed';
  for (const [name, said] of Object.entries(change.facts)) {
    const known = Reflect.get(row, name) as unknown;
    const witness = Reflect.get(row, CONTEXT.includes(name) ? 'seal' : name) as unknown;
    const stated = isConfirmed || (SHARED.includes(name) ? row.stated?.has(name) === true : witness !== undefined);
    const isSame = rounded(name, known) === rounded(name, said);
    // No event changes a fact of a confirmed row, not even from absent to present.
    if (!isConfirmed && (authority ? !stated : known === undefined)) facts[name] = said;
    else if (authority === stated && !isSame && (known !== undefined || CERTAIN.includes(name) || !isConfirmed))
      contradictions[name] = said;
  }
  const task = change.task && settleTask(row, change.task);
  if (change.task && task === 'contradicts') contradictions[`task:${change.task.id}`] = change.task.state;

  const claim = claimText(eventType, contradictions);
  const newClaim = claim !== undefined && row.claims?.has(claim) !== true;
  const claimFits = (row.claims?.size ?? 0) < MAX_CLAIMS;
  const received = change.sortTime === change.facts.createTime ? change.sortTime : row.firstSeenAt;
  const effects = omitUndefined({
    status: status && task !== 'contradicts' && below(status).includes(row.status) ? status : undefined,
    sortTime: change.sortTime !== undefined && row.sortTime === undefined ? received : undefined,
    task: typeof task === 'object' ? task : undefined,
    claim: newClaim && claimFits ? claim : undefined,
    truncated: !row.truncated && (task === 'does not fit' || (newClaim && !claimFits)) ? true : undefined,
  });
  if (Object.keys(facts).length + Object.keys(effects).length === 0) return undefined;
  return { fileId, eventType, authority, facts, ...effects, seen: row.updatedAt };
}

/** 2.0 may round a duration that 3.0 does not: that is no contradiction. */
export const rounded = (name: string, fact: unknown) => (name === 'duration' ? Math.round(Number(fact)) : fact);

/** The statuses that an event may raise to `status`. */
export function below(status: Status): readonly Status[] {
  return STATUSES.slice(0, STATUSES.indexOf(status));
}

function settleTask(row: Row, task: TaskChange): TaskChange | 'known' | 'contradicts' | 'does not fit' {
  const known = row[`task:${task.id}`];
  const said = task.state;
  const tasks = Object.keys(row).filter((name) => name.startsWith('task:'));
  if (known === undefined && tasks.length >= MAX_TASKS) return 'does not fit';
  const fits = jsonBytes(row) + jsonBytes(said) <= MAX_ROW_BYTES;
  if (known?.status !== 'FINISH') {
    if (known && said.status === 'PROCESSING') return 'known';
    return fits ? task : { ...task, state: bare(said) };
  }
  // Of one that did not fit, no more than this was kept.
  if (said.status === 'PROCESSING' || isDeepStrictEqual(known, bare(said))) return 'known';
  if (row.checkedTasks?.[task.id] === 'FINISH')
    return isDeepStrictEqual({ ...known, ...said }, known) ? 'known' : 'contradicts';
  const both = { ...known, ...said };
  // One format may leave out what the other says, so only members that both have can contradict.
  if (!isDeepStrictEqual({ ...both, ...known }, both)) return 'contradicts';
  if (isDeepStrictEqual(both, known)) return 'known';
  return fits ? { ...task, state: both, replaces: 'FINISH' } : 'does not fit';
}

/** A task of which no more fits into its row. */
export function bare({ status, failed }: Task): Task {
  return { status, ...omitUndefined({ failed }), truncated: true };
}

function claimText(eventType: string, contradictions: Readonly<Record<string, unknown>>): string | undefined {
  const names = Object.keys(contradictions);
  if (names.length === 0) return undefined;
  const claim = JSON.stringify({ eventType, ...contradictions });
  return Buffer.byteLength(claim) <= MAX_CLAIM_BYTES ? claim : JSON.stringify({ eventType, tooLongToShow: names });
}

/** About what a value takes up in the table. */
export function jsonBytes(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
