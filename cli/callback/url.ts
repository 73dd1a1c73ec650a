/** Returns the callback URL with the token in its query, where there is one. */
export function withToken(url: string, token: string | undefined): string {
  const callback = new URL(url);
  if (token !== undefined) callback.searchParams.set('token', token);
  return callback.href;
}

/** Formats a callback URL for the terminal: without user, password and query, which may be secrets. */
export function displayUrl(callback: string): string {
  if (!URL.canParse(callback)) return callback === '' ? '' : 'an invalid URL';
  const { origin, pathname, search } = new URL(callback);
  return `${origin}${pathname}${search === '' ? '' : '?...'}`;
}

/** Splits a callback URL into its part without the token, and the token, which is a secret. */
export function splitToken(callback: string): { readonly url: string; readonly token: string | null } {
  if (!URL.canParse(callback)) return { url: callback.replace(/token=[^&]*/g, 'token=...'), token: null };
  const url = new URL(callback);
  const token = url.searchParams.get('token');
  url.searchParams.delete('token');
  return { url: url.href, token };
}
