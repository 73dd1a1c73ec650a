const started = Date.now();

/** Prints a line of the rehearsal, with the seconds since its start. */
export function print(line: string): void {
  console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(3)} s  ${line}`);
}

/** The problems in the order in which they were found. */
export const problems: string[] = [];

export function note(where: string, found: readonly string[]): void {
  problems.push(...found.map((problem) => `${where}: ${problem}`));
}
