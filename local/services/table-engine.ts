import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { StartupError } from '../startup-error';

export type Engine = 'dynoxide' | 'dynalite';

/** The program that keeps the rows. */
export interface EngineProcess {
  readonly start: () => Promise<void>;
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

/** In milliseconds, enough for a busy machine; an engine that takes longer is killed. */
const START_TIMEOUT = 20_000;
/** In milliseconds; an engine that takes longer to end is killed. */
const END_TIMEOUT = 3_000;

/** dynoxide if there is a binary of it for this machine, else dynalite. */
export function defaultEngine(): Engine {
  return dynoxideBinary() === undefined ? 'dynalite' : 'dynoxide';
}

/**
 * @param path the folder that keeps the rows; without one they are gone when the engine ends
 * @throws StartupError when the engine is not available for this machine
 */
export function engineProcess(engine: Engine, port: number, path: string | undefined): EngineProcess {
  const command = engine === 'dynoxide' ? dynoxideCommand(port, path) : dynaliteCommand(port, path);
  let child: ChildProcess | undefined;
  return {
    start: async () => {
      child = await run(command, `http://127.0.0.1:${port}`);
    },
    end: async (signal) => {
      if (!child || hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      const timer = setTimeout(() => child?.kill('SIGKILL'), END_TIMEOUT);
      await ended;
      clearTimeout(timer);
    },
  };
}

function dynoxideBinary(): string | undefined {
  try {
    const packageJson = require.resolve(`@dynoxide/${process.platform}-${process.arch}/package.json`);
    const binary = join(dirname(packageJson), process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function dynoxideCommand(port: number, path: string | undefined): string[] {
  const binary = dynoxideBinary();
  if (binary === undefined)
    throw new StartupError('dynoxide is not available for this machine: use the engine dynalite');
  const store = path === undefined ? [] : ['--db-path', join(path, 'table.sqlite')];
  return withParentWatch([binary, 'serve', '--host', '127.0.0.1', '--port', String(port), ...store]);
}

function dynaliteCommand(port: number, path: string | undefined): string[] {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const store = path === undefined ? [] : [join(path, 'table.leveldb')];
  return [process.execPath, '--import', tsx, join(__dirname, 'dynalite.ts'), String(port), ...store];
}

/**
 * dynoxide would continue after a kill of this process. So a shell starts a background reader of our pipe and then becomes
 * dynoxide; when the pipe ends without a line, this process is gone, and the reader kills dynoxide.
 */
function withParentWatch(command: string[]): string[] {
  if (process.platform === 'win32') return command;
  const script = 'exec 3<&0; (read -r line <&3 || kill -9 $$) >/dev/null 2>&1 & exec "$@" <&- 3<&-';
  return ['/bin/sh', '-c', script, 'sh', ...command];
}

async function run([program = '', ...args]: readonly string[], url: string): Promise<ChildProcess> {
  // In its own session: Ctrl-C in the terminal must reach only this process, which stops the functions before the table.
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let errorOutput = '';
  child.stderr.on('data', (data: Buffer) => (errorOutput += data.toString()));
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => (errorOutput += error.message));
  child.on('exit', () => child.stdin.end('\n'));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT);
  try {
    while (!(await isListening(url))) {
      if (hasEnded(child)) {
        throw new StartupError(`The table's engine does not start: ${errorOutput.trim()}`);
      }
      await sleep(10);
    }
    return child;
  } finally {
    clearTimeout(timer);
  }
}

/** True also for a process that never started. */
function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

async function isListening(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
