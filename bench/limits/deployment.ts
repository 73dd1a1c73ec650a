import type { Clock } from './clock';
import { delayedVerification } from './delay-queue';
import type { DelayMeter } from './delays';
import type { Deployed } from './deployed';
import { frontDoor } from './front-door';
import { lambdaAccount } from './lambda';
import type { Limits } from './limits';
import type { Load } from './load';
import type { LimitMeter } from './meter';
import { secretReader } from './secrets';
import { streamOf } from './stream';
import { partitionedTable } from './table';
import type { RowUnits } from './units';
import type { UploadRows } from './uploads';
import { batchVerifier } from './verify-batch';
import { vodCalls } from './vod-calls';
import { webhookQueue } from './webhooks';

export interface DeploymentOptions {
  readonly clock: Clock;
  readonly meter: LimitMeter;
  readonly random: () => number;
  readonly delays: DelayMeter;
  readonly rows: UploadRows;
  readonly load: Load;
  readonly limits: Limits;
  readonly units: RowUnits;
  readonly deployed: Deployed;
}

/** A deployment in an account of its own: all parts, with these limits. */
export function modelDeployment(options: DeploymentOptions) {
  const { clock, meter, random, load, limits, deployed } = options;
  const readSecrets = secretReader({ clock, meter, random, rate: limits.ssm });
  const lambda = lambdaAccount({ clock, meter, concurrency: limits.lambdaConcurrency, readSecrets });
  const table = partitionedTable({
    clock,
    meter,
    random,
    units: limits.tableUnits,
    quota: limits.tableQuota,
    hasOneIndexKey: load.hasOneIndexKey,
  });
  const vod = vodCalls({ clock, meter, random, rate: limits.vodRate });
  const onRecord = (partition: number, code: number) => {
    stream.push(partition, code);
  };
  const verifyBatch = batchVerifier({ ...options, table, vod, onRecord });
  const webhooks = webhookQueue({ clock, meter, lambda, concurrency: limits.webhooks });
  const delay = delayedVerification({
    ...options,
    lambda,
    verifyBatch,
    batchSize: deployed.delayedBatchSize,
    window: deployed.delayedWindow,
    concurrency: limits.delayedBatches,
  });
  const stream = streamOf({
    ...options,
    lambda,
    webhooks,
    verifyBatch,
    delay,
    shards: table.count,
    batchSize: deployed.batchSize,
    batchesPerShard: limits.batchesPerShard,
  });
  const door = frontDoor({ ...options, lambda, table, onRecord });
  return { door, webhooks, lambda, partitions: table.count };
}

export type ModelDeployment = ReturnType<typeof modelDeployment>;
