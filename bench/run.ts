// `npm run bench`: compares this project with other ways to do the same, in one run. What it prints is what it writes to
// bench/results.md. It needs the registry for the first run, for Lambda's Node and the peers (bench/peers).
import '../tests/support/environment';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { localConfig } from '../tests/support/backend';
import { MAJORS, type Major } from '../tests/support/node-majors';
import { ratioChart } from './chart';
import { compareFunctions, type Inputs } from './compare';
import { startDependencies, type Dependencies } from './dependencies';
import { readCostFactors, type CostFactors } from './deployed';
import { measureEndToEnd } from './end-to-end';
import { fetchWhatIsMissing, pin, ROOT, stayOn } from './machine';
import { mergeTimes, type Times } from './measured';
import { measureMemory } from './memory';
import { measureOwnWork } from './own-work-report';
import { moneyReport, type MeasuredFunction } from './money';
import { addBars, addSection, finishReport } from './report';
import { BATCH_ROWS, READ_FILE, writeEventFiles } from './requests';
import { measureScale } from './scale';
import { BATCH_CALLS, isQuick } from './settings';
import { measureSigning } from './signing';
import { reportSizes } from './sizes';
import { figure } from './tables';
import { pushedRow, putFiles, putRows, readyRow } from './uploads';
import { bundleVariants, USUAL, type FunctionName } from './variants';
import { measureWrites, type RowCost } from './writes-report';

const NODE_MAJORS: readonly Major[] = isQuick ? [24] : MAJORS;

async function main(): Promise<void> {
  const began = performance.now();
  const cores = availableParallelism();
  await fetchWhatIsMissing(NODE_MAJORS);
  const files = await bundleVariants(await localConfig());
  const getLoad = watchLoad();
  stayOn('0');
  const dependencies = await startDependencies();
  addHeading();
  let headline: Headline;
  try {
    headline = await measureInstances(dependencies, files);
  } finally {
    await dependencies.stop();
  }
  if (!isQuick) {
    stayOn(`0-${cores - 1}`);
    await measureEndToEnd();
    await measureScale(24);
  }
  const { markdown, isAnyMissed } = finishReport(getLoad());
  if (!isQuick) {
    writeFileSync(join(__dirname, 'results.md'), markdown);
    const images = join(ROOT, 'docs/images');
    mkdirSync(images, { recursive: true });
    writeFileSync(join(images, 'bench.svg'), drawChart(headline));
  }
  console.log(`\nTook ${figure((performance.now() - began) / 1000, 0)} s.`);
  if (isAnyMissed) process.exitCode = 1;
}

/** The values of the chart. */
interface Headline {
  readonly times: Times | undefined;
  /** Compressed kB of all functions. */
  readonly bundles: { readonly ours: readonly number[]; readonly usual: readonly number[] };
}

/** Measures the times of single instances of the functions, their sizes and their costs. */
async function measureInstances(dependencies: Dependencies, files: Inputs['files']): Promise<Headline> {
  const inputs = await prepareInputs(dependencies, files);
  const times = new Map<Major, Times>();
  for (const major of NODE_MAJORS) {
    times.set(major, mergeTimes([await measureSigning(major, inputs), ...(await compareFunctions(major, inputs))]));
    if (!isQuick) await measureOwnWork(major, inputs);
  }
  if (!isQuick) await measureMemory(24, inputs);
  const bundles = reportSizes(files);
  const rows = await measureWrites(dependencies.table.client);
  const current = times.get(24);
  if (current) reportMoney(current, rows, await readCostFactors());
  return { times: times.get(24), bundles };
}

