import type { Outcome } from '../functions';

/** The identifiers of the failed items, or `all` of the batch. */
export type FailedItems = ReadonlySet<string> | 'all';

const NONE: FailedItems = new Set();

/**
 * The failed items in a function's result, as Lambda reads it: with ReportBatchItemFailures, null, an empty object and an
 * empty list are success; a result that is malformed or names an item outside the batch fails the whole batch.
 */
export function parseBatchResponse(
  outcome: Outcome,
  reportsFailures: boolean,
  identifiers: ReadonlySet<string>,
): FailedItems {
  if (outcome === 'failed') return 'all';
  if (!reportsFailures) return NONE;
  const response: unknown = JSON.parse(outcome.json);
  if (response === null) return NONE;
  if (typeof response !== 'object' || Array.isArray(response)) return 'all';
  const { batchItemFailures: failures }: { batchItemFailures?: unknown } = response;
  if (failures === undefined || failures === null) return NONE;
  if (!Array.isArray(failures)) return 'all';
  const failed = failures.map((failure: unknown) =>
    typeof failure === 'object' && failure !== null && 'itemIdentifier' in failure ? failure.itemIdentifier : undefined,
  );
  const valid = failed.filter((id): id is string => typeof id === 'string' && identifiers.has(id));
  return valid.length < failed.length ? 'all' : new Set(valid);
}
