import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from './bucket';
import { Journal, replaceFile } from './journal';
import { Records } from './records';
import type { Message } from './messages';
import type { Step } from './procedures';
import type { UploadSignature } from './upload-signature';

/** The application whose library this is; any other id, or none, is served from it too. */
export const APP_ID = 1500000001;

/** A file of the library, as it stays after its upload was committed. Times are in milliseconds. */
export interface Media {
  readonly fileId: string;
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly createTime: number;
  readonly updateTime: number;
  readonly expireTime: string;
  readonly classId: number;
  readonly storageRegion: string;
  readonly sourceContext: string;
  readonly coverKey: string;
  readonly duration?: number;
  readonly width?: number;
  readonly height?: number;
}

/** An upload between Apply and Commit, and for the rest of its day. What was signed is what its first Apply carried. */
export interface Session {
  readonly fileId: string;
  readonly signed: UploadSignature;
  readonly storageRegion: string;
  readonly expiresAt: number;
  readonly expireTime: string;
  readonly taskId: string;
  readonly video?: { readonly key: string; readonly name: string; readonly type: string };
  readonly cover?: { readonly key: string };
  readonly committed: boolean;
}

export interface Task {
  readonly taskId: string;
  readonly fileId: string;
  readonly notifyMode: string;
  readonly priority: number;
  readonly sessionContext: string;
  readonly createTime: number;
  readonly finishTime?: number;
  readonly status: 'PROCESSING' | 'FINISH' | 'ABORTED';
  readonly steps: readonly Step[];
  readonly stepsDone: number;
}

/** An event that waits to be pulled, or that was pulled and not confirmed yet. */
export interface QueuedEvent {
  readonly content: Message['current'];
  readonly createdAt: number;
  readonly handle: string;
  readonly pulledAt: number;
}

/** All that outlives the process. */
export class State {
  readonly media: Records<Media>;
  readonly sessions: Records<Session>;
  /** One-time signatures that were used, by their hash, each with the session that it belongs to. */
  readonly usedSignatures: Records<{ readonly sessionKey: string; readonly expireTime: number }>;
  readonly tasks: Records<Task>;
  readonly outbox: Records<Message>;
  readonly queue: Records<QueuedEvent>;
  readonly bucket: Bucket;
  readonly #journal: Journal;
  /** The temporary storage credentials of every session derive from this. */
  readonly storageSecret: string;

  constructor(dataDir: string, now: number) {
    mkdirSync(dataDir, { recursive: true });
    const journal = (this.#journal = new Journal(dataDir));
    this.media = new Records(dataDir, 'media', journal);
    this.sessions = new Records(dataDir, 'sessions', journal);
    this.usedSignatures = new Records(dataDir, 'signatures', journal);
    this.tasks = new Records(dataDir, 'tasks', journal);
    this.outbox = new Records(dataDir, 'outbox', journal);
    this.queue = new Records(dataDir, 'queue', journal);
    this.bucket = new Bucket(dataDir, journal);
    const secretFile = join(dataDir, 'storage-secret');
    if (!existsSync(secretFile)) replaceFile(secretFile, randomBytes(32).toString('hex'), 0o600);
    this.storageSecret = readFileSync(secretFile, 'utf8');
    this.#sweep(now);
  }

  /** What `work` changes in the records is there after a kill as a whole, or not at all; see {@link Journal.together}. */
  together(work: () => void): void {
    this.#journal.together(work);
  }

  #sweep(now: number): void {
    for (const [id, used] of this.usedSignatures.entries()) {
      if (used.expireTime * 1000 < now) this.usedSignatures.delete(id);
    }
    for (const [id, session] of this.sessions.entries()) {
      if (session.expiresAt >= now) continue;
      if (!session.committed) {
        // A kill may have come after the file was in the library and before the session knew.
        const kept = JSON.stringify(this.media.get(session.fileId) ?? {});
        for (const object of [session.video, session.cover]) {
          if (object && !kept.includes(object.key)) this.bucket.remove(object.key);
        }
      }
      this.sessions.delete(id);
    }
  }
}

let counter = 0;

/** An id that sorts by the time it was made. */
export function orderedId(now: number): string {
  counter = (counter + 1) % 1_000_000;
  return `${String(now).padStart(15, '0')}-${String(counter).padStart(6, '0')}-${randomBytes(4).toString('hex')}`;
}
