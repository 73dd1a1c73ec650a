import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = resolve(__dirname, '../..');

export interface ReadyProcess {
  readonly child: ChildProcess;
  /** The exit code. */
  readonly exited: Promise<number | null>;
  readonly out: () => string;
  readonly err: () => string;
}

const started: ChildProcess[] = [];

/** Runs a TypeScript file of the project, with this environment only, and waits for its line `ready` or its end. */
export async function startUntilReady(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ReadyProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let out = '';
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const exited = once(child, 'exit').then(() => child.exitCode);
  await new Promise<void>((isReady) => {
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      if (/^ready/m.test(out)) isReady();
    });
    void exited.then(() => sleep(50)).then(isReady); // the last output may come after the exit
  });
  return { child, exited, out: () => out, err: () => err };
}

/** For `afterEach`: kills what was started. */
export function killProcesses(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}
