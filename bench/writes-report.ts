import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './machine';
import { addBars, addSection } from './report';
import { isQuick } from './settings';
import { quartiles, single } from './statistics';
import { range, table } from './tables';
import { countWrites, usualWrites, type Cost, type UsualUpdate } from './writes';

type Step = readonly [name: string, cost: Cost];
type Client = Parameters<typeof countWrites>[0];

const UPLOAD_OUTPUTS = [1, 3, 20];
const LAST_TASKS = [1, 10, 50];

/** A row with a procedure of three outputs, and what its writes cost, of the table and its indexes. */
export interface RowCost {
  readonly bytes: number;
  readonly ours: number;
  readonly usual: number;
}

/** Bytes of the original's URL that make the final row one of 2 kB. */
const LONG_URL_BYTES = 840;

/** Reports what uploads cost at the table; returns the row of an upload as VOD writes them, and one of 2 kB. */
export async function measureWrites(client: Client): Promise<readonly [typical: RowCost, large: RowCost]> {
  const peer = (await import(pathToFileURL(join(ROOT, 'bench/peers/usual.mjs')).href)) as { update: UsualUpdate };
  const counted = countWrites(client);
  const byOutputs = new Map<number, readonly Step[]>();
  for (const outputs of UPLOAD_OUTPUTS) byOutputs.set(outputs, await counted.upload(`9000${outputs}`, outputs));
  const ours = byOutputs.get(3) ?? [];
  const usual = await usualWrites(client, '90000', peer.update);
  const large = await counted.upload('90009', 3, LONG_URL_BYTES);
  const usualLarge = await usualWrites(client, '90008', peer.update, LONG_URL_BYTES);
  const columns = ['requests', 'write units', 'index units'];
  const totals = [...byOutputs].map(([outputs, steps]) => [`${outputs} outputs`, ...costCells(totalOf(steps))]);
  addSection(
    `## Writes

${table(['step', ...columns], [...stepRows('this project', ours), ...stepRows('(a)', usual)])}

${table(['upload with a procedure, verification included', ...columns], totals)}

${await measureLastTasks(counted)}

DynamoDB bills the whole row's size for each write. This project writes twice as often as (a), because each event is followed
by VOD's response; its indexes are written once, at the first confirmation.`,
  );
  const eventRequests = ours.filter(([name]) => !name.startsWith('verified')).map(([, { requests }]) => requests);
  addBars(
    { name: 'write requests for an event with news', measured: single(Math.max(...eventRequests)), max: 1, digits: 0 },
    {
      name: 'write units of an upload with a procedure and three outputs, verification included',
      measured: single(totalOf(ours).units),
      max: 7,
      digits: 0,
    },
  );
  const allUnits = (steps: readonly Step[]) => totalOf(steps).units + totalOf(steps).indexUnits;
  return [
    { bytes: await counted.rowBytes('90003'), ours: allUnits(ours), usual: allUnits(usual) },
    { bytes: await counted.rowBytes('90009'), ours: allUnits(large), usual: allUnits(usualLarge) },
  ];
}

async function measureLastTasks(counted: ReturnType<typeof countWrites>): Promise<string> {
  const fileCount = isQuick ? 3 : 9;
  const rows: string[][] = [];
  for (const tasks of LAST_TASKS) {
    const costs: Cost[] = [];
    for (let file = 0; file < fileCount; file++) costs.push(await counted.lastTask(`9100${tasks}${file}`, tasks));
    const [first] = costs;
    const milliseconds = quartiles(costs.map((cost) => cost.milliseconds));
    rows.push([
      `end of task ${tasks} of a file`,
      String(first?.requests),
      String(first?.units),
      range(milliseconds, 2),
    ]);
  }
  return table([`this project, ${fileCount} files`, 'requests', 'write units', 'ms'], rows);
}

type Totals = Pick<Cost, 'requests' | 'units' | 'indexUnits'>;

function totalOf(steps: readonly Step[]): Totals {
  const sum = (value: (cost: Cost) => number) => steps.reduce((total, [, cost]) => total + value(cost), 0);
  return {
    requests: sum(({ requests }) => requests),
    units: sum(({ units }) => units),
    indexUnits: sum(({ indexUnits }) => indexUnits),
  };
}

function stepRows(variant: string, steps: readonly Step[]): string[][] {
  return steps.map(([name, cost]) => [`${variant}: ${name}`, ...costCells(cost)]);
}

function costCells({ requests, units, indexUnits }: Totals): string[] {
  return [requests, units, indexUnits].map(String);
}
