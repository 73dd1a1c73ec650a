import { describe, type Log } from '../platform/log';
import { needsEvaluation, NO_LIMITS, type FileLimits, type Limits } from '../uploads/limits';
import type { RejectAction, Row } from '../uploads/row';
import type { VodApi } from '../vod/api';
import type { DescribedFile } from '../vod/files';
import type { OpenQuestion } from './delay-queue';
import type { CountedUpload, QuotaCounter } from './quota';

export interface LimitDeps {
  readonly limits: Limits;
  /** Absent without the limit `uploadsPerDay`. */
  readonly quota?: QuotaCounter;
  /** Absent where this caller must not act in VOD. */
  readonly takeAction?: TakeAction;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Until when requests to the table are retried, in milliseconds since 1970. */
  readonly deadline: number;
  readonly log: Log;
}

/** Takes an action in VOD. @throws Error when VOD refuses it or does not respond */
export type TakeAction = (fileId: string, action: RejectAction) => Promise<void>;

/** Returns a function that forbids a file's distribution (266/40636) or deletes the file (266/31764). */
export function actionTaker(vod: Pick<VodApi, 'DeleteMedia' | 'ForbidMediaDistribution'>): TakeAction {
  return async (fileId, action) => {
    if (action === 'delete') await vod.DeleteMedia({ FileId: fileId });
    else await vod.ForbidMediaDistribution({ FileIds: [fileId], Operation: 'forbid' });
  };
}

interface LimitedCandidate {
  readonly fileId: string;
  readonly row: Row | undefined;
  readonly openQuestion?: OpenQuestion;
  readonly isBackFill?: boolean;
}

/** Returns the upload for the quota; `undefined` where no limits are evaluated. `now` in milliseconds since 1970. */
export function countedUpload(
  { fileId, row }: LimitedCandidate,
  response: DescribedFile,
  now: number,
): CountedUpload | undefined {
  // A seal that was valid when the row was first confirmed stays valid after its key was rotated out.
  const { uploader } = (row?.awaitsFigures === true ? row.context : response.context) ?? {};
  const { createTime } = response.media;
  if (uploader === undefined || createTime === undefined || !needsEvaluation(row, response, now)) return undefined;
  return { fileId, uploader, createTime };
}

/** Resolves to the limits for this file; `undefined` when the number of the caller's uploads could not be read. */
export async function limitsFor(
  candidate: LimitedCandidate,
  response: DescribedFile,
  deps: LimitDeps,
): Promise<FileLimits | undefined> {
  if (candidate.isBackFill === true) return NO_LIMITS;
  const upload = countedUpload(candidate, response, deps.now());
  if (!upload || !deps.quota) return deps.limits;
  try {
    const earlierUploads = await deps.quota.countEarlier(upload, deps.deadline);
    return { ...deps.limits, earlierUploads };
  } catch (error) {
    deps.log({ level: 'error', outcome: 'read-failed', fileIds: [candidate.fileId], ...describe(error) });
    return undefined;
  }
}

/**
 * Takes the action that is still pending after VOD's response. Only a message of the delay queue leads to one, never an
 * event. The rejection and its reason are stored before that message is delivered.
 *
 * Resolves to the row after the action, or to `after` itself if none was taken. Never throws: a refusal by VOD is logged.
 */
export async function takePendingAction({ row, openQuestion }: LimitedCandidate, after: Row, deps: LimitDeps) {
  const { pendingAction, ...others } = after;
  const isDue = openQuestion === 'action' && row?.pendingAction !== undefined;
  if (!isDue || !pendingAction || !deps.takeAction) return after;
  const fields = { fileIds: [after.fileId], action: pendingAction };
  try {
    await deps.takeAction(after.fileId, pendingAction);
  } catch (error) {
    deps.log({ level: 'error', outcome: 'action-failed', ...fields, ...describe(error) });
    return after;
  }
  deps.log({ level: 'warn', outcome: 'action-taken', ...fields, rejection: after.rejection?.reason });
  const deletionRequestedAt = new Date(deps.now()).toISOString();
  return { ...others, ...(pendingAction === 'delete' && { deletionRequestedAt }) };
}
