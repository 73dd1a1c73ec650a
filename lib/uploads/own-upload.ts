import { RequestError, unavailableError } from '../platform/errors';
import { describe, type Log } from '../platform/log';
import { FILE_ID_PATTERN } from '../vod/schemas';
import type { Row } from './row';
import type { UploadStore } from './store';

/** Whether the caller uploaded the file: only a valid seal proves it. */
export function isOwn(row: Row | undefined, caller: string): row is Row {
  return row?.context?.seal === 'valid' && row.context.uploader === caller;
}

export interface OwnUploadDeps {
  readonly store: Pick<UploadStore, 'read'>;
  /** Until when requests to the table are retried, in milliseconds since 1970. */
  readonly deadline: number;
  readonly log: Log;
}

/**
 * Reads the caller's own row.
 *
 * @param action for the messages, for example "read upload"
 * @throws RequestError `not-found`, the same for another caller's file and for one that does not exist; `unavailable`
 */
export async function readOwn(
  fileId: string | undefined,
  caller: string,
  action: string,
  { store, deadline, log }: OwnUploadDeps,
): Promise<Row> {
  const isFileId = fileId !== undefined && FILE_ID_PATTERN.test(fileId);
  const row = isFileId ? await awaitTable(store.read(fileId, deadline), action, log) : undefined;
  if (isOwn(row, caller)) return row;
  throw new RequestError('not-found', `Cannot ${action}: the caller has no upload with this FileId`);
}

/**
 * Resolves to the table's result.
 *
 * @throws RequestError `unavailable` when it failed; logs its error
 */
export async function awaitTable<T>(result: Promise<T>, action: string, log: Log): Promise<T> {
  try {
    return await result;
  } catch (error) {
    log({ level: 'error', outcome: 'read-failed', ...describe(error) });
    throw unavailableError(action, 'the table');
  }
}
