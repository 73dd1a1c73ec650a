// `npm run scale`: what the production reconcile costs on a table of 200 000 rows, in virtual time.
import '../tests/support/environment';
import { PHASES, type Phase } from '../lib/verification/checkpoint';
import { uploadsTableProperties } from '../tests/support/backend';
import { storagesOf } from '../tests/support/unit/capacity';
import { GIGABYTES, PRICES } from './prices';
import { ACTIONS, DAY, emptyUsage, HOUR, SECOND, startModel, type RunResult, type Usage } from './scale-runs';
import { figure, table } from './tables';

const ROWS = 200_000;
const UPLOADS_PER_DAY = 2_000;
const LOST_ONE_IN = 100;
const RUNS_PER_DAY = 288;
const DAYS_PER_MONTH = 30;
const AUDIT_INTERVAL_PER_ROW = 600;

/** The sum of usages, each `times` times. */
function sumOf(parts: readonly (readonly [times: number, usage: Usage])[]): Usage {
  const sum = emptyUsage();
  for (const [times, { calls, readUnits, writeUnits, milliseconds, queued }] of parts) {
    for (const action of ACTIONS) sum.calls[action] = (sum.calls[action] ?? 0) + times * (calls[action] ?? 0);
    sum.readUnits += times * readUnits;
    sum.writeUnits += times * writeUnits;
    sum.milliseconds += times * milliseconds;
    sum.queued += times * queued;
  }
  return sum;
}

function usageOf(results: readonly RunResult[], phases: readonly Phase[] = PHASES): Usage {
  return sumOf(results.flatMap(({ usage }) => phases.map((phase) => [1, usage[phase]] as const)));
}

/** Dollars; `runs` counts invocations. */
function moneyOf({ readUnits, writeUnits, milliseconds, queued }: Usage, runs: number) {
  const reads = readUnits * PRICES.readUnit;
  const writes = writeUnits * PRICES.writeUnit;
  const compute = (milliseconds / SECOND) * GIGABYTES * PRICES.gbSecond;
  const invocations = runs * PRICES.invocation;
  // A message is sent, received and deleted.
  const messages = 3 * queued * PRICES.queueRequest;
  return { reads, writes, compute, invocations, messages, total: reads + writes + compute + invocations + messages };
}

const HEAD = ['', 'runs', 'time', ...ACTIONS, 'read units', 'write units', 'SQS messages', 'dollars'];

function line(label: string, usage: Usage, runs: number): string[] {
  const { calls, readUnits, writeUnits, queued, milliseconds } = usage;
  const digits = (value: number) => figure(value, value < 100 && !Number.isInteger(value) ? 2 : 0);
  const minutes = milliseconds / SECOND / 60;
  return [
    label,
    digits(runs),
    minutes < 10 ? `${figure(minutes * 60)} s` : `${figure(minutes, 0)} min`,
    ...ACTIONS.map((action) => digits(calls[action] ?? 0)),
    digits(readUnits),
    digits(writeUnits),
    digits(queued),
    figure(moneyOf(usage, runs).total, 5),
  ];
}

function examinedIn(results: readonly RunResult[], phase: Phase): number {
  return results.reduce((sum, { summary }) => sum + summary.examined[phase], 0);
}

function longestOf(results: readonly RunResult[]): string {
  return figure(Math.max(...results.map(({ milliseconds }) => milliseconds)) / SECOND);
}

interface Simulation {
  /** The runs that fill an empty table, and how long they take on their schedule. */
  readonly backfill: readonly RunResult[];
  readonly backfillTime: number;
  /** Runs that neither audit rows nor read the whole library. */
  readonly quiet: readonly RunResult[];
  /** The runs of one pass through all rows, and of one through the library. */
  readonly audit: readonly RunResult[];
  readonly library: readonly RunResult[];
}

