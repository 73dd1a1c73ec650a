/** The order of two strings by their code units, for sort: ISO 8601 times in UTC sort as times. */
export function compareStrings(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
