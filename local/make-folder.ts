import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it. `mkdir` with `recursive` never ends where the system refuses with ENOENT to create
 * anything, such as below /proc.
 *
 * @throws the system's error, or ENOTDIR if there is a file with that name
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  const first = tryMakeFolder(folder);
  if (first?.code === 'ENOENT' && dirname(folder) !== folder) {
    makeFolder(dirname(folder));
    const second = tryMakeFolder(folder);
    if (second) throw second;
  } else if (first) throw first;
}

/** Returns the error, or undefined if the folder is there now. */
function tryMakeFolder(folder: string): NodeJS.ErrnoException | undefined {
  try {
    mkdirSync(folder);
    return undefined;
  } catch (error) {
    return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? undefined : (error as NodeJS.ErrnoException);
  }
}
