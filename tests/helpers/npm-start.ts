import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

export interface Started {
  readonly child: ChildProcess;
  /** The exit code. */
  readonly exited: Promise<number | null>;
  /** What a line of the first output has behind this word. */
  readonly valueOf: (name: string) => string;
  readonly out: () => string;
  readonly err: () => string;
}

const started: ChildProcess[] = [];

/** Starts what `npm start` starts, on free ports unless others are given, and waits for `ready` or its end. */
export async function startProcess(dataDir: string, env: Record<string, string> = {}): Promise<Started> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], PORT: '0', VOD_PORT: '0', TABLE_PORT: '0', DATA_DIR: dataDir, ...env },
  });
  started.push(child);
  let out = '';
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const exited = once(child, 'exit').then(() => child.exitCode);
  await new Promise<void>((resolveReady) => {
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      if (/^ready/m.test(out)) resolveReady();
    });
    void exited.then(() => {
      resolveReady();
    });
  });
  const valueOf = (name: string) => new RegExp(`^${name} +(\\S+)`, 'm').exec(out)?.[1] ?? '';
  return { child, exited, valueOf, out: () => out, err: () => err };
}

/** For `afterEach`: kills what was started. */
export function killProcesses(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}
