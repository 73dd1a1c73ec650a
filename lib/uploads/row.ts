import { asObject } from '../platform/json';
import { compareStrings } from '../platform/compare';
import { MEDIA_FIELDS, type MediaInfo } from '../vod/media';
import type { OpenedSourceContext, Seal } from '../vod/source-context';
import type { Review, Task } from '../vod/task';

/**
 * Events report `uploaded`, and `processing` before the first confirmation; all others are VOD's own response, see
 * {@link Trust}.
 */
export type Status = 'uploaded' | 'processing' | 'ready' | 'failed' | 'held' | 'rejected' | 'deleted';

/**
 * `pushed`: an event has changed the row since its last verification; `confirmed`: all of it is VOD's response;
 * `unknown`: VOD does not know the file.
 */
export type Trust = 'pushed' | 'confirmed' | 'unknown';

/** The reasons of limits, in the order in which limits are evaluated. A review or a ban does not replace them. */
export const LIMIT_REASONS = ['too-large', 'too-long', 'type', 'quota'] as const;

export interface Rejection {
  readonly reason: (typeof LIMIT_REASONS)[number] | 'review' | 'forbidden';
  readonly detail: string;
}

/** The action in VOD on a file that a limit rejects. */
export type RejectAction = 'forbid' | 'delete';

/** The row of one file. Times are ISO 8601 in UTC. */
export interface Row {
  readonly fileId: string;
  readonly status: Status;
  readonly trust: Trust;
  readonly media: MediaInfo;
  /** The opened source context: one fact, never mixed from two events. */
  readonly context?: OpenedSourceContext;
  readonly procedureTaskId?: string;
  /** By id; only from VOD's responses. */
  readonly tasks: ReadonlyMap<string, Task>;
  readonly review?: Review;
  readonly rejection?: Rejection;
  /** Grows by one with every write: the optimistic lock. 0 before the first. */
  readonly version: number;
  readonly firstSeenAt: string;
  /** When VOD's response last changed the row; absent until the first response that describes the file. */
  readonly confirmedAt?: string;
  readonly updatedAt: string;
  /** Order of the look-ups, set at the first confirmation: indexes hold rows that have it. */
  readonly sortTime?: string;
  /** A message for an operator. */
  readonly notice?: string;
  /** Events since the last verification, at most {@link MAX_NEWS}: `task:<id>`, `end:<id>`, `parts:<types>`, `gone`. */
  readonly news: readonly string[];
  /** Whether the row was ever `ready`: from then on it is never `processing` again. */
  readonly wasReady: boolean;
  /** Whether a limit needs a value (size, duration, category) that VOD does not have yet. */
  readonly awaitsFigures: boolean;
  /** The action in VOD that a limit requires and that is still pending. */
  readonly pendingAction?: RejectAction;
  /** When this service asked VOD to delete the file, for its uploader or because of a limit; absent once VOD confirms it. */
  readonly deletionRequestedAt?: string;
  /** Unix seconds at which DynamoDB removes the row (TTL). */
  readonly expiresAt?: number;
}

/** A row before and after a write; `before` is absent where the row is new. */
export interface RowChange {
  readonly before: Row | undefined;
  readonly after: Row;
}

/** Bounds that keep a row far below DynamoDB's 400 kB, whatever arrives. */
export const MAX_NEWS = 20;
export const MAX_TASKS = 50;
export const MAX_ROW_BYTES = 100_000;

const TASK_PREFIX = 'task:';

/** A row as the table stores it: flat, one attribute for each task, internal attributes behind a `_`. */
export type Item = Readonly<Record<string, unknown>>;

