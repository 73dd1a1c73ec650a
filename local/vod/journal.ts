import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a file in the data directory becomes; without content it is removed. */
interface Change {
  readonly file: string;
  readonly content?: string;
}

/**
 * Changes to files that a `kill -9` leaves all made or all not made: together they are written down before the first of
 * them is made, and the next start makes what was written down and not finished.
 */
export class Journal {
  readonly #directory: string;
  readonly #file: string;
  #collected: Change[] | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, 'journal.json');
    // Only this class writes here, so the shape is the one it was given.
    if (existsSync(this.#file)) this.#finish(JSON.parse(readFileSync(this.#file, 'utf8')) as Change[]);
  }

  change(change: Change): void {
    if (this.#collected) this.#collected.push(change);
    else this.#make(change);
  }

  /** `work` must not wait for anything: whatever else changed meanwhile would belong to it. */
  together(work: () => void): void {
    const changes: Change[] = [];
    this.#collected = changes;
    try {
      work();
    } finally {
      this.#collected = undefined;
      replaceFile(this.#file, JSON.stringify(changes));
      this.#finish(changes);
    }
  }

  #finish(changes: readonly Change[]): void {
    for (const change of changes) this.#make(change);
    rmSync(this.#file);
  }

  #make({ file, content }: Change): void {
    const path = join(this.#directory, file);
    if (content === undefined) rmSync(path, { force: true });
    else replaceFile(path, content);
  }
}

/** Written beside its place and renamed into it, so that whoever reads it finds all of it or none. */
export function replaceFile(path: string, content: string, mode = 0o666): void {
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}
