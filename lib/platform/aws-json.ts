import { awsRequest, type AwsService } from './aws-request';
import type { Environment } from './env';
import { post as postOverHttp, type Post } from './http-post';
import { backoff, type Pauses, type RetryDeps } from './retry';

export interface AwsJsonDeps extends RetryDeps {
  /** Default: over the network. */
  readonly post?: Post;
}

/** How long and how often a call is retried. */
export interface CallOptions {
  /** For all attempts together, in milliseconds; 6 000 is the default and the maximum. */
  readonly timeout?: number;
  /** Default: 100 ms and 1.5 s. */
  readonly pauses?: Pauses;
}

export interface AwsCall extends CallOptions {
  readonly action: string;
  readonly request: object;
  /** For the error, for example `read secrets`: `Cannot read secrets: ...`. */
  readonly purpose: string;
}

/** For one attempt, in milliseconds. */
const TRY_TIMEOUT = 3_000;
/** For all attempts together, in milliseconds. */
const TIMEOUT = 6_000;
/** Time before the end, in milliseconds, in which a failed attempt is not retried. */
const LAST_ATTEMPT = 500;
const PAUSES: Pauses = { first: 100, max: 1_500 };

/**
 * A client for one service.
 *
 * Returns a function that resolves to the JSON of the response. It retries transient failures, with jitter, for up to
 * {@link CallOptions.timeout}, and throws an Error with the service's refusal, or with the reason why there was no
 * response.
 *
 * @param env has the region and the credentials that Lambda sets; read at each call. The path of an endpoint in it is ignored
 */
export function awsJsonClient(service: AwsService, env: Environment, deps: AwsJsonDeps) {
  const { now, sleep, random, post = postOverHttp } = deps;
  return async ({ action, request, purpose, timeout = TIMEOUT, pauses = PAUSES }: AwsCall): Promise<unknown> => {
    const send = awsRequest(service, env, { now, post }, action, request);
    const end = now() + Math.min(timeout, TIMEOUT);
    for (let attempt = 1; ; attempt++) {
      const response = await send(Math.max(1, Math.min(TRY_TIMEOUT, end - now())));
      if ('value' in response) return response.value;
      const { reason, isTransient } = response;
      const remaining = end - now();
      if (!isTransient || remaining <= LAST_ATTEMPT) throw new Error(`Cannot ${purpose}: ${reason}`);
      // All of the time is used: the last attempt begins shortly before its end.
      const pause = backoff(attempt, random, pauses.first, pauses.max);
      await sleep(Math.min(pause, remaining - LAST_ATTEMPT * (0.5 + random() / 2)));
    }
  };
}
