import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vod as sdk } from 'tencentcloud-sdk-nodejs-vod';
import { startLocal } from '../../../local/run';
import { randomFrom, type Faults } from '../../../local/vod/faults';
import { differences, expectedRows, type Expected, type Row } from './expected';
import { plan, upload, type Uploaded } from './uploads';

// Uploads by real HTTP while callbacks go wrong, VOD's server API fails, functions are killed and the table goes away.
// Then one reconciliation, and every row is compared with what was uploaded and what VOD reports.

export interface Chaos {
  readonly uploads: number;
  readonly mode: 'PUSH' | 'PULL';
  readonly seed: number;
  readonly dataDir: string;
}

export interface Report {
  readonly did: Readonly<Record<string, number>>;
  /** Of the rows as events and the verification that follows them left them. `lost`: there is no row. */
  readonly before: Tally;
  /** Of the rows after the one reconciliation. */
  readonly after: Tally;
  /** The counts that the reconciliation reported, summed over its runs. */
  readonly reconciled: Readonly<Record<string, number>>;
  /** The first of all that should not be. */
  readonly examples: readonly string[];
}

export interface Tally {
  readonly right: number;
  readonly lost: number;
  readonly wrong: number;
  readonly extra: number;
}

const AT_ONCE = 8;
const FAULTS: Partial<Faults> = { drop: 0.3, duplicate: 0.3, reorder: 0.3, delayMs: 150, api: 0.1 };
/** The functions that are killed, those that do more more often. */
const VICTIMS = ['vodEvents', 'vodEvents', 'uploadChanged', 'uploadChanged', 'uploadSignature'] as const;

export async function chaos({ uploads: total, mode, seed, dataDir }: Chaos): Promise<Report> {
  const random = randomFrom(seed);
  const run = await startLocal({
    port: 0,
    vodPort: 0,
    tablePort: 0,
    dataDir,
    log: () => undefined,
    schedules: false,
    confirmWithinMs: 1_000,
  });
  let pulling = mode === 'PULL';
  let killing = mode === 'PULL';
  try {
    const { functions, table, vod } = run;
    const did = { uploads: 0, deletions: 0, 'functions killed': 0, 'table killed': 0, 'runs of pull-events': 0 };
    const credential = { secretId: run.secrets.vodSecretId, secretKey: run.secrets.vodSecretKey };
    const httpProfile = { protocol: 'http://', endpoint: `127.0.0.1:${vod.port}` };
    const api = new sdk.v20180717.Client({ credential, region: '', profile: { httpProfile } });
    if (mode === 'PULL') await api.ModifyEventConfig({ Mode: 'PULL' });

    const kill = async (name: string) => {
      did['functions killed'] += 1;
      await functions.kill(name);
    };
    const killTable = async () => {
      did['table killed'] += 1;
      await table.kill();
      await sleep(500);
      await table.restart();
    };

    async function pull(): Promise<void> {
      while (pulling) {
        did['runs of pull-events'] += 1;
        await functions.invoke('pullEvents', {});
      }
    }
    async function killPuller(): Promise<void> {
      while (killing) {
        await sleep(random() * 2_000);
        await kill('pullEvents');
      }
    }

    const planOf = (number: number) => plan(number, randomFrom(seed + 1_000_003 * (number + 1)));
    const setFaults = () => {
      const format = (['3.0', '2.0', 'both'] as const)[Math.floor(random() * 3)] ?? '3.0';
      vod.setFaults({ ...FAULTS, format, seed: Math.floor(random() * 2 ** 31) });
    };

    /** Makes `count` uploads, and calls `meanwhile` after each of them. */
    async function uploadSome(count: number, meanwhile: (number: number) => Promise<void>): Promise<Uploaded[]> {
      const done: Uploaded[] = [];
      let next = 0;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let number = next++; number < count; number = next++) {
            done.push(await upload(run, vod.port, planOf(did.uploads++)));
            if (random() < 0.05) await kill(VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'vodEvents');
            await meanwhile(number);
          }
        }),
      );
      return done;
    }

    /** Waits until nothing is under way: no procedure runs, VOD has nothing more to send, and nothing is being verified. */
    async function settle(): Promise<void> {
      vod.setFaults(undefined);
      const folder = join(dataDir, 'vod', mode === 'PULL' ? 'queue' : 'outbox');
      const waits = async () => (await readdir(folder)).some((file) => file.endsWith('.json'));
      const works = async () => (await api.DescribeTasks({ Status: 'PROCESSING', Limit: 1 })).TaskSet?.length !== 0;
      while ((await works()) || (await waits())) await sleep(100);
      await run.eventSources.idle();
    }

    async function reconcile(): Promise<Record<string, number>> {
      const sums: Record<string, number> = {};
      for (let runs = 1; ; runs++) {
        const outcome = await functions.invoke('reconcile', {});
        if (outcome === 'failed') throw new Error('reconcile failed');
        const response = JSON.parse(outcome.json) as Record<string, unknown>;
        for (const [name, value] of Object.entries(response)) {
          if (typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
        }
        if (response['finished'] !== false) return { runs, ...sums };
      }
    }

    const underWay = Promise.all([pull(), killPuller()]);

    // Files that were confirmed: only of those is it known later that they are gone.
    setFaults();
    const early = await uploadSome(Math.ceil(total / 10), () => Promise.resolve());
    await settle();
    const known = await expectedRows(api, early);
    const confirmed = confirmedFiles(await table.rows());

    setFaults();
    const doomed = early.filter(({ fileId }) => confirmed.has(fileId) && random() < 0.4);
    const [third, twoThirds] = [0.3, 0.6].map((part) => Math.floor((total - early.length) * part));
    const late = await uploadSome(total - early.length, async (number) => {
      if (number === third || number === twoThirds) await killTable();
      if (number % 50 === 0) setFaults();
      const gone = doomed[number % 3 === 0 ? number / 3 : -1];
      if (!gone) return;
      did.deletions += 1;
      await retryCall(() => api.DeleteMedia({ FileId: gone.fileId }));
      // Of a file that is gone the row keeps what was confirmed last, which is not known here.
      known.rows.set(gone.fileId, { fileId: gone.fileId, status: 'deleted' });
    });
    killing = false;
    await settle();
    pulling = false;
    await underWay;

    const now = await expectedRows(api, late);
    const expected = new Map([...known.rows, ...now.rows]);
    const examples = [...known.problems, ...now.problems];
    for (const row of expected.values()) row['trust'] = 'confirmed';
    const before = hold(await table.rows(), expected);

    // A run that is cut off leaves nothing behind that the next one cannot use.
    const cutOff = functions.invoke('reconcile', {});
    await sleep(200);
    await kill('reconcile');
    await cutOff;

    const reconciled = await reconcile();
    const after = hold(await table.rows(), expected);
    return {
      did,
      before: before.tally,
      after: after.tally,
      reconciled,
      examples: [...examples, ...after.found].slice(0, 20),
    };
  } finally {
    pulling = killing = false;
    await run.stop();
  }
}

