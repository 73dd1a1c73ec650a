import type { Major } from '../tests/support/node-majors';
import { bundleOf, type Inputs } from './compare';
import { measure } from './instances';
import { addBars, addSection } from './report';
import { single } from './statistics';
import { figure, table } from './tables';
import type { FunctionName } from './variants';

const CALLS: readonly { readonly name: FunctionName; readonly first: number; readonly last: number }[] = [
  { name: 'upload-signature', first: 20_000, last: 100_000 },
  { name: 'vod-events', first: 4_000, last: 20_000 },
];
/** The most by which the heap of an instance may grow between the two measurements. */
const MAX_GROWTH = 1.1;

/**
 * Reports what an instance keeps after many calls: its heap after a garbage collection. The memory of `npm start` shows
 * nothing about that, because the local table keeps the records of its stream for a day, as DynamoDB does.
 */
export async function measureMemory(major: Major, inputs: Inputs): Promise<void> {
  const rows: string[][] = [];
  for (const { name, first, last } of CALLS) {
    const { heaps, rss } = await measure({
      major,
      bundle: bundleOf(inputs, name, 'ours'),
      eventFile: inputs.eventFiles[name],
      env: inputs.env,
      id: `m${major}`,
      calls: last,
      heapAfter: [first],
    });
    const [early = NaN, late = NaN] = heaps.map((bytes) => bytes / 1e6);
    rows.push([name, String(first), figure(early, 2), String(last), figure(late, 2), figure(rss / 1e6, 0)]);
    addBars({
      name: `heap of ${name} after ${last} calls, of that after ${first}`,
      measured: single(late / early),
      max: MAX_GROWTH,
      digits: 2,
      reason: `${figure(early, 2)} MB after ${first} calls, ${figure(late, 2)} MB after ${last}`,
    });
  }
  addSection(
    `## Memory of an instance, Node ${major}\n\n${table(
      ['function', 'calls', 'MB of heap', 'calls', 'MB of heap', 'MB of the process'],
      rows,
    )}\n\nHeaps are measured after a garbage collection.`,
  );
}
