import { globalAgent as httpAgent } from 'node:http';
import { globalAgent as httpsAgent } from 'node:https';
// The package's own entry: esbuild keeps of it what is used, and only this one has types.
import { vod } from 'tencentcloud-sdk-nodejs-vod';
import { backoff, type RetryDeps } from '../platform/retry';
import { createPacer } from './pace';
import type { KeyPair } from './schemas';

type Client = InstanceType<typeof vod.v20180717.Client>;
type Action =
  'PullEvents' | 'ConfirmEvents' | 'SearchMedia' | 'DescribeMediaInfos' | 'DescribeTasks' | 'DescribeTaskDetail';

/** VOD's server API, version 2018-07-17. */
export type VodApi = { readonly [A in Action]: (request: Parameters<Client[A]>[0]) => ReturnType<Client[A]> };

export interface VodApiDeps extends RetryDeps {
  /** Scheme and host, such as https://vod.tencentcloudapi.com. */
  readonly url: string;
  /** Goes with every request when there is one. */
  readonly subAppId: number | undefined;
  /** Called for each request, so that a rotated pair is soon in use. */
  readonly keyPair: () => Promise<KeyPair>;
}

export interface VodCallOptions {
  /** Milliseconds since 1970; nothing is waited for beyond it. */
  readonly deadline: number;
  /** How often a call is tried that VOD did not answer, or refused with a transient error. */
  readonly tries: number;
}

/** A call that VOD refused (`code` is its word for it, such as AuthFailure.SignatureFailure) or did not answer. */
export class VodError extends Error {
  override readonly name = 'VodError';

  constructor(
    action: Action,
    reason: string,
    readonly code?: string,
  ) {
    super(`Cannot call ${action}: ${reason}`);
  }
}

/** VOD's code in an error, where VOD answered. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Longest wait for one answer, in milliseconds: PullEvents answers after 5 s at most, and VOD advises this (266/33433). */
const ANSWER_TIMEOUT = 10_000;
/** The longest pause before another try, in milliseconds. */
const MAX_PAUSE = 2_000;

/** Whether an error says nothing about the request: VOD did not answer, failed, or has had too many calls. */
export function isTransient(error: unknown): boolean {
  return /^(RequestLimitExceeded|InternalError)/.test(codeOf(error) ?? 'InternalError');
}

/**
 * The actions of VOD's server API that the functions call, through the vendor's SDK. Returns a function that takes a
 * deadline and a number of tries; all that it returns share one pace, see {@link createPacer}.
 *
 * Each action throws a VodError, which has VOD's code and never a secret, or what `keyPair` throws.
 */
export function vodApi({ url, subAppId, keyPair, now, sleep, random }: VodApiDeps) {
  const { protocol, host } = new URL(url);
  const httpProfile = {
    protocol: `${protocol}//`,
    endpoint: host,
    // Connections are used again. And with an agent given the SDK does not look for a proxy in the environment.
    agent: protocol === 'https:' ? httpsAgent : httpAgent,
  };
  const pacer = createPacer(now);

  async function callOnce(action: Action, request: object, deadline: number): Promise<unknown> {
    const credential = await keyPair();
    const client = new vod.v20180717.Client({ credential, profile: { httpProfile } });
    const wait = pacer.take(action);
    if (now() + wait >= deadline) throw new VodError(action, 'there was no time left for the call');
    if (wait > 0) await sleep(wait);
    const timeout = Math.max(1, Math.ceil(Math.min(ANSWER_TIMEOUT, deadline - now())));
    const signal = AbortSignal.timeout(timeout);
    try {
      const answer: unknown = await client.request(action, { SubAppId: subAppId, ...request }, { signal });
      return answer;
    } catch (error) {
      if (signal.aborted) throw new VodError(action, `VOD did not answer within ${timeout} ms`);
      throw toVodError(action, error);
    }
  }

  return ({ deadline, tries }: VodCallOptions): VodApi => {
    async function call(action: Action, request: object): Promise<unknown> {
      for (let attempt = 1; ; attempt++) {
        try {
          return await callOnce(action, request, deadline);
        } catch (error) {
          if (codeOf(error)?.startsWith('RequestLimitExceeded')) pacer.slowDown(action);
          const pause = backoff(attempt, random, 500, MAX_PAUSE);
          if (!isTransient(error) || attempt >= tries || now() + pause >= deadline) throw error;
          await sleep(pause);
        }
      }
    }
    const action =
      <A extends Action>(name: A) =>
      (request: Parameters<Client[A]>[0]) =>
        // The client's own methods are this call, with this type; but they take no signal.
        call(name, request) as ReturnType<Client[A]>;

    return {
      PullEvents: action('PullEvents'),
      ConfirmEvents: action('ConfirmEvents'),
      SearchMedia: action('SearchMedia'),
      DescribeMediaInfos: action('DescribeMediaInfos'),
      DescribeTasks: action('DescribeTasks'),
      DescribeTaskDetail: action('DescribeTaskDetail'),
    };
  };
}

/** What the SDK threw: VOD's code and the request's id when VOD answered, else why it did not. */
function toVodError(action: Action, error: unknown): VodError {
  const { code, requestId, httpCode, message }: SdkError = error instanceof Error ? error : new Error('unknown');
  if (requestId && code) return new VodError(action, `VOD answered ${code} (request ${requestId})`, code);
  return new VodError(action, httpCode ? `VOD answered HTTP status ${httpCode}` : `VOD did not answer: ${message}`);
}

/** The SDK's own error is not exported; any other has the message alone, or a code of Node's and no request. */
interface SdkError extends Error {
  readonly code?: string;
  readonly requestId?: string;
  readonly httpCode?: number;
}
