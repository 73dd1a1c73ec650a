import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../startup-error';
import { replaceFile } from '../vod/journal';

export interface KeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const KEY_LENGTH = 32;

/**
 * The key pair of the data folder, which is generated once and readable by its owner only.
 *
 * @throws StartupError if the file is damaged
 */
export function loadKeyPair(dataDir: string): KeyPair {
  const file = join(dataDir, 'key-pair.json');
  if (!existsSync(file)) {
    const created = { secretId: `AKID${letters()}`, secretKey: letters() }; // a Tencent key pair looks like this
    replaceFile(file, JSON.stringify(created, undefined, 2), 0o600);
    return created;
  }
  try {
    const { secretId, secretKey } = JSON.parse(readFileSync(file, 'utf8')) as Partial<KeyPair>;
    if (typeof secretId === 'string' && typeof secretKey === 'string') return { secretId, secretKey };
  } catch {
    // Handled below, as a file without these properties.
  }
  throw new StartupError(`${file} is damaged: delete it to generate a new key pair`);
}

function letters(): string {
  return Array.from({ length: KEY_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}
