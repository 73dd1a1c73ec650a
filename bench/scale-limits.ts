// `npm run scale:limits`: what limits a deployment at a rate of uploads, in virtual time; see docs/scale.md.
// Options: --rates 10,100,1000,10000  --signatures 3  --calls-at-end DescribeTaskDetail  --no-procedure  --one-index-key
import '../tests/support/environment';
import { parseArgs } from 'node:util';
import { uploadsTableProperties } from '../tests/support/backend';
import { storagesOf } from '../tests/support/unit/capacity';
import { confirmedAt, verifiableRate } from './limits/capacity';
import { readDeployed } from './limits/deployed';
import { climb, type Step } from './limits/ladder';
import { defaultLimits, LABELS, type LimitName, type Limits } from './limits/limits';
import { USUAL_LOAD, type Load } from './limits/load';
import { MAX_SEARCHABLE_FILES } from './limits/quotas';
import { filesPerSecond } from './limits/reconcile';
import type { SimulationOptions } from './limits/simulation';
import { measureUnits } from './limits/units';
import type { Action } from './limits/vod-calls';
import { figure, table } from './tables';

type Setting = Omit<SimulationOptions, 'load'> & { readonly load: Omit<Load, 'rate'> };

function readOptions() {
  const { values } = parseArgs({
    options: {
      rates: { type: 'string', default: '10,100,1000,10000' },
      signatures: { type: 'string', default: String(USUAL_LOAD.signatures) },
      'calls-at-end': { type: 'string', default: USUAL_LOAD.callsAtEnd.join(',') },
      'no-procedure': { type: 'boolean', default: false },
      'one-index-key': { type: 'boolean', default: false },
    },
  });
  const load: Omit<Load, 'rate'> = {
    ...USUAL_LOAD,
    signatures: Number(values.signatures),
    callsAtEnd: values['calls-at-end'].split(',') as Action[],
    hasProcedure: !values['no-procedure'],
    hasOneIndexKey: values['one-index-key'],
  };
  return { rates: values.rates.split(',').map(Number), load };
}

const HEAD = [
  'raised before',
  'confirmed/s',
  'p50 s',
  'p99 s',
  'backlog/s',
  'throttled/s',
  'lost events/s',
  'reached first',
  'at uploads/s',
  'holds',
];

function stepRow({ raised, result }: Step): string[] {
  const [first] = result.reached;
  const seconds = (milliseconds: number) => (Number.isNaN(milliseconds) ? '-' : figure(milliseconds / 1_000));
  return [
    raised ? `${LABELS[raised.name]} ${raised.from} -> ${raised.to}` : 'nothing',
    figure(result.confirmed, 0),
    seconds(result.p50),
    seconds(result.p99),
    figure(Math.max(0, result.backlogGrowth), 0),
    figure(result.turnedAway, 0),
    figure(result.lostEvents, 0),
    first ? LABELS[first.name] : '-',
    first ? figure(first.rate, 0) : '-',
    result.holds ? 'yes' : 'no',
  ];
}

/** The limits that a load uses most, with how many times the load they would take. */
function headroom({ limits, result }: Step): string {
  const names: readonly (keyof Limits & LimitName)[] = [
    'signingRoute',
    'eventsRoute',
    'gateway',
    'lambdaConcurrency',
    'tableUnits',
    'tableQuota',
    'vodRate',
    'webhooks',
  ];
  return names
    .map((name) => ({ name, times: limits[name] / result.used(name) }))
    .sort((one, other) => one.times - other.times)
    .slice(0, 3)
    .map(({ name, times }) => `${LABELS[name]} ${figure(times)} times`)
    .join('; ');
}

function printRate(rate: number, setting: Setting): void {
  const steps = climb({ ...setting, load: { ...setting.load, rate } });
  console.log(`\n## ${rate} uploads/s\n\n${table(HEAD, steps.map(stepRow))}`);
  const last = steps.at(-1);
  if (!last) return;
  console.log(`\nHeadroom of the last row, as a multiple of its load: ${headroom(last)}.`);
  if (!last.result.holds) console.log('It does not hold: what is reached cannot be raised further.');
}

/** Prints the capacity of verification alone, with and without a procedure, and with VOD's rates raised. */
function printCapacity(setting: Setting): void {
  const options = (hasProcedure: boolean, limits: Partial<Limits> = {}): SimulationOptions => ({
    ...setting,
    limits: { ...setting.limits, ...limits },
    load: { ...setting.load, hasProcedure, rate: 0 },
  });
  const raised = { vodRate: 100_000 };
  const cases: readonly (readonly [what: string, options: SimulationOptions, step: number, max: number])[] = [
    ['with a procedure', options(true), 5, 200],
    ['without a procedure', options(false), 50, 4_000],
    ["with a procedure, VOD's rates raised", options(true, raised), 10, 2_000],
    ['the same, ten batches at a time of a shard', options(true, { ...raised, batchesPerShard: 10 }), 50, 2_000],
  ];
  const rows = cases.map(([label, simulated, step, max]) => {
    const { rate, limit } = verifiableRate(simulated, step, max);
    return [label, String(rate), limit ? LABELS[limit] : '-'];
  });
  const above = [100, 200].map((rate) => `${figure(confirmedAt(options(true), rate), 0)} at ${rate} uploads/s`);
  console.log(`
## What one deployment verifies within five seconds, when nothing else limits it

${table(['uploads', 'uploads/s', 'then'], rows)}

Above the first row it confirms fewer events a second, of two for each upload: ${above.join(', ')}.`);
}

async function printReconcile(): Promise<void> {
  const share = (rate: number) => figure(rate / 2, 0);
  console.log(`
## What reconcile finds

In half of its time each, it examines ${share(await filesPerSecond('recent'))} new files and ${share(await filesPerSecond('tasks'))} ended procedures a second. SearchMedia shows ${MAX_SEARCHABLE_FILES} files
of one second.`);
}

async function main(): Promise<void> {
  const { rates, load } = readOptions();
  const deployed = await readDeployed();
  const units = measureUnits(storagesOf(await uploadsTableProperties()));
  const setting: Setting = { load, limits: defaultLimits(deployed), units, deployed };
  const perUpload = units.upload + units.finished + (load.hasProcedure ? units.confirmed + units.end : 0);
  console.log(`# What limits a deployment

Virtual time: the load grows for a minute and then lasts for three; the last two are measured. ${load.signatures} signatures for each
upload, ${load.hasProcedure ? 'a procedure that takes a minute' : 'no procedure'}, ${perUpload} write units of the table. Events are counted, not uploads.`);
  printCapacity(setting);
  await printReconcile();
  for (const rate of rates) printRate(rate, setting);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
