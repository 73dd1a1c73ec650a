import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { optional, type Environment } from './env';
import { asString, getField, parseJson } from './json';
import { backoff, type RetryDeps } from './retry';
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

export interface AwsCall {
  readonly action: string;
  readonly request: object;
  /** For the error, for example `read secrets`: `Cannot read secrets: ...`. */
  readonly purpose: string;
}

/** For one attempt, in milliseconds. */
const TRY_TIMEOUT = 3_000;
/** For all attempts together, in milliseconds. */
const TIMEOUT = 6_000;

/** Error codes that are retried, in addition to 429 and every status from 500. */
const TRANSIENT = /Throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout/;

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Failure {
  readonly reason: string;
  readonly isTransient: boolean;
}

/**
 * A client for one service. The SDK's client would be most of what the signing function loads, and users wait for its
 * cold start (`npm run bench`).
 *
 * Returns a function that resolves to the JSON of the response. It retries transient failures, with jitter, for up to 6
 * seconds, and throws an Error with the service's refusal, or with the reason why there was no response.
 *
 * @param env has the region and the credentials that Lambda sets; read at each call. The path of an endpoint in it is ignored
 */
export function awsJsonClient(service: AwsService, env: Environment, { now, sleep, random }: RetryDeps) {
  return async ({ action, request, purpose }: AwsCall): Promise<unknown> => {
    const send = connect(service, env, now, action, JSON.stringify(request));
    const deadline = now() + TIMEOUT;
    for (let attempt = 1; ; attempt++) {
      const answer = await send(Math.max(1, Math.min(TRY_TIMEOUT, deadline - now())));
      const value = 'status' in answer && answer.status === 200 ? parseAnswer(answer.body) : undefined;
      if (value !== undefined) return value;
      const { reason, isTransient } = 'status' in answer ? parseRefusal(service, answer, action) : answer;
      const pause = backoff(attempt, random, 100, 1_500);
      if (!isTransient || now() + pause >= deadline) throw new Error(`Cannot ${purpose}: ${reason}`);
      await sleep(pause);
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

function connect(service: AwsService, env: Environment, now: () => number, action: string, body: string) {
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
  const endpoint = serviceEndpoint(service.name, env, region);
  const { host } = endpoint;
  const ownHeaders = { host, 'content-type': service.contentType, 'x-amz-target': `${service.target}.${action}` };

  return (timeout: number): Promise<Answer | Failure> =>
    new Promise((resolve) => {
      const fail = ({ message, code = '' }: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve({ reason: `${service.title} at ${host} does not answer: ${message || code}`, isTransient: true });
      };
      const unsigned = { method: 'POST', headers: ownHeaders, body };
      const headers = signedHeaders(unsigned, { region, service: service.name }, credentials, now());
      const open = endpoint.protocol === 'http:' ? httpRequest : httpsRequest;
      // A new connection each time: the next call is minutes away, and an idle connection would be closed by then.
      const request = open(endpoint, { method: 'POST', headers, agent: false });
      const timer = setTimeout(() => request.destroy(new Error(`nothing came within ${timeout} ms`)), timeout);
      request.on('error', fail);
      request.on('response', (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
        });
      });
      request.end(body);
    });
}

/** The service's own error, which never contains a parameter's value. */
function parseRefusal(service: AwsService, { status, body }: Answer, action: string): Failure {
  const error = parseJson(body);
  // Some services write `com.amazonaws.ssm#ThrottlingException`, others the name alone.
  const [name = 'without an error code'] = /\w+$/.exec(asString(getField(error, '__type')) ?? '') ?? [];
  const isTransient = status >= 500 || status === 429 || TRANSIENT.test(name);
  const [, advice] = service.advice.find(([codes]) => codes.test(name)) ?? [];
  const message = asString(getField(error, 'Message')) ?? asString(getField(error, 'message')) ?? 'no message';
  const detail = advice === undefined ? '' : ` (${message}): ${advice.replace('ACTION', action)}`;
  return { reason: `${service.title} answers ${status} ${name}${detail}`, isTransient };
}
