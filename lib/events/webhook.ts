import { isSignValid, isTokenValid } from './callback-authentication';
import type { WebhookConfig } from '../platform/env';
import { RequestError } from '../platform/errors';
import { eventRecorder } from './ingest';
import { endpoint, rawBody } from '../platform/http';
import { describe, type Log } from '../platform/log';
import { parseJson } from '../platform/json';
import type { GetParameters } from '../platform/ssm';
import { readParameters, cached, parseSecretVersions } from '../platform/secrets';
import type { TableEdge } from '../uploads/uploads-table';

const MAX_BODY_BYTES = 1024 * 1024;

/** Left of the function's time for answering and logging when the table stays away, in milliseconds. */
const RESERVE = 2_000;

export interface WebhookDeps extends TableEdge {
  readonly config: WebhookConfig;
  readonly getParameters: GetParameters;
  readonly log: Log;
}

/**
 * `POST /vod-events`: VOD's event notification becomes a row before it is answered.
 *
 * VOD ignores the status and delivers again only when no answer comes within 5 s (266/7829). So a table that fails is
 * asked again for as long as the function may run; a second delivery meanwhile does no harm.
 */
export function recordEvent({ config, getParameters, log, ...edge }: WebhookDeps) {
  const { now } = edge;
  const { tableName, tokenParameter, signKeyParameter, sealParameter } = config;
  const record = eventRecorder({ ...edge, tableName });
  async function readSecrets() {
    const names = [tokenParameter, signKeyParameter, sealParameter].filter((name) => name !== undefined);
    const value = await readParameters(getParameters, names);
    const [tokens, signKeys] = [tokenParameter, signKeyParameter].map(
      (name) => name && parseSecretVersions(name, value(name)),
    );
    return { tokens, signKeys, sealKeys: parseSecretVersions(sealParameter, value(sealParameter)) };
  }
  const secrets = cached(readSecrets, now, log);

  return endpoint(async (request, context) => {
    const { tokens, signKeys, sealKeys } = await secrets();
    const query = new URLSearchParams(request.rawQueryString);
    if (tokens && !isTokenValid(query.get('token'), tokens)) {
      throw new RequestError('unauthorized', 'Cannot accept event: the URL needs ?token= with the callback token');
    }
    const message = parseJson(rawBody(request, MAX_BODY_BYTES));
    if (signKeys && !isSignValid({ message, query, headers: request.headers }, signKeys, Math.floor(now() / 1000))) {
      throw new RequestError('unauthorized', 'Cannot accept event: it needs a fresh Sign and T, made with the SignKey');
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
