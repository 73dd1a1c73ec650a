const started = Date.now();

/** What the rehearsal prints, with the seconds since its start. */
export function print(line: string): void {
  console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(3)} s  ${line}`);
}

/** What was found to be wrong, in the order in which it was found. */
export const problems: string[] = [];

export function note(where: string, found: readonly string[]): void {
  problems.push(...found.map((problem) => `${where}: ${problem}`));
}
