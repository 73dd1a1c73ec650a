import { RequestError, unavailableError } from '../platform/errors';
import { describe, type Log } from '../platform/log';
import { FILE_ID_PATTERN } from '../vod/schemas';
import type { Row } from './row';
import type { UploadStore } from './store';

/** Whether the caller uploaded the file: only a valid seal tells who did. */
export function isOwn(row: Row | undefined, caller: string): row is Row {
  return row?.context?.seal === 'valid' && row.context.uploader === caller;
}

export interface OwnUploadDeps {
  readonly store: Pick<UploadStore, 'read'>;
  /** Until when the table is asked, in milliseconds since 1970. */
  readonly deadline: number;
  readonly log: Log;
}

/**
 * The caller's own row.
 *
 * @param action for the messages, for example "read upload"
 * @throws RequestError `not-found` for another caller's file as for one that does not exist; `unavailable`
 */
export async function readOwn(
  fileId: string | undefined,
  caller: string,
  action: string,
  { store, deadline, log }: OwnUploadDeps,
): Promise<Row> {
  const isFileId = fileId !== undefined && FILE_ID_PATTERN.test(fileId);
  const row = isFileId ? await withTable(store.read(fileId, deadline), action, log) : undefined;
  if (isOwn(row, caller)) return row;
  throw new RequestError('not-found', `Cannot ${action}: the caller has no upload with this FileId`);
}

/**
 * What the table returned.
 *
 * @throws RequestError `unavailable` when it did not answer
 */
export async function withTable<T>(answer: Promise<T>, action: string, log: Log): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    log({ level: 'error', outcome: 'read-failed', ...describe(error) });
    throw unavailableError(action, 'the table');
  }
}
