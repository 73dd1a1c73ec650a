import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { optional, type Environment } from './env';
import { list, parseJson, text } from './json';
import { signedHeaders, type Credentials } from './sigv4';

/**
 * The values of SSM parameters by name, decrypted, without those that do not exist; at most ten names, each once.
 *
 * @throws Error that says what SSM refuses, or why it does not answer
 */
export type GetParameters = (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** How long one try may take, and all of them together, in milliseconds. */
const TRY_TIMEOUT = 3_000;
const TIMEOUT = 6_000;
const TRIES = 3;

/** What AWS means to be asked again, beside every status from 500. */
const TRANSIENT = /Throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout/;

/** The errors whose message is passed on. Others may quote the request, and with it the session token. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^AccessDenied/, "the function's role needs ssm:ACTION on them, and kms:Decrypt if their key is your own"],
  [/^(InvalidKeyId|KMS)/, "their KMS key must exist, be enabled and let the function's role decrypt"],
];

const PURPOSES = { GetParameters: 'read secrets', PutParameter: 'keep the place of a run' } as const;
type Action = keyof typeof PURPOSES;

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Failure {
  readonly reason: string;
  readonly isTransient: boolean;
}

/**
 * SSM's GetParameters: the SDK's client would be most of what the signing function loads, and its cold start is what a
 * user waits for (`npm run bench`). Of an endpoint in the environment the path is not used.
 *
 * @param env where Lambda puts region and credentials; read at each call
 * @param now milliseconds since 1970
 */
export function parameterReader(env: Environment, now: () => number): GetParameters {
  return async (names) => {
    const answer = await ask(env, now, 'GetParameters', { Names: names, WithDecryption: true });
    const values = new Map<string, string>();
    for (const parameter of list(answer, 'Parameters')) {
      const [name, value] = [text(parameter, 'Name'), text(parameter, 'Value')];
      if (name !== undefined && value !== undefined) values.set(name, value);
    }
    return values;
  };
}

/**
 * SSM's PutParameter of a String, over what was there; arguments as for {@link parameterReader}.
 *
 * @throws Error that says what SSM refuses, or why it does not answer
 */
export function parameterWriter(env: Environment, now: () => number) {
  return async (name: string, value: string): Promise<void> => {
    await ask(env, now, 'PutParameter', { Name: name, Value: value, Type: 'String', Overwrite: true });
  };
}

async function ask(env: Environment, now: () => number, action: Action, request: object): Promise<unknown> {
  const send = connection(env, now, action, JSON.stringify(request));
  const deadline = now() + TIMEOUT;
  for (let tries = 1; ; tries++) {
    const answer = await send(Math.max(1, Math.min(TRY_TIMEOUT, deadline - now())));
    const said = 'status' in answer && answer.status === 200 ? parseJson(answer.body) : undefined;
    if (said !== undefined) return said;
    const { reason, isTransient } = 'status' in answer ? refusal(answer, action) : answer;
    const pause = 100 * tries;
    const isLast = tries === TRIES || now() + pause >= deadline;
    if (!isTransient || isLast) throw new Error(`Cannot ${PURPOSES[action]}: ${reason}`);
    await sleep(pause);
  }
}

/** Where SSM is in a region, or where the environment says that it is, in the variables that the SDKs read. */
export function ssmEndpoint(env: Environment, region: string): URL {
  const usual = `https://ssm.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  return new URL('/', optional(env, 'AWS_ENDPOINT_URL_SSM') ?? optional(env, 'AWS_ENDPOINT_URL') ?? usual);
}

function connection(env: Environment, now: () => number, action: Action, body: string) {
  const need = (name: string): string => {
    const value = optional(env, name);
    if (value !== undefined) return value;
    throw new Error(`Cannot read secrets: the environment variable ${name} is missing, which Lambda sets by itself`);
  };
  const region = need('AWS_REGION');
  const credentials: Credentials = {
    accessKeyId: need('AWS_ACCESS_KEY_ID'),
    secretAccessKey: need('AWS_SECRET_ACCESS_KEY'),
    sessionToken: optional(env, 'AWS_SESSION_TOKEN'),
  };
  const endpoint = ssmEndpoint(env, region);
  const { host } = endpoint;
  const contentType = 'application/x-amz-json-1.1';
  const given = { host, 'content-type': contentType, 'x-amz-target': `AmazonSSM.${action}` };

  return (timeout: number): Promise<Answer | Failure> =>
    new Promise((resolve) => {
      const fail = ({ message, code = '' }: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve({ reason: `SSM at ${host} does not answer: ${message || code}`, isTransient: true });
      };
      const unsigned = { method: 'POST', headers: given, body };
      const headers = signedHeaders(unsigned, { region, service: 'ssm' }, credentials, now());
      const make = endpoint.protocol === 'http:' ? httpRequest : httpsRequest;
      // Each on a connection of its own: the next one is minutes away, when a kept one would be dead.
      const request = make(endpoint, { method: 'POST', headers, agent: false });
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

/** What SSM says is wrong. Its errors never hold a parameter's value. */
function refusal({ status, body }: Answer, action: Action): Failure {
  const error = parseJson(body);
  // Some services write `com.amazonaws.ssm#ThrottlingException`, others the name alone.
  const [name = 'and no error of its own'] = /\w+$/.exec(text(error, '__type') ?? '') ?? [];
  const isTransient = status >= 500 || status === 429 || TRANSIENT.test(name);
  const [, advice] = ADVICE.find(([names]) => names.test(name)) ?? [];
  const said =
    advice === undefined ? '' : ` (${text(error, 'Message') ?? 'without a word'}): ${advice.replace('ACTION', action)}`;
  return { reason: `SSM answers ${status} ${name}${said}`, isTransient };
}
