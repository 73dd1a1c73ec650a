/** Windows returns EOF. */
const CLOSED_PIPE: ReadonlySet<string> = new Set(['EPIPE', 'EOF', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/**
 * Returns a function that writes a line to the stream. When the stream is closed by its reader (`| head -1`), or a write fails,
 * further lines are dropped and the command continues: it may be between two steps that belong together.
 */
export function lineWriter(stream: NodeJS.WriteStream): (line: string) => void {
  let isOpen = true;
  stream.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    const isFirst = isOpen;
    isOpen = false;
    if (!isFirst || CLOSED_PIPE.has(code) || stream === process.stderr) return;
    process.exitCode = 1;
    process.stderr.write(`The output is not complete: it could not be written (${code})\n`);
  });
  return (line) => {
    if (isOpen) stream.write(`${line}\n`);
  };
}