function drawChart({ times, bundles }: Headline): string {
  const { cold = {}, warm = {} } = times ?? {};
  const ratio = (part: Times['cold'], name: FunctionName) =>
    (part[`${name}:ours`] ?? NaN) / (part[`${name}:${USUAL[name]}`] ?? NaN);
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  return ratioChart('What this project takes of the usual way', 'AWS SDK and ajv = 100 %; Node 24; npm run bench', [
    { label: 'Signature, first of an instance', ratio: ratio(cold, 'upload-signature') },
    { label: 'Event, first of an instance', ratio: ratio(cold, 'vod-events') },
    { label: 'Event, warm instance', ratio: ratio(warm, 'vod-events') },
    { label: 'Bundles of all functions', ratio: sum(bundles.ours) / sum(bundles.usual) },
  ]);
}

/** Puts files into VOD and rows into the table, and writes the events that the functions are called with. */
async function prepareInputs({ env, table: { client }, vod }: Dependencies, files: Inputs['files']): Promise<Inputs> {
  const now = Date.now();
  await putRows(client, [readyRow(READ_FILE, now, 3)]);
  const batchCount = 1 + BATCH_CALLS.warmUp + BATCH_CALLS.calls;
  const rows = putFiles(vod, batchCount * BATCH_ROWS).map((fileId) => pushedRow(fileId, now));
  const batches = Array.from({ length: batchCount }, (_, batch) =>
    rows.slice(batch * BATCH_ROWS, (batch + 1) * BATCH_ROWS),
  );
  return { files, env, eventFiles: writeEventFiles(batches), resetRows: () => putRows(client, rows) };
}

function addHeading(): void {
  const day = new Date().toISOString().slice(0, 10);
  const [{ model } = { model: 'unknown' }] = cpus();
  const pinning =
    pin.length > 0
      ? 'measured processes one at a time on one core, and the bench with its servers on another'
      : 'no process bound to a core';
  addSection(
    [
      '# How fast',
      '',
      `Made by \`npm run bench\`${isQuick ? ' -- --quick' : ''} on ${day}: ${cpus().length} cores of ${model.trim()}, Linux, ${pinning}.`,
      'Variants run in turn, and each round begins with another one. Times are medians with their quartiles, and differ between',
      'machines; ratios are formed within each round, and hold. Every variant is bundled by esbuild with the options of this',
      'project. The functions call servers on loopback: parameters over HTTPS; the embedded table, queues, VOD and the receiver',
      'of webhooks over HTTP. The parts with many senders are bound to no core.',
    ].join('\n'),
  );
}

/** Samples the machine's load; returns a function that stops and describes it. */
function watchLoad(): () => string {
  const now = () => loadavg()[0] ?? NaN;
  const atStart = now();
  let highest = atStart;
  const timer = setInterval(() => (highest = Math.max(highest, now())), 5_000);
  return () => {
    clearInterval(timer);
    const maximum = figure(Math.max(highest, now()));
    return `Load of the machine (1-minute average): ${figure(atStart)} at the start, at most ${maximum}, the bench included.`;
  };
}

/** The measured times and log bytes of a variant of a function. */
function measuredFunction(times: Times, variant: string, calls = 1): MeasuredFunction {
  const { warm, cpu, cold, logBytes } = times;
  return {
    warm: (warm[variant] ?? NaN) / calls,
    cpu: (cpu[variant] ?? NaN) / calls,
    cold: cold[variant] ?? NaN,
    logBytes: logBytes[variant] ?? NaN,
  };
}

function reportMoney(times: Times, [typical, large]: readonly [RowCost, RowCost], deployed: CostFactors): void {
  const { markdown, bars } = moneyReport({
    sign: measuredFunction(times, 'upload-signature:ours'),
    event: measuredFunction(times, 'vod-events:ours'),
    poll: measuredFunction(times, 'uploads:ours'),
    notify: measuredFunction(times, 'notify-app:ours'),
    verify: measuredFunction(times, 'upload-changed:ours', BATCH_ROWS),
    usualSign: measuredFunction(times, `upload-signature:${USUAL['upload-signature']}`),
    usualEvent: measuredFunction(times, `vod-events:${USUAL['vod-events']}`),
    typical,
    large,
    deployed,
  });
  addSection(markdown);
  addBars(...bars);
}

void main();
