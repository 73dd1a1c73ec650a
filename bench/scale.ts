import type { Major } from '../tests/support/node-majors';
import { addBars, addSection } from './report';
import { startStack, type Load, type Stack } from './senders';
import { single } from './statistics';
import { figure, table } from './tables';

/** Rows at which one sender is measured, the first after a warm-up. */
const WARM_UP_EVENTS = 1_000;
const SIZES = { first: 5_000, last: 20_000 };
const FILLING_SENDERS = 50;
const SINGLE_SENDER_EVENTS = 300;
/** Senders at once, and how many events they send together. */
const STEPS = [
  { senders: 1, events: 500 },
  { senders: 10, events: 1_500 },
  { senders: 100, events: 3_000 },
  { senders: 1_000, events: 3_000 },
] as const;
const HALF_PEAK_SECONDS = 15;

/** Reports how `npm start` takes events from many senders, and from one as the table grows. */
export async function measureScale(major: Major): Promise<void> {
  const stack = await startStack(major);
  try {
    const rows = [await measureSize(stack, WARM_UP_EVENTS), await measureSize(stack, SIZES.first)];
    await measureSenders(major, stack);
    rows.push(await measureSize(stack, SIZES.last));
    const stored = await stack.countRows();
    addSection(
      `## As the table grows\n\n${table(
        ['rows', 'p50 ms, one sender', 'p99 ms', 'MB, local run', 'MB, table'],
        rows,
      )}\n\n${stored} rows for ${stack.acceptedCount()} events whose response was 200. The memory of the local run is not the functions': ` +
        'its table keeps the records of its stream for a day, as DynamoDB does.',
    );
    addBars({ name: 'lost rows', measured: single(stack.acceptedCount() - stored), max: 0, digits: 0 });
  } finally {
    await stack.stop();
  }
}

/** Fills the table up to the rows of this number of events, then measures one sender; returns a row of the report. */
async function measureSize(stack: Stack, events: number): Promise<string[]> {
  const missing = events - stack.acceptedCount();
  if (missing > 0) await stack.sendInTurn(FILLING_SENDERS, missing);
  const { run, engine } = await stack.memory();
  const { p50, p99 } = await stack.sendInTurn(1, SINGLE_SENDER_EVENTS);
  return [String(events), figure(p50, 2), figure(p99, 2), figure(run, 0), figure(engine, 0)];
}

async function measureSenders(major: Major, stack: Stack): Promise<void> {
  const loads: Load[] = [];
  for (const { senders, events } of STEPS) loads.push(await stack.sendInTurn(senders, events));
  const peak = Math.max(...loads.map(({ rate }) => rate));
  const half = await measureHalfPeak(stack, peak / 2);
  const row = (name: string, { rate, p50, p99, errors, events }: Load) => [
    name,
    figure(rate, 0),
    figure(p50),
    figure(p99),
    `${errors} of ${events}`,
  ];
  addSection(
    `## Senders at once\n\n\`npm start\` on Node ${major} with its table in a file; the senders share the machine with it.\n\n${table(
      ['senders', 'events a second', 'p50 ms', 'p99 ms', 'errors'],
      [...loads.map((load) => row(String(load.senders), load)), row('half the peak rate', half.load)],
    )}\n\nAt half the peak rate, evenly spaced, with times from when each event was due: ${half.description}.`,
  );
  addSenderBars(loads);
  addBars({
    name: 'half the peak rate: p99 in ms',
    measured: single(half.load.p99),
    max: 250,
    digits: 0,
    reason: half.description,
  });
}

function addSenderBars(loads: readonly Load[]): void {
  const hundred = loads.find(({ senders }) => senders === 100);
  const thousand = loads.find(({ senders }) => senders === 1_000);
  if (!hundred || !thousand) throw new Error('100 and 1 000 senders must be measured');
  addBars(
    { name: '1 000 senders: errors', measured: single(thousand.errors), max: 0, digits: 0 },
    {
      name: '1 000 senders: throughput, of that at 100',
      measured: single(thousand.rate / hundred.rate),
      min: 0.8,
      digits: 2,
    },
    {
      name: '1 000 senders: p99, of 1 000 / throughput',
      measured: single(thousand.p99 / 1000 / (1000 / thousand.rate)),
      max: 3,
      digits: 2,
    },
  );
}

async function measureHalfPeak(stack: Stack, rate: number): Promise<{ load: Load; description: string }> {
  const before = await stack.cpu();
  const began = performance.now();
  const load = await stack.sendAtRate(rate, HALF_PEAK_SECONDS);
  const elapsed = performance.now() - began;
  const after = await stack.cpu();
  const share = (part: keyof typeof after) => `${figure((100 * (after[part] - before[part])) / elapsed, 0)} %`;
  const description =
    `p50 is ${figure(load.p50)} ms; of a core the local run took ${share('run')}, the table ${share('engine')}, the senders ` +
    `${share('senders')}; events left the sender up to ${figure(load.lateness)} ms late (p99)`;
  return { load, description };
}
