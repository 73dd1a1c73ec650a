import { createHash } from 'node:crypto';
import { explainFetchFailure } from '../network/fetch-failure';
import { proxyVariable } from '../network/proxy';
import { withToken } from './url';

/** The secrets that authenticate a call of the webhook; of two values, the first one. */
export interface CallbackSecrets {
  readonly token?: string | undefined;
  readonly signKey?: string | undefined;
}

/** In seconds: the validity that VOD gives a Sign. */
const SIGN_VALIDITY = 600;
/** In milliseconds: the webhook may retry a write for 25 s. */
const RESPONSE_TIMEOUT = 30_000;
/** How much of a response body is read, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;

export interface CallbackResponse {
  readonly status: number;
  /** The beginning of the body, {@link MAX_BODY_BYTES} at most, without the token. */
  readonly text: string;
  /** Why the rest of the body was not read; absent where `text` is all of it. */
  readonly cut?: string;
}

/**
 * Posts an event as VOD does: the token in the URL, Sign = MD5(SignKey + T) and its expiry time T in the message
 * (266/55244). `now` is in milliseconds.
 *
 * @throws Error with the reason why there was no response
 */
export async function postCallback(
  url: string,
  event: object,
  { token, signKey }: CallbackSecrets,
  now: number,
): Promise<CallbackResponse> {
  const expiry = Math.floor(now / 1000) + SIGN_VALIDITY;
  const sign = signKey !== undefined && {
    Sign: createHash('md5').update(`${signKey}${expiry}`).digest('hex'),
    T: expiry,
  };
  try {
    const response = await fetch(withToken(url, token), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...event, ...sign }),
      redirect: 'manual', // no document says that VOD follows one
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
    });
    const { text, cut } = await readText(response);
    return { status: response.status, text: hideToken(text, token), ...(cut !== undefined && { cut }) };
  } catch (error) {
    throw new Error(`no response: ${explainFetchFailure(error)}${viaProxy(url)}`, { cause: error });
  }
}

/** Reads the beginning of a body, which may be endless, slow, or truncated. */
async function readText({ body }: Response): Promise<{ readonly text: string; readonly cut?: string }> {
  if (!body) return { text: '' };
  const chunks: Uint8Array[] = [];
  let length = 0;
  let cut: string | undefined;
  try {
    // Leaving the loop cancels the body.
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk.subarray(0, MAX_BODY_BYTES - length));
      length += chunk.length;
      if (length > MAX_BODY_BYTES) {
        cut = `only ${MAX_BODY_BYTES} bytes of it were read`;
        break;
      }
    }
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    cut = isTimeout
      ? `it did not end within ${RESPONSE_TIMEOUT / 1000} s`
      : `it was cut off: ${explainFetchFailure(error)}`;
  }
  return { text: Buffer.concat(chunks).toString(), ...(cut !== undefined && { cut }) };
}

/** Removes the token: the response may quote the URL. */
function hideToken(text: string, token: string | undefined): string {
  if (token === undefined) return text;
  const spellings = [
    token,
    encodeURIComponent(token),
    new URLSearchParams({ token }).toString().slice('token='.length),
  ];
  return spellings.reduce((hidden, spelling) => hidden.replaceAll(spelling, '...'), text);
}

function viaProxy(url: string): string {
  const variable = proxyVariable(url);
  return variable === undefined ? '' : ` (through the proxy in ${variable}; list the host in NO_PROXY to bypass it)`;
}
