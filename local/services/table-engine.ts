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

/** In milliseconds; an engine that takes longer on a busy machine is taken for one that hangs. */
const START_TIMEOUT = 20_000;
/** In milliseconds; an engine that takes longer to end is killed. */
const END_TIMEOUT = 3_000;

/** dynoxide where there is a binary of it for this machine, else dynalite. */
export function defaultEngine(): Engine {
  return dynoxideBinary() === undefined ? 'dynalite' : 'dynoxide';
}

/**
 * @param path the folder that keeps the rows; without one they are gone when the engine ends
 * @throws StartupError when there is no such engine for this machine
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
  if (binary === undefined) throw new StartupError('dynoxide has no binary for this machine: use dynalite');
  const store = path === undefined ? [] : ['--db-path', join(path, 'table.sqlite')];
  return tiedToUs([binary, 'serve', '--host', '127.0.0.1', '--port', String(port), ...store]);
}

function dynaliteCommand(port: number, path: string | undefined): string[] {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const store = path === undefined ? [] : [join(path, 'table.leveldb')];
  return [process.execPath, '--import', tsx, join(__dirname, 'dynalite.ts'), String(port), ...store];
}

/**
 * dynoxide would live on when this process is killed. So a shell becomes it, and leaves behind a reader of our pipe: the
 * end of the pipe without a line in it means that we are gone.
 */
function tiedToUs(command: string[]): string[] {
  if (process.platform === 'win32') return command;
  const script = 'exec 3<&0; (read -r line <&3 || kill -9 $$) >/dev/null 2>&1 & exec "$@" <&- 3<&-';
  return ['/bin/sh', '-c', script, 'sh', ...command];
}

async function run([program = '', ...args]: readonly string[], url: string): Promise<ChildProcess> {
  // In a session of its own: Ctrl-C in the terminal is for us, who stop the functions before the table.
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => (said += error.message));
  child.on('exit', () => child.stdin.end('\n'));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT);
  try {
    while (!(await answers(url))) {
      if (hasEnded(child)) {
        throw new StartupError(`The table's engine does not start: ${said.trim()}`);
      }
      await sleep(10);
    }
    return child;
  } finally {
    clearTimeout(timer);
  }
}

/** Also when it never started. */
function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
