import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seal } from '../lib/vod/source-context';
import { startLocal, type LocalRun } from '../local/run';
import { startReceiver } from './dependencies';
import { addBars, addSection } from './report';
import { quantile, single } from './statistics';
import { figure, table } from './tables';
import { CALLER } from './values';

const RATES = [
  { perSecond: 1, seconds: 60 },
  { perSecond: 20, seconds: 30 },
] as const;
/** Longest wait for the last webhook, in milliseconds. */
const MAX_WAIT = 60_000;
/** The limits of `npm run load` for the same path without the webhook, in milliseconds. */
const MAX_P50 = 2_000;
const MAX_P99 = 5_000;

interface Latencies {
  readonly uploads: number;
  /** Milliseconds from the commit to the webhook, sorted; without those that did not arrive. */
  readonly sorted: readonly number[];
}

/**
 * Reports how long it takes from the commit of an upload in VOD to its delivered webhook, through VOD's event, the table, its
 * stream, VOD's response and the queue of webhooks: in the local run, whose functions run in the bench's own Node.
 */
export async function measureEndToEnd(): Promise<void> {
  const received = new Map<string, number>();
  const receiver = await startReceiver((body) => {
    const { data } = JSON.parse(body) as { data: { fileId: string } };
    if (!received.has(data.fileId)) received.set(data.fileId, performance.now());
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'vod-client-upload-bench-'));
  const run = await startLocal({
    port: 0,
    vodPort: 0,
    tablePort: 0,
    dataDir,
    features: { notifyUrl: receiver.url },
    schedules: false,
    log: () => undefined,
  });
  try {
    await measureRate(run, received, { perSecond: 1, seconds: 1 }); // loads the functions
    const rows: string[][] = [];
    for (const rate of RATES) rows.push(reportRate(rate.perSecond, await measureRate(run, received, rate)));
    addSection(
      `## From commit to webhook\n\n${table(
        ['uploads a second', 'p50 ms', 'p99 ms', 'webhooks'],
        rows,
      )}\n\n\`npm start\` in the bench's own process, on Node ${process.versions.node}: a file is put into the local VOD, which sends its ` +
        'event; the receiver of webhooks responds at once. The local stream is read every 100 ms.',
    );
  } finally {
    await run.stop();
    receiver.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measureRate(
  run: LocalRun,
  received: ReadonlyMap<string, number>,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Latencies> {
  const uploads = perSecond * seconds;
  const [sealKey = ''] = run.secrets.sealKey.split(',');
  const committed = new Map<string, number>();
  const began = performance.now();
  for (let number = 0; number < uploads; number++) {
    const wait = began + (number * 1000) / perSecond - performance.now();
    if (wait > 0) await sleep(wait);
    const media = { name: `clip ${number}`, type: 'mp4', size: 10_485_760, duration: 60.5 };
    const sourceContext = seal(`order=${number}`, CALLER, false, sealKey);
    const committedAt = performance.now();
    committed.set(run.vod.put({ ...media, sourceContext }).fileId, committedAt);
  }
  const arrived = () => [...committed].filter(([fileId]) => received.has(fileId));
  for (let waited = 0; arrived().length < uploads && waited < MAX_WAIT; waited += 100) await sleep(100);
  const latencies = arrived().map(([fileId, committedAt]) => (received.get(fileId) ?? NaN) - committedAt);
  return { uploads, sorted: latencies.sort((a, b) => a - b) };
}

function reportRate(perSecond: number, { uploads, sorted }: Latencies): string[] {
  const p50 = quantile(sorted, 0.5);
  const p99 = quantile(sorted, 0.99);
  const name = `commit to webhook at ${perSecond} a second`;
  addBars(
    { name: `${name}: p50 in ms`, measured: single(p50), max: MAX_P50, digits: 0 },
    { name: `${name}: p99 in ms`, measured: single(p99), max: MAX_P99, digits: 0 },
    { name: `${name}: webhooks that did not arrive`, measured: single(uploads - sorted.length), max: 0, digits: 0 },
  );
  return [String(perSecond), figure(p50, 0), figure(p99, 0), `${sorted.length} of ${uploads}`];
}
