/** Returns the cause of `fetch failed`, such as ECONNREFUSED, without any URL in it, which may contain a token. */
export function explainFetchFailure(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message).replace(/https?:\S+/g, 'the URL');
}
