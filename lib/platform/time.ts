/** An ISO 8601 time in milliseconds since 1970; 0 for a time that is absent or unreadable. */
export function parseTime(time: string | undefined): number {
  return Date.parse(time ?? '') || 0;
}
