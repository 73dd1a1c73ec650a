import type { Item } from '../lib/uploads/row';
import type { Phase } from '../lib/verification/checkpoint';
import { reconcile, type Summary } from '../lib/verification/reconcile';
import { verify, type Candidate } from '../lib/verification/verify';
import type { KeyedStorage } from '../tests/support/unit/capacity';
import { emptyMeter, idOf, modelLibrary, modelStore, type Action, type Meter, type ModelLibrary } from './scale-model';
import { modelVod } from './scale-vod';
import { SEAL_KEY } from './values';
import { virtualTime, type VirtualTime } from './virtual-time';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const ACTIONS: readonly Action[] = ['SearchMedia', 'DescribeMediaInfos', 'DescribeTasks', 'DescribeTaskDetail'];
const RUN_INTERVAL = 5 * MINUTE;
/** `timeout` of reconcile in serverless.yml. */
const TIMEOUT = 290 * SECOND;
/** How long events take at most: younger files are delivered again by the next run. */
const MAX_EVENT_DELAY = 2 * MINUTE;

/** The consumption of a phase, a run or a month. */
export interface Usage extends Meter {
  milliseconds: number;
  queued: number;
}

export type UsageByPhase = Readonly<Record<Phase, Usage>>;

export interface RunResult {
  readonly summary: Summary;
  readonly milliseconds: number;
  readonly usage: UsageByPhase;
  /** When the audit began that the checkpoint names, in milliseconds since 1970. */
  readonly auditStartedAt: number | undefined;
  readonly isAuditComplete: boolean;
}

export const emptyUsage = (): Usage => ({ ...emptyMeter(), milliseconds: 0, queued: 0 });

export interface ModelOptions {
  readonly storages: readonly KeyedStorage[];
  readonly rows: number;
  /** Age of the oldest file, in milliseconds. */
  readonly libraryAge: number;
  readonly uploadsPerDay: number;
  /** One upload in this number has no event. */
  readonly lostOneIn: number;
}

/** A library and a table in memory, and the production reconcile on its schedule, in virtual time. */
export function startModel(options: ModelOptions) {
  const clock = virtualTime(Date.parse('2026-11-26T00:00:00Z'));
  const library = modelLibrary();
  const items = new Map<string, Item>();
  const phases = phaseMeter(clock.now);
  fillLibrary(library, options, clock.now());
  const upload = uploader({ clock, library, items, options });
  const checkpoint = checkpointInMemory();

  const handler = reconcile({
    store: modelStore({
      items,
      clock,
      library,
      storages: options.storages,
      meter: phases.current,
      onPage: phases.enterAudit,
    }),
    vod: modelVod(library, clock, phases.countCall),
    sealKeys: () => Promise.resolve([SEAL_KEY]),
    delayQueue: {
      delay: (messages) => {
        phases.current().queued += messages.length;
        return Promise.resolve();
      },
    },
    checkpoint,
    now: clock.now,
    sleep: clock.sleep,
    log: () => undefined,
  });

  async function run(): Promise<RunResult> {
    const startedAt = clock.now();
    phases.start();
    const summary = await clock.run(
      handler({}, { awsRequestId: 'run', getRemainingTimeInMillis: () => startedAt + TIMEOUT - clock.now() }),
    );
    const usage = phases.finish();
    const milliseconds = clock.now() - startedAt;
    clock.moveTo(startedAt + RUN_INTERVAL);
    return { summary, milliseconds, usage, ...auditOf(await checkpoint.read()) };
  }

  return {
    clock,
    items,
    /** Runs on schedule until `isDone` is true of a run, each after the uploads of the time before it. */
    runUntil: async (isDone: (result: RunResult) => boolean): Promise<RunResult[]> => {
      const results: RunResult[] = [];
      for (;;) {
        await upload();
        const result = await run();
        results.push(result);
        if (isDone(result)) return results;
      }
    },
  };
}

/** Files that were there before this service, their ages spread evenly. */
function fillLibrary({ files }: ModelLibrary, { rows, libraryAge }: ModelOptions, now: number): void {
  for (let index = 0; index < rows; index++) {
    files.push({ createdAt: now - libraryAge + Math.floor((index * libraryAge) / rows), isSealed: false });
  }
}

