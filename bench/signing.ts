import type { Major } from '../tests/support/node-majors';
import { inTurns, measure } from './instances';
import { answered, coldTable, medians, middle, of, type Machine, type Times } from './measured';
import type { Measured } from './instances';
import { bars, say } from './report';
import { CALLS, ROUNDS, WARM_UP } from './settings';
import { quartiles, ratios, type Quartiles } from './statistics';
import { figure, range, table } from './tables';
import { ALTERNATIVES, NAMES, SIGNING } from './variants';

export async function signingOf(major: Major, { files, env, sign }: Machine): Promise<Times> {
  const bundle = (name: string) => files[name === 'ours' ? 'ours-sign' : name] ?? '';
  const cold = await inTurns([...SIGNING, ...ALTERNATIVES], ROUNDS, (name, round) =>
    measure({ major, bundle: bundle(name), event: sign, env, id: `s${round}` }),
  );
  say(
    `## Signing, cold, Node ${major} (${ROUNDS} processes each)\n\n${coldTable(cold)}\n\n${readers(
      ratios(of(cold['sign-sample-own'], answered), of(cold['sign-sample-and-secret'], answered)),
    )}`,
  );
  const against = (name: Exclude<keyof typeof cold, 'ours'>) =>
    ratios(of(cold.ours, answered), of(cold[name], answered));
  bars.push(
    { what: `signing cold, Node ${major}: of (a)`, measured: against('sign-usual'), atMost: 1 / 2, digits: 2 },
    { what: `signing cold, Node ${major}: of (b)`, measured: against('sign-powertools'), atMost: 1 / 3, digits: 2 },
    {
      what: `signing cold, Node ${major}: of (c) with its secret read`,
      measured: against('sign-sample-and-secret'),
      atMost: 2,
      digits: 2,
    },
  );

  await coldParts(major, { files, env, sign });

  const names = [...SIGNING, 'sign-limit'] as const;
  const warm = await inTurns(names, ROUNDS, (name, round) =>
    measure({ major, bundle: bundle(name), event: sign, env, id: `w${round}`, warmUp: WARM_UP, calls: CALLS }),
  );
  const limit = of(warm['sign-limit'], middle);
  const mean = ({ times }: Measured) => times.reduce((sum, time) => sum + time, 0) / times.length;
  say(
    `## Signing, warm, Node ${major} (${ROUNDS} processes each, ${CALLS} calls)\n\n${table(
      ['event in to answer out', 'microseconds', 'a second on one core', 'times (d)'],
      names.map((name) => [
        NAMES[name] ?? name,
        range(quartiles(of(warm[name], (run) => middle(run) * 1000))),
        figure(quartiles(of(warm[name], (run) => 1000 / mean(run))).median, 0),
        range(ratios(of(warm[name], middle), limit)),
      ]),
    )}`,
  );
  bars.push(
    {
      what: `signing warm, Node ${major}: times (d)`,
      measured: ratios(of(warm.ours, middle), limit),
      atMost: 5,
      digits: 1,
      why: `(a) takes ${range(ratios(of(warm['sign-usual'], middle), limit))} times (d); the parts are under “Where a signature's time goes”`,
    },
    {
      what: `signing warm, Node ${major}: a second on one core`,
      measured: quartiles(of(warm.ours, (run) => 1000 / mean(run))),
      atLeast: 20_000,
      digits: 0,
    },
  );
  return { cold: medians(cold, answered, 'sign:'), warm: medians(warm, middle, 'sign:') };
}

/** What our own reader of parameters takes of the same with aws4. */
function readers(ratio: Quartiles): string {
  const isEqual = Math.abs(ratio.median - 1) < 0.05;
  const said = `${isEqual ? 'equal' : 'not equal'}, ${range(ratio, 2)} of the time, with one dependency less`;
  return (
    `Our own reader of parameters beside aws4, both on node:https: ${said}. AWS's parameter extension was not measured: it is a ` +
    'Lambda layer, which no registry has, and would add a start of its own.'
  );
}

async function coldParts(major: Major, { files, env, sign }: Pick<Machine, 'files' | 'env' | 'sign'>): Promise<void> {
  const { parts } = await inTurns(['parts'], ROUNDS, (_, round) =>
    measure({ major, bundle: files['cold-parts'] ?? '', event: sign, env, id: `p${round}` }),
  );
  const rows: [string, (one: Measured) => number][] = [
    ['Node starts', ({ started }) => started],
    ['the bundle is loaded', ({ started, loaded }) => loaded - started],
    ['the secrets are read', ({ secretRead = NaN }) => secretRead],
    ['the rest of the first call', ({ loaded, answered: at, secretRead = NaN }) => at - loaded - secretRead],
  ];
  say(
    `Of this project's cold start, in ${ROUNDS} more processes:\n\n${table(
      ['part', 'ms'],
      rows.map(([what, value]) => [what, range(quartiles(of(parts, value)))]),
    )}`,
  );
}
