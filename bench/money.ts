import { FIRST_PAUSE, GROWTH, MAX_PAUSE } from '../client/src/polling';
import type { CostFactors } from './deployed';
import { monthlyCost } from './monthly';
import { PRICES } from './prices';
import { single, type Bar } from './statistics';
import { figure, table } from './tables';
import type { RowCost } from './writes-report';

// The price of a million uploads, from measured milliseconds, units and bytes. No AWS account was charged for it.

/** A function as it was measured on a whole x64 core. */
export interface MeasuredFunction {
  /** Milliseconds of a call of a warm instance, and how many of them are CPU. */
  readonly warm: number;
  readonly cpu: number;
  /** Milliseconds of the first call of a new instance. */
  readonly cold: number;
  /** Of the log lines of a call. */
  readonly logBytes: number;
}

export interface MoneyInputs {
  readonly sign: MeasuredFunction;
  readonly event: MeasuredFunction;
  /** `GET /uploads/{fileId}`. */
  readonly poll: MeasuredFunction;
  /** One webhook. */
  readonly notify: MeasuredFunction;
  /** One row. */
  readonly verify: MeasuredFunction;
  readonly usualSign: MeasuredFunction;
  readonly usualEvent: MeasuredFunction;
  /** A row with a procedure of three outputs as VOD writes them, and one of 2 kB. */
  readonly typical: RowCost;
  readonly large: RowCost;
  readonly deployed: CostFactors;
}

/** The share of calls that meet a new instance. */
const COLD_SHARE = 0.01;
/** Megabytes of memory that have one vCPU: with less, work takes proportionally longer, but waiting does not. */
const CORE_MB = 1_769;
/** Bytes that CloudWatch Logs bills for each line in addition to its text. */
const LINE_OVERHEAD = 26;
/** Signatures that vod-js-sdk-v6 requests in one upload; the client of this project requests one. */
const SDK_SIGNATURES = 3;
/** Seconds from the upload to its result where an app waits for it with our client: without, and with a procedure. */
const WAITS = [2, 30] as const;
/** Milliseconds of VOD's response. The first verification waits twice: for the file, then for the list of its tasks. */
const VOD_MS = 300;
const VERIFICATION_MS = [2 * VOD_MS, VOD_MS] as const;
/** Milliseconds of the app's response to a webhook. */
const RECEIVER_MS = 300;
/** Shards of a new on-demand table's stream: one for each partition. Each has one batch at a time. */
const SHARDS = 4;
const MAX_BATCH = 100;
/** Reads of a row by reconcile in its first hours, eventually consistent: of its library, and of ended tasks. */
const RECONCILE_READS = 9;

const MILLION = 1e6;

/** Dollars for a million calls of a function; `waiting` are milliseconds without work. */
function functionCost({ warm, cpu, cold, logBytes }: MeasuredFunction, megabytes = NaN, waiting = 0) {
  const work = (Math.min(cpu, warm) + COLD_SHARE * cold) * Math.max(1, CORE_MB / megabytes);
  const idle = Math.max(0, warm - cpu) + waiting;
  const gbSeconds = ((work + idle) / 1_000) * (megabytes / 1_024);
  const logs = ((logBytes + LINE_OVERHEAD) / 1e9) * PRICES.logGigabyte;
  return {
    functions: MILLION * (gbSeconds * PRICES.gbSecond + PRICES.invocation),
    logs: MILLION * logs,
  };
}

/** Rows that one call of `uploadChanged` verifies, at `perSecond` uploads a second with two changes each. */
function rowsPerBatch(perSecond: number, rowMs: number): number {
  const meanWait = (VERIFICATION_MS[0] + VERIFICATION_MS[1]) / 2;
  const changesPerSecond = (2 * perSecond) / SHARDS;
  // In the time of a call, the shard gets the rows of the next one.
  const rows = (changesPerSecond * meanWait) / 1_000 / Math.max(0.01, 1 - (changesPerSecond * rowMs) / 1_000);
  return Math.min(MAX_BATCH, Math.max(1, rows));
}

export interface Money {
  readonly signatures: number;
  readonly polls: number;
  readonly events: number;
  readonly verification: number;
  readonly writes: number;
  readonly reads: number;
  readonly logs: number;
  readonly total: number;
}

/** How VOD reaches the webhook, see `EVENTS_ENDPOINT`. */
type Endpoint = 'api' | 'function-url';

