import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = resolve(__dirname, '../..');

export interface LocalVodProcess {
  readonly child: ChildProcess;
  /** The exit code. */
  readonly exited: Promise<number | null>;
  /** Of the local VOD; '' if it did not start. */
  readonly url: string;
  readonly port: number;
  readonly out: () => string;
  readonly err: () => string;
  /** What a line of the output has behind this name. */
  readonly valueOf: (name: string) => string;
  /** Ends it as Ctrl-C does, and waits until it has ended. */
  readonly stop: () => Promise<void>;
}

const started: ChildProcess[] = [];

/** Starts what `npm run local-vod` starts, on a free port, and waits for `ready` or its end. */
export async function startLocalVod(dataDir: string, args: readonly string[] = []): Promise<LocalVodProcess> {
  const command = ['--import', 'tsx', 'local/vod-command/start.ts', '--data', dataDir];
  const { TMPDIR } = process.env;
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const child = spawn(process.execPath, [...command, ...port, ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...(TMPDIR !== undefined && { TMPDIR }) },
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
  const valueOf = (name: string) => new RegExp(`^${name} +(.*)$`, 'm').exec(out)?.[1] ?? '';
  const [url = ''] = valueOf('server API').split(',');
  return {
    child,
    exited,
    url,
    port: url === '' ? 0 : Number(new URL(url).port),
    out: () => out,
    err: () => err,
    valueOf,
    stop: async () => {
      child.kill('SIGINT');
      await exited;
    },
  };
}

/** For `afterEach`: kills what was started. */
export function killLocalVods(): void {
  for (const child of started.splice(0)) child.kill('SIGKILL');
}
