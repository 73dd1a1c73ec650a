import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Journal } from './journal';
import { Records } from './records';

/** A refusal in the storage's own words. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: number;
}

export interface Part {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
  readonly modifiedAt: number;
}

const SMALLEST_PART = 1024 * 1024;
const FOLDER = 'storage';

/**
 * Files on disk as COS keeps them. A part is a file whose name holds its number and its MD5, put there by one rename:
 * what is listed after a crash is what had arrived, whole. Keys are made by the VOD, never by a client.
 */
export class Bucket {
  readonly #root: string;
  readonly #objects: Records<StoredObject>;
  readonly #uploads: Records<{ readonly key: string; readonly initiatedAt: number }>;
  readonly #completing = new Map<string, Promise<StoredObject>>();

  constructor(
    private readonly dataDir: string,
    private readonly journal: Journal,
  ) {
    const root = (this.#root = join(dataDir, FOLDER));
    rmSync(join(root, 'arriving'), { recursive: true, force: true });
    mkdirSync(join(root, 'arriving'), { recursive: true });
    this.#objects = new Records(dataDir, join(FOLDER, 'objects'), journal);
    this.#uploads = new Records(dataDir, join(FOLDER, 'uploads'), journal);
  }

  find(key: string): StoredObject | undefined {
    return this.#objects.get(recordId(key));
  }

  /** Where the bytes of an object are. */
  file(key: string): string {
    return join(this.dataDir, fileOf(key));
  }

  /** Removes the object and every unfinished upload of it. */
  remove(key: string): void {
    this.#objects.delete(recordId(key));
    this.journal.change({ file: fileOf(key) });
    for (const { uploadId } of this.uploadsOf(key)) this.abort(uploadId);
  }

  async put(key: string, bytes: Readable, contentMd5: string | undefined, now: number): Promise<StoredObject> {
    const { file, md5, size } = await this.#receive(bytes, contentMd5);
    return this.#keep(key, file, size, md5, now);
  }

  initiate(key: string, now: number): string {
    const uploadId = createHash('sha256').update(randomUUID()).digest('hex');
    mkdirSync(this.#partsOf(uploadId), { recursive: true });
    this.#uploads.set(uploadId, { key, initiatedAt: now });
    return uploadId;
  }

  /** Unfinished uploads of exactly this key. */
  uploadsOf(key: string): { uploadId: string; initiatedAt: number }[] {
    return this.#uploads
      .entries()
      .filter(([, upload]) => upload.key === key)
      .map(([uploadId, { initiatedAt }]) => ({ uploadId, initiatedAt }));
  }

  async putPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Readable,
    contentMd5: string | undefined,
  ): Promise<string> {
    this.#assertUpload(key, uploadId);
    const { file, md5 } = await this.#receive(bytes, contentMd5);
    try {
      this.#assertUpload(key, uploadId);
      const directory = this.#partsOf(uploadId);
      const older = readdirSync(directory).filter((name) => name.startsWith(`${number}.`));
      renameSync(file, join(directory, `${number}.${md5}`));
      for (const name of older) if (name !== `${number}.${md5}`) rmSync(join(directory, name), { force: true });
      return md5;
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  async parts(key: string, uploadId: string): Promise<Part[]> {
    this.#assertUpload(key, uploadId);
    const directory = this.#partsOf(uploadId);
    const parts = await Promise.all(
      readdirSync(directory).map(async (name) => {
        const { size, mtimeMs } = await stat(join(directory, name));
        const [number = '', etag = ''] = name.split('.');
        return { number: Number(number), etag, size, modifiedAt: mtimeMs };
      }),
    );
    return parts.sort((a, b) => a.number - b.number);
  }

  /** Joins the parts into the object. A client that lost the answer and asks again meanwhile gets the same one. */
  async complete(
    key: string,
    uploadId: string,
    wanted: readonly { number: number; etag: string }[],
    now: number,
  ): Promise<StoredObject> {
    this.#assertUpload(key, uploadId);
    const running = this.#completing.get(uploadId) ?? this.#join(key, uploadId, wanted, now);
    this.#completing.set(uploadId, running);
    try {
      return await running;
    } finally {
      this.#completing.delete(uploadId);
    }
  }

  abort(uploadId: string): void {
    this.#uploads.delete(uploadId);
    rmSync(this.#partsOf(uploadId), { recursive: true, force: true });
  }

  /** Aborts on behalf of a client, which must name both. */
  abortFor(key: string, uploadId: string): void {
    this.#assertUpload(key, uploadId);
    this.abort(uploadId);
  }

  async #join(
    key: string,
    uploadId: string,
    wanted: readonly { number: number; etag: string }[],
    now: number,
  ): Promise<StoredObject> {
    const arrived = new Map((await this.parts(key, uploadId)).map((part) => [part.number, part]));
    let previous = 0;
    for (const [index, { number, etag }] of wanted.entries()) {
      const part = arrived.get(number);
      if (part?.etag !== etag) throw new StorageError(400, 'InvalidPart', `Part ${number} is missing or differs`);
      if (number <= previous) throw new StorageError(400, 'InvalidPartOrder', 'Parts are not in ascending order');
      if (part.size < SMALLEST_PART && index < wanted.length - 1) {
        throw new StorageError(400, 'EntityTooSmall', `Part ${number} is smaller than 1 MB and not the last`);
      }
      previous = number;
    }
    const file = this.#arriving();
    const parts = wanted.map(({ number, etag }) => join(this.#partsOf(uploadId), `${number}.${etag}`));
    try {
      await concatenate(parts, file);
    } catch (error) {
      rmSync(file, { force: true });
      this.#assertUpload(key, uploadId); // aborted while its parts were joined
      throw error;
    }
    const md5OfMd5s = createHash('md5').update(wanted.map((part) => part.etag).join(''), 'hex');
    const { size } = await stat(file);
    const object = this.#keep(key, file, size, `${md5OfMd5s.digest('hex')}-${wanted.length}`, now);
    this.abort(uploadId);
    return object;
  }

  async #receive(
    bytes: Readable,
    contentMd5: string | undefined,
  ): Promise<{ file: string; md5: string; size: number }> {
    const file = this.#arriving();
    const hash = createHash('md5');
    let size = 0;
    const measure = async function* (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    };
    try {
      await pipeline(bytes, measure, createWriteStream(file));
      const md5 = hash.digest();
      if (contentMd5 !== undefined && contentMd5 !== md5.toString('base64')) {
        throw new StorageError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received');
      }
      return { file, md5: md5.toString('hex'), size };
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    }
  }

  #keep(key: string, file: string, size: number, etag: string, now: number): StoredObject {
    const object = { key, size, etag, modifiedAt: now };
    mkdirSync(dirname(this.file(key)), { recursive: true });
    renameSync(file, this.file(key));
    this.#objects.set(recordId(key), object);
    return object;
  }

  #arriving(): string {
    return join(this.#root, 'arriving', randomUUID());
  }

  #partsOf(uploadId: string): string {
    return join(this.#root, 'parts', uploadId);
  }

  #assertUpload(key: string, uploadId: string): void {
    if (this.#uploads.get(uploadId)?.key !== key || !existsSync(this.#partsOf(uploadId))) {
      throw new StorageError(404, 'NoSuchUpload', 'The specified multipart upload does not exist');
    }
  }
}

/** By hand, in few large reads: through streams, gigabytes take several times as long while the client waits. */
async function concatenate(parts: readonly string[], file: string): Promise<void> {
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

function fileOf(key: string): string {
  return join(FOLDER, 'files', ...key.split('/'));
}

function recordId(key: string): string {
  return createHash('sha1').update(key).digest('hex');
}
