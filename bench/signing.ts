import type { Major } from '../tests/support/node-majors';
import { bundleOf, type Inputs } from './compare';
import { interleave, measure, type Measured } from './instances';
import {
  COLD_UNIT,
  coldCost,
  coldTable,
  cpuPerCall,
  firstResponse,
  medianCall,
  ratioTo,
  timesOf,
  warmTable,
  type Results,
  type Times,
} from './measured';
import { addBars, addSection } from './report';
import { isQuick, ROUNDS, SIGNING_CALLS } from './settings';
import { quartiles, type Quartiles } from './statistics';
import { range, table } from './tables';

/** Measured cold and warm; the first is ours, and the last has no cold start that is worth a look. */
const VARIANTS = isQuick
  ? ['ours', 'sign-usual', 'sign-sample-and-secret']
  : ['ours', 'sign-usual', 'sign-powertools', 'sign-sample', 'sign-sample-and-secret', 'sign-limit'];
/** Measured cold alone: what else could read the secret, and the other kind of module. */
const COLD_VARIANTS = isQuick
  ? []
  : ['sign-sample-own', 'sign-sample-fetch', 'sign-sample-sdk', 'ours-as-esm', 'nothing'];

export async function measureSigning(major: Major, inputs: Inputs): Promise<Times> {
  const results: Results = await interleave([...VARIANTS, ...COLD_VARIANTS], ROUNDS, (variant, round) =>
    measure({
      major,
      bundle: bundleOf(inputs, 'upload-signature', variant),
      eventFile: inputs.eventFiles['upload-signature'],
      env: inputs.env,
      id: `s${round}`,
      ...(VARIANTS.includes(variant) && SIGNING_CALLS),
    }),
  );
  const pick = (isWanted: (name: string) => boolean): Results =>
    Object.fromEntries(Object.entries(results).filter(([name]) => isWanted(name)));
  const cold = pick((name) => name !== 'sign-limit');
  const warm = pick((name) => VARIANTS.includes(name));
  addSection(
    `## Signing, Node ${major} (${ROUNDS} processes each, ${SIGNING_CALLS.calls} calls)\n\n${coldTable(cold)}`,
  );
  addSection(warmTable(warm));
  addSigningBars(major, results);
  if (!isQuick) {
    addSection(compareReaders(ratioBetween(results, 'sign-sample-own', 'sign-sample-and-secret')));
    await measureColdParts(major, inputs);
  }
  return timesOf('upload-signature', cold, warm);
}

function addSigningBars(major: Major, results: Results): void {
  const cold = (name: string) => ratioTo(results, name, coldCost);
  const { ours = [] } = results;
  addBars(
    { name: `signing cold, Node ${major}: ${COLD_UNIT} of (a)`, measured: cold('sign-usual'), max: 0.4, digits: 2 },
    {
      name: `signing cold, Node ${major}: time of (c) with its secret read`,
      measured: ratioTo(results, 'sign-sample-and-secret', firstResponse),
      max: 1.1,
      digits: 2,
    },
  );
  // CPU includes the garbage collection and the compiler, which quick runs are too short for.
  const cost = isQuick ? medianCall : cpuPerCall;
  addBars({
    name: `signing warm, Node ${major}: calls in a second of ${isQuick ? 'median calls' : 'CPU'}`,
    measured: quartiles(ours.map((run) => 1000 / cost(run))),
    min: 20_000,
    digits: 0,
  });
  if (isQuick) return;
  const usual = ratioBetween(results, 'sign-usual', 'sign-limit', medianCall);
  addBars(
    {
      name: `signing cold, Node ${major}: ${COLD_UNIT} of (b)`,
      measured: cold('sign-powertools'),
      max: 1 / 3,
      digits: 2,
    },
    {
      name: `signing warm, Node ${major}: times (d)`,
      measured: ratioTo(results, 'sign-limit', medianCall),
      max: 5,
      digits: 1,
      reason: `(a) takes ${range(usual)} times (d); the parts are under “Where a signature's time goes”`,
    },
  );
}

function ratioBetween(results: Results, name: string, other: string, value = firstResponse): Quartiles {
  return ratioTo({ ours: results[name] ?? [], [other]: results[other] ?? [] }, other, value);
}

/** Compares our own reader of parameters with aws4. */
function compareReaders(ratio: Quartiles): string {
  const isEqual = Math.abs(ratio.median - 1) < 0.05;
  return (
    `Our own reader of parameters beside aws4, both on node:https: ${isEqual ? 'equal' : 'not equal'}, ${range(ratio, 2)} of ` +
    "the time, with one dependency less. AWS's parameter extension was not measured: it is a Lambda layer, which no registry " +
    'has, and would add a start of its own.'
  );
}

async function measureColdParts(major: Major, { files, env, eventFiles }: Inputs): Promise<void> {
  const { parts } = await interleave(['parts'], ROUNDS, (_, round) =>
    measure({
      major,
      bundle: files['cold-parts'] ?? '',
      eventFile: eventFiles['upload-signature'],
      env,
      id: `p${round}`,
    }),
  );
  const rows: [string, (run: Measured) => number][] = [
    ['Node starts', ({ started }) => started],
    ['the bundle is loaded', ({ started, loaded }) => loaded - started],
    ['the secrets are read', ({ secretRead = NaN }) => secretRead],
    ['the rest of the first call', (run) => run.firstResponse - run.loaded - (run.secretRead ?? NaN)],
  ];
  addSection(
    `Parts of this project's cold start, in ${ROUNDS} more processes:\n\n${table(
      ['part', 'ms'],
      rows.map(([name, value]) => [name, range(quartiles(parts.map(value)))]),
    )}`,
  );
}