async function simulate(): Promise<Simulation> {
  const model = startModel({
    storages: storagesOf(await uploadsTableProperties()),
    rows: ROWS,
    libraryAge: 400 * DAY,
    uploadsPerDay: UPLOADS_PER_DAY,
    lostOneIn: LOST_ONE_IN,
  });
  const beganAt = model.clock.now();

  const backfill = await model.runUntil(({ summary }) => summary.finished && model.items.size >= ROWS);
  const backfillTime = model.clock.now() - beganAt;

  // From here on the table is complete: a quiet day, and one pass of the audit that began after the back-fill.
  const filledAt = model.clock.now();
  const isQuiet = ({ summary }: RunResult) => summary.examined.audit + summary.examined.library === 0;
  let quietRuns = 0;
  let hasAudited = false;
  const steady = await model.runUntil((result) => {
    if (isQuiet(result)) quietRuns++;
    hasAudited ||=
      result.isAuditComplete && (result.auditStartedAt ?? 0) >= filledAt && result.summary.examined.audit > 0;
    return hasAudited && quietRuns >= RUNS_PER_DAY;
  });
  const quiet = steady.filter(isQuiet);
  const auditStart = steady.find(({ auditStartedAt = 0 }) => auditStartedAt >= filledAt)?.auditStartedAt;
  const audit = steady.filter(
    ({ auditStartedAt, summary }) => auditStartedAt === auditStart && summary.examined.audit > 0,
  );

  model.clock.moveTo(beganAt + 7 * DAY + HOUR);
  const library = (await model.runUntil(({ summary }) => summary.finished)).filter(
    ({ summary }) => summary.examined.library > 0,
  );
  return { backfill, backfillTime, quiet, audit, library };
}

function report({ backfill, backfillTime, quiet, audit, library }: Simulation): void {
  const quietRun = sumOf([[1 / quiet.length, usageOf(quiet)]]);
  const auditPass = usageOf(audit, ['audit']);
  const libraryPass = usageOf(library, ['library']);
  const auditedRows = examinedIn(audit, 'audit');
  const auditInterval = Math.min(7 * DAY, auditedRows * AUDIT_INTERVAL_PER_ROW);
  const auditsPerMonth = (DAYS_PER_MONTH * DAY) / auditInterval;
  const runsPerMonth = DAYS_PER_MONTH * RUNS_PER_DAY;
  const month = sumOf([
    [runsPerMonth, quietRun],
    [auditsPerMonth, auditPass],
    [DAYS_PER_MONTH / 7, libraryPass],
  ]);

  const [firstRun] = backfill;

  console.log(`# reconcile on ${ROWS} rows

Virtual time: 300 ms a call of VOD, at most 100 calls a second of each action; 6 to 40 ms a request of the table. The
function's own CPU time is not modelled. ${UPLOADS_PER_DAY} uploads a day with a procedure of three outputs, of which one in
${LOST_ONE_IN} arrives without events. A quiet run has neither an audit nor a pass through the library.

## First run: an empty table and a library of ${ROWS} files

${backfill.length} runs, ${figure(backfillTime / HOUR, 1)} hours; the longest run takes ${longestOf(backfill)} s. ${String(firstRun?.summary.filled ?? 0)} rows after the first.

${table(HEAD, [
  ...PHASES.map((phase) => line(phase, usageOf(backfill, [phase]), backfill.length)),
  line('all', usageOf(backfill), backfill.length),
])}

## Steady state

${table(HEAD, [
  line('quiet run', quietRun, 1),
  line('quiet day', sumOf([[RUNS_PER_DAY, quietRun]]), RUNS_PER_DAY),
  line(`audit of ${auditedRows} rows`, auditPass, audit.length),
  line(`library of ${examinedIn(library, 'library')} files`, libraryPass, library.length),
  line('month', month, runsPerMonth),
])}

The longest quiet run takes ${longestOf(quiet)} s, the longest with an audit ${longestOf(audit)} s. An audit begins every ${figure(auditInterval / HOUR)} hours, a pass
through the library every 7 days.
`);
  const money = moneyOf(month, runsPerMonth);
  console.log(
    table(
      ['a month at us-east-1 on-demand prices', 'dollars'],
      Object.entries(money).map(([label, dollars]) => [label, figure(dollars, 2)]),
    ),
  );
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  report(await simulate());
  console.log(`\nComputed in ${figure((performance.now() - startedAt) / SECOND, 0)} s.`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
