// `npm run bench`: this project beside other ways to do the same, side by side in one run. What it prints is what it
// writes to bench/results.md. It needs the registry for the first run, for Lambda's Node and the peers (bench/peers).
import '../tests/helpers/environment';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { resolveConfig } from '../local/config';
import { deployParameters } from '../local/deployment';
import { startUploadsTable, TABLE_NAME } from '../tests/helpers/backend';
import { newFileUpload } from '../tests/helpers/events';
import { delivery, signRequest } from '../tests/helpers/lambda';
import { inTurns, measure, runPinned, type Measured } from './instances';
import { CACHE, fetchWhatIsMissing, MAJORS, pin, ROOT, type Major } from './machine';
import type { OwnWork } from './own-work';
import { perMillion } from './prices';
import { startSecrets } from './secrets';
import { startStack, type Load } from './senders';
import { quartiles, ratios, single, verdict, type Bar } from './statistics';
import { barTable, figure, range, table } from './tables';
import { TOKEN, CALLER, SEAL_KEY } from './values';
import { bundles, NAMES, SIGNING, sizes, WEBHOOK } from './variants';
import { countWrites, usualWrites, type Cost, type UsualUpdate } from './writes';
import { seal } from '../lib/source-context';

const isQuick = process.argv.includes('--quick');
const ROUNDS = isQuick ? 5 : 21;
/** Calls of a warm instance: before they count, and that count. */
const WARM_UP = isQuick ? 1_000 : 4_000;
const CALLS = isQuick ? 1_000 : 5_000;
const EVENTS = isQuick ? 50 : 200;
/** What part of the calls meets a new instance, for the sums of money. */
const COLD_SHARE = 0.01;

const parts: string[] = [];
const bars: Bar[] = [];

function say(text: string): void {
  console.log(`${text}\n`);
  parts.push(text);
}

/** What is measured for one Node major, and what the sums of money need of it. */
interface Times {
  readonly cold: Record<string, number>;
  readonly warm: Record<string, number>;
}

