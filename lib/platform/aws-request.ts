import { optional, type Environment } from './env';
import { type HttpResponse, type Post } from './http-post';
import { asString, getField, parseJson } from './json';
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
  /** Advice by error code. The message is shown for these codes only: others may quote the request with its session token. */
  readonly advice: readonly (readonly [code: RegExp, advice: string])[];
}

/** Why a call has no result. */
export interface AwsFailure {
  /** The service's refusal, or why there was no response. */
  readonly reason: string;
  readonly isTransient: boolean;
  /** The service's error code; absent if there was no response. */
  readonly code?: string;
  /** The JSON of the error. */
  readonly error?: unknown;
}

export interface AwsRequestDeps {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly post: Post;
}

/**
 * Error codes that are retried, in addition to 429 and every status from 500: throttling, of the service or of KMS behind it,
 * and failures of the service that some of them report with the status 400.
 */
const TRANSIENT = [
  /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown/,
  /Timeout|ServiceUnavailable|^Internal(Server|Service)?(Error|Failure)|^KMSInternal/,
];

/**
 * A signed request to a service, for one action. The SDK's client would be most of what a function loads, and users wait for
 * its cold start (`npm run bench`).
 *
 * Returns a function that sends it once, with a timeout in milliseconds, and resolves to the JSON of the response or to the
 * failure.
 *
 * @param env has the region and the credentials that Lambda sets. The path of an endpoint in it is ignored
 * @throws Error when the environment lacks one of them
 */
export function awsRequest(
  service: AwsService,
  env: Environment,
  deps: AwsRequestDeps,
  action: string,
  request: object,
) {
  const { now, post } = deps;
  const requireVariable = (name: string): string => {
    const value = optional(env, name);
    if (value !== undefined) return value;
    throw new Error(
      `Cannot call ${service.title}: the environment variable ${name} is missing, which Lambda sets by itself`,
    );
  };
  const region = requireVariable('AWS_REGION');
  const credentials: Credentials = {
    accessKeyId: requireVariable('AWS_ACCESS_KEY_ID'),
    secretAccessKey: requireVariable('AWS_SECRET_ACCESS_KEY'),
    sessionToken: optional(env, 'AWS_SESSION_TOKEN'),
  };
  const url = serviceEndpoint(service.name, env, region);
  const { host } = url;
  const ownHeaders = { host, 'content-type': service.contentType, 'x-amz-target': `${service.target}.${action}` };
  const body = JSON.stringify(request);

  return async (timeout: number): Promise<{ readonly value: unknown } | AwsFailure> => {
    const unsigned = { method: 'POST', headers: ownHeaders, body };
    const headers = signedHeaders(unsigned, { region, service: service.name }, credentials, now());
    let response: HttpResponse;
    try {
      response = await post({ url, headers, body, timeout });
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      return { reason: `${service.title} at ${host} does not respond: ${reason}`, isTransient: true };
    }
    const value = response.status === 200 ? parseResult(response.body) : undefined;
    return value === undefined ? parseRefusal(service, response, action) : { value };
  };
}

/** Some actions, for example SQS's ChangeMessageVisibility, respond with an empty body. */
function parseResult(body: Buffer): unknown {
  return body.length === 0 ? {} : parseJson(body);
}

/** The endpoint of a service: from the variables that the AWS SDKs read too, else the one of the region. */
export function serviceEndpoint(name: string, env: Environment, region: string): URL {
  const regional = `https://${name}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const configured = optional(env, `AWS_ENDPOINT_URL_${name.toUpperCase()}`) ?? optional(env, 'AWS_ENDPOINT_URL');
  return new URL('/', configured ?? regional);
}

/** The service's own error, which never contains a parameter's value. */
function parseRefusal(service: AwsService, { status, headers, body }: HttpResponse, action: string): AwsFailure {
  const error = parseJson(body);
  const type = asString(headers['x-amzn-errortype']) ?? asString(getField(error, '__type'));
  // Also `com.amazonaws.ssm#ThrottlingException` and `ThrottlingException:http://...`.
  const [code = 'without an error code'] = /\w+$/.exec(type?.replace(/:.*$/, '') ?? '') ?? [];
  const isTransient = status >= 500 || status === 429 || TRANSIENT.some((codes) => codes.test(code));
  const [, advice] = service.advice.find(([codes]) => codes.test(code)) ?? [];
  const message = asString(getField(error, 'Message')) ?? asString(getField(error, 'message')) ?? 'no message';
  const detail = advice === undefined ? '' : ` (${message}): ${advice.replace('ACTION', action)}`;
  return { reason: `${service.title} returned ${status} ${code}${detail}`, isTransient, code, error };
}
