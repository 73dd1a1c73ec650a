import { RequestError } from '../platform/errors';
import { endpoint } from '../platform/http';
import { describe, type Log } from '../platform/log';
import type { GetParameters } from '../platform/ssm';
import type { UploadStore } from '../uploads/store';
import { authenticator } from './authenticate';
import type { WebhookConfig } from './config';
import { identifyMessage } from './identify';
import { eventRecorder, type Outcome, type Recorded } from './ingest';

/** Time that is reserved for the response and the log line when the table is unavailable, in milliseconds. */
const RESERVE = 2_000;

export interface WebhookDeps {
  readonly config: WebhookConfig;
  readonly store: UploadStore;
  readonly getParameters: GetParameters;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * `POST /vod-events`: stores VOD's event notification before it responds.
 *
 * VOD ignores the status and delivers again only when there is no response within 5 s (266/7829). So writes to a failing
 * table are retried for as long as the function may run; a second delivery meanwhile does no harm.
 */
export function recordEvent({ config, store, getParameters, now, log }: WebhookDeps) {
  const authenticate = authenticator({ config, getParameters, now, log });
  const record = eventRecorder({ store, now });

  return endpoint(async (request, context) => {
    const { message, sealKeys } = await authenticate(request, context);
    const deadline = now() + context.getRemainingTimeInMillis() - RESERVE;
    const { recorded, failure } = await record(message, sealKeys, deadline).catch((error: unknown) => {
      throw error instanceof RequestError ? identifyRefusal(error, message) : error;
    });
    if (recorded.outcome === 'write-failed') {
      log({ level: 'error', requestId: context.awsRequestId, ...recorded, ...describe(failure) });
      throw failure;
    }
    return { body: responseOf(recorded.outcome), log: recorded };
  }, log);
}

/** VOD has no use for the difference between an event that concerns no row and one for which a row has no place. */
function responseOf(outcome: Outcome): Recorded {
  return { outcome: outcome === 'dropped' ? 'ignored' : outcome };
}

/** The refusal of an unreadable event, with the ids by which an operator finds it in VOD. */
function identifyRefusal({ code, message, errors, headers }: RequestError, event: unknown): RequestError {
  return new RequestError(code, message, errors, headers, { ...identifyMessage(event), errors });
}
