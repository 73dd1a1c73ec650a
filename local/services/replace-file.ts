import { renameSync, writeFileSync } from 'node:fs';

/** Writes the content beside its place and renames it into place, so that readers find the old file or the new one. */
export function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
