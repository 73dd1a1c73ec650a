import type { Major } from '../tests/support/node-majors';
import { interleave, measure, type Measured } from './instances';
import {
  COLD_UNIT,
  coldCost,
  coldTable,
  cpuPerCall,
  medianCall,
  ratioTo,
  timesOf,
  warmTable,
  type Times,
} from './measured';
import { addBars, addSection } from './report';
import { BATCH_CALLS, isQuick, OTHER_CALLS, ROUNDS } from './settings';
import { ours, USUAL, type FunctionName } from './variants';

/** The inputs of the measured processes. */
export interface Inputs {
  /** Bundles by name. */
  readonly files: Readonly<Record<string, string>>;
  readonly eventFiles: Readonly<Record<FunctionName, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Puts the rows of the batches of the stream back to what they were. */
  readonly resetRows: () => Promise<void>;
}

interface Comparison {
  readonly title: string;
  readonly name: Exclude<FunctionName, 'upload-signature'>;
  /** Names of variants in addition to ours and (a): of the kind (b). */
  readonly others?: readonly string[];
  readonly warmUp: number;
  readonly calls: number;
  /** Milliseconds between two calls. */
  readonly pause?: number;
  /** The most that ours may take of (a). */
  readonly max: { readonly cold: number; readonly warm: number };
}

const COMPARISONS: readonly Comparison[] = [
  {
    title: 'Recording an event',
    name: 'vod-events',
    others: isQuick ? [] : ['events-powertools'],
    ...OTHER_CALLS,
    max: { cold: 0.7, warm: 1 },
  },
  {
    title: 'Verifying and announcing a batch of ten changed rows',
    name: 'upload-changed',
    ...BATCH_CALLS,
    // Above the pace of VOD's server API, 100 calls a second: no call waits for its turn.
    pause: 12,
    max: { cold: 1, warm: 1 },
  },
  // Both post with fetch, which is most of a delivery.
  { title: 'Delivering a webhook', name: 'notify-app', ...OTHER_CALLS, max: { cold: 1, warm: 1.2 } },
  { title: 'Reading an upload', name: 'uploads', ...OTHER_CALLS, max: { cold: 1, warm: 1 } },
  { title: 'Signing a playback', name: 'playback', ...OTHER_CALLS, max: { cold: 1, warm: 1 } },
];

/** Compares every function except the signing one with the usual way to write it, cold and warm. */
export async function compareFunctions(major: Major, inputs: Inputs): Promise<Times[]> {
  const times: Times[] = [];
  for (const comparison of COMPARISONS) times.push(await compare(major, inputs, comparison));
  return times;
}

async function compare(major: Major, inputs: Inputs, comparison: Comparison): Promise<Times> {
  const { title, name, others = [], warmUp, calls, pause = 0, max } = comparison;
  const usual = USUAL[name];
  const results = await interleave(['ours', usual, ...others], ROUNDS, async (variant, round) => {
    if (name === 'upload-changed') await inputs.resetRows();
    return measure({
      major,
      bundle: bundleOf(inputs, name, variant),
      eventFile: inputs.eventFiles[name],
      env: inputs.env,
      id: `${major}-${variant}-${round}`,
      warmUp,
      calls,
      pause,
    });
  });
  addSection(
    `## ${title}, Node ${major} (${ROUNDS} processes each, ${calls} calls)\n\n${coldTable(results)}\n\n${warmTable(results)}`,
  );
  const ratio = (value: (run: Measured) => number, to: string = usual) => ratioTo(results, to, value);
  addBars(
    { name: `${name} cold, Node ${major}: ${COLD_UNIT} of (a)`, measured: ratio(coldCost), max: max.cold, digits: 2 },
    { name: `${name} warm, Node ${major}: CPU of (a)`, measured: ratio(cpuPerCall), max: max.warm, digits: 2 },
  );
  if (!isQuick) {
    addBars({
      name: `${name} warm, Node ${major}: time of (a)`,
      measured: ratio(medianCall),
      max: max.warm,
      digits: 2,
    });
  }
  for (const other of others) {
    const measured = ratio(coldCost, other);
    addBars({ name: `${name} cold, Node ${major}: ${COLD_UNIT} of (b)`, measured, max: 2 / 3, digits: 2 });
  }
  return timesOf(name, results, results);
}

export function bundleOf({ files }: Pick<Inputs, 'files'>, name: FunctionName, variant: string): string {
  const file = files[variant === 'ours' ? ours(name) : variant];
  if (file === undefined) throw new Error(`There is no bundle of ${variant}`);
  return file;
}
