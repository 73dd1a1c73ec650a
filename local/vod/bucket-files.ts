import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Uses few large reads: with streams, gigabytes take several times as long while the client waits. */
export async function concatenate(parts: readonly string[], file: string): Promise<void> {
  const buffer = Buffer.allocUnsafe(4 * 1024 * 1024);
  const target = await open(file, 'w');
  try {
    for (const part of parts) {
      const source = await open(part);
      try {
        for (;;) {
          const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
          if (bytesRead === 0) break;
          await target.appendFile(buffer.subarray(0, bytesRead));
        }
      } finally {
        await source.close();
      }
    }
  } finally {
    await target.close();
  }
}

/** Writes bytes, or a number of zeros, which most disks store as a sparse file. Returns the ETag: for bytes their MD5. */
export function writeContent(file: string, content: Buffer | number): string {
  const bytes = typeof content === 'number' ? Buffer.alloc(0) : content;
  writeFileSync(file, bytes);
  const md5 = createHash('md5').update(bytes).digest('hex');
  if (typeof content !== 'number') return md5;
  truncateSync(file, content);
  return `${md5}-1`;
}
