import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onEnd } from './ends';

/** The copy of an example that setup.ts has installed. */
export function folderOf(example: string): string {
  const folder = process.env['EXAMPLES_FOLDER'];
  if (folder === undefined) throw new Error('Run these tests with: npm run test:examples');
  return join(folder, 'examples', example);
}

/** The environment of a developer's terminal: jest has set NODE_ENV, which Vite reads. */
function environment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, NODE_ENV: undefined, NO_COLOR: '1', FORCE_COLOR: undefined, ...env };
}

/** Runs a script of an example's package.json to its end. */
export async function runScript(example: string, name: string, env: Readonly<Record<string, string>>): Promise<void> {
  await promisify(execFile)('npm', ['run', name], { cwd: folderOf(example), env: environment(env) });
}

export interface Script {
  /** The first group of the pattern. */
  readonly match: string;
  readonly output: () => string;
}

/**
 * Runs a script of an example's package.json, until its output matches.
 *
 * @throws Error with the output, when the script ends before or takes 30 s
 */
export async function startScript(
  example: string,
  args: readonly string[],
  pattern: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Script> {
  const child = spawn('npm', args, {
    cwd: folderOf(example),
    env: environment(env),
    detached: true, // a process group of its own: npm does not pass on the signal
  });
  let output = '';
  const collect = (data: Buffer) => {
    output += data.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const exited = once(child, 'close');
  const stop = async () => {
    if (isRunning() && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await exited;
  };
  onEnd(stop);
  for (let waited = 0; isRunning() && waited < 30_000; waited += 20) {
    const match = pattern.exec(output);
    if (match) return { match: match[1] ?? '', output: () => output };
    await sleep(20);
  }
  await stop();
  throw new Error(`npm ${args.join(' ')} in examples/${example} has not printed ${String(pattern)}:\n${output}`);
}

/** A port of localhost that nothing listens on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
