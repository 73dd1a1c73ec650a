import type { StoredSessions, World } from './world';

const NAME = 'vod-client-upload';

// The parts of the browser's API that are used here and that Node does not have.
declare const localStorage: {
  readonly getItem: (key: string) => string;
  readonly setItem: (key: string, value: string) => void;
};
declare const document: {
  readonly hidden: boolean;
  readonly addEventListener: (type: string, listener: () => unknown) => void;
  readonly removeEventListener: (type: string, listener: () => unknown) => void;
};

/** The browser that shows this page. Nothing of it is touched before the first upload, so that a server may load this. */
export function createBrowserWorld(): World {
  return {
    async request(url, init) {
      const response = await fetch(url, init as RequestInit);
      const body: unknown = await response.json().catch(() => undefined);
      return { status: response.status, body, header: (name) => response.headers.get(name) };
    },
    now: Date.now,
    setTimer(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds);
      return () => {
        clearTimeout(timer);
      };
    },
    ...createStorage(),
    isHidden: () => document.hidden,
    onVisible(callback) {
      document.addEventListener('visibilitychange', callback);
      return () => {
        document.removeEventListener('visibilitychange', callback);
      };
    },
    decodeBase64: (text) => atob(text),
  };
}

/** Where the browser refuses storage, sessions last as long as the page. */
function createStorage(): Pick<World, 'load' | 'save'> {
  let stored: StoredSessions = {};
  return {
    load() {
      try {
        return (JSON.parse(localStorage.getItem(NAME)) as StoredSessions | null) ?? stored;
      } catch {
        return stored;
      }
    },
    save(sessions) {
      stored = sessions;
      try {
        localStorage.setItem(NAME, JSON.stringify(sessions));
      } catch {
        // full or refused
      }
    },
  };
}
