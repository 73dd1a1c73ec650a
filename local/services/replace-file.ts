import { renameSync, writeFileSync } from 'node:fs';

/** Writes a temporary file and renames it, so that readers find either the old content or the new one. */
export function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
