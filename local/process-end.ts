/** How often a process looks whether its parent is still there, in milliseconds. */
const PARENT_INTERVAL = 200;

/** Aborts when this process is told to end, by Ctrl-C, a signal, or the end of the npm that started it. */
export function endOfProcess(): AbortController {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      end.abort();
    });
  }
  if (process.env['npm_lifecycle_event'] !== undefined) endWithParent(end);
  return end;
}

/** npm passes a signal to the shell between us, which ends without passing it on. */
function endWithParent(end: AbortController): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end.abort();
  }, PARENT_INTERVAL).unref();
}