/** One way to upload. */
interface Way {
  readonly row: RowCost;
  readonly perSecond: number;
  readonly signatures: number;
  readonly polls?: number;
  readonly endpoint: Endpoint;
}

/** Requests of our client for the status until the result is there, this number of seconds after the upload. */
function pollsUntil(seconds: number): number {
  let polls = 0;
  for (let time = 0, pause = FIRST_PAUSE; time < 1_000 * seconds; pause = Math.min(pause * GROWTH, MAX_PAUSE)) {
    time += pause;
    polls++;
  }
  return polls;
}

/** Dollars for the signatures and the two events of a million uploads. */
function requestMoney(sign: Calls, event: Calls, { signatures, endpoint }: Pick<Way, 'signatures' | 'endpoint'>) {
  const gateway = MILLION * PRICES.gatewayRequest;
  return {
    signatures: signatures * (gateway + sign.functions),
    // A request to a function URL is an invocation, and nothing more.
    events: 2 * ((endpoint === 'api' ? gateway : 0) + event.functions),
    logs: signatures * sign.logs + 2 * event.logs,
  };
}

/** Dollars for a million calls. */
type Calls = ReturnType<typeof functionCost>;

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function withTotal(parts: Omit<Money, 'total'>): Money {
  return { ...parts, total: sum(Object.values(parts)) };
}

/** Dollars for a million uploads with a procedure. */
function uploadsMoney(inputs: MoneyInputs, way: Way): Money {
  const { sign, event, verify, deployed } = inputs;
  const { memory } = deployed;
  const requests = requestMoney(
    functionCost(sign, memory['uploadSignature']),
    functionCost(event, memory['vodEvents']),
    way,
  );
  const rows = rowsPerBatch(way.perSecond, verify.warm);
  const batch = { ...verify, warm: verify.warm * rows, cpu: verify.cpu * rows };
  const batches = VERIFICATION_MS.map((waiting) => functionCost(batch, memory['uploadChanged'], waiting));
  return withTotal({
    ...requests,
    polls: (way.polls ?? 0) * extras(inputs).poll,
    verification: sum(batches.map(({ functions }) => functions / rows)),
    writes: MILLION * way.row.ours * PRICES.writeUnit,
    reads: MILLION * RECONCILE_READS * 0.5 * PRICES.readUnit,
    logs: requests.logs + sum(batches.map(({ logs }) => logs / rows)),
  });
}

/** The same for (a), which verifies nothing. */
function usualMoney({ usualSign, usualEvent, deployed: { memory } }: MoneyInputs, way: Way): Money {
  const sign = functionCost(usualSign, memory['uploadSignature']);
  const event = functionCost(usualEvent, memory['vodEvents']);
  return withTotal({
    ...requestMoney(sign, event, way),
    polls: 0,
    verification: 0,
    writes: MILLION * way.row.usual * PRICES.writeUnit,
    reads: 0,
  });
}

/** Dollars for a million webhooks, and for a million polls. */
function extras({ notify, poll, verify, deployed: { memory } }: MoneyInputs): {
  readonly webhook: number;
  readonly poll: number;
} {
  const delivery = functionCost(notify, memory['notifyApp'], RECEIVER_MS);
  // The change to a final status is one more record of the stream, which `uploadChanged` queues.
  const change = functionCost(verify, memory['uploadChanged']);
  const messages = MILLION * 3 * PRICES.queueRequest;
  const read = functionCost(poll, memory['uploads']);
  return {
    webhook: delivery.functions + delivery.logs + change.functions + change.logs + messages,
    poll: MILLION * (PRICES.gatewayRequest + 0.5 * PRICES.readUnit) + read.functions + read.logs,
  };
}

const PARTS = ['signatures', 'polls', 'events', 'verification', 'writes', 'reads', 'logs', 'total'] as const;
const ROWS = [0, 10_000, MILLION] as const;

interface Sum {
  readonly name: string;
  readonly money: Money;
  /** Dollars. */
  readonly max?: number;
}

/** Most dollars for a million uploads at 50 and at 1 a second: the Web SDK alone, and the client of this project. */
const MAX_DOLLARS = [
  { perSecond: 50, sdk: 12, client: 9.5 },
  { perSecond: 1, sdk: 16, client: 13 },
] as const;

