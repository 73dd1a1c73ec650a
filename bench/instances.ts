import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CACHE, nodeOf, type Major } from '../tests/support/node-majors';
import { pin } from './machine';

export interface Measured {
  /** Milliseconds from the start of the process until our first line ran, the bundle was loaded, and the first response. */
  readonly started: number;
  readonly loaded: number;
  readonly firstResponse: number;
  /** Milliseconds of CPU until the first response. */
  readonly coldCpu: number;
  /** Milliseconds of reading the secrets, for a bundle that exports it. */
  readonly secretRead?: number;
  /** Milliseconds of each call after the warm-up, and of CPU for all of them. */
  readonly times: readonly number[];
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
  /** Bytes that are in use after a garbage collection, at {@link Instance.heapAfter} and at the end. */
  readonly heaps: readonly number[];
  /** Bytes of the log for each call. */
  readonly logBytes: number;
}

export interface Instance {
  readonly major: Major;
  readonly bundle: string;
  /** One event a line. `FILE_ID` is replaced by an id that no other call has. */
  readonly eventFile: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of the process, for its file ids. */
  readonly id: string;
  readonly warmUp?: number;
  readonly calls?: number;
  /** Milliseconds between two calls. */
  readonly pause?: number;
  /** Numbers of calls after which the heap is measured; the garbage collection takes time from the calls. */
  readonly heapAfter?: readonly number[];
}

/** Starts a function in a process of its own and calls it: once, or after that `warmUp` + `calls` times more. */
export async function measure(instance: Instance): Promise<Measured> {
  const { major, bundle, eventFile, env, id, warmUp = 0, calls = 0, pause = 0, heapAfter = [] } = instance;
  const options = JSON.stringify({ bundle, eventFile, id, warmUp, calls, pause, heapAfter });
  const flags = heapAfter.length > 0 ? ['--expose-gc'] : [];
  const { result, logBytes } = await runPinned(major, [...flags, join(__dirname, 'host.js'), options], env);
  return { ...(result as Measured), logBytes: logBytes / (1 + warmUp + calls) };
}

/** Runs a program that writes its result, as JSON, to file descriptor 3. @throws Error with its stderr */
export async function runPinned(
  major: Major,
  args: readonly string[],
  env: Instance['env'],
): Promise<{ readonly result: unknown; readonly logBytes: number }> {
  const [program = '', ...programArgs] = [...pin, nodeOf(major), ...args];
  // Into a file: the cost of a pipe is how long its reader takes to wake up, which depends on the machine and no variant.
  const logFile = join(CACHE, 'log');
  const log = openSync(logFile, 'w');
  const child = spawn(program, programArgs, { env, stdio: ['ignore', log, 'pipe', 'pipe'] });
  closeSync(log);
  let errors = '';
  let result = '';
  const [, , stderr, resultPipe] = child.stdio as unknown as readonly Readable[];
  stderr?.on('data', (data: Buffer) => (errors += data.toString()));
  resultPipe?.on('data', (data: Buffer) => (result += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`Cannot measure ${args.join(' ')}: ${errors}`);
  return { result: JSON.parse(result), logBytes: statSync(logFile).size };
}

/**
 * Measures all variants in turn, each round beginning with the next one, so that what slows the machine slows all of them.
 */
export async function interleave<Name extends string>(
  names: readonly Name[],
  rounds: number,
  run: (name: Name, round: number) => Promise<Measured>,
): Promise<Record<Name, Measured[]>> {
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Measured[]>;
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) results[name].push(await run(name, round));
    process.stdout.write('.');
  }
  process.stdout.write('\n');
  return results;
}
