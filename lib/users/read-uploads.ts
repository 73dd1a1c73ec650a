import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError, type PropertyError } from '../platform/errors';
import { endpoint, type Success } from '../platform/http';
import type { Log } from '../platform/log';
import type { IndexQuery, UploaderIndex } from '../uploads/by-uploader';
import { callerOf } from '../uploads/caller';
import { awaitTable, isOwn, readOwn } from '../uploads/own-upload';
import type { Row } from '../uploads/row';
import type { UploadStore } from '../uploads/store';
import { viewUpload, type UploadView } from '../uploads/view';
import { formatCursor, parseCursor } from './cursor';

export interface ReadUploadsDeps {
  readonly store: Pick<UploadStore, 'read' | 'readAll'>;
  readonly index: UploaderIndex;
  /** Whether callers see URLs; false where URLs are signed for each playback. */
  readonly showsUrls: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
/** In JSON: a response of Lambda has at most 6 MB. */
const MAX_PAGE_BYTES = 4 * 2 ** 20;
/** Time that is reserved for the response, in milliseconds. */
const RESERVE = 1_000;

type Request = APIGatewayProxyEventV2WithJWTAuthorizer;

/** `GET /uploads` and `GET /uploads/{fileId}`: the caller's own uploads. */
export function readUploads(deps: ReadUploadsDeps) {
  return endpoint<Request>((event, context) => {
    const deadline = deps.now() + context.getRemainingTimeInMillis() - RESERVE;
    const isList = event.pathParameters?.['fileId'] === undefined;
    return isList ? listUploads(event, deadline, deps) : readUpload(event, deadline, deps);
  }, deps.log);
}

async function readUpload(event: Request, deadline: number, deps: ReadUploadsDeps): Promise<Success> {
  const action = 'read upload';
  const caller = callerOf(event, action);
  const row = await readOwn(event.pathParameters?.['fileId'], caller, action, { ...deps, deadline });
  const etag = `"${row.version}"`;
  const headers = { 'cache-control': 'private, no-cache', etag };
  const log = { outcome: 'read', fileId: row.fileId };
  if (matchesEtag(event.headers['if-none-match'], etag)) return { status: 304, headers, log };
  return { body: viewUpload(row, deps), headers, log };
}

/** Whether the header lists this ETag, under weak comparison (RFC 9110, 13.1.2). */
function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/** A page may have fewer uploads than `limit`, or none, and still have a cursor. */
async function listUploads(event: Request, deadline: number, deps: ReadUploadsDeps): Promise<Success> {
  const action = 'list uploads';
  const { store, index, log } = deps;
  const caller = callerOf(event, action);
  const query = parseQuery(event.queryStringParameters ?? {});
  const { keys, next } = await awaitTable(index.page(caller, query, deadline), action, log);
  const ids = keys.map(({ fileId }) => fileId);
  const rows = ids.length === 0 ? new Map<string, Row>() : await awaitTable(store.readAll(ids, deadline), action, log);
  const uploads: UploadView[] = [];
  let last = next;
  let remainingBytes = MAX_PAGE_BYTES;
  for (const [position, key] of keys.entries()) {
    const row = rows.get(key.fileId);
    if (!isOwn(row, caller) || !isListed(row)) continue;
    const upload = viewUpload(row, deps);
    remainingBytes -= Buffer.byteLength(JSON.stringify(upload));
    if (remainingBytes < 0 && uploads.length > 0) {
      last = keys[position - 1];
      break;
    }
    uploads.push(upload);
  }
  return {
    body: { uploads, ...(last && { cursor: formatCursor(last) }) },
    headers: { 'cache-control': 'private, no-cache' },
    log: { outcome: 'listed' },
  };
}

function isListed({ status, confirmedAt }: Row): boolean {
  return confirmedAt !== undefined && status !== 'deleted';
}

/** @throws RequestError `invalid-request` */
function parseQuery({ limit, cursor, sourceContext }: Readonly<Record<string, string | undefined>>): IndexQuery {
  const errors: PropertyError[] = [];
  const isLimit = limit === undefined || (/^[1-9]\d{0,2}$/.test(limit) && Number(limit) <= MAX_LIMIT);
  if (!isLimit) errors.push({ path: '/limit', message: `must be an integer from 1 to ${MAX_LIMIT}` });
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  if (cursor !== undefined && !after) {
    errors.push({ path: '/cursor', message: 'must be a cursor that an earlier page returned' });
  }
  if (sourceContext === '') errors.push({ path: '/sourceContext', message: 'must not be empty' });
  if (errors.length > 0) {
    throw new RequestError('invalid-request', 'Cannot list uploads: the query is not valid', errors);
  }
  return {
    limit: Number(limit ?? DEFAULT_LIMIT),
    ...(after && { startAfter: after }),
    ...(sourceContext !== undefined && { sourceContext }),
  };
}
