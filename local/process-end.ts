/** How often a process checks that its parent is running, in milliseconds. */
const PARENT_INTERVAL = 200;

/** Returns a controller that Ctrl-C, a signal, or the end of the npm that started this process aborts. */
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
