/** Calls `start` when there is a place, never at once. @returns a function that gives up the turn or the place */
export type Queue = (start: () => void) => () => void;

/** A queue with `limit` places. Each `start` must be a function of its own. */
export function createQueue(limit: number): Queue {
  const waiting = new Set<() => void>();
  const busy = new Set<() => void>();
  const next = () => {
    for (const start of waiting) {
      if (busy.size >= limit) return;
      waiting.delete(start);
      busy.add(start);
      start();
    }
  };
  return (start) => {
    waiting.add(start);
    void Promise.resolve().then(next);
    return () => {
      waiting.delete(start);
      busy.delete(start);
      next();
    };
  };
}
