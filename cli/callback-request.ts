import { createHash } from 'node:crypto';

/** What opens the webhook; the first of each when there are two. */
export interface CallbackSecrets {
  readonly token?: string | undefined;
  readonly signKey?: string | undefined;
}

/** In seconds: how long VOD makes a Sign last. */
const SIGN_LASTS = 600;
/** In milliseconds: the webhook may try to write for 25 s. */
const ANSWER_TIMEOUT = 30_000;

/**
 * Posts an event as VOD does: the token in the URL, Sign = MD5(SignKey + T) and its expiry time T in the message
 * (266/55244). `now` is in milliseconds.
 *
 * @throws Error that says why nobody answered
 */
export async function postCallback(url: string, event: object, { token, signKey }: CallbackSecrets, now: number) {
  const expiry = Math.floor(now / 1000) + SIGN_LASTS;
  const sign = signKey !== undefined && {
    Sign: createHash('md5').update(`${signKey}${expiry}`).digest('hex'),
    T: expiry,
  };
  try {
    const response = await fetch(withToken(url, token), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...event, ...sign }),
      redirect: 'manual', // VOD is not said to follow one
      signal: AbortSignal.timeout(ANSWER_TIMEOUT),
    });
    const text = await response.text();
    // What answers may quote the URL that it was asked at.
    return { status: response.status, text: token === undefined ? text : text.replaceAll(token, '...') };
  } catch (error) {
    throw new Error(`nobody answers: ${whyFetchFailed(error)}`, { cause: error });
  }
}

/** `fetch failed` says nothing; its cause does, and neither may quote a URL with a token. */
export function whyFetchFailed(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message).replace(/https?:\S+/g, 'the URL');
}

export function withToken(url: string, token: string | undefined): string {
  const callback = new URL(url);
  if (token !== undefined) callback.searchParams.set('token', token);
  return callback.href;
}

/** A callback URL as it may be shown: without user, password and what a query says. */
export function shown(callback: string): string {
  if (!URL.canParse(callback)) return callback === '' ? '' : 'what is no URL';
  const { origin, pathname, search } = new URL(callback);
  return `${origin}${pathname}${search === '' ? '' : '?...'}`;
}

/** A callback URL in two: what may be shown, and the token that may not. */
export function splitToken(callback: string): { readonly url: string; readonly token: string | null } {
  if (!URL.canParse(callback)) return { url: callback.replace(/token=[^&]*/g, 'token=...'), token: null };
  const url = new URL(callback);
  const token = url.searchParams.get('token');
  url.searchParams.delete('token');
  return { url: url.href, token };
}
