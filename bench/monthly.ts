import type { CostFactors } from './deployed';
import { PRICES } from './prices';

/** Bytes of an entry of both indexes, and the overhead that DynamoDB counts for items. */
const INDEX_BYTES = 400;
const ITEM_OVERHEAD = 100;
/** Seconds of a run of reconcile without news, see `npm run scale`. */
const RUN_SECONDS = 1;
/** Metrics of the functions' logs that have data while nothing fails. */
const METRICS = 6;
const AUDITS_PER_MONTH = 30 / 7;
const FILES_PER_CALL = 20;
const CALLS_PER_SECOND = 100;
/** Lambda polls an idle queue with two pollers, each for 20 s at a time. */
const QUEUE_POLLS_PER_MONTH = (2 * 30 * 86_400) / 20;

/** Dollars a month that do not depend on uploads, for a table of this number of rows. */
export function monthlyCost({ memory, reconcileRunsPerMonth, alarms }: CostFactors, rowBytes: number, rows: number) {
  const gigabytes = (rows * (rowBytes + INDEX_BYTES + ITEM_OVERHEAD)) / 1e9;
  const auditSeconds = rows / FILES_PER_CALL / CALLS_PER_SECOND;
  const seconds = reconcileRunsPerMonth * RUN_SECONDS + AUDITS_PER_MONTH * auditSeconds;
  // A page of a scan is a read unit for 4 kB, half of one because it is eventually consistent.
  const auditReads = rows * Math.ceil(rowBytes / 1_024) * (0.5 / 4);
  return {
    reconcile:
      seconds * ((memory['reconcile'] ?? NaN) / 1_024) * PRICES.gbSecond +
      reconcileRunsPerMonth * PRICES.invocation +
      AUDITS_PER_MONTH * auditReads * PRICES.readUnit,
    storage: gigabytes * (PRICES.storage + PRICES.backup),
    queue: QUEUE_POLLS_PER_MONTH * PRICES.queueRequest,
    alarms: alarms * PRICES.alarm,
    metrics: METRICS * PRICES.metric,
  };
}