/** The bars are for a function URL and large rows. */
function sumsOf(inputs: MoneyInputs): readonly Sum[] {
  const { typical, large } = inputs;
  const cases = [
    { row: large, endpoint: 'function-url' },
    { row: large, endpoint: 'api' },
    { row: typical, endpoint: 'api' },
  ] as const;
  const sums = cases.flatMap(({ row, endpoint }) =>
    MAX_DOLLARS.flatMap(({ perSecond, sdk, client }): Sum[] => {
      const where = `${perSecond}/s, row of ${row.bytes} bytes, ${endpoint}`;
      const hasBars = endpoint === 'function-url';
      const moneyOf = (signatures: number, polls = 0) =>
        uploadsMoney(inputs, { row, perSecond, endpoint, signatures, polls });
      const waiting = WAITS.map((seconds): Sum => {
        const polls = pollsUntil(seconds);
        const name = `our client, result awaited for ${seconds} s (${polls} polls), ${where}`;
        return { name, money: moneyOf(1, polls), ...(hasBars && { max: client }) };
      });
      return [
        { name: `Web SDK alone, ${where}`, money: moneyOf(SDK_SIGNATURES), ...(hasBars && { max: sdk }) },
        { name: `our client, result not awaited, ${where}`, money: moneyOf(1), ...(hasBars && { max: client }) },
        ...(hasBars ? waiting : []),
      ];
    }),
  );
  const usual = [large, typical].map((row): Sum => ({
    name: `(a), Web SDK alone, row of ${row.bytes} bytes, api`,
    money: usualMoney(inputs, { row, perSecond: 1, endpoint: 'api', signatures: SDK_SIGNATURES }),
  }));
  return [...sums, ...usual];
}

/** The sums as Markdown, and the bars that they must meet. */
export function moneyReport(inputs: MoneyInputs): { readonly markdown: string; readonly bars: readonly Bar[] } {
  const { webhook, poll } = extras(inputs);
  const sums = sumsOf(inputs);
  const months = ROWS.map((count) => {
    const parts = Object.values(monthlyCost(inputs.deployed, inputs.large.bytes, count));
    return { count, parts, total: sum(parts) };
  });
  const markdown = `## Money

Dollars for a million uploads with a procedure of three outputs, verification included, at list prices in us-east-1 without
the free tier (bench/prices.ts). Measured: milliseconds of a whole core, write units, bytes of rows and log lines. Assumed:
${COLD_SHARE * 100} % of the calls on new instances, VOD and the app's server respond in ${VOD_MS} ms, ${SHARDS} shards (bench/money.ts).

${table(
  ['', ...PARTS],
  sums.map(({ name, money }) => [name, ...PARTS.map((part) => figure(money[part], 2))]),
)}

The bars are for \`EVENTS_ENDPOINT=function-url\` and rows of ${inputs.large.bytes} bytes. The default, the HTTP API, costs $${figure(2 * MILLION * PRICES.gatewayRequest, 2)} more for
the two events of an upload: with such rows it exceeds the bars, with rows of ${inputs.typical.bytes} bytes see the table. Of its sum, five requests to the
HTTP API are $${figure(5 * MILLION * PRICES.gatewayRequest, 2)}, and write units $${figure(MILLION * inputs.large.ours * PRICES.writeUnit, 2)}.

A million webhooks cost $${figure(webhook, 2)} more, and a million polls of \`GET /uploads/{fileId}\` $${figure(poll, 2)}: the HTTP API is $${figure(MILLION * PRICES.gatewayRequest, 2)} of that.
Our client polls only where something waits for the result. An app whose server gets webhooks needs no polls. (a) verifies nothing.

Dollars a month whatever the uploads, with rows of ${inputs.large.bytes} bytes:

${table(
  ['rows', ...Object.keys(monthlyCost(inputs.deployed, 0, 0)), 'total'],
  months.map(({ count, parts, total }) => [String(count), ...parts.map((part) => figure(part, 2)), figure(total, 2)]),
)}`;
  const limits = [
    ...sums.map(({ name, money, max }) => ({ name: `a million uploads: ${name}`, dollars: money.total, max })),
    { name: 'a million webhooks', dollars: webhook, max: 3 },
    { name: 'a million polls', dollars: poll, max: 2 },
    { name: 'a month of a million rows', dollars: months.at(-1)?.total ?? NaN, max: 6 },
  ];
  const bars = limits.flatMap(({ name, dollars, max }): Bar[] => {
    if (max === undefined) return [];
    const reason =
      'each part is in the table of money: HTTP API and writes are most of it, and each poll is a request to the HTTP API';
    return [{ name: `dollars for ${name}`, measured: single(dollars), max, digits: 2, reason }];
  });
  return { markdown, bars };
}
