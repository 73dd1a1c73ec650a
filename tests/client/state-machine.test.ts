import fc from 'fast-check';
import { UploadError } from '../../client/src/errors';
import type { Snapshot, Upload, Uploads } from '../../client/src/types';
import { createUploadsIn } from '../../client/src/uploads';
import { sendWithWebSdk, type TcVod } from '../../client/src/web-sdk';
import { createModelSdk } from '../support/client/model-sdk';
import { ModelVod, tokenOf, type Effect, type ModelFile, type Operation } from '../support/client/model-vod';
import { createVirtualWorld } from '../support/client/virtual-world';

// The core over a model of the vendor's SDK: whatever is called, fails and is reloaded, three things hold.
//
// 1. Every promise settles.
// 2. No listener is called after cancel().
// 3. Two uploads are never mixed: not by user, not by source context, not by content, not by session.

const HOUR = 3_600_000;
const PARALLEL = 2;
const USERS = ['alice', 'bob'];
const BUSY: readonly string[] = ['preparing', 'uploading', 'finishing'];
const CONTENTS = ['cat', 'dog'];

interface Call {
  readonly type:
    'pause' | 'resume' | 'cancel' | 'retry' | 'subscribe' | 'meddle' | 'unsubscribe' | 'uploaded' | 'settled';
  readonly index: number;
}

type Command =
  | { readonly type: 'upload'; readonly file: number; readonly context: string; readonly oneTimeValid: boolean }
  | Call
  | { readonly type: 'advance'; readonly milliseconds: number }
  | { readonly type: 'problem'; readonly operation: Operation; readonly effect: Effect; readonly times: number }
  | { readonly type: 'hidden'; readonly isHidden: boolean }
  | { readonly type: 'login'; readonly user: string }
  | { readonly type: 'reload' };

const index = fc.nat({ max: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('upload' as const),
      file: fc.constantFrom(0, 0, 0, 1),
      context: fc.constantFrom('order=7', 'order=7', 'order=7', 'order=8'),
      oneTimeValid: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom(
        ...([
          'pause',
          'resume',
          'cancel',
          'retry',
          'subscribe',
          'meddle',
          'unsubscribe',
          'uploaded',
          'settled',
        ] as const),
      ),
      index,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      milliseconds: fc.constantFrom(0, 10, 60, 130, 400, 1100, 5000, 61_000, HOUR),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('problem' as const),
      operation: fc.constantFrom<Operation>(
        ...(['prepare', 'apply', 'part', 'complete', 'commit', 'sign', 'read', 'token', 'load'] as const),
      ),
      effect: fc.constantFrom<Effect>(
        ...(['unreachable', 'refused', 'hangs', 'unauthorized', 'unavailable', 'limited'] as const),
      ),
      times: fc.constantFrom(1, 2, 4, 5, 12),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('hidden' as const), isHidden: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('login' as const), user: fc.constantFrom(...USERS) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'reload' as const }) },
);

interface Tracked {
  readonly upload: Upload;
  readonly file: ModelFile;
  readonly user: string | undefined;
  readonly context: string;
  readonly pending: Map<number, string>;
  readonly unsubscribes: (() => void)[];
  isCancelled: boolean;
  fileId: string | undefined;
}

class Simulation {
  world = createVirtualWorld((url, request) => this.vod.request(url, request));
  readonly vod: ModelVod = new ModelVod(() => this.world.now());
  user = 'alice';
  uploads: Uploads<ModelFile> = this.createClient();
  tracked: Tracked[] = [];
  readonly violations: string[] = [];
  private tags = 0;
  private promises = 0;
  private readonly fileIds = new Map<string, number>();
  private readonly senders = new Map<string, { readonly tag: number; readonly at: number }>();

  private createClient(): Uploads<ModelFile> {
    const { world } = this;
    const sdk = createModelSdk({
      vod: this.vod,
      sleep: world.sleep,
      onSend: (operation, file, key) => {
        this.checkSession(key, file);
        const state = this.tracked.find((tracked) => tracked.file.tag === file.tag)?.upload.snapshot.state;
        if (state === 'cancelled' || state === 'paused') this.violations.push(`a ${operation} is sent while ${state}`);
      },
    });
    const load = async () => {
      const effect = this.vod.takeEffect('load');
      if (effect === 'hangs') await new Promise(() => undefined);
      if (effect) throw new TypeError('Failed to fetch dynamically imported module');
      return sdk as unknown as TcVod;
    };
    const token = async () => {
      const effect = this.vod.takeEffect('token');
      if (effect === 'hangs') await new Promise(() => undefined);
      if (effect === 'unreachable') throw new TypeError('Failed to fetch');
      if (effect) throw new Error('logged out');
      return Promise.resolve(tokenOf(this.user));
    };
    return createUploadsIn(world, sendWithWebSdk(load), { url: '', token, parallel: PARALLEL });
  }

  /** A session may pass on to another upload of the same file, but only one at a time sends with it. */
  private checkSession(key: string, { tag }: ModelFile): void {
    const last = this.senders.get(key) ?? { tag, at: 0 };
    const at = this.world.now();
    this.senders.set(key, { tag, at });
    const state = this.tracked.find(({ file }) => file.tag === last.tag)?.upload.snapshot.state ?? '';
    if (last.tag !== tag && BUSY.includes(state) && at - last.at < 200) {
      this.violations.push(`uploads ${last.tag} and ${tag} share ${key}`);
    }
  }

