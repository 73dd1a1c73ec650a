import type { HttpRequest, HttpResponse, StoredSessions, World } from '../../../client/src/world';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export interface VirtualWorld extends World {
  /** Runs what is due within this time, in order. */
  readonly advance: (milliseconds: number) => Promise<void>;
  /** A promise that resolves after this time. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly setHidden: (isHidden: boolean) => void;
  /** The page is gone: nothing of it runs any more. The result is the next page of the same browser. */
  readonly reload: () => VirtualWorld;
}

export type Backend = (url: string, request: HttpRequest) => Promise<HttpResponse>;

/** A browser whose time passes only when a test says so. */
export function createVirtualWorld(backend: Backend, start = 0, stored: StoredSessions = {}): VirtualWorld {
  let time = start;
  let sessions = stored;
  let isHidden = false;
  let isGone = false;
  const timers = new Set<Timer>();
  const listeners = new Set<() => void>();

  const setTimer = (milliseconds: number, callback: () => void) => {
    const timer = { at: time + milliseconds, callback };
    timers.add(timer);
    return () => {
      timers.delete(timer);
    };
  };
  const nextTimer = (end: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
    return next;
  };

  return {
    request: (url, request) =>
      isGone ? new Promise(() => undefined) : backend(url, request).then((response) => copy(response)),
    now: () => time,
    setTimer,
    load: () => sessions,
    save: (saved) => {
      if (!isGone) sessions = saved;
    },
    isHidden: () => isHidden,
    onVisible(callback) {
      listeners.add(callback);
      return () => {
        listeners.delete(callback);
      };
    },
    decodeBase64: (text) => Buffer.from(text, 'base64').toString('latin1'),
    async advance(milliseconds) {
      const end = time + milliseconds;
      await settleMicrotasks();
      for (let timer = nextTimer(end); timer; timer = nextTimer(end)) {
        timers.delete(timer);
        time = Math.max(time, timer.at);
        timer.callback();
        await settleMicrotasks();
      }
      time = end;
    },
    sleep: (milliseconds) =>
      new Promise((resolve) => {
        setTimer(milliseconds, resolve);
      }),
    setHidden(hidden) {
      isHidden = hidden;
      for (const listener of [...listeners]) listener();
    },
    reload() {
      isGone = true;
      timers.clear();
      listeners.clear();
      return createVirtualWorld(backend, time, sessions);
    },
  };
}

/** A response as it comes over the network. */
function copy(response: HttpResponse): HttpResponse {
  return { ...response, body: response.body && (JSON.parse(JSON.stringify(response.body)) as unknown) };
}

function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
