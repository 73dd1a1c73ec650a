import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError, unavailableError } from '../platform/errors';
import { endpoint } from '../platform/http';
import { describe, type Log } from '../platform/log';
import { callerOf } from '../uploads/caller';
import { merge } from '../uploads/merge';
import { readOwn } from '../uploads/own-upload';
import type { Row } from '../uploads/row';
import { expectsDeletion } from '../uploads/snapshot';
import type { UploadStore } from '../uploads/store';
import { viewUpload } from '../uploads/view';
import { codeOf, isAccountError, type VodApi, type VodCallOptions } from '../vod/api';

export interface DeleteUploadDeps {
  readonly store: Pick<UploadStore, 'read' | 'update'>;
  /** VOD's API under the write key pair. */
  readonly vod: (options: VodCallOptions) => Pick<VodApi, 'DeleteMedia'>;
  readonly showsUrls: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Time that is reserved for the response, in milliseconds. */
const RESERVE = 1_000;
const VOD_TRIES = 2;
const ACTION = 'delete upload';

/**
 * `DELETE /uploads/{fileId}`: deletes the caller's file in VOD (DeleteMedia, 266/31764). The row becomes `deleted` when
 * verification finds that VOD no longer has the file. The request may be repeated.
 *
 * The request is recorded in the row before VOD is called, like a FileDeleted event: the row is verified even if the
 * function fails in between.
 */
export function deleteUpload(deps: DeleteUploadDeps) {
  const { store, vod, now, log } = deps;
  return endpoint<APIGatewayProxyEventV2WithJWTAuthorizer>(async (event, context) => {
    const deadline = now() + context.getRemainingTimeInMillis() - RESERVE;
    const caller = callerOf(event, ACTION);
    const row = await readOwn(event.pathParameters?.['fileId'], caller, ACTION, { store, deadline, log });
    const { fileId } = row;
    if (row.confirmedAt === undefined) {
      const detail = `Cannot ${ACTION}: VOD has not confirmed the upload yet, its status is "${row.status}"`;
      throw new RequestError('conflict', detail, [{ path: '/status', message: row.status }]);
    }
    const isDeleted = row.status === 'deleted' && row.trust === 'confirmed';
    const current = isDeleted ? row : await recordDeletion(row, deadline, deps);
    try {
      await vod({ deadline, tries: VOD_TRIES }).DeleteMedia({ FileId: fileId });
    } catch (error) {
      if (!isUnknownFile(error)) {
        log({ level: 'error', outcome: 'action-failed', fileIds: [fileId], action: 'delete', ...describe(error) });
        throw unavailableError(ACTION, 'VOD');
      }
    }
    return { status: 202, body: viewUpload(current, deps), log: { outcome: 'deletion-requested', fileId } };
  }, log);
}

async function recordDeletion(row: Row, deadline: number, deps: DeleteUploadDeps): Promise<Row> {
  const { store, now, log } = deps;
  let after = row;
  const change = (current: Row | undefined): Row => {
    const time = new Date(now()).toISOString();
    const merged = merge(current, { fileId: row.fileId, media: {}, news: ['gone'] }, time);
    const isRecorded = merged === current && expectsDeletion(current, now());
    after = isRecorded ? merged : { ...merged, deletionRequestedAt: time };
    return after;
  };
  try {
    const isWritten = await store.update(row.fileId, change, deadline, false);
    return { ...after, version: after.version + (isWritten ? 1 : 0) };
  } catch (error) {
    log({ level: 'error', outcome: 'write-failed', fileIds: [row.fileId], ...describe(error) });
    throw unavailableError(ACTION, 'the table');
  }
}

/** VOD does not document DeleteMedia's code for a file that it does not have; other actions return both of these. */
function isUnknownFile(error: unknown): boolean {
  return !isAccountError(error) && /^(ResourceNotFound|InvalidParameterValue\.FileId)/.test(codeOf(error) ?? '');
}
