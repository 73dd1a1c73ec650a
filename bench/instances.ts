import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CACHE, nodeOf, type Major } from '../tests/support/node-majors';
import { pin } from './machine';

export interface Measured {
  /** Milliseconds from the start of the process until our first line ran, the bundle was loaded, and the first answer. */
  readonly started: number;
  readonly loaded: number;
  readonly answered: number;
  /** Milliseconds of the secret read, of a bundle that says it. */
  readonly secretRead?: number;
  /** Milliseconds of each call after the warm-up, and of CPU for all of them. */
  readonly times: readonly number[];
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
}

export interface Instance {
  readonly major: Major;
  readonly bundle: string;
  readonly event: string;
  readonly env: Readonly<Record<string, string>>;
  readonly id: string;
  readonly warmUp?: number;
  readonly calls?: number;
}

/** Starts a function in a process of its own and calls it: once, or after that `warmUp` + `calls` times more. */
export async function measure({ major, bundle, event, env, id, warmUp = 0, calls = 0 }: Instance): Promise<Measured> {
  const args = [join(__dirname, 'host.js'), bundle, event, id, String(warmUp), String(calls)];
  return (await runPinned(major, args, env)) as Measured;
}

/** What a program says, as JSON, on file descriptor 3. */
export async function runPinned(major: Major, given: readonly string[], env: Instance['env']): Promise<unknown> {
  const [program = '', ...args] = [...pin, nodeOf(major), ...given];
  // Into a file: what a pipe costs is how long its reader takes to wake up, which is the machine's and no variant's.
  const log = openSync(join(CACHE, 'log'), 'w');
  const child = spawn(program, args, { env, stdio: ['ignore', log, 'pipe', 'pipe'] });
  closeSync(log);
  let [said, result] = ['', ''];
  const [, , stderr, answer] = child.stdio as unknown as readonly Readable[];
  stderr?.on('data', (data: Buffer) => (said += data.toString()));
  answer?.on('data', (data: Buffer) => (result += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`Cannot measure ${given.join(' ')}: ${said}`);
  return JSON.parse(result);
}

/** Measures all variants in turns, each round beginning with the next, so that what slows the machine slows all of them. */
export async function inTurns<Name extends string>(
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
