import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { webhookConfig } from '../../lib/events/config';
import { recordEvent } from '../../lib/events/webhook';
import type { HttpResponse, Post } from '../../lib/platform/http-post';
import { parameterReader } from '../../lib/platform/ssm';
import { signerConfig } from '../../lib/signing/config';
import { signUpload } from '../../lib/signing/issue';
import { newFileUpload } from './events';
import { context as invocation, delivery, signRequest } from './lambda';
import { environment } from './signer';
import { memoryStore } from './unit/memory-store';
import { simulatedTime, type SimulatedTime } from './unit/simulated-time';

const TOKEN = 'k3q9-token-of-the-callback';
const PARAMETERS = new Map([
  ['/vod/key', JSON.stringify({ secretId: 'AKIDexample', secretKey: 'key' })],
  ['/vod/seal', 'seal-key'],
  ['/vod/token', TOKEN],
]);
const AWS = { AWS_REGION: 'ap-southeast-1', AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };

/** How long VOD waits for a response, in milliseconds, and how often it sends an event at most (266/7829). */
const VOD_PATIENCE = 5_000;
const VOD_TRIES = 4;

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface TimedResponse {
  readonly status: number | undefined;
  readonly headers: APIGatewayProxyStructuredResultV2['headers'];
  /** How long it took, in milliseconds. */
  readonly took: number;
}

interface AccountOptions {
  readonly seed: number;
  /** Of SSM, in milliseconds. */
  readonly latency?: number;
  /** How many calls SSM accepts. */
  readonly callsPerSecond?: number;
}

/**
 * Many new instances of two functions in one process, in simulated time, over a model of SSM's protocol that accepts 40
 * calls in any second and throttles all others. The functions are those of lib; only time and the network are simulated.
 */
export function startColdAccount({ seed, latency = 30, callsPerSecond = 40 }: AccountOptions) {
  const time = simulatedTime();
  const random = seededRandom(seed);
  const ssm = throttlingStore(time, latency, callsPerSecond);
  const store = memoryStore(time.now);
  const lines: Readonly<Record<string, unknown>>[] = [];
  const deps = () => ({
    getParameters: parameterReader(AWS, { now: time.now, sleep: time.sleep, random, post: ssm.post }),
    now: time.now,
    log: (fields: Readonly<Record<string, unknown>>) => void lines.push(fields),
  });
  const signers = fleet(random, () =>
    signUpload({ ...deps(), config: signerConfig(environment), random: () => Math.floor(random() * 2 ** 32) }),
  );
  const webhooks = fleet(random, () =>
    recordEvent({
      ...deps(),
      store,
      config: webhookConfig({
        TABLE_NAME: 'uploads',
        SEAL_KEY_PARAMETER: '/vod/seal',
        CALLBACK_TOKEN_PARAMETER: '/vod/token',
      }),
    }),
  );
  const context = (milliseconds: number): Context => {
    const end = time.now() + milliseconds;
    return { ...invocation(), getRemainingTimeInMillis: () => end - time.now() };
  };
  const timed = async (call: Promise<APIGatewayProxyStructuredResultV2>): Promise<TimedResponse> => {
    const begin = time.now();
    const { statusCode, headers } = await call;
    return { status: statusCode, headers, took: time.now() - begin };
  };
  const sign = () => timed(signers.use((handler) => handler(signRequest(), context(10_000))));
  const post = (fileId: string, query: string) =>
    timed(webhooks.use((handler) => handler(delivery(newFileUpload({ fileId }), { query }), context(25_000))));

  return {
    time,
    ssm,
    store,
    lines,
    sign,
    /** Retries after each 503 as its Retry-After says, until there is a signature; returns every response. */
    signWithRetries: async (): Promise<readonly TimedResponse[]> => {
      const responses: TimedResponse[] = [];
      for (;;) {
        const response = await sign();
        responses.push(response);
        if (response.status !== 503) return responses;
        await time.sleep(Number(response.headers?.['retry-after']) * 1000);
      }
    },
    post,
    /** Posts an event with the right token. */
    postEvent: (fileId: string) => post(fileId, `token=${TOKEN}`),
    /** Sends an event as VOD does: again when there is no response within 5 s, at most four times. */
    deliver: async (fileId: string): Promise<void> => {
      for (let tries = 0; tries < VOD_TRIES; tries++) {
        const isTimedResponse = post(fileId, `token=${TOKEN}`).then(() => true);
        const isOver = time.sleep(VOD_PATIENCE).then(() => false);
        if (await Promise.race([isTimedResponse, isOver])) return;
      }
    },
  };
}

export type ColdAccount = ReturnType<typeof startColdAccount>;

/** SSM's GetParameters: `callsPerSecond` results in any second, ThrottlingException for all other calls. */
function throttlingStore(time: SimulatedTime, latency: number, callsPerSecond: number) {
  let accepted: number[] = [];
  const counts = { accepted: 0, throttled: 0 };
  const json = (status: number, value: object): HttpResponse => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: Buffer.from(JSON.stringify(value)),
  });
  const post: Post = async ({ body, timeout }) => {
    await time.sleep(Math.min(latency, timeout));
    if (timeout < latency) throw new Error(`no data received within ${timeout} ms`);
    accepted = accepted.filter((at) => time.now() - at < 1_000);
    if (accepted.length >= callsPerSecond) {
      counts.throttled++;
      return json(400, { __type: 'ThrottlingException', message: 'Rate exceeded' });
    }
    counts.accepted++;
    accepted.push(time.now());
    const { Names } = JSON.parse(body) as { readonly Names: readonly string[] };
    return json(200, {
      Parameters: Names.map((Name) => ({ Name, Value: PARAMETERS.get(Name) })),
      InvalidParameters: [],
    });
  };
  return { post, counts };
}

/** Instances as Lambda has them: a request goes to one that is idle, or else to a new one. */
function fleet<Handler>(random: () => number, start: () => Handler) {
  const idle: Handler[] = [];
  return {
    use: async <T>(call: (handler: Handler) => Promise<T>): Promise<T> => {
      const [chosen = start()] = idle.splice(Math.floor(random() * idle.length), 1);
      try {
        return await call(chosen);
      } finally {
        idle.push(chosen);
      }
    },
  };
}
