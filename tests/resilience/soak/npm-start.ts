import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

export interface Started {
  readonly pid: number;
  /** Of the functions' routes. */
  readonly url: string;
  readonly callbackUrl: string;
  readonly vodPort: number;
  readonly stop: () => Promise<void>;
}

/** Runs `npm start` in a process of its own and on free ports; its functions' lines go to stderr, or nowhere. */
export async function npmStart(dataDir: string, lines: 'inherit' | 'ignore' = 'inherit'): Promise<Started> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    cwd: resolve(__dirname, '../../..'),
    env: { PATH: process.env['PATH'], PORT: '0', VOD_PORT: '0', TABLE_PORT: '0', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', lines],
  });
  let output = '';
  await new Promise<void>((ready, failed) => {
    child.stdout?.on('data', (data: Buffer) => {
      output += data.toString();
      if (/^ready/m.test(output)) ready();
    });
    child.on('exit', () => {
      failed(new Error(`npm start ended: ${output}`));
    });
  });
  const at = (name: string) => new URL(new RegExp(`^${name} +(\\S+)`, 'm').exec(output)?.[1] ?? '');
  return {
    pid: child.pid ?? 0,
    url: at('page').origin,
    callbackUrl: at('callback').href,
    vodPort: Number(at('vod').port),
    stop: async () => {
      child.removeAllListeners('exit');
      child.kill();
      await new Promise((ended) => child.once('exit', ended));
    },
  };
}
