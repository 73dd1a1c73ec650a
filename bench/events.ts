import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Major } from '../tests/support/node-majors';
import { ROOT } from './machine';
import { inTurns, measure } from './instances';
import { answered, coldTable, medians, middle, of, type Machine, type Times } from './measured';
import { bars, say } from './report';
import { EVENTS, HEARERS, isQuick, ROUNDS } from './settings';
import { quartiles, ratios, single } from './statistics';
import { figure, range, table } from './tables';
import { NAMES, WEBHOOK } from './variants';
import { countWrites, usualWrites, type Cost, type UsualUpdate } from './writes';

export async function webhookOf(major: Major, { files, env, hear }: Machine): Promise<Times> {
  const bundle = (name: string) => files[name === 'ours' ? 'ours-events' : name] ?? '';
  const cold = await inTurns([...WEBHOOK], ROUNDS, (name, round) =>
    measure({ major, bundle: bundle(name), event: hear, env, id: `${major}-${name}-c${round}` }),
  );
  say(`## Recording an event, cold, Node ${major} (${ROUNDS} processes each)\n\n${coldTable(cold)}`);
  const against = (name: 'events-usual' | 'events-powertools') =>
    ratios(of(cold.ours, answered), of(cold[name], answered));
  bars.push(
    {
      what: `event cold to durable row, Node ${major}: of (a)`,
      measured: against('events-usual'),
      atMost: 1.05,
      digits: 2,
    },
    {
      what: `event cold to durable row, Node ${major}: of (b)`,
      measured: against('events-powertools'),
      atMost: 2 / 3,
      digits: 2,
    },
  );

  const warm = await inTurns([...WEBHOOK], HEARERS, (name, round) =>
    measure({
      major,
      bundle: bundle(name),
      event: hear,
      env,
      id: `${major}-${name}-w${round}`,
      warmUp: 50,
      calls: EVENTS,
    }),
  );
  say(
    `## Recording an event, warm, Node ${major} (${HEARERS} processes each, ${EVENTS} events)\n\n${table(
      ['event in to answer out', 'ms', 'ms of CPU', 'MB at the end'],
      WEBHOOK.map((name) => [
        NAMES[name] ?? name,
        range(quartiles(of(warm[name], middle)), 2),
        range(quartiles(of(warm[name], ({ cpu }) => cpu / EVENTS)), 2),
        figure(quartiles(of(warm[name], ({ rss }) => rss / 1e6)).median, 0),
      ]),
    )}`,
  );
  return { cold: medians(cold, answered, 'hear:'), warm: medians(warm, middle, 'hear:') };
}

export async function writesOf(client: Parameters<typeof countWrites>[0]): Promise<{ ours: number; usual: number }> {
  const { update } = (await import(pathToFileURL(join(ROOT, 'bench/peers/usual.mjs')).href)) as {
    update: UsualUpdate;
  };
  const counted = countWrites(client);
  const byOutputs = new Map<number, [string, Cost][]>();
  for (const outputs of [1, 3, 20]) byOutputs.set(outputs, await counted.upload(`9000${outputs}`, outputs));
  const ours = byOutputs.get(3) ?? [];
  const usual = await usualWrites(client, '90000', update);
  const row = (who: string, costs: readonly (readonly [string, Cost])[]) =>
    costs.map(([what, cost]) => [
      `${who}: ${what}`,
      String(cost.requests),
      String(cost.units),
      String(cost.indexUnits),
    ]);
  const sum = (costs: readonly (readonly [string, Cost])[], of: (cost: Cost) => number) =>
    costs.reduce((total, [, cost]) => total + of(cost), 0);
  const totals = [...byOutputs].map(([outputs, costs]) => [
    `${outputs} outputs`,
    String(sum(costs, ({ requests }) => requests)),
    String(sum(costs, ({ units }) => units)),
    String(sum(costs, ({ indexUnits }) => indexUnits)),
  ]);
  const lasts: string[][] = [];
  const files = isQuick ? 3 : 9;
  for (const tasks of [1, 10, 50]) {
    const costs = [];
    for (let file = 0; file < files; file++) costs.push(await counted.lastOf(`9100${tasks}${file}`, tasks));
    const milliseconds = quartiles(costs.map((cost) => cost.milliseconds));
    const [last] = costs;
    lasts.push([`end of task ${tasks} of a file`, String(last?.requests), String(last?.units), range(milliseconds, 2)]);
  }
  say(
    `## Writes

${table(['step', 'requests', 'write units', 'index units'], [...row('this project', ours), ...row('(a)', usual)])}

${table(['upload with a procedure, verification included', 'requests', 'write units', 'index units'], totals)}

${table([`this project, ${files} files`, 'requests', 'write units', 'ms'], lasts)}

DynamoDB bills the whole row's size for each write. This project writes twice as often as (a), because VOD's answer
follows each event; its indexes are written once, at the first confirmation, and never again.`,
  );
  bars.push(
    {
      what: 'write requests for an event that tells something',
      measured: single(
        Math.max(...ours.filter(([what]) => !what.startsWith('verified')).map(([, cost]) => cost.requests)),
      ),
      atMost: 1,
      digits: 0,
    },
    {
      what: 'write units of an upload with a procedure and three outputs, verification included',
      measured: single(sum(ours, ({ units }) => units)),
      atMost: 7,
      digits: 0,
    },
  );
  const all = ({ units, indexUnits }: Cost) => units + indexUnits;
  return { ours: sum(ours, all), usual: sum(usual, all) };
}
