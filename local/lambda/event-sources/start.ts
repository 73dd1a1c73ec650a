import { join } from 'node:path';
import type { ServerlessConfig } from '../../config';
import type { Queues } from '../../services/queue';
import { streamClient } from '../../services/stream/client';
import type { Functions } from '../functions';
import { openCheckpoint } from './checkpoint';
import type { EventSource } from './event-source';
import { queueMappings, streamMappings } from './mappings';
import { startQueueSource } from './queue';
import { schedulesOf, startSchedules } from './schedule';
import { startStreamSource } from './stream';

export interface EventSourcesOptions {
  readonly config: ServerlessConfig;
  readonly invoke: Functions['invoke'];
  readonly tableUrl: string;
  readonly queues: Queues;
  /** The folder that keeps how far the streams are delivered. */
  readonly path: string;
  /** Whether functions with a rate run by themselves. */
  readonly schedules: boolean;
  readonly log: (line: string) => void;
}

export interface EventSources {
  /**
   * Resolves when the streams have been read to their end, no message is visible in a queue that a function reads, and
   * no batch is under way. Delayed messages, messages in flight and schedules do not count.
   */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts what calls functions by itself: streams, queues and schedules, as serverless.yml declares them.
 *
 * @throws StartupError for what the local run does not support
 */
export async function startEventSources(options: EventSourcesOptions): Promise<EventSources> {
  const { config, invoke, tableUrl, queues, path, log } = options;
  const { region } = config.provider;
  const mappings = { streams: streamMappings(config), queues: queueMappings(config) };
  const sources: EventSource[] = [];
  const stopSources = async () => {
    await Promise.all(sources.map((source) => source.stop()));
  };
  try {
    for (const mapping of mappings.streams) {
      const client = streamClient(tableUrl, mapping.tableName);
      const checkpoint = openCheckpoint(join(path, `${mapping.functionKey}.json`));
      sources.push(await startStreamSource(mapping, { client, checkpoint, invoke, region, log }));
    }
  } catch (error) {
    await stopSources();
    throw error;
  }
  for (const mapping of mappings.queues) sources.push(startQueueSource(mapping, { queues, invoke, region, log }));
  const stopSchedules = options.schedules ? startSchedules(schedulesOf(config), invoke) : () => undefined;

  return {
    idle: () => waitUntilIdle(sources),
    stop: async () => {
      stopSchedules();
      await stopSources();
    },
  };
}

/** One source may cause work for another: all are idle when none was called between two rounds of waiting. */
async function waitUntilIdle(sources: readonly EventSource[]): Promise<void> {
  const countInvocations = () => sources.reduce((sum, source) => sum + source.invocations(), 0);
  for (let before = -1; before !== countInvocations();) {
    before = countInvocations();
    for (const source of sources) await source.idle();
  }
}
