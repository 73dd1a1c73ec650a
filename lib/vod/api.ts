import { globalAgent as httpAgent } from 'node:http';
import { globalAgent as httpsAgent } from 'node:https';
// The package's main entry: only this one has types, and esbuild removes what is unused.
import { vod } from 'tencentcloud-sdk-nodejs-vod';
import { backoff, type RetryDeps } from '../platform/retry';
import { adviseOn, isRateError, isTransient, VodError } from './api-errors';
import { createPacer } from './pace';
import type { KeyPair } from './schemas';

export { codeOf, isAccountError, isRateError, isTransient, VodError } from './api-errors';

type Client = InstanceType<typeof vod.v20180717.Client>;
type Action =
  | 'PullEvents'
  | 'ConfirmEvents'
  | 'SearchMedia'
  | 'DescribeMediaInfos'
  | 'DescribeTasks'
  | 'DescribeTaskDetail'
  | 'DeleteMedia'
  | 'ForbidMediaDistribution';

/** VOD's server API, version 2018-07-17. */
export type VodApi = { readonly [A in Action]: (request: Parameters<Client[A]>[0]) => ReturnType<Client[A]> };

export interface VodApiDeps extends RetryDeps {
  /** Scheme and host, for example https://vod.tencentcloudapi.com. */
  readonly url: string;
  /** Sent with every request unless it is undefined. */
  readonly subAppId: number | undefined;
  /** Called for each request, so that a rotated pair is used soon; may take `timeout` milliseconds. */
  readonly keyPair: (timeout: number) => Promise<KeyPair>;
}

export interface VodCallOptions {
  /** Milliseconds since 1970; no call or pause lasts longer. */
  readonly deadline: number;
  /** How many times a call is attempted that fails without a response or with a transient error. */
  readonly tries: number;
}

/** Longest wait for one response, in milliseconds: PullEvents takes up to 5 s, and VOD recommends 10 s (266/33433). */
const RESPONSE_TIMEOUT = 10_000;
/** Longest pause between two attempts, in milliseconds. */
const MAX_PAUSE = 2_000;

/**
 * The actions of VOD's server API that the functions call, through the vendor's SDK. Returns a function that creates an API
 * client for a deadline and a number of attempts; all clients share one pace, see {@link createPacer}.
 *
 * Each action throws a VodError, which has VOD's code and never a secret, or what `keyPair` throws.
 */
export function vodApi({ url, subAppId, keyPair, now, sleep, random }: VodApiDeps) {
  const { protocol, host } = new URL(url);
  const httpProfile = {
    protocol: `${protocol}//`,
    endpoint: host,
    // Reuses connections; with an agent, the SDK also ignores a proxy in the environment.
    agent: protocol === 'https:' ? httpsAgent : httpAgent,
  };
  const pacer = createPacer(now);

  async function callOnce(action: Action, request: object, deadline: number): Promise<unknown> {
    const credential = await keyPair(deadline - now());
    const client = new vod.v20180717.Client({ credential, profile: { httpProfile } });
    const wait = pacer.take(action, deadline);
    if (wait === undefined) throw new VodError(action, 'there was no time left for the call');
    if (wait > 0) await sleep(wait);
    const timeout = Math.max(1, Math.ceil(Math.min(RESPONSE_TIMEOUT, deadline - now())));
    const signal = AbortSignal.timeout(timeout);
    try {
      const response: unknown = await client.request(action, { SubAppId: subAppId, ...request }, { signal });
      return response;
    } catch (error) {
      if (signal.aborted) throw new VodError(action, `VOD did not respond within ${timeout} ms`);
      throw toVodError(action, error);
    }
  }

  return ({ deadline, tries }: VodCallOptions): VodApi => {
    async function call(action: Action, request: object): Promise<unknown> {
      for (let attempt = 1; ; attempt++) {
        try {
          return await callOnce(action, request, deadline);
        } catch (error) {
          if (isRateError(error)) pacer.slowDown(action);
          const pause = backoff(attempt, random, 500, MAX_PAUSE);
          if (!isTransient(error) || attempt >= tries || now() + pause >= deadline) throw error;
          await sleep(pause);
        }
      }
    }
    const action =
      <A extends Action>(name: A) =>
      (request: Parameters<Client[A]>[0]) =>
        // The client's own methods make this call with this type, but do not accept a signal.
        call(name, request) as ReturnType<Client[A]>;

    return {
      PullEvents: action('PullEvents'),
      ConfirmEvents: action('ConfirmEvents'),
      SearchMedia: action('SearchMedia'),
      DescribeMediaInfos: action('DescribeMediaInfos'),
      DescribeTasks: action('DescribeTasks'),
      DescribeTaskDetail: action('DescribeTaskDetail'),
      DeleteMedia: action('DeleteMedia'),
      ForbidMediaDistribution: action('ForbidMediaDistribution'),
    };
  };
}

/**
 * Converts an error of the SDK: with VOD's code and request id if VOD returned one, and what to do if it refuses the
 * account; else with the reason why there was no response.
 */
function toVodError(action: Action, error: unknown): VodError {
  const { code, requestId, httpCode, message }: SdkError = error instanceof Error ? error : new Error('unknown');
  if (requestId && code) {
    const advice = adviseOn(code, action);
    const reason = `VOD returned ${code} (request ${requestId})${advice === undefined ? '' : `: ${advice}`}`;
    return new VodError(action, reason, code);
  }
  return new VodError(action, httpCode ? `VOD returned HTTP status ${httpCode}` : `VOD did not respond: ${message}`);
}

/** The SDK does not export its error type. An error of Node has no `requestId`. */
interface SdkError extends Error {
  readonly code?: string;
  readonly requestId?: string;
  readonly httpCode?: number;
}
