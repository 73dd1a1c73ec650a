import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** New content of a file in the data directory. A file without content is removed. */
interface Change {
  readonly file: string;
  readonly content?: string;
}

/**
 * Makes several changes to files atomic with regard to `kill -9`: all of them are written to the journal before the first
 * one is made, and the next start makes the changes that it finds there.
 */
export class Journal {
  readonly #directory: string;
  readonly #file: string;
  #collected: Change[] | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.#file = join(directory, 'journal.json');
    // Only this class writes this file, so it has the shape that was written.
    if (existsSync(this.#file)) this.#finish(JSON.parse(readFileSync(this.#file, 'utf8')) as Change[]);
  }

  change(change: Change): void {
    if (this.#collected) this.#collected.push(change);
    else this.#apply(change);
  }

  /** `work` must be synchronous: changes of other requests would become part of it. Calls may be nested. */
  transact(work: () => void): void {
    if (this.#collected) {
      work();
      return;
    }
    const changes: Change[] = [];
    this.#collected = changes;
    try {
      work();
    } finally {
      this.#collected = undefined;
      this.#applyAll(changes);
    }
  }

  #applyAll(changes: readonly Change[]): void {
    const [first, second] = changes;
    // One change is atomic without the journal.
    if (first && !second) this.#apply(first);
    if (!second) return;
    replaceFile(this.#file, JSON.stringify(changes));
    this.#finish(changes);
  }

  #finish(changes: readonly Change[]): void {
    for (const change of changes) this.#apply(change);
    rmSync(this.#file);
  }

  #apply({ file, content }: Change): void {
    const path = join(this.#directory, file);
    if (content === undefined) rmSync(path, { force: true });
    else replaceFile(path, content);
  }
}

/** Writes next to the final path and renames, so that a reader finds either the old content or the new one. */
export function replaceFile(path: string, content: string, mode = 0o666): void {
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}
