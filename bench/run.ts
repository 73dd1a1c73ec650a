// `npm run bench`: this project beside other ways to do the same, side by side in one run. What it prints is what it
// writes to bench/results.md. It needs the registry for the first run, for Lambda's Node and the peers (bench/peers).
import '../tests/support/environment';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { seal } from '../lib/vod/source-context';
import { resolveConfig } from '../local/config';
import { deployParameters } from '../local/deployment';
import { startUploadsTable, TABLE_NAME } from '../tests/support/backend';
import { newFileUpload } from '../tests/support/events';
import { delivery, signRequest } from '../tests/support/lambda';
import { CACHE, MAJORS, type Major } from '../tests/support/node-majors';
import { fetchWhatIsMissing, pin, ROOT, stayOn } from './machine';
import { webhookOf, writesOf } from './events';
import { runPinned } from './instances';
import type { Machine, Times } from './measured';
import type { OwnWork } from './own-work';
import { perMillion } from './prices';
import { bars, conclusion, say } from './report';
import { scale } from './scale';
import { startSecrets } from './secrets';
import { isQuick, WORKS } from './settings';
import { signingOf } from './signing';
import { quartiles } from './statistics';
import { figure, range, table } from './tables';
import { CALLER, SEAL_KEY, TOKEN } from './values';
import { bundles, NAMES, sizes } from './variants';

/** What part of the calls meets a new instance, for the sums of money. */
const COLD_SHARE = 0.01;

async function main(): Promise<void> {
  const availableCores = availableParallelism();
  await fetchWhatIsMissing();
  const none = {
    vodSecretId: '',
    vodSecretKey: '',
    callbackToken: TOKEN,
    callbackSignKey: '',
    sealKey: '',
    notifySecret: '',
    playerKey: '',
    urlKey: '',
    issuerKey: '',
  };
  const config = await resolveConfig(ROOT, deployParameters('http://localhost', 'http://localhost:1', none));
  const files = await bundles(config);
  const load = watchLoad();
  stayOn('0');
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
  const machine = { files, env, sign, hear };
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
  stayOn(`0-${availableCores - 1}`);
  await scale(24);
  const { markdown, isAnyMissed } = conclusion(load());
  if (!isQuick) writeFileSync(join(__dirname, 'results.md'), markdown);
  if (isAnyMissed) process.exitCode = 1;
}

function heading(): void {
  const day = new Date().toISOString().slice(0, 10);
  const [{ model } = { model: 'unknown' }] = cpus();
  const core =
    pin.length > 0
      ? 'measured processes one at a time on one core, and the bench with its servers on another'
      : 'no process kept on a core';
  say(
    [
      '# How fast',
      '',
      `Made by \`npm run bench\`${isQuick ? ' -- --quick' : ''} on ${day}: ${cpus().length} cores of ${model.trim()}, Linux, ${core}.`,
      'Variants run in turns, each round beginning with another. Times are medians with quartiles behind them, and differ between',
      'machines; ratios are formed within each round, and hold. Every variant is bundled by esbuild with the options of this project.',
      'All read their secrets over HTTPS on loopback; the table is the embedded one. The last two parts, of many senders, are kept on no core.',
    ].join('\n'),
  );
}

/** Samples the machine's load until it is asked for. */
function watchLoad(): () => string {
  const now = () => loadavg()[0] ?? NaN;
  const atStart = now();
  let highest = atStart;
  const timer = setInterval(() => (highest = Math.max(highest, now())), 5_000);
  return () => {
    clearInterval(timer);
    return `Load of the machine (of a minute): ${figure(atStart)} at the start, ${figure(Math.max(highest, now()))} at most, the bench itself included.`;
  };
}

function eventFiles(): [string, string] {
  const sign = signRequest({ sourceContext: 'order=7', procedure: 'LongVideoPreset' }, { sub: CALLER });
  const sourceContext = seal('order=7', CALLER, true, SEAL_KEY);
  const upload = newFileUpload({ fileId: 'FILE_ID', procedureTaskId: 'FILE_ID-procedure', sourceContext });
  const hear: APIGatewayProxyEventV2 = {
    ...delivery(upload, { query: `token=${TOKEN}`, headers: { 'content-type': 'application/json' } }),
    queryStringParameters: { token: TOKEN },
  };
  const names: [string, string] = [join(CACHE, 'sign.json'), join(CACHE, 'hear.json')];
  for (const [at, event] of [sign, hear].entries()) writeFileSync(names[at] ?? '', JSON.stringify(event));
  return names;
}

async function ownWork(major: Major, { files, env, sign, hear }: Machine): Promise<void> {
  const works: OwnWork[] = [];
  for (let round = 0; round < WORKS; round++) {
    works.push((await runPinned(major, [files['own-work'] ?? '', sign, hear], env)) as OwnWork);
  }
  const names = Object.keys(works[0]?.parts ?? {});
  const rest = ({ parts, whole }: OwnWork) =>
    Object.entries(parts).reduce((left, [name, part]) => left - (name.startsWith(' ') ? 0 : part), whole);
  say(
    `## Where a signature's time goes, Node ${major} (${WORKS} processes)\n\n${table(
      ['part', 'microseconds'],
      [
        ...names.map((name) => [name, range(quartiles(works.map(({ parts }) => parts[name] ?? NaN)), 2)]),
        ['the rest: the handler, its promises, reading the event', range(quartiles(works.map(rest)), 2)],
        ['the whole call', range(quartiles(works.map(({ whole }) => whole)), 2)],
      ],
    )}\n\nThe whole and its parts were measured in the same process, in loops of a thousand.`,
  );
  const own = quartiles(works.map(({ eventCpu, eventJson }) => eventCpu - eventJson));
  bars.push({ what: `event warm, Node ${major}: ms of our own CPU`, measured: own, atMost: 0.3, digits: 3 });
  say(
    `Of an event, ${range(own, 3)} ms of CPU are our own: outside the AWS client and the parsing of the message, marshalling included.`,
  );
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

void main();
