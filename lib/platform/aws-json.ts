import { optional, type Environment } from './env';
import { post as postOverHttp, type HttpResponse, type Post } from './http-post';
import { asString, getField, parseJson } from './json';
import { backoff, type Pauses, type RetryDeps } from './retry';
import { signedHeaders, type Credentials } from './sigv4';

/** An AWS service with a JSON protocol over POST. */
export interface AwsService {
  /** As in host names and signatures, for example `ssm`. */
  readonly name: string;
  /** As error messages spell it, for example `SSM`. */
  readonly title: string;
  /** The prefix of `x-amz-target`. */
  readonly target: string;
  readonly contentType: string;
  /** Advice by error code. Only for these codes the message is shown: others may quote the request with its session token. */
  readonly advice: readonly (readonly [code: RegExp, advice: string])[];
}

export interface AwsJsonDeps extends RetryDeps {
  /** Over the network unless given. */
  readonly post?: Post;
}

/** How long and how often a call is retried. */
export interface CallOptions {
  /** For all attempts together, in milliseconds; at most, and unless given, 6 000. */
  readonly within?: number;
  /** 100 ms and 1.5 s unless given. */
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
/** The most for all attempts together, in milliseconds. */
const TIMEOUT = 6_000;
/** From so many milliseconds before the end on, no further attempt follows one that failed. */
const LAST_ATTEMPT = 500;
const PAUSES: Pauses = { first: 100, max: 1_500 };

/**
 * Error codes that are retried, in addition to 429 and every status from 500: throttling, of the service or of KMS behind it,
 * and failures of the service that some of them report with the status 400.
 */
const TRANSIENT = [
  /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown/,
  /Timeout|ServiceUnavailable|^Internal(Server|Service)?(Error|Failure)|^KMSInternal/,
];

interface Failure {
  readonly reason: string;
  readonly isTransient: boolean;
}

/**
 * A client for one service. The SDK's client would be most of what the signing function loads, and users wait for its
 * cold start (`npm run bench`).
 *
 * Returns a function that resolves to the JSON of the response. It retries transient failures, with jitter, for up to
 * {@link CallOptions.within}, and throws an Error with the service's refusal, or with the reason why there was no response.
 *
 * @param env has the region and the credentials that Lambda sets; read at each call. The path of an endpoint in it is ignored
 */
export function awsJsonClient(service: AwsService, env: Environment, deps: AwsJsonDeps) {
  const { now, sleep, random } = deps;
  return async ({ action, request, purpose, within = TIMEOUT, pauses = PAUSES }: AwsCall): Promise<unknown> => {
    const send = connect(service, env, deps, action, JSON.stringify(request));
    const end = now() + Math.min(within, TIMEOUT);
    for (let attempt = 1; ; attempt++) {
      const answer = await send(Math.max(1, Math.min(TRY_TIMEOUT, end - now())));
      const value = 'status' in answer && answer.status === 200 ? parseAnswer(answer.body) : undefined;
      if (value !== undefined) return value;
      const { reason, isTransient } = 'status' in answer ? parseRefusal(service, answer, action) : answer;
      const remaining = end - now();
      if (!isTransient || remaining <= LAST_ATTEMPT) throw new Error(`Cannot ${purpose}: ${reason}`);
      // The time there is gets used: the last attempt begins shortly before its end.
      const pause = backoff(attempt, random, pauses.first, pauses.max);
      await sleep(Math.min(pause, remaining - LAST_ATTEMPT * (0.5 + random() / 2)));
    }
  };
}

/** Some actions, for example SQS's ChangeMessageVisibility, respond with an empty body. */
function parseAnswer(body: Buffer): unknown {
  return body.length === 0 ? {} : parseJson(body);
}

/** The endpoint of a service: from the variables that the AWS SDKs read too, else the one of the region. */
export function serviceEndpoint(name: string, env: Environment, region: string): URL {
  const regional = `https://${name}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const configured = optional(env, `AWS_ENDPOINT_URL_${name.toUpperCase()}`) ?? optional(env, 'AWS_ENDPOINT_URL');
  return new URL('/', configured ?? regional);
}

function connect(service: AwsService, env: Environment, deps: AwsJsonDeps, action: string, body: string) {
  const requireVariable = (name: string): string => {
    const value = optional(env, name);
    if (value !== undefined) return value;
    throw new Error(
      `Cannot call ${service.title}: the environment variable ${name} is missing, which Lambda sets by itself`,
    );
  };
  const { now, post = postOverHttp } = deps;
  const region = requireVariable('AWS_REGION');
  const credentials: Credentials = {
    accessKeyId: requireVariable('AWS_ACCESS_KEY_ID'),
    secretAccessKey: requireVariable('AWS_SECRET_ACCESS_KEY'),
    sessionToken: optional(env, 'AWS_SESSION_TOKEN'),
  };
  const url = serviceEndpoint(service.name, env, region);
  const { host } = url;
  const ownHeaders = { host, 'content-type': service.contentType, 'x-amz-target': `${service.target}.${action}` };

  return async (timeout: number): Promise<HttpResponse | Failure> => {
    const unsigned = { method: 'POST', headers: ownHeaders, body };
    const headers = signedHeaders(unsigned, { region, service: service.name }, credentials, now());
    try {
      return await post({ url, headers, body, timeout });
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      return { reason: `${service.title} at ${host} does not answer: ${reason}`, isTransient: true };
    }
  };
}

/** The service's own error, which never contains a parameter's value. */
function parseRefusal(service: AwsService, { status, headers, body }: HttpResponse, action: string): Failure {
  const error = parseJson(body);
  const type = asString(headers['x-amzn-errortype']) ?? asString(getField(error, '__type'));
  // Also `com.amazonaws.ssm#ThrottlingException` and `ThrottlingException:http://...`.
  const [name = 'without an error code'] = /\w+$/.exec(type?.replace(/:.*$/, '') ?? '') ?? [];
  const isTransient = status >= 500 || status === 429 || TRANSIENT.some((codes) => codes.test(name));
  const [, advice] = service.advice.find(([codes]) => codes.test(name)) ?? [];
  const message = asString(getField(error, 'Message')) ?? asString(getField(error, 'message')) ?? 'no message';
  const detail = advice === undefined ? '' : ` (${message}): ${advice.replace('ACTION', action)}`;
  return { reason: `${service.title} answers ${status} ${name}${detail}`, isTransient };
}
