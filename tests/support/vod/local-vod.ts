import { startUntilReady, type ReadyProcess } from '../ready-process';

export { killProcesses as killLocalVods } from '../ready-process';

export interface LocalVodProcess extends ReadyProcess {
  /** Of the local VOD; '' if it did not start. */
  readonly url: string;
  readonly port: number;
  /** The value after this name in the output. */
  readonly valueOf: (name: string) => string;
  /** Ends it as Ctrl-C does, and waits until it has ended. */
  readonly stop: () => Promise<void>;
}

/** Starts what `npm run local-vod` starts, on a free port, and waits for `ready` or its end. */
export async function startLocalVod(dataDir: string, args: readonly string[] = []): Promise<LocalVodProcess> {
  const { TMPDIR } = process.env;
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const started = await startUntilReady(['local/vod-command/start.ts', '--data', dataDir, ...port, ...args], {
    PATH: process.env['PATH'],
    ...(TMPDIR !== undefined && { TMPDIR }),
  });
  const valueOf = (name: string) => new RegExp(`^${name} +(.*)$`, 'm').exec(started.out())?.[1] ?? '';
  const [url = ''] = valueOf('server API').split(',');
  return {
    ...started,
    url,
    port: url === '' ? 0 : Number(new URL(url).port),
    valueOf,
    stop: async () => {
      started.child.kill('SIGINT');
      await started.exited;
    },
  };
}