/** The row as an item of the table; attributes that are unknown are absent. */
export function toItem(row: Row): Item {
  const { media, context, tasks, news, wasReady, awaitsFigures, pendingAction, deletionRequestedAt, ...others } = row;
  const { expiresAt, ...attributes } = others;
  const item: Record<string, unknown> = {
    ...attributes,
    ...media,
    seal: context?.seal,
    sourceContext: context?.sourceContext,
    uploader: context?.uploader,
    _signedProcedure: context?.signedProcedure,
    _news: news.length > 0 ? news : undefined,
    _wasReady: wasReady ? true : undefined,
    _awaitsFigures: awaitsFigures ? true : undefined,
    _pendingAction: pendingAction,
    _deletionRequestedAt: deletionRequestedAt,
    _expiresAt: expiresAt,
  };
  for (const [id, task] of tasks) item[TASK_PREFIX + id] = task;
  for (const name of Object.keys(item)) if (item[name] === undefined) Reflect.deleteProperty(item, name);
  return item;
}

/** The row of an item that {@link toItem} returned. The store keeps attributes of other writers. */
export function fromItem(item: Item): Row {
  // Only this project writes these attributes, so their types are those of toItem.
  const { fileId, status, trust, version, firstSeenAt, updatedAt } = item as unknown as Row;
  const optional = pick(item, OPTIONAL) as Partial<Row>;
  const media = pick(item, MEDIA_FIELDS) as MediaInfo;
  const tasks = Object.keys(item).filter((name) => name.startsWith(TASK_PREFIX) && asObject(item[name]));
  const context = contextOf(item);
  return {
    fileId,
    status,
    trust,
    version,
    firstSeenAt,
    updatedAt,
    ...optional,
    media,
    ...(context && { context }),
    tasks: new Map(tasks.map((name) => [name.slice(TASK_PREFIX.length), item[name] as Task])),
    news: (item['_news'] as readonly string[] | undefined) ?? [],
    wasReady: item['_wasReady'] === true,
    awaitsFigures: item['_awaitsFigures'] === true,
    ...(item['_pendingAction'] !== undefined && { pendingAction: item['_pendingAction'] as RejectAction }),
    ...(typeof item['_deletionRequestedAt'] === 'string' && { deletionRequestedAt: item['_deletionRequestedAt'] }),
    ...(typeof item['_expiresAt'] === 'number' && { expiresAt: item['_expiresAt'] }),
  };
}

const OPTIONAL = ['procedureTaskId', 'review', 'rejection', 'confirmedAt', 'sortTime', 'notice'] as const;

function contextOf(item: Item): OpenedSourceContext | undefined {
  if (item['seal'] === undefined) return undefined;
  const { _signedProcedure: signedProcedure } = item;
  return {
    seal: item['seal'] as Seal,
    ...pick(item, ['sourceContext', 'uploader']),
    ...(typeof signedProcedure === 'boolean' && { signedProcedure }),
  };
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(item, name)).map((name) => [name, item[name]]));
}

/** About how many bytes a value takes up in the table. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** A task without its details, for a row that is too large. */
export function truncateTask({ status, failed, _kind, _createTime, _finishTime, _review }: Task): Task {
  return {
    status,
    ...(failed !== undefined && { failed }),
    truncated: true,
    ...(_kind && { _kind }),
    ...(_createTime !== undefined && { _createTime }),
    ...(_finishTime !== undefined && { _finishTime }),
    ...(_review && { _review }),
  };
}

/**
 * The row within its bounds: the oldest 50 tasks, and no more than 100 kB, beyond which the oldest tasks lose their
 * details first.
 */
export function boundRow(row: Row): Row {
  const byAge = [...row.tasks].sort(([, a], [, b]) => compareStrings(a._createTime ?? '', b._createTime ?? ''));
  const tasks = new Map(byAge.slice(0, MAX_TASKS));
  let bounded: Row = { ...row, tasks };
  for (const [id, task] of tasks) {
    if (jsonBytes(toItem(bounded)) <= MAX_ROW_BYTES) break;
    tasks.set(id, truncateTask(task));
    bounded = { ...row, tasks };
  }
  return bounded;
}
