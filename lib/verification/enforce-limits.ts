import { describe, type Log } from '../platform/log';
import { isJudged, type FileLimits, type Limits } from '../uploads/limits';
import type { RejectAction, Row } from '../uploads/row';
import type { VodApi } from '../vod/api';
import type { DescribedFile } from '../vod/files';
import type { OpenQuestion } from './delay-queue';
import type { CountEarlierUploads } from './quota';

export interface LimitDeps {
  readonly limits: Limits;
  /** Absent without the limit `uploadsPerDay`. */
  readonly countEarlierUploads?: CountEarlierUploads;
  /** Takes a pending action in VOD; absent where this caller must not. @throws Error when VOD does not take it */
  readonly takeAction?: TakeAction;
  /** Until when requests to the table are retried, in milliseconds since 1970. */
  readonly deadline: number;
  readonly log: Log;
}

export type TakeAction = (fileId: string, action: RejectAction) => Promise<void>;

/** Forbids the file's distribution (266/40636) or deletes it (266/31764). */
export function rejectIn(vod: Pick<VodApi, 'DeleteMedia' | 'ForbidMediaDistribution'>): TakeAction {
  return async (fileId, action) => {
    if (action === 'delete') await vod.DeleteMedia({ FileId: fileId });
    else await vod.ForbidMediaDistribution({ FileIds: [fileId], Operation: 'forbid' });
  };
}

interface LimitedFile {
  readonly fileId: string;
  readonly row: Row | undefined;
  readonly openQuestion?: OpenQuestion;
}

/** The limits for this file; `undefined` when the table did not answer how many uploads the caller has. */
export async function limitsFor(
  { fileId, row }: LimitedFile,
  { context, media }: DescribedFile,
  deps: LimitDeps,
): Promise<FileLimits | undefined> {
  const { uploader } = context ?? {};
  const { createTime } = media;
  const isCounted = deps.countEarlierUploads && uploader !== undefined && createTime !== undefined;
  if (!isCounted || (row && isJudged(row))) return deps.limits;
  try {
    const earlierUploads = await deps.countEarlierUploads({ fileId, uploader, createTime }, deps.deadline);
    return { ...deps.limits, earlierUploads };
  } catch (error) {
    deps.log({ level: 'error', outcome: 'read-failed', fileIds: [fileId], ...describe(error) });
    return undefined;
  }
}

/**
 * Takes the action that the stored row still requires. Only a message of the delay queue does so, never an event; the row
 * is written before its message is delivered, so that the reason is known whatever happens next.
 *
 * Returns the action when VOD took it.
 */
export async function takePendingAction({ fileId, row, openQuestion }: LimitedFile, deps: LimitDeps) {
  const action = deps.limits.rejectAction && row?.pendingAction;
  if (!action || !deps.takeAction || openQuestion !== 'action') return undefined;
  try {
    await deps.takeAction(fileId, action);
    deps.log({ level: 'warn', outcome: 'action-taken', fileIds: [fileId], action, reason: row.rejection?.reason });
    return action;
  } catch (error) {
    deps.log({ level: 'error', outcome: 'action-failed', fileIds: [fileId], action, ...describe(error) });
    return undefined;
  }
}
