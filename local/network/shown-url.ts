/** The URL for the page and the log: without user, password and query, which may contain secrets. '' if it is invalid. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