  async run(step: Command): Promise<void> {
    if ('index' in step) {
      const tracked = this.tracked[step.index];
      if (tracked) this.call(tracked, step.type);
    } else if (step.type === 'upload') this.begin(step.file, step.context, step.oneTimeValid);
    else if (step.type === 'advance') await this.world.advance(step.milliseconds);
    else if (step.type === 'problem') this.vod.problems.push({ ...step });
    else if (step.type === 'hidden') this.world.setHidden(step.isHidden);
    else if (step.type === 'login') this.user = step.user;
    else {
      this.world = this.world.reload();
      this.tracked = [];
      this.uploads = this.createClient();
    }
    const busy = this.tracked.filter(({ upload }) => BUSY.includes(upload.snapshot.state));
    if (busy.length > PARALLEL) this.violations.push(`${busy.length} uploads at once`);
  }

  private begin(file: number, context: string, oneTimeValid: boolean): void {
    if (this.tracked.length > 4) return;
    this.tags += 1;
    const content = CONTENTS[file] ?? '';
    const chosen = { name: 'video.mp4', size: 350, lastModified: file, content, tag: this.tags };
    // The user who logs in later owns it if there is no user now.
    const user = this.vod.problems.some(({ operation }) => operation === 'token') ? undefined : this.user;
    this.tracked.push({
      upload: this.uploads.upload(chosen, { sourceContext: context, oneTimeValid }),
      file: chosen,
      user,
      context,
      pending: new Map(),
      unsubscribes: [],
      isCancelled: false,
      fileId: undefined,
    });
  }

  private call(tracked: Tracked, type: Call['type']) {
    const { upload, unsubscribes } = tracked;
    if (type === 'meddle') {
      // A listener that changes the upload while the others are being told.
      unsubscribes.push(
        upload.subscribe(({ state }) => {
          if (state === 'uploading') upload.pause();
          else if (state === 'finishing') upload.cancel();
        }),
      );
    } else if (type === 'subscribe') {
      unsubscribes.push(
        upload.subscribe((snapshot) => {
          this.heard(tracked, snapshot);
        }),
      );
    } else if (type === 'unsubscribe') unsubscribes.pop()?.();
    else if (type === 'uploaded' || type === 'settled') this.read(tracked, type);
    else {
      upload[type]();
      if (type === 'cancel' && upload.snapshot.state === 'cancelled') tracked.isCancelled = true;
    }
  }

  private heard({ upload, isCancelled }: Tracked, snapshot: Snapshot): void {
    if (isCancelled) this.violations.push(`a listener was called after cancel: ${snapshot.state}`);
    if (upload.snapshot !== snapshot) this.violations.push('a listener got an outdated snapshot');
    if (snapshot.loaded > snapshot.total) this.violations.push('more loaded than there is');
  }

  read(tracked: Tracked, type: 'uploaded' | 'settled'): void {
    this.promises += 1;
    const id = this.promises;
    tracked.pending.set(id, type);
    const end = () => tracked.pending.delete(id);
    tracked.upload[type].then(
      ({ fileId }) => {
        end();
        this.checkFile(tracked, fileId);
      },
      (error: unknown) => {
        end();
        if (!(error instanceof UploadError)) this.violations.push(`not an UploadError: ${String(error)}`);
        else if (error.code === 'cancelled' && error.name !== 'AbortError') this.violations.push('not an AbortError');
      },
    );
  }

  private checkFile(tracked: Tracked, fileId: string): void {
    tracked.fileId = fileId;
    const { file, user, context } = tracked;
    const owner = this.fileIds.get(fileId) ?? file.tag;
    this.fileIds.set(fileId, file.tag);
    if (owner !== file.tag) this.violations.push(`uploads ${owner} and ${file.tag} both are ${fileId}`);
    const session = this.vod.file(fileId);
    if (session?.user !== (user ?? session?.user))
      this.violations.push(`${fileId} of ${user ?? 'unknown'} belongs to ${session?.user ?? 'no user'}`);
    if (session?.sourceContext !== context) this.violations.push(`${fileId} has another source context`);
    if ([...(session?.parts.values() ?? [])].some((content) => content !== file.content)) {
      this.violations.push(`${fileId} has parts of another file`);
    }
  }

  /** Everything works again and time passes: whatever can end, ends. */
  async finish(): Promise<void> {
    this.vod.problems.length = 0;
    this.world.setHidden(false);
    for (const { upload, unsubscribes } of this.tracked) {
      for (const unsubscribe of unsubscribes) unsubscribe();
      upload.resume();
    }
    await this.world.advance(HOUR);
    this.checkPending();
    for (const tracked of this.tracked) {
      this.read(tracked, 'uploaded');
      this.read(tracked, 'settled');
    }
    await this.world.advance(HOUR);
    this.checkPending();
  }

  private checkPending(): void {
    for (const { upload, pending, file } of this.tracked) {
      for (const type of pending.values()) {
        this.violations.push(`"${type}" of upload ${file.tag} never settles: ${upload.snapshot.state}`);
      }
    }
  }
}

async function simulate(commands: readonly Command[]): Promise<readonly string[]> {
  const simulation = new Simulation();
  for (const step of commands) await simulation.run(step);
  await simulation.finish();
  return simulation.violations;
}

test('client core > no calls, failures and reloads leave a promise unsettled, call a listener after cancel or mix uploads', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 40 }), async (commands) => {
      expect(await simulate(commands)).toEqual([]);
    }),
    { numRuns: Number(process.env['CLIENT_RUNS'] ?? 500) },
  );
});
