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
  /** `within` limits the time that reading them may take, in milliseconds. */
  readonly keys: (within: number) => Promise<PlaybackKeys>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Left of the function's time for its response, in milliseconds. */
const RESERVE = 1_000;
const ACTION = 'play upload';

/** `GET /uploads/{fileId}/playback`: what a player needs for the caller's own file, only while it is `ready`. */
export function playbackRoute({ config, store, keys, now, log }: PlaybackRouteDeps) {
  return endpoint<APIGatewayProxyEventV2WithJWTAuthorizer>(async (event, context) => {
    const deadline = now() + context.getRemainingTimeInMillis() - RESERVE;
    const caller = callerOf(event, ACTION);
    const row = await readOwn(event.pathParameters?.['fileId'], caller, ACTION, { store, deadline, log });
    const { fileId, status } = row;
    if (status !== 'ready' || row.confirmedAt === undefined) {
      const detail = `Cannot ${ACTION}: its status is "${status}", only a ready upload is played`;
      throw new RequestError('conflict', detail, [{ path: '/status', message: status }]);
    }
    const currentKeys = await keys(deadline - now()).catch((error: unknown) => {
      log({ level: 'error', outcome: 'secrets-unavailable', ...describe(error) });
      throw unavailableError(ACTION, 'the secret store');
    });
    const body = signPlayback(viewUpload(row), config, currentKeys, Math.floor(now() / 1000));
    if (body.psign === undefined && body.url === undefined) {
      const detail = `Cannot ${ACTION}: VOD has not made what PLAYBACK_CONTENT names of this upload`;
      throw new RequestError('conflict', detail, [{ path: '/status', message: status }]);
    }
    return { body, log: { outcome: 'playback-signed', fileId } };
  }, log);
}
