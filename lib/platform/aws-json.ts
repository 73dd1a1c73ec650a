import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { optional, type Environment } from './env';
import { asString, getField, parseJson } from './json';
import { backoff, type RetryDeps } from './retry';
import { signedHeaders, type Credentials } from './sigv4';

/** A service of AWS that speaks JSON over POST: what its endpoint, its targets and its messages are called. */
export interface AwsService {
  /** As in host names and signatures, such as `ssm`. */
  readonly name: string;
  /** As in errors. */
  readonly title: string;
  readonly target: string;
  readonly contentType: string;
  /** Advice for refusals whose message may be shown; others may quote the request, and with it the session token. */
  readonly advice: readonly (readonly [code: RegExp, advice: string])[];
}

export interface AwsCall {
  readonly action: string;
  readonly request: object;
  /** Such as `read secrets`, for the error: `Cannot read secrets: ...`. */
  readonly purpose: string;
}

/** How long one try may take, and all of them together, in milliseconds. */
const TRY_TIMEOUT = 3_000;
const TIMEOUT = 6_000;

/** What AWS means to be tried again, beside every status from 500. */
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
 * A client for one service: the SDK's would be most of what the signing function loads, and its cold start is what a
 * user waits for (`npm run bench`). Of an endpoint in the environment the path is not used.
 *
 * The function that it returns resolves to the JSON of the answer. It tries again, with jitter, for up to 6 seconds.
 *
 * @param env where Lambda puts region and credentials; read at each call
 * @throws Error with the service's refusal, or why it did not answer
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

/** Some actions, such as SQS's ChangeMessageVisibility, have nothing to answer. */
function parseAnswer(body: Buffer): unknown {
  return body.length === 0 ? {} : parseJson(body);
}

/** Where a service is in a region, or where the environment has it, in the variables that the SDKs read. */
export function serviceEndpoint(name: string, env: Environment, region: string): URL {
  const regional = `https://${name}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const configured = optional(env, `AWS_ENDPOINT_URL_${name.toUpperCase()}`) ?? optional(env, 'AWS_ENDPOINT_URL');
  return new URL('/', configured ?? regional);
}

function connect(service: AwsService, env: Environment, now: () => number, action: string, body: string) {
  const need = (name: string): string => {
    const value = optional(env, name);
    if (value !== undefined) return value;
    throw new Error(
      `Cannot call ${service.title}: the environment variable ${name} is missing, which Lambda sets by itself`,
    );
  };
  const region = need('AWS_REGION');
  const credentials: Credentials = {
    accessKeyId: need('AWS_ACCESS_KEY_ID'),
    secretAccessKey: need('AWS_SECRET_ACCESS_KEY'),
    sessionToken: optional(env, 'AWS_SESSION_TOKEN'),
  };
  const endpoint = serviceEndpoint(service.name, env, region);
  const { host } = endpoint;
  const given = { host, 'content-type': service.contentType, 'x-amz-target': `${service.target}.${action}` };

  return (timeout: number): Promise<Answer | Failure> =>
    new Promise((resolve) => {
      const fail = ({ message, code = '' }: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve({ reason: `${service.title} at ${host} does not answer: ${message || code}`, isTransient: true });
      };
      const unsigned = { method: 'POST', headers: given, body };
      const headers = signedHeaders(unsigned, { region, service: service.name }, credentials, now());
      const open = endpoint.protocol === 'http:' ? httpRequest : httpsRequest;
      // Each on a connection of its own: the next one is minutes away, when a kept one would be dead.
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

/** What the service reports. Its errors never contain a parameter's value. */
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