async function main(): Promise<void> {
  await fetchWhatIsMissing();
  const none = {
    vodSecretId: '',
    vodSecretKey: '',
    callbackToken: TOKEN,
    callbackSignKey: '',
    sealKey: '',
    issuerKey: '',
  };
  const config = await resolveConfig(ROOT, deployParameters('http://localhost', none));
  const files = await bundles(config);
  const secrets = await startSecrets();
  const uploads = await startUploadsTable();
  await uploads.client.send(
    new CreateTableCommand({
      TableName: 'idempotency',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  );
  const [sign, hear] = eventFiles();
  const env = {
    ...secrets.env,
    AWS_REGION: 'ap-southeast-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: 'x'.repeat(600),
    AWS_ENDPOINT_URL_DYNAMODB: uploads.url,
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TABLE_NAME,
    IDEMPOTENCY_TABLE_NAME: 'idempotency',
    VOD_SUB_APP_ID: '1500000001',
    ONE_TIME_VALID: 'false',
    ONE_TIME_VALID_FIXED: 'false',
    VALID_FOR: '1800',
    VALID_FOR_MAX: '86400',
    PROCEDURES: 'LongVideoPreset',
  };
  heading();
  const machine = { files, env, sign, hear, secretCalls: secrets.calls };
  try {
    const times = new Map<Major, Times>();
    for (const major of MAJORS) {
      const signing = await signingOf(major, machine);
      const webhook = await webhookOf(major, machine);
      times.set(major, {
        cold: { ...signing.cold, ...webhook.cold },
        warm: { ...signing.warm, ...webhook.warm },
      });
      await ownWork(major, machine);
    }
    say(`## Loaded code\n\n${bundleSizes(files)}`);
    const units = await writesOf(uploads.client);
    money(times.get(24), units);
  } finally {
    secrets.stop();
    await uploads.stop();
  }
  await scale(24);
  parts.splice(1, 0, `## The bars\n\n${barTable(bars)}`);
  console.log(barTable(bars));
  if (!isQuick) writeFileSync(join(__dirname, 'results.md'), `${parts.join('\n\n')}\n`);
  if (bars.some((bar) => verdict(bar) === 'missed')) process.exitCode = 1;
}

function heading(): void {
  const day = new Date().toISOString().slice(0, 10);
  const [{ model } = { model: 'unknown' }] = cpus();
  const core = pin.length > 0 ? 'each measured process on a core of its own' : 'no core to itself';
  say(
    [
      '# How fast',
      '',
      `Made by \`npm run bench\`${isQuick ? ' -- --quick' : ''} on ${day}: ${cpus().length} cores of ${model.trim()}, Linux, ${core}.`,
      `${ROUNDS} processes for each variant, in turns. Times are medians with quartiles behind them. Times differ between machines; ratios`,
      'are formed within each round, and hold. Every variant is bundled by esbuild with the options of this project.',
      'All read their secrets over HTTPS on loopback; the table is the embedded one.',
    ].join('\n'),
  );
}

function eventFiles(): [string, string] {
  const sign = signRequest({ sourceContext: 'order=7', procedure: 'LongVideoPreset' }, { sub: CALLER });
  const sourceContext = seal('order=7', CALLER, SEAL_KEY);
  const upload = newFileUpload({ fileId: 'FILE_ID', procedureTaskId: 'FILE_ID-procedure', sourceContext });
  const hear: APIGatewayProxyEventV2 = {
    ...delivery(upload, { query: `token=${TOKEN}`, headers: { 'content-type': 'application/json' } }),
    queryStringParameters: { token: TOKEN },
  };
  const names: [string, string] = [join(CACHE, 'sign.json'), join(CACHE, 'hear.json')];
  for (const [at, event] of [sign, hear].entries()) writeFileSync(names[at] ?? '', JSON.stringify(event));
  return names;
}

interface Machine {
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly sign: string;
  readonly hear: string;
  readonly secretCalls: () => number;
}

const of = (results: readonly Measured[], what: (one: Measured) => number) => results.map(what);
const answered = ({ answered: at }: Measured) => at;
const middle = ({ times }: Measured) => quartiles(times).median;

function coldTable(results: Readonly<Record<string, readonly Measured[]>>): string {
  const { ours = [] } = results;
  return table(
    ['ms from process start', 'loaded', 'first answer', 'ours takes of it'],
    Object.entries(results).map(([name, runs]) => [
      NAMES[name] ?? name,
      figure(quartiles(of(runs, ({ loaded }) => loaded)).median),
      range(quartiles(of(runs, answered))),
      name === 'ours' ? '' : range(ratios(of(ours, answered), of(runs, answered)), 2),
    ]),
  );
}

async function signingOf(major: Major, { files, env, sign }: Machine): Promise<Times> {
  const bundle = (name: string) => files[name === 'ours' ? 'ours-sign' : name] ?? '';
  const cold = await inTurns([...SIGNING, 'nothing'], ROUNDS, (name, round) =>
    measure({ major, bundle: bundle(name), event: sign, env, id: `s${round}` }),
  );
  say(`## Signing, cold, Node ${major}\n\n${coldTable(cold)}`);
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

  const names = [...SIGNING, 'sign-limit'] as const;
  const warm = await inTurns(names, Math.ceil(ROUNDS / 2), (name, round) =>
    measure({ major, bundle: bundle(name), event: sign, env, id: `w${round}`, warmUp: WARM_UP, calls: CALLS }),
  );
  const limit = of(warm['sign-limit'], middle);
  const mean = ({ times }: Measured) => times.reduce((sum, time) => sum + time, 0) / times.length;
  say(
    `## Signing, warm, Node ${major}\n\n${table(
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

async function webhookOf(major: Major, { files, env, hear }: Machine): Promise<Times> {
  const bundle = (name: string) => files[name === 'ours' ? 'ours-events' : name] ?? '';
  const cold = await inTurns([...WEBHOOK], ROUNDS, (name, round) =>
    measure({ major, bundle: bundle(name), event: hear, env, id: `${major}-${name}-c${round}` }),
  );
  say(`## Recording an event, cold, Node ${major}\n\n${coldTable(cold)}`);
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

  const warm = await inTurns([...WEBHOOK], Math.ceil(ROUNDS / 3), (name, round) =>
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
    `## Recording an event, warm, Node ${major}\n\n${table(
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

function medians(results: Readonly<Record<string, readonly Measured[]>>, what: (one: Measured) => number, key: string) {
  return Object.fromEntries(
    Object.entries(results).map(([name, runs]) => [key + name, quartiles(of(runs, what)).median]),
  );
}

async function ownWork(major: Major, { files, env, sign, hear }: Machine): Promise<void> {
  const works: OwnWork[] = [];
  for (let round = 0; round < (isQuick ? 3 : 7); round++) {
    works.push((await runPinned(major, [files['own-work'] ?? '', sign, hear], env)) as OwnWork);
  }
  const names = Object.keys(works[0]?.parts ?? {});
  say(
    `## Where a signature's time goes, Node ${major}\n\n${table(
      ['part', 'microseconds'],
      names.map((name) => [name, range(quartiles(works.map(({ parts }) => parts[name] ?? NaN)), 2)]),
    )}\n\nThe rest of a call is the handler around them: its promises, and what it reads of the event.`,
  );
  const own = quartiles(works.map(({ eventCpu, eventJson }) => eventCpu - eventJson));
  const writes = quartiles(works.map((work) => work.writes));
  bars.push(
    { what: `event warm, Node ${major}: ms of our own CPU`, measured: own, atMost: 0.3, digits: 3 },
    { what: `event warm, Node ${major}: round trips to the table`, measured: writes, atMost: 1, digits: 0 },
  );
  say(`Of an event, ${range(own, 3)} ms of CPU are our own: outside the AWS client and JSON, marshalling included.`);
}

function bundleSizes(files: Readonly<Record<string, string>>): string {
  const of = { ...NAMES, 'ours-sign': 'this project, signing', 'ours-events': 'this project, events' };
  return table(
    ['bundle', 'kB', 'kB compressed'],
    Object.entries(of).flatMap(([name, what]) => {
      const file = files[name];
      if (file === undefined || name === 'nothing' || name === 'sign-limit') return [];
      const { plain, zipped } = sizes(file);
      return [[what, figure(plain, 0), figure(zipped, 0)]];
    }),
  );
}

async function writesOf(client: Parameters<typeof countWrites>[0]): Promise<{ ours: number; usual: number }> {
  const { update } = (await import(pathToFileURL(join(ROOT, 'bench/peers/usual.mjs')).href)) as {
    update: UsualUpdate;
  };
  const counted = countWrites(client);
  const ours = await counted.inOrder('write-units');
  const usual = await usualWrites(client, 'write-units-usual', update);
  const row = (who: string, costs: readonly (readonly [string, Cost])[]) =>
    costs.map(([what, cost]) => [
      `${who}: ${what}`,
      String(cost.requests),
      String(cost.units),
      String(cost.indexUnits),
    ]);
  const lasts: string[][] = [];
  for (const tasks of [1, 10, 50]) {
    const costs = [];
    for (let file = 0; file < (isQuick ? 3 : 9); file++)
      costs.push(await counted.lastOf(`tasks-${tasks}-${file}`, tasks));
    const milliseconds = quartiles(costs.map((cost) => cost.milliseconds));
    const [last] = costs;
    lasts.push([
      `task ${tasks} of a file`,
      String(last?.requests),
      String(last?.units),
      String(last?.indexUnits),
      range(milliseconds, 2),
    ]);
  }
  say(
    `## Writes\n\n${table(['event', 'requests', 'write units', 'index units'], [...row('this project', ours), ...row('(a)', usual)])}\n\n${table(
      ['this project', 'requests', 'write units', 'index units', 'ms'],
      lasts,
    )}`,
  );
  const sum = (costs: readonly (readonly [string, Cost])[], of: (cost: Cost) => number) =>
    costs.reduce((total, [, cost]) => total + of(cost), 0);
  bars.push(
    {
      what: 'write requests for an event that raises the status',
      measured: single(Math.max(...ours.map(([, { requests }]) => requests))),
      atMost: 1,
      digits: 0,
    },
    {
      what: 'write units of an upload with a procedure and two outputs',
      measured: single(sum(ours, ({ units }) => units)),
      atMost: 3,
      digits: 0,
    },
  );
  const all = ({ units, indexUnits }: Cost) => units + indexUnits;
  return { ours: sum(ours, all), usual: sum(usual, all) };
}

function money(times: Times | undefined, units: { readonly ours: number; readonly usual: number }): void {
  const { cold = {}, warm = {} } = times ?? {};
  const sum = (sign: string, hear: string, writeUnits: number) =>
    perMillion(
      [
        { warm: warm[`sign:${sign}`] ?? NaN, cold: cold[`sign:${sign}`] ?? NaN, calls: 1 },
        { warm: warm[`hear:${hear}`] ?? NaN, cold: cold[`hear:${hear}`] ?? NaN, calls: 2 },
      ],
      writeUnits,
      COLD_SHARE,
    );
  const rows = [
    ['this project', sum('ours', 'ours', units.ours)],
    ['(a)', sum('sign-usual', 'events-usual', units.usual)],
  ] as const;
  say(
    `## Money for a million uploads\n\n${table(
      ['US dollars', 'functions', 'HTTP API', 'writes', 'together'],
      rows.map(([who, of]) => [
        who,
        ...[of.compute, of.gateway, of.writes, of.total].map((dollars) => figure(dollars, 2)),
      ]),
    )}\n\nOne signature and two events for each upload, ${COLD_SHARE * 100} % of the calls on new instances, the times above on Node 24, and ` +
      "AWS's list prices in us-east-1 (bench/prices.ts). Logs, storage and the stream are not in it.",
  );
}

async function scale(major: Major): Promise<void> {
  const stack = await startStack(major);
  try {
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
    await stack.closedLoop(10, 200); // the instance warms up
    for (const [senders, events] of plan) loads.push(await stack.closedLoop(senders, events));
    const peak = Math.max(...loads.map(({ rate }) => rate));
    const half = await stack.openLoop(peak / 2, isQuick ? 3 : 15);
    const [hundred, thousand] = [loads[2], loads[3]];
    const row = (what: string, load: Load) => [
      what,
      figure(load.rate, 0),
      figure(load.p50),
      figure(load.p99),
      `${load.errors} of ${load.events}`,
    ];
    say(
      `## Senders at once\n\n\`npm start\` on Node ${major} with its table in a file; the senders share the machine with it.\n\n${table(
        ['senders', 'events a second', 'p50 ms', 'p99 ms', 'errors'],
        [...loads.map((load) => row(String(load.senders), load)), row('half the peak rate', half)],
      )}`,
    );
    if (hundred && thousand) {
      bars.push(
        { what: '1 000 senders: errors', measured: single(thousand.errors), atMost: 0, digits: 0 },
        {
          what: '1 000 senders: throughput, of that at 100',
          measured: single(thousand.rate / hundred.rate),
          atLeast: 0.8,
          digits: 2,
        },
        {
          what: '1 000 senders: p99, of 1 000 / throughput',
          measured: single(thousand.p99 / 1000 / (1000 / thousand.rate)),
          atMost: 3,
          digits: 2,
        },
      );
    }
    bars.push({ what: 'half the peak rate: p99 in ms', measured: single(half.p99), atMost: 250, digits: 0 });

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
    for (const events of steps) await at(events);
    const stored = await stack.rows();
    say(
      `## As the table grows\n\n${table(
        ['rows', 'p50 ms, one sender', 'p99 ms', 'MB, functions', 'MB, table'],
        rows,
      )}\n\n${stored} rows for ${stack.accepted.count} events that were answered with 200.`,
    );
    bars.push(
      { what: 'rows that are lost', measured: single(stack.accepted.count - stored), atMost: 0, digits: 0 },
      {
        what: `memory after ${steps[1]} events, of that after ${steps[0]}`,
        measured: single((memories[1] ?? NaN) / (memories[0] ?? NaN)),
        atMost: 1.2,
        digits: 2,
      },
    );
  } finally {
    await stack.stop();
  }
}

void main();
