import { startUntilReady, type ReadyProcess } from './ready-process';

export { killProcesses } from './ready-process';

export interface Started extends ReadyProcess {
  /** The value after this word in the first output. */
  readonly valueOf: (name: string) => string;
}

/** Starts what `npm start` starts, on free ports unless others are given, and waits for `ready` or its end. */
export async function startProcess(dataDir: string, env: Record<string, string> = {}): Promise<Started> {
  const ports = { PORT: '0', VOD_PORT: '0', TABLE_PORT: '0' };
  const started = await startUntilReady(['local/start.ts'], {
    PATH: process.env['PATH'],
    ...ports,
    DATA_DIR: dataDir,
    ...env,
  });
  const valueOf = (name: string) => new RegExp(`^${name} +(\\S+)`, 'm').exec(started.out())?.[1] ?? '';
  return { ...started, valueOf };
}
