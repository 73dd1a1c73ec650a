import type { Status } from '../../../lib/uploads/row';
import { reconcile, type Summary } from '../../../lib/verification/reconcile';
import { CREATED, modelFile, SEAL_KEY, startService } from './service';
import type { ModelFile } from './vod-model';

/** A service and its reconciliation; the checkpoint is a text that tests may read and write. */
export function startReconciliation(files: readonly ModelFile[] = [], maxTasks = 100) {
  const service = startService(files, maxTasks);
  const { clock } = service;
  const checkpoints: string[] = [];
  let checkpoint = '';
  const run = reconcile({
    store: service.store,
    vod: () => service.vod.api,
    sealKeys: () => Promise.resolve([SEAL_KEY]),
    delayQueue: service.delayQueue,
    checkpoint: {
      read: () => Promise.resolve(checkpoint),
      write: (value) => {
        checkpoint = value;
        checkpoints.push(value);
        return Promise.resolve();
      },
    },
    now: clock.now,
    sleep: clock.sleep,
    log: (fields) => service.lines.push(fields),
  });

  return {
    ...service,
    /** Every checkpoint that was saved. */
    checkpoints,
    get checkpoint() {
      return checkpoint;
    },
    set checkpoint(value: string) {
      checkpoint = value;
    },
    /** One run with `time` milliseconds of the function's time. */
    run: (time = 300_000, event: unknown = {}): Promise<Summary> => {
      const end = clock.now() + time;
      return run(event, { awsRequestId: 'run', getRemainingTimeInMillis: () => end - clock.now() });
    },
    /** The outcomes of the lines that were logged. */
    outcomes: () => service.lines.map((line) => line['outcome']),
  };
}

export type Reconciliation = ReturnType<typeof startReconciliation>;

export const DAY = 24 * 3_600_000;
export const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
export const filesOf = (fileIds: readonly string[]) => fileIds.map((fileId) => modelFile(fileId));

/** A file that was made long before the first run. */
export function oldFile(fileId: string, days = 400): ModelFile {
  const file = modelFile(fileId);
  const CreateTime = new Date(Date.parse(CREATED) - days * DAY).toISOString().replace('.000', '');
  return { ...file, basicInfo: { ...file.basicInfo, CreateTime } };
}

/** The different statuses of these files' rows. */
export function statuses({ store }: Reconciliation, fileIds: readonly string[]): ReadonlySet<Status | undefined> {
  return new Set(fileIds.map((fileId) => store.get(fileId)?.status));
}
