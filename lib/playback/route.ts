import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { RequestError, unavailableError } from '../platform/errors';
import { endpoint } from '../platform/http';
import { describe, type Log } from '../platform/log';
import { callerOf } from '../uploads/caller';
import { readOwn } from '../uploads/own-upload';
import type { UploadStore } from '../uploads/store';
import { viewUpload } from '../uploads/view';
import { signPlayback, type PlaybackConfig, type PlaybackKeys } from './playback';

export interface PlaybackRouteDeps {
  readonly config: PlaybackConfig;
  readonly store: Pick<UploadStore, 'read'>;
  /** `timeout` is the longest wait for them, in milliseconds. */
  readonly keys: (timeout: number) => Promise<PlaybackKeys>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Time that is reserved for the response, in milliseconds. */
const RESERVE = 1_000;
const ACTION = 'play upload';

/**
 * `GET /uploads/{fileId}/playback`: signs the playback of the caller's own file, see {@link signPlayback}. Returns 404 for
 * another caller's file, 409 for a file that is not `ready`, and 503 while the table or the secret store is unavailable.
 */
export function playbackRoute({ config, store, keys, now, log }: PlaybackRouteDeps) {
  return endpoint<APIGatewayProxyEventV2WithJWTAuthorizer>(async (event, context) => {
    const deadline = now() + context.getRemainingTimeInMillis() - RESERVE;
    const caller = callerOf(event, ACTION);
    const row = await readOwn(event.pathParameters?.['fileId'], caller, ACTION, { store, deadline, log });
    const { fileId, status } = row;
    if (status !== 'ready' || row.confirmedAt === undefined) {
      const detail = `Cannot ${ACTION}: its status is "${status}", must be "ready"`;
      throw new RequestError('conflict', detail, [{ path: '/status', message: status }]);
    }
    const currentKeys = await keys(deadline - now()).catch((error: unknown) => {
      log({ level: 'error', outcome: 'secrets-unavailable', ...describe(error) });
      throw unavailableError(ACTION, 'the secret store');
    });
    const body = signPlayback(viewUpload(row), config, currentKeys, Math.floor(now() / 1000));
    if (body.psign === undefined && body.url === undefined) {
      const detail = `Cannot ${ACTION}: VOD has no output of this upload for PLAYBACK_CONTENT`;
      throw new RequestError('conflict', detail, [{ path: '/status', message: status }]);
    }
    return { body, log: { outcome: 'playback-signed', fileId } };
  }, log);
}
