/** Runs a task once no earlier task holds one of the same names; tasks with other names run meanwhile. */
export type KeyedLock = <Result>(names: readonly string[], task: () => Promise<Result>) => Promise<Result>;

export function keyedLock(): KeyedLock {
  /** By name: settles when the last task with this name has ended. */
  const tails = new Map<string, Promise<unknown>>();

  return (names, task) => {
    const unique = [...new Set(names)];
    const result = Promise.all(unique.map((name) => tails.get(name) ?? Promise.resolve())).then(task);
    const tail = result.then(ignore, ignore);
    for (const name of unique) tails.set(name, tail);
    void tail.then(() => {
      for (const name of unique) if (tails.get(name) === tail) tails.delete(name);
    });
    return result;
  };
}

function ignore(): void {
  // a task that fails releases its names like any other
}
