import type { Major } from '../tests/support/node-majors';
import { addBars, addSection } from './report';
import { startStack, type Load } from './senders';
import { isQuick } from './settings';
import { single } from './statistics';
import { figure, table } from './tables';

export async function scale(major: Major): Promise<void> {
  const stack = await startStack(major);
  try {
    const steps = isQuick ? [5_000, 10_000] : [20_000, 100_000];
    const rows: string[][] = [];
    const memories: number[] = [];
    const at = async (events: number) => {
      if (stack.accepted.count < events) await stack.closedLoop(50, events - stack.accepted.count);
      const { functions, table: engine } = await stack.memory();
      const calm = await stack.closedLoop(1, 300);
      memories.push(functions);
      rows.push([String(events), figure(calm.p50, 2), figure(calm.p99, 2), figure(functions, 0), figure(engine, 0)]);
    };
    await at(1_000);
    const [first = 0, last = 0] = steps;
    await at(first);
    const loads: Load[] = [];
    const plan: [number, number][] = isQuick
      ? [
          [1, 200],
          [10, 500],
          [100, 1_000],
          [1_000, 3_000],
        ]
      : [
          [1, 1_000],
          [10, 3_000],
          [100, 8_000],
          [1_000, 8_000],
        ];
    for (const [senders, events] of plan) loads.push(await stack.closedLoop(senders, events));
    const { functions: afterBursts } = await stack.memory();
    const peak = Math.max(...loads.map(({ rate }) => rate));
    const before = await stack.cpu();
    const started = performance.now();
    const half = await stack.openLoop(peak / 2, isQuick ? 3 : 15);
    const took = performance.now() - started;
    const after = await stack.cpu();
    const share = (who: keyof typeof after) => `${figure((100 * (after[who] - before[who])) / took, 0)} %`;
    const atHalf = `p50 is ${figure(half.p50)} ms; of a core the functions took ${share('functions')}, the table ${share('table')}, the senders ${share('senders')}; events left the sender up to ${figure(half.late)} ms late (p99)`;
    const [hundred, thousand] = [loads[2], loads[3]];
    const row = (what: string, load: Load) => [
      what,
      figure(load.rate, 0),
      figure(load.p50),
      figure(load.p99),
      `${load.errors} of ${load.events}`,
    ];
    addSection(
      `## Senders at once\n\n\`npm start\` on Node ${major} with its table in a file; the senders share the machine with it.\n\n${table(
        ['senders', 'events a second', 'p50 ms', 'p99 ms', 'errors'],
        [...loads.map((load) => row(String(load.senders), load)), row('half the peak rate', half)],
      )}\n\nAt half the peak rate, evenly spaced, with times from when each event was due: ${atHalf}.`,
    );
    if (hundred && thousand) {
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
    addBars({
      name: 'half the peak rate: p99 in ms',
      measured: single(half.p99),
      max: 250,
      digits: 0,
      reason: atHalf,
    });

    await at(last);
    const stored = await stack.rows();
    addSection(
      `## As the table grows\n\n${table(
        ['rows', 'p50 ms, one sender', 'p99 ms', 'MB, functions', 'MB, table'],
        rows,
      )}\n\n${stored} rows for ${stack.accepted.count} events that were answered with 200.`,
    );
    addBars(
      { name: 'rows that are lost', measured: single(stack.accepted.count - stored), max: 0, digits: 0 },
      {
        name: `memory after ${last} events, of that after ${first}`,
        measured: single((memories[2] ?? NaN) / (memories[1] ?? NaN)),
        max: 1.2,
        digits: 2,
        reason: `the functions' process had ${figure(memories[1] ?? NaN, 0)} MB, right after the bursts of up to 1 000 senders ${figure(afterBursts, 0)} MB, and ${figure(memories[2] ?? NaN, 0)} MB at the end`,
      },
    );
  } finally {
    await stack.stop();
  }
}