/** Attributes work to the phases of a run. */
function phaseMeter(now: () => number) {
  let usage = newUsage();
  let phase: Phase = 'recent';
  let markedAt = 0;

  /** The time since the last mark belongs to the phase that ends here. */
  function enter(next: Phase): void {
    usage[phase].milliseconds += now() - markedAt;
    markedAt = now();
    phase = next;
  }

  function phaseOf(action: Action, request: object): Phase {
    if (action === 'DescribeTasks' && 'FinishTime' in request) return 'tasks';
    if (action !== 'SearchMedia') return phase;
    const { CreateTime } = request as { readonly CreateTime?: { readonly After?: string } };
    const isOld = Date.parse(CreateTime?.After ?? '') < now() - 3 * HOUR;
    return phase === 'library' || isOld ? 'library' : 'recent';
  }

  return {
    enterAudit: (): void => {
      enter('audit');
    },
    current: () => usage[phase],
    countCall: (action: Action, request: object): void => {
      const next = phaseOf(action, request);
      if (next !== phase) enter(next);
      usage[phase].calls[action] = (usage[phase].calls[action] ?? 0) + 1;
    },
    /** Begins a run. */
    start: (): void => {
      usage = newUsage();
      phase = 'recent';
      markedAt = now();
    },
    /** Ends a run; returns what each phase consumed. */
    finish: (): UsageByPhase => {
      enter('recent');
      return usage;
    },
  };
}

interface UploaderDeps {
  readonly clock: Pick<VirtualTime, 'now'>;
  readonly library: ModelLibrary;
  readonly items: Map<string, Item>;
  readonly options: ModelOptions;
}

/**
 * Returns a function that adds the new files up to now, and verifies those whose events arrived; nothing of it is counted.
 */
function uploader({ clock, library, items, options }: UploaderDeps) {
  const { files } = library;
  const { rows, uploadsPerDay, lostOneIn } = options;
  const uncounted = { now: clock.now, sleep: () => Promise.resolve() };
  const meter = emptyMeter();
  const store = modelStore({
    items,
    clock: uncounted,
    library,
    storages: [],
    meter: () => meter,
    onPage: () => undefined,
  });
  let delivered = rows;

  return async (): Promise<void> => {
    const interval = DAY / uploadsPerDay;
    for (let createdAt = (files.at(-1)?.createdAt ?? 0) + interval; createdAt <= clock.now(); createdAt += interval) {
      files.push({ createdAt, isSealed: true });
    }
    const ids = files.slice(delivered).flatMap((_, place) => {
      const index = delivered + place;
      return index % lostOneIn === 0 ? [] : [idOf(index)];
    });
    const before = await store.readAll(ids, Infinity);
    await verify(
      ids.map((fileId): Candidate => ({ fileId, row: before.get(fileId) })),
      {
        store,
        vod: modelVod(library, uncounted, () => undefined)({ deadline: Infinity }),
        sealKeys: [SEAL_KEY],
        now: clock.now,
        deadline: Infinity,
        log: () => undefined,
      },
    );
    delivered = Math.max(delivered, library.firstSince(clock.now() - MAX_EVENT_DELAY));
  };
}

function checkpointInMemory() {
  let content = '{}';
  return {
    read: () => Promise.resolve(content),
    write: (value: string) => {
      content = value;
      return Promise.resolve();
    },
  };
}

/** The state of the audit in a checkpoint. */
function auditOf(checkpoint: string): Pick<RunResult, 'auditStartedAt' | 'isAuditComplete'> {
  const { audit } = JSON.parse(checkpoint) as {
    readonly audit?: { readonly startedAt: number; readonly fileId?: string };
  };
  return {
    auditStartedAt: audit?.startedAt,
    isAuditComplete: audit !== undefined && audit.fileId === undefined,
  };
}

function newUsage(): UsageByPhase {
  return { recent: emptyUsage(), tasks: emptyUsage(), library: emptyUsage(), audit: emptyUsage() };
}
