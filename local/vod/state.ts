import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket } from './bucket';
import { Journal, replaceFile } from './journal';
import type { Message } from './event-message';
import type { ContentReview, ReviewVerdict, Step, Suggestion } from './procedure-templates';
import { KeyIndex, TimeIndex } from './record-index';
import { Records } from './records';
import type { UploadSignature } from './upload-signature';

/** The application that owns this library. Requests for any other id, or for none, use the same library. */
export const APP_ID = 1500000001;

/** How long an upload session is valid, and with it `vodSessionKey`. */
export const SESSION_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** A file of the library, from the commit of its upload on. Times are in milliseconds. */
export interface Media {
  readonly fileId: string;
  /** Key of the original. Its directory also holds the outputs, so the key stays when the original is deleted. */
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
  readonly isOriginalDeleted?: boolean;
  readonly isForbidden?: boolean;
  /** The latest result of a review task or of a person. */
  readonly review?: MediaReview;
}

export interface MediaReview {
  readonly suggestion: Suggestion;
  /** `<form>.<label>`, for example `Image.Porn`. */
  readonly types: readonly string[];
  readonly time: number;
}

/** An upload from Apply to the end of its day, also after Commit. `signed` is the signature of its first Apply. */
export interface Session {
  readonly fileId: string;
  readonly signed: UploadSignature;
  readonly storageRegion: string;
  readonly expiresAt: number;
  readonly expireTime: string;
  readonly taskId: string;
  readonly reviewTaskId?: string;
  readonly video?: { readonly key: string; readonly name: string; readonly type: string };
  readonly cover?: { readonly key: string };
  readonly committed: boolean;
}

interface BaseTask {
  readonly taskId: string;
  readonly fileId: string;
  readonly sessionContext: string;
  readonly createTime: number;
  readonly finishTime?: number;
  readonly status: 'PROCESSING' | 'FINISH' | 'ABORTED';
}

export interface ProcedureTask extends BaseTask {
  /** Absent in records of older versions. */
  readonly taskType?: 'Procedure';
  readonly notifyMode: string;
  readonly priority: number;
  readonly steps: readonly Step[];
  readonly stepsDone: number;
  readonly contentReview?: ContentReview;
  /** Template ids of the transcoded outputs that were deleted. */
  readonly deletedOutputs?: readonly number[];
}

export interface ReviewTask extends BaseTask {
  readonly taskType: 'ReviewAudioVideo';
  readonly verdict: ReviewVerdict;
  /** The procedure's task that the review waits for, '' for none. */
  readonly afterTaskId: string;
}

export type Task = ProcedureTask | ReviewTask;

/** An event that waits to be pulled, or that was pulled and is not confirmed yet. */
export interface QueuedEvent {
  readonly content: Message['current'];
  readonly createdAt: number;
  readonly handle: string;
  readonly pulledAt: number;
}

/** Everything that survives a restart. */
export class State {
  readonly media: Records<Media>;
  readonly mediaByCreateTime: TimeIndex<Media>;
  readonly sessions: Records<Session>;
  /** Used one-time signatures by their hash, each with the session that used it. */
  readonly usedSignatures: Records<{ readonly sessionKey: string; readonly expireTime: number }>;
  readonly tasks: Records<Task>;
  readonly tasksByFile: KeyIndex<Task>;
  readonly tasksByCreateTime: TimeIndex<Task>;
  readonly tasksByFinishTime: TimeIndex<Task>;
  readonly outbox: Records<Message>;
  readonly queue: Records<QueuedEvent>;
  readonly queueByHandle: KeyIndex<QueuedEvent>;
  readonly bucket: Bucket;
  readonly #journal: Journal;
  /** The temporary storage credentials of every session are derived from this secret. */
  readonly storageSecret: string;

  constructor(dataDir: string, now: number) {
    mkdirSync(dataDir, { recursive: true });
    const journal = (this.#journal = new Journal(dataDir));
    this.media = new Records(dataDir, 'media', journal);
    this.mediaByCreateTime = this.media.addIndex(new TimeIndex<Media>(({ createTime }) => createTime));
    this.sessions = new Records(dataDir, 'sessions', journal);
    this.usedSignatures = new Records(dataDir, 'signatures', journal);
    this.tasks = new Records(dataDir, 'tasks', journal);
    this.tasksByFile = this.tasks.addIndex(new KeyIndex<Task>(({ fileId }) => fileId));
    this.tasksByCreateTime = this.tasks.addIndex(new TimeIndex<Task>(({ createTime }) => createTime));
    this.tasksByFinishTime = this.tasks.addIndex(new TimeIndex<Task>(({ finishTime }) => finishTime));
    this.outbox = new Records(dataDir, 'outbox', journal);
    this.queue = new Records(dataDir, 'queue', journal);
    this.queueByHandle = this.queue.addIndex(new KeyIndex<QueuedEvent>(({ handle }) => handle));
    this.bucket = new Bucket(dataDir, journal);
    const secretFile = join(dataDir, 'storage-secret');
    if (!existsSync(secretFile)) replaceFile(secretFile, randomBytes(32).toString('hex'), 0o600);
    this.storageSecret = readFileSync(secretFile, 'utf8');
    this.#removeExpired(now);
  }

  /** After a kill, either all changes that `work` makes to the records are there, or none; see {@link Journal.transact}. */
  transact(work: () => void): void {
    this.#journal.transact(work);
  }

  /** Removes everything, so that every session is invalid, and its credentials too. */
  clear(): void {
    const all = [this.media, this.sessions, this.usedSignatures, this.tasks, this.outbox, this.queue];
    this.transact(() => {
      for (const records of all) records.clear();
      this.bucket.clear();
    });
  }

  #removeExpired(now: number): void {
    for (const [id, used] of this.usedSignatures.entries()) {
      if (used.expireTime * 1000 < now) this.usedSignatures.delete(id);
    }
    for (const [id, session] of this.sessions.entries()) {
      if (session.expiresAt >= now) continue;
      if (!session.committed) {
        // The process may have been killed after the file was in the library and before the session was updated.
        const current = JSON.stringify(this.media.get(session.fileId) ?? {});
        for (const object of [session.video, session.cover]) {
          if (object && !current.includes(object.key)) this.bucket.remove(object.key);
        }
      }
      this.sessions.delete(id);
    }
  }
}

let counter = 0;

/** Returns an id that sorts by the time of its creation. */
export function orderedId(now: number): string {
  counter = (counter + 1) % 1_000_000;
  return `${String(now).padStart(15, '0')}-${String(counter).padStart(6, '0')}-${randomBytes(4).toString('hex')}`;
}
