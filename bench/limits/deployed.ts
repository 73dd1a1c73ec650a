import { resolve } from 'node:path';
import { defaultsOf } from '../../deploy/parameter-list';
import { routeSettings } from '../../deploy/routes';
import type { ServerlessConfig } from '../../local/config';
import { deployParameters } from '../../local/deployment';
import { asNumber, getField } from '../../lib/platform/json';
import { NO_SECRETS } from '../../tests/support/backend';
import { resolveCached } from '../../tests/support/deploy/resolved-config';

const ROOT = resolve(__dirname, '../..');

/** The values of the deploy files that limit how much a deployment takes. */
export interface Deployed {
  /** Requests a second of the two routes; twice as many in a burst. */
  readonly signingRate: number;
  readonly eventsRate: number;
  /** Records of one batch of the stream, and batches at a time of one shard. */
  readonly batchSize: number;
  readonly batchesPerShard: number;
  /** Of the delay queue: messages of one batch, for how many milliseconds a batch is collected, and batches at a time. */
  readonly delayedBatchSize: number;
  readonly delayedWindow: number;
  readonly delayedBatches: number;
  /** Webhooks that are delivered at a time. */
  readonly webhooks: number;
}

/** Reads the deploy files as the framework resolves them, with webhooks on and every other parameter at its default. */
export async function readDeployed(): Promise<Deployed> {
  const parameters = deployParameters('http://localhost', 'http://localhost:1', NO_SECRETS, {
    notifyUrl: 'http://localhost:2',
  });
  const config = await resolveCached(ROOT, parameters);
  const settings = routeSettings(defaultsOf('dev'), 'dev') as Readonly<Record<string, unknown>>;
  const stream = mappingOf(config, 'uploadChanged', 'stream');
  const delayed = mappingOf(config, 'uploadChanged', 'sqs');
  const webhooks = mappingOf(config, 'notifyApp', 'sqs');
  return {
    signingRate: numberIn(settings['POST /upload-signature'], 'ThrottlingRateLimit'),
    eventsRate: numberIn(settings['POST /vod-events'], 'ThrottlingRateLimit'),
    batchSize: numberIn(stream, 'batchSize'),
    batchesPerShard: asNumber(getField(stream, 'parallelizationFactor')) ?? 1,
    delayedBatchSize: numberIn(delayed, 'batchSize'),
    delayedWindow: 1_000 * numberIn(delayed, 'maximumBatchingWindow'),
    delayedBatches: numberIn(delayed, 'maximumConcurrency'),
    webhooks: numberIn(webhooks, 'maximumConcurrency'),
  };
}

function mappingOf(config: ServerlessConfig, name: string, kind: 'stream' | 'sqs'): unknown {
  const events = config.functions[name]?.events ?? [];
  return events.map((event) => event[kind]).find((mapping) => mapping !== undefined);
}

function numberIn(object: unknown, name: string): number {
  const value = asNumber(getField(object, name));
  if (value === undefined) throw new Error(`Cannot read the deploy files: ${name} is missing`);
  return value;
}
