import { getMessage, type ErrorCode, type ErrorDetails, type MakeError, type UploadError } from './errors';
import type { Token } from './types';
import type { HttpResponse, World } from './world';

const TIMEOUT = 30_000;
/** A longer pause that the backend requires is the user's decision, in seconds. */
const MAX_RETRY_AFTER = 60;

/** Of the gateway's own responses. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthorized',
  404: 'not-found',
  429: 'too-many-requests',
};

export interface ApiRequest {
  readonly method?: string | undefined;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The user who must be logged in: for another one the request is not sent. */
  readonly user?: string;
}

/** The backend's routes, called as the user who is logged in. */
export interface Api {
  /**
   * The JSON of a response, `undefined` for 304. A request that returns 401 is repeated once with a fresh token.
   *
   * @throws UploadError
   */
  readonly call: (path: string, request?: ApiRequest) => Promise<unknown>;
  /** Identifies the user who is logged in, `''` if the token does not. @throws UploadError */
  readonly getUser: () => Promise<string>;
}

export function createApi(world: World, url: string, token: Token, makeError: MakeError): Api {
  const withinTimeout = <Value>(code: ErrorCode, promise: Promise<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        // fetch rejects with a TypeError when there is no connection: ours, or the app's that renews the token.
        reject(makeError(code, { detail: getMessage(cause), cause, isTransient: cause instanceof TypeError }));
      };
      const cancel = world.setTimer(TIMEOUT, () => {
        fail(new TypeError('no response'));
      });
      promise.then(resolve, fail).finally(cancel);
    });

  const readToken = async (refresh: boolean) => (typeof token === 'function' ? token({ refresh }) : token);
  const getToken = (refresh: boolean) => withinTimeout('token', readToken(refresh));

  const call = async (path: string, request: ApiRequest = {}, refresh = false): Promise<unknown> => {
    const { method = 'GET', body, headers, user } = request;
    const current = await getToken(refresh);
    if (user && user !== readUser(world, current)) throw makeError('user-changed');
    const pending = world.request(url + path, {
      method,
      headers: { authorization: `Bearer ${current}`, 'content-type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    const response = await withinTimeout('network', pending);
    const { status } = response;
    if (status < 300) return response.body;
    if (status === 401 && !refresh) return call(path, request, true);
    if (status !== 304) throw toError(response, makeError);
    return undefined;
  };

  return { call, getUser: async () => readUser(world, await getToken(false)) };
}

/** Of our functions, and `message` of the gateway. */
interface Problem extends Pick<ErrorDetails, 'detail' | 'errors'> {
  /** `urn:vod-client-upload:problem:<code>` */
  readonly type?: string;
  readonly message?: string;
}

function toError({ status, header, body }: HttpResponse, makeError: MakeError): UploadError {
  const { type, detail, message, errors } = (body ?? {}) as Problem;
  const code = (type?.split(':')[3] as ErrorCode | undefined) ?? CODES[status];
  const retryAfter = Number(header('retry-after'));
  // Why the gateway refuses a token is in this header alone.
  const reason = /error_description="([^"]+)/.exec(header('www-authenticate') ?? '')?.[1];
  return makeError(code ?? (status < 500 ? 'invalid-request' : 'unavailable'), {
    status,
    detail: reason ?? detail ?? message,
    errors,
    retryAfter: retryAfter || undefined,
    // 429 and 5xx; the gateway's own 429 has no Retry-After.
    isTransient: !(status < 429 || retryAfter > MAX_RETRY_AFTER),
  });
}

interface JwtClaims {
  readonly iss: string;
  readonly sub?: string;
}

/** Issuer and subject of a JWT. */
function readUser({ decodeBase64 }: World, token: string): string {
  try {
    const [, payload = ''] = token.split('.');
    const { iss, sub } = JSON.parse(decodeBase64(payload.replace(/-/g, '+').replace(/_/g, '/'))) as JwtClaims;
    return sub ? `${iss} ${sub}` : '';
  } catch {
    return '';
  }
}
