import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Reads one line for each prompt: from a terminal, without showing what is typed, or from a pipe. */
export async function promptSecrets(prompts: readonly string[]): Promise<string[]> {
  const discard = new Writable({
    write(_chunk, _encoding, callback) {
      callback();
    },
  });
  const { stdin } = process;
  const lines = createInterface({ input: stdin, output: discard, terminal: stdin.isTTY });
  const iterator = lines[Symbol.asyncIterator]();
  const values: string[] = [];
  for (const prompt of prompts) {
    if (stdin.isTTY) process.stderr.write(`${prompt} (not shown): `);
    const line = await iterator.next();
    if (stdin.isTTY) process.stderr.write('\n');
    values.push(line.done === true ? '' : line.value);
  }
  lines.close();
  return values;
}
