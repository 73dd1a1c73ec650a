import { VodError, type ModelFile, type ModelVod, type Operation } from './model-vod';

const PART = 100;
const LATENCY = 50;
const RETRIES = 3;
const RETRY_DELAY = 1000;

interface UploadParams {
  readonly getSignature: () => Promise<string>;
  readonly mediaFile: ModelFile;
  readonly coverFile?: ModelFile;
}

export interface SdkHooks {
  readonly vod: ModelVod;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Called before each part and each Commit is sent. */
  readonly onSend: (operation: Operation, file: ModelFile, sessionKey: string) => void;
}

type Listener = (event: never) => void;

/**
 * `vod-js-sdk-v6`, modelled line by line from lib/src/uploader.js and the COS SDK in base.js:
 *
 * - `upload()` calls `start()`, and that `getSignature`, before it returns;
 * - Apply and Commit are tried four times, also when VOD refuses a signature, with a new call of `getSignature` each; a
 *   `getSignature` that rejects ends the upload at once;
 * - `cancel()` throws without `cos`, which is there only after Apply; afterwards `done()` never settles, a request on its
 *   way arrives, and one more progress event follows;
 * - an upload that is cancelled before Apply has responded continues.
 */
export function createModelSdk(hooks: SdkHooks) {
  return class TcVod {
    constructor(private readonly params: { readonly getSignature: () => Promise<string> }) {}

    upload(params: Omit<UploadParams, 'getSignature'>): ModelUploader {
      const uploader = new ModelUploader(hooks, { ...this.params, ...params });
      uploader.start();
      return uploader;
    }
  };
}

class ModelUploader {
  sessionName = 'the SDK stores its session under this';
  vodSessionKey = '';
  cos: { isCancelled: boolean } | undefined;
  private readonly listeners: [event: string, listener: Listener][] = [];
  private donePromise: Promise<{ fileId: string }> | undefined;

  constructor(
    private readonly hooks: SdkHooks,
    private readonly params: UploadParams,
  ) {}

  on(event: string, listener: Listener): void {
    this.listeners.push([event, listener]);
  }

  private emit(event: string, value: object): void {
    for (const [name, listener] of this.listeners) if (name === event) listener(value as never);
  }

  start(): void {
    this.donePromise = this.run();
  }

  done(): Promise<{ fileId: string }> {
    return this.donePromise ?? Promise.reject(new Error('not started'));
  }

  cancel(): void {
    if (!this.cos) throw new TypeError("Cannot read properties of undefined (reading 'cancelTask')");
    this.cos.isCancelled = true;
  }

  private async run(): Promise<{ fileId: string }> {
    const signature = await this.params.getSignature();
    await this.call('prepare', () => signature).catch(() => undefined);
    await this.apply();
    await this.send();
    return this.commitUploadUGC();
  }

  /** One request: arrives, is lost, refused, or never gets a response. */
  private async call<Value>(operation: Operation, work: () => Value): Promise<Value> {
    if (operation === 'part' || operation === 'commit') {
      this.hooks.onSend(operation, this.params.mediaFile, this.vodSessionKey);
    }
    const effect = this.hooks.vod.takeEffect(operation);
    await this.hooks.sleep(LATENCY);
    if (effect === 'hangs' && (operation === 'part' || operation === 'complete')) return new Promise(() => undefined);
    if (effect === 'refused') throw new VodError(10001);
    if (effect) throw Object.assign(new Error('Network Error'), { code: 500 });
    return work();
  }

  private async apply(attempt = 0): Promise<void> {
    const signature = await this.params.getSignature();
    const key = this.vodSessionKey;
    try {
      const session = await this.call('apply', () => this.hooks.vod.apply(signature, key));
      this.vodSessionKey = session.key;
      this.emit('report_apply', { data: { vodSessionKey: session.key } });
    } catch (err) {
      this.emit('report_apply', { err: err as Error });
      if (attempt === RETRIES) throw err;
      await this.hooks.sleep(RETRY_DELAY);
      await this.apply(attempt + 1);
    }
  }

  private async send(): Promise<void> {
    const { size, content } = this.params.mediaFile;
    const task: { isCancelled: boolean } = { isCancelled: false };
    this.cos = task;
    const isCancelled = () => task.isCancelled;
    const session = this.hooks.vod.sessions.get(this.vodSessionKey);
    const forever = new Promise<never>(() => undefined);
    const progress = (loaded: number) => {
      this.emit('media_progress', { loaded, total: size });
    };
    await this.hooks.sleep(LATENCY);
    if (isCancelled() || !session) return forever;
    progress(0);
    // A completed multipart upload is not listed: the SDK begins another one for the same key.
    if (session.isComplete) session.parts.clear();
    for (let part = 0; part * PART < size; part += 1) {
      if (isCancelled()) return forever;
      if (session.parts.get(part) !== content) {
        await this.call('part', () => session.parts.set(part, content)).catch((error: unknown) => {
          throw Object.assign(new Error('part'), { statusCode: error instanceof VodError ? 403 : 0 });
        });
      }
      progress(Math.min((part + 1) * PART, size));
    }
    if (isCancelled()) return forever;
    await this.call('complete', () => {
      session.isComplete = true;
    });
    if (isCancelled()) return forever;
    this.emit('media_upload', {});
    if (this.params.coverFile) this.emit('cover_upload', {});
  }

  async commitUploadUGC(attempt = 0): Promise<{ fileId: string }> {
    const signature = await this.params.getSignature();
    try {
      const result = await this.call('commit', () => this.hooks.vod.commit(signature, this.vodSessionKey));
      this.emit('report_commit', { data: { ...result, vodSessionKey: this.vodSessionKey } });
      return result;
    } catch (err) {
      this.emit('report_commit', { err: err as Error });
      if (attempt === RETRIES) throw err;
      await this.hooks.sleep(RETRY_DELAY);
      return this.commitUploadUGC(attempt + 1);
    }
  }
}
