/** A URL as the page may show it: without user, password and query, which may hold secrets. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
