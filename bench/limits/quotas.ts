/**
 * Default quotas of the services. Each value has the document that states it; "assumed" marks what no document states.
 * An account may have other values.
 */

/**
 * API Gateway, for all HTTP APIs of an account in a region: requests a second, and in a burst. 2 500 and 1 250 in some regions.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 */
export const GATEWAY = { rate: 10_000, burst: 5_000 };

/**
 * Lambda: concurrent executions of an account in a region (a new account may have fewer), and requests a second for each of them.
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */
export const LAMBDA = { concurrency: 1_000, requestsPerEnvironment: 10 };

/**
 * The number of new execution environments of one function within `milliseconds`.
 * https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
 */
export const LAMBDA_SCALING = { environments: 1_000, milliseconds: 10_000 };

/**
 * Batches at a time of one shard (ParallelizationFactor), at most.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
 */
export const MAX_BATCHES_PER_SHARD = 10;

/**
 * How often Lambda polls an idle shard, in milliseconds.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export const SHARD_POLL = 250;

/**
 * Concurrent invocations for a queue (MaximumConcurrency), at most.
 * https://docs.aws.amazon.com/lambda/latest/dg/API_ScalingConfig.html
 */
export const MAX_QUEUE_CONCURRENCY = 1_000;

/**
 * Write units a second of one partition, of a table or of an index; so also of one key.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
export const PARTITION_UNITS = 1_000;

/**
 * Write units a second that a new on-demand table, and each of its indexes, takes at once. It takes twice its previous peak
 * later, but throttles what is more than that within 30 minutes: a run of the model is shorter.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 */
export const NEW_TABLE_UNITS = 4_000;

/**
 * Write units a second of one on-demand table, and of each of its indexes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
 */
export const TABLE_QUOTA = 40_000;

/**
 * SSM: GetParameters a second of an account in a region; with "higher throughput" (assumed: documents of
 * different years have different values, and not all of them are for GetParameters).
 * https://docs.aws.amazon.com/general/latest/gr/ssm.html
 */
export const SSM = { rate: 40, raised: 1_000 };

/**
 * VOD: calls a second of each action, of an account: DescribeMediaInfos (266/34181), DescribeTasks (266/37559),
 * DescribeTaskDetail (266/34129). Assumed: counted in each second of the clock, and refused calls do not count.
 * https://www.tencentcloud.com/document/product/266/34181
 */
export const VOD_RATE = 100;

/**
 * VOD delivers an event again if it gets no response within `timeout` milliseconds, whatever the status of a response;
 * `attempts` times in all.
 * https://cloud.tencent.com/document/product/266/7829
 */
export const VOD_DELIVERY = { timeout: 5_000, attempts: 3 };

/**
 * SearchMedia shows no more files of one second than these: reconcile cannot find a lost event of the others.
 * https://cloud.tencent.com/document/product/266/31813
 */
export { SEARCH_CAP as MAX_SEARCHABLE_FILES } from '../../lib/vod/library';

/** How long things take, in milliseconds. All assumed; bench/results.md has measurements of the functions alone. */
export const DURATION = {
  /** A new execution environment until the handler runs. */
  coldStart: 400,
  ssm: 30,
  /** A warm invocation, without what it waits for. */
  invocation: 20,
  tableWrite: 6,
  queueSend: 10,
  vodCall: 300,
  /** The app's server, for a webhook. */
  receiver: 200,
  /** From the upload to the end of its procedure. */
  procedure: 60_000,
};
