import { createHash, randomBytes, randomInt } from 'node:crypto';
import { APP_ID } from './state';

// Keys of stored files: <AppId>/<directory of the file>/<name>. The directory ends with the FileId, which has 19 digits.

const FILE_ID_LENGTH = 19;
const SNAPSHOT = 'snapshot.png';
const TRANSCODED = /^v\.f(\d{1,9})\./;

/** Real ids have 19 digits and begin like this. */
export function newFileId(): string {
  return `5285890${String(randomInt(1e12)).padStart(12, '0')}`;
}

export function newKey(fileId: string, kind: 'video' | 'cover', type: string): string {
  const directory = `${createHash('sha1').update(fileId).digest('hex').slice(0, 8)}${fileId}`;
  return `${APP_ID}/${directory}/${kind}-${randomBytes(6).toString('hex')}.${extensionOf(type)}`;
}

/** The directory part of a key. */
export function directoryOf(key: string): string {
  return key.slice(0, Math.max(key.lastIndexOf('/'), 0));
}

export function fileIdOf(key: string): string {
  return directoryOf(key).slice(-FILE_ID_LENGTH);
}

/** The key of the cover that a procedure makes for the file with this key. */
export function snapshotKey(key: string): string {
  return `${directoryOf(key)}/${SNAPSHOT}`;
}

export function isSnapshotKey(key: string): boolean {
  return key.endsWith(`/${SNAPSHOT}`);
}

/** The key of the output that a procedure makes of the file with this key. */
export function transcodedKey(key: string, definition: number, type: string): string {
  return `${directoryOf(key)}/v.f${definition}.${extensionOf(type)}`;
}

/** The template id of a transcoded output, or undefined if the key is not that of one. */
export function definitionOf(key: string): number | undefined {
  const definition = TRANSCODED.exec(key.slice(directoryOf(key).length + 1))?.[1];
  return definition === undefined ? undefined : Number(definition);
}

/** A file type becomes part of a file name on disk. */
function extensionOf(type: string): string {
  return /^[A-Za-z0-9]{1,10}$/.test(type) ? type.toLowerCase() : 'bin';
}
