import { globalAgent as httpAgent } from 'node:http';
import { globalAgent as httpsAgent } from 'node:https';
// The package's own entry: esbuild keeps of it what is used, and only this one has types.
import { vod } from 'tencentcloud-sdk-nodejs-vod';
import type { KeyPair } from './schemas';

type Client = InstanceType<typeof vod.v20180717.Client>;
type Action =
  'PullEvents' | 'ConfirmEvents' | 'SearchMedia' | 'DescribeMediaInfos' | 'DescribeTasks' | 'DescribeTaskDetail';

/** VOD's server API, version 2018-07-17. */
export type VodApi = { readonly [A in Action]: (request: Parameters<Client[A]>[0]) => ReturnType<Client[A]> };

export interface VodApiDeps {
  /** Scheme and host, such as https://vod.tencentcloudapi.com. */
  readonly url: string;
  /** Goes with every request when there is one. */
  readonly subAppId: number | undefined;
  /** Asked for at each call, so that a rotated pair is soon in use. */
  readonly keyPair: () => Promise<KeyPair>;
  /** Milliseconds since 1970; nothing is waited for beyond it. */
  readonly deadline: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** 0 to 1, spreads the retries. */
  readonly random: () => number;
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

/** Longest wait for one answer, in milliseconds: PullEvents answers after 5 s at most, and VOD advises this (266/33433). */
const ANSWER_TIMEOUT = 10_000;
/** Between two calls, in milliseconds: VOD takes 100 a second for each action, and half of that is left to others. */
const PACE = 1000 / 50;
/** Before the second try and before the last, in milliseconds. */
const PAUSES = [500, 1_500];
/** What passes by itself. */
const PASSING = /^(RequestLimitExceeded|InternalError)/;

/**
 * The actions of VOD's server API that the functions call, by the vendor's SDK, at most 50 calls a second. What passes by
 * itself (no answer, too many requests, an internal error of VOD's) is tried three times, as far as the deadline allows.
 *
 * Each action throws a VodError, which says what VOD's code was and never has a secret in it, or what `keyPair` throws.
 */
export function vodApi({ url, subAppId, keyPair, deadline, now, sleep, random }: VodApiDeps): VodApi {
  const { protocol, host } = new URL(url);
  const httpProfile = {
    protocol: `${protocol}//`,
    endpoint: host,
    // Connections are used again. And with an agent given the SDK does not look for a proxy in the environment.
    agent: protocol === 'https:' ? httpsAgent : httpAgent,
  };
  let free = 0;

  async function turn(): Promise<void> {
    const wait = free - now();
    free = Math.max(free, now()) + PACE;
    if (wait > 0) await sleep(wait);
  }

  async function once(action: Action, request: object): Promise<unknown> {
    const client = new vod.v20180717.Client({ credential: await keyPair(), profile: { httpProfile } });
    await turn();
    const timeout = Math.ceil(Math.min(ANSWER_TIMEOUT, deadline - now()));
    if (timeout <= 0) throw new VodError(action, 'its time was up');
    const signal = AbortSignal.timeout(timeout);
    try {
      const answer: unknown = await client.request(action, { SubAppId: subAppId, ...request }, { signal });
      return answer;
    } catch (error) {
      throw signal.aborted ? new VodError(action, `VOD did not answer within ${timeout} ms`) : failure(action, error);
    }
  }

  async function call(action: Action, request: object): Promise<unknown> {
    for (const pause of PAUSES) {
      try {
        return await once(action, request);
      } catch (error) {
        const wait = pause * (0.5 + random() / 2);
        if (!(error instanceof VodError) || !PASSING.test(error.code ?? 'InternalError')) throw error;
        if (now() + wait >= deadline) throw error;
        await sleep(wait);
      }
    }
    return once(action, request);
  }

  const played =
    <A extends Action>(action: A) =>
    (request: Parameters<Client[A]>[0]) =>
      // The client's own methods are this call, with this type; but they take no signal.
      call(action, request) as ReturnType<Client[A]>;

  return {
    PullEvents: played('PullEvents'),
    ConfirmEvents: played('ConfirmEvents'),
    SearchMedia: played('SearchMedia'),
    DescribeMediaInfos: played('DescribeMediaInfos'),
    DescribeTasks: played('DescribeTasks'),
    DescribeTaskDetail: played('DescribeTaskDetail'),
  };
}

/** What the SDK threw: VOD's code and the request's id when VOD answered, else why it did not. */
function failure(action: Action, error: unknown): VodError {
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
