import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { RequestError } from '../platform/errors';
import { endpoint, rawBody } from '../platform/http';
import { parseJson } from '../platform/json';
import { describe, type Log } from '../platform/log';
import { cached, parseSecretVersions, readParameters } from '../platform/secrets';
import type { GetParameters } from '../platform/ssm';
import type { UploadStore } from '../uploads/store';
import { isSignValid, isTokenValid } from './callback-authentication';
import type { WebhookConfig } from './config';
import { eventRecorder } from './ingest';

const MAX_BODY_BYTES = 1024 * 1024;

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
  const { tokenParameter, signKeyParameter, sealParameter } = config;
  const record = eventRecorder({ store, now });
  async function readSecrets() {
    const names = [tokenParameter, signKeyParameter, sealParameter].filter((name) => name !== undefined);
    const value = await readParameters(getParameters, names);
    const versions = (name: string | undefined) => name && parseSecretVersions(name, value(name));
    return {
      tokens: versions(tokenParameter),
      signKeys: versions(signKeyParameter),
      sealKeys: parseSecretVersions(sealParameter, value(sealParameter)),
    };
  }
  const secrets = cached(readSecrets, now, log);

  return endpoint(async (request, context) => {
    const query = new URLSearchParams(request.rawQueryString);
    refuseWithoutCredential(request, query, tokenParameter !== undefined);
    const { tokens, signKeys, sealKeys } = await secrets();
    if (tokens && !isTokenValid(query.get('token'), tokens)) throw new RequestError('unauthorized', NO_TOKEN);
    const message = parseJson(rawBody(request, MAX_BODY_BYTES));
    if (message === undefined) {
      throw new RequestError('invalid-request', 'Cannot read event: the body must be JSON in UTF-8');
    }
    if (signKeys && !isSignValid({ message, query, headers: request.headers }, signKeys, Math.floor(now() / 1000))) {
      throw new RequestError('unauthorized', NO_SIGN);
    }

    const deadline = now() + context.getRemainingTimeInMillis() - RESERVE;
    const { recorded, failure } = await record(message, sealKeys, deadline);
    if (recorded.outcome === 'write-failed') {
      log({ level: 'error', requestId: context.awsRequestId, ...recorded, ...describe(failure) });
      throw failure;
    }
    return { body: { outcome: recorded.outcome }, log: recorded };
  }, log);
}

const NO_TOKEN = 'Cannot accept event: the URL needs ?token= with the callback token';
const NO_SIGN = 'Cannot accept event: it needs a fresh Sign and T, made with the SignKey';

/** Requests without a credential are refused before any secret is read: the route is public, and a flood must cost nothing. */
function refuseWithoutCredential(request: APIGatewayProxyEventV2, query: URLSearchParams, needsToken: boolean): void {
  if (needsToken) {
    if (!query.get('token')) throw new RequestError('unauthorized', NO_TOKEN);
    return;
  }
  const isElsewhere = query.has('T') || request.headers['t'] !== undefined;
  if (!isElsewhere && !rawBody(request, MAX_BODY_BYTES).includes('"T"')) {
    throw new RequestError('unauthorized', NO_SIGN);
  }
}
