import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createServer } from 'node:net';
import { closeServers, openPort } from '../network/open-port';
import { StartupError } from '../startup-error';
import { sendToEngine, type EngineAddress } from './table-proxy/engine';

export type Engine = 'dynoxide' | 'dynalite';

/** The program that keeps the rows. */
export interface EngineProcess {
  readonly address: EngineAddress;
  readonly start: () => Promise<void>;
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
  /** Removes what a stopped engine leaves behind, except the rows. */
  readonly cleanUp: () => Promise<void>;
}

/** In milliseconds, enough for a busy machine; an engine that takes longer is killed. */
const START_TIMEOUT = 20_000;
/** In milliseconds; an engine that takes longer to end is killed. */
const END_TIMEOUT = 3_000;

/**
 * dynoxide if there is a binary of it for this machine, else dynalite. dynoxide can only be hidden from web pages on Linux,
 * see {@link hiddenAddress}.
 */
export function defaultEngine(): Engine {
  return process.platform === 'linux' && dynoxideBinary() !== undefined ? 'dynoxide' : 'dynalite';
}

/**
 * The engines respond to every web page: they check neither Host nor Origin. So dynalite listens on a socket that is not
 * reachable over the network, and dynoxide, which listens on IP addresses only, on one that a page cannot find.
 *
 * @param path the folder that keeps the rows; without one they are gone when the engine ends
 * @throws StartupError when the engine is not available for this machine
 */
export async function engineProcess(engine: Engine, path: string | undefined): Promise<EngineProcess> {
  return engine === 'dynoxide' ? dynoxideProcess(path) : dynaliteProcess(path);
}

async function dynoxideProcess(path: string | undefined): Promise<EngineProcess> {
  const { host, port } = await hiddenAddress();
  const command = dynoxideCommand(host, port, path);
  return { ...engineOf(command, { host, port }), cleanUp: () => Promise.resolve() };
}

async function dynaliteProcess(path: string | undefined): Promise<EngineProcess> {
  if (process.platform === 'win32') {
    const socketPath = `\\\\.\\pipe\\vod-client-upload-table-${randomBytes(16).toString('hex')}`;
    return { ...engineOf(dynaliteCommand(socketPath, path), { socketPath }), cleanUp: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), 'vcu-table-')); // only its owner can open it
  const socketPath = join(folder, 'socket');
  return {
    ...engineOf(dynaliteCommand(socketPath, path), { socketPath }),
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  };
}

function engineOf(command: readonly string[], address: EngineAddress): Omit<EngineProcess, 'cleanUp'> {
  let child: ChildProcess | undefined;
  return {
    address,
    start: async () => {
      child = await run(command, address);
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

/**
 * A free port of one of the 16 million loopback addresses that Linux has, chosen at random: together one of 10^11 places,
 * too many for a page to try. Other systems have 127.0.0.1 only.
 */
async function hiddenAddress(): Promise<{ readonly host: string; readonly port: number }> {
  const host =
    process.platform === 'linux' ? `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}` : '127.0.0.1';
  const { port, servers } = await openPort(() => createServer(), 0, [{ host }]);
  await closeServers(servers);
  return { host, port };
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

function dynoxideCommand(host: string, port: number, path: string | undefined): string[] {
  const binary = dynoxideBinary();
  if (binary === undefined)
    throw new StartupError('dynoxide is not available for this machine: use the engine dynalite');
  const store = path === undefined ? [] : ['--db-path', join(path, 'table.sqlite')];
  return withParentWatch([binary, 'serve', '--host', host, '--port', String(port), ...store]);
}

function dynaliteCommand(socketPath: string, path: string | undefined): string[] {
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const store = path === undefined ? [] : [join(path, 'table.leveldb')];
  return [process.execPath, '--import', tsx, join(__dirname, 'dynalite.ts'), socketPath, ...store];
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

async function run([program = '', ...args]: readonly string[], address: EngineAddress): Promise<ChildProcess> {
  // In its own session: Ctrl-C in the terminal must reach only this process, which stops the functions before the table.
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let errorOutput = '';
  child.stderr.on('data', (data: Buffer) => (errorOutput += data.toString()));
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => (errorOutput += error.message));
  child.on('exit', () => child.stdin.end('\n'));
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT);
  try {
    while (!(await isListening(address))) {
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

async function isListening(address: EngineAddress): Promise<boolean> {
  return sendToEngine(address, { method: 'GET' }).then(
    () => true,
    () => false,
  );
}
