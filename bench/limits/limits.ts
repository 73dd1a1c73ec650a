import type { Deployed } from './deployed';
import { GATEWAY, LAMBDA, NEW_TABLE_UNITS, SSM, TABLE_QUOTA, VOD_RATE } from './quotas';

/** The limits of a simulation run; an operator can raise them. */
export interface Limits {
  /** Requests a second of `POST /upload-signature`. */
  readonly signingRoute: number;
  /** Requests a second of `POST /vod-events`. */
  readonly eventsRoute: number;
  readonly gateway: number;
  readonly lambdaConcurrency: number;
  readonly ssm: number;
  /** Write units a second that the table, and each index, takes at once. */
  readonly tableUnits: number;
  readonly tableQuota: number;
  readonly batchesPerShard: number;
  /** Concurrent batches of the delay queue. */
  readonly delayedBatches: number;
  /** Calls a second of each action. */
  readonly vodRate: number;
  /** Concurrent deliveries. */
  readonly webhooks: number;
}

/** `lambdaScaling` and `indexKey` cannot be raised. */
export type LimitName = keyof Limits | 'lambdaScaling' | 'indexKey';

export const LABELS: Readonly<Record<LimitName, string>> = {
  signingRoute: 'throttle of POST /upload-signature',
  eventsRoute: 'EVENTS_RATE',
  gateway: 'API Gateway requests/s',
  lambdaConcurrency: 'Lambda concurrency',
  lambdaScaling: 'Lambda scaling rate',
  ssm: 'SSM GetParameters/s',
  tableUnits: 'DynamoDB warm throughput, WRU/s',
  tableQuota: 'DynamoDB table quota, WRU/s',
  indexKey: 'DynamoDB WRU/s of one index key',
  batchesPerShard: 'batches at a time of a shard',
  delayedBatches: 'batches at a time of the delay queue',
  vodRate: 'VOD calls/s of an action',
  webhooks: 'webhooks at a time',
};

/** A new deployment in an account with the default quotas. */
export function defaultLimits(deployed: Deployed): Limits {
  return {
    signingRoute: deployed.signingRate,
    eventsRoute: deployed.eventsRate,
    gateway: GATEWAY.rate,
    lambdaConcurrency: LAMBDA.concurrency,
    ssm: SSM.rate,
    tableUnits: NEW_TABLE_UNITS,
    tableQuota: TABLE_QUOTA,
    batchesPerShard: deployed.batchesPerShard,
    delayedBatches: deployed.delayedBatches,
    vodRate: VOD_RATE,
    webhooks: deployed.webhooks,
  };
}
