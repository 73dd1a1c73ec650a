/** Writes one line of a function's log. */
export type Log = (fields: Readonly<Record<string, unknown>>) => void;

/**
 * A line of JSON on stdout: CloudWatch's metric filters read it as it is, while `console` would put a prefix before it.
 */
export const writeLine: Log = (fields) => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};

/** The fields of a log line that describe an error: its name and message, never a stack. */
export function describe(error: unknown): { readonly error: string; readonly reason: string } {
  const { name, message } = error instanceof Error ? error : new Error('a value was thrown that is not an Error');
  return { error: name, reason: message };
}
