import { hintsOf, merge } from '../../../lib/uploads/merge';
import type { Row } from '../../../lib/uploads/row';
import type { DeadLetters, DelayedVerification, DelayQueue } from '../../../lib/verification/delay-queue';
import { verify, type Candidate, type VerifyDeps } from '../../../lib/verification/verify';
import { parseEvent } from '../../../lib/vod/event';
import { seal } from '../../../lib/vod/source-context';
import { virtualClock } from './clock';
import { memoryStore } from './memory-store';
import { vodModel, type ModelFile, type ModelTask } from './vod-model';

export const SEAL_KEY = 'seal key';
export const CREATED = '2026-11-22T08:00:00Z';

/** A file of the model, sealed for `user-42`; `signed` says whether a procedure was signed. */
export function modelFile(
  fileId: string,
  { signed = false, ...parts }: Partial<ModelFile> & { readonly signed?: boolean } = {},
): ModelFile {
  return {
    fileId,
    basicInfo: {
      Name: 'clip',
      MediaUrl: `http://v/${fileId}/f0.mp4`,
      CreateTime: CREATED,
      Status: 'Normal',
      SourceInfo: { SourceType: 'Upload', SourceContext: seal('', 'user-42', signed, SEAL_KEY) },
    },
    metaData: { Size: 10, Duration: 2.5, Width: 4, Height: 3 },
    tasks: [],
    ...parts,
  };
}

export function modelTask(taskId: string, parts: Partial<ModelTask> = {}): ModelTask {
  return { taskId, type: 'Procedure', status: 'PROCESSING', createTime: '2026-11-22T08:00:02Z', ...parts };
}

export function endedTask(taskId: string, parts: Partial<ModelTask> = {}): ModelTask {
  return modelTask(taskId, { status: 'FINISH', finishTime: '2026-11-22T08:00:04Z', ...parts });
}

/** A table, a VOD, a delay queue and a clock, all in memory, and the lines that were logged. */
export function startService(files: readonly ModelFile[] = [], maxTasks = 100) {
  const clock = virtualClock();
  const store = memoryStore(clock.now);
  const vod = vodModel(files, maxTasks);
  const lines: Readonly<Record<string, unknown>>[] = [];
  const delayed: DelayedVerification[] = [];
  const givenUp: DelayedVerification[] = [];
  let queueFailure: Error | undefined;
  const take = (into: DelayedVerification[]) => async (rows: readonly DelayedVerification[]) => {
    await Promise.resolve();
    if (queueFailure && rows.length > 0) throw queueFailure;
    into.push(...rows);
  };
  const delayQueue: DelayQueue = { delay: take(delayed) };
  const deadLetters: DeadLetters = { giveUp: take(givenUp) };
  const deps: VerifyDeps = {
    store,
    vod: vod.api,
    sealKeys: [SEAL_KEY],
    now: clock.now,
    get deadline() {
      return clock.now() + 10_000;
    },
    log: (fields) => lines.push(fields),
  };

  return {
    clock,
    store,
    vod,
    lines,
    deps,
    delayQueue,
    deadLetters,
    delayed,
    givenUp,
    failQueueWith: (error: Error | undefined) => {
      queueFailure = error;
    },
    /** An event arrives, as the webhook records it. */
    receive: async (body: unknown) => {
      for (const hint of hintsOf(parseEvent(body), [SEAL_KEY])) {
        const change = (row: Row | undefined) => merge(row, hint, new Date(clock.now()).toISOString());
        await store.update(hint.fileId, change, clock.now(), false);
      }
    },
    /** Verifies these files as their rows stand now. */
    verify: (fileIds: readonly string[], more: Partial<Candidate> = {}, moreDeps: Partial<VerifyDeps> = {}) => {
      const candidates = fileIds.map((fileId): Candidate => ({ fileId, row: store.get(fileId), ...more }));
      return verify(candidates, { ...deps, deadline: deps.deadline, ...moreDeps });
    },
    row: (fileId: string): Row => {
      const row = store.get(fileId);
      if (!row) throw new Error(`there is no row of ${fileId}`);
      return row;
    },
  };
}

export type Service = ReturnType<typeof startService>;
