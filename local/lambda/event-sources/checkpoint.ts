import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from '../../services/replace-file';
import type { StreamPosition } from '../../services/stream/client';
import { StartupError } from '../../startup-error';

/** How far a stream is delivered; kept in a file, so that a restart resumes there. */
export interface Checkpoint {
  readonly read: () => StreamPosition | undefined;
  readonly write: (position: StreamPosition) => void;
}

export function openCheckpoint(file: string): Checkpoint {
  mkdirSync(dirname(file), { recursive: true });
  return {
    read: () => {
      if (!existsSync(file)) return undefined;
      try {
        // Only `write` writes here.
        return JSON.parse(readFileSync(file, 'utf8')) as StreamPosition;
      } catch {
        throw new StartupError(
          `${file} is damaged: delete it, and the stream is delivered again from its oldest record`,
        );
      }
    },
    write: (position) => {
      replaceFile(file, JSON.stringify(position));
    },
  };
}