/** Calls again what fails on demand. */
async function retryCall(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'InternalError')) throw error;
    }
  }
}

/** The files whose row is confirmed. */
function confirmedFiles(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(rows.filter((row) => row['trust'] === 'confirmed').map((row) => String(row['fileId'])));
}

/** Counts the rows that are as expected. */
function hold(rows: readonly Row[], expected: ReadonlyMap<string, Expected>) {
  const found: string[] = [];
  const byId = new Map(rows.map((row) => [String(row['fileId']), row]));
  const tally = { right: 0, lost: 0, wrong: 0, extra: 0 };
  for (const [fileId, wanted] of expected) {
    const row = byId.get(fileId);
    const different = row ? differences(row, wanted) : [`${fileId}: there is no row`];
    found.push(...different);
    tally[row ? (different.length === 0 ? 'right' : 'wrong') : 'lost'] += 1;
  }
  for (const fileId of byId.keys()) {
    if (expected.has(fileId)) continue;
    tally.extra += 1;
    found.push(`${fileId}: was not uploaded`);
  }
  return { tally, found };
}
/** A message for each thing that must not be, examples of wrong rows among them; none where all is well. */
export function failures(mode: Chaos['mode'], { before, after, examples }: Report): string[] {
  const bad = [...examples];
  const { lost, wrong, extra } = after;
  if (lost + wrong + extra > 0) bad.unshift(`after the reconciliation: ${lost} lost, ${wrong} wrong, ${extra} extra`);
  // Without the reconciliation rows must be missing or wrong, or nothing was tried.
  if (mode === 'PUSH' && before.lost + before.wrong === 0) {
    bad.push('the chaos did not bite: no row was missing or wrong before the reconciliation');
  }
  if (mode === 'PULL' && before.lost > 0) bad.push(`pulled events alone: ${before.lost} lost`);
  return bad;
}
