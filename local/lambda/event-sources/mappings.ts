import {
  queueNameOf,
  tableNameOf,
  type FunctionEvent,
  type ServerlessConfig,
  type SqsEvent,
  type StreamEvent,
} from '../../config';
import { StartupError } from '../../startup-error';
import { compileFilters, type Filter } from './filter';

export interface StreamMapping {
  readonly functionKey: string;
  readonly tableName: string;
  readonly batchSize: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly matches: Filter;
  readonly reportsFailures: boolean;
  readonly bisects: boolean;
  /** -1: unlimited. */
  readonly maximumRetryAttempts: number;
  /** -1: of any age. */
  readonly maximumRecordAgeInSeconds: number;
}

export interface QueueMapping {
  readonly functionKey: string;
  readonly queueName: string;
  readonly batchSize: number;
  /** In seconds. */
  readonly maximumBatchingWindow: number;
  readonly reportsFailures: boolean;
  readonly maximumConcurrency: number;
}

/** The framework's default for streams and queues. */
const BATCH_SIZE = 10;
/** Without a batching window, Lambda allows at most this batch size. */
const MAX_BATCH_WITHOUT_WINDOW = 10;
/** Enough for a laptop; on AWS there is no bound by default. */
const CONCURRENCY = 2;

const STREAM_PROPERTIES = [
  'type',
  'arn',
  'enabled',
  'batchSize',
  'startingPosition',
  'filterPatterns',
  'functionResponseType',
  'bisectBatchOnFunctionError',
  'maximumRetryAttempts',
  'maximumRecordAgeInSeconds',
];
const SQS_PROPERTIES = [
  'arn',
  'enabled',
  'batchSize',
  'maximumBatchingWindow',
  'functionResponseType',
  'maximumConcurrency',
];

/**
 * The enabled event source mappings of DynamoDB streams.
 *
 * @throws StartupError for what the local run does not support, or a second stream of one function
 */
export function streamMappings(config: ServerlessConfig): StreamMapping[] {
  return Object.entries(config.functions).flatMap(([functionKey, { events }]) => {
    const streams = eventsOf(events, 'stream');
    if (streams.length > 1) throw new StartupError(`functions.${functionKey} must have at most one stream`);
    return streams.flatMap((stream) => {
      checkEvent(stream, `functions.${functionKey}: stream`, STREAM_PROPERTIES);
      return stream.enabled === false ? [] : [streamMapping(config, functionKey, stream)];
    });
  });
}

/**
 * The enabled event source mappings of queues.
 *
 * @throws StartupError for what the local run does not support
 */
export function queueMappings(config: ServerlessConfig): QueueMapping[] {
  return Object.entries(config.functions).flatMap(([functionKey, { events }]) =>
    eventsOf(events, 'sqs').flatMap((sqs) => {
      checkEvent(sqs, `functions.${functionKey}: sqs`, SQS_PROPERTIES);
      return sqs.enabled === false ? [] : [queueMapping(config, functionKey, sqs)];
    }),
  );
}

function streamMapping(config: ServerlessConfig, functionKey: string, stream: StreamEvent): StreamMapping {
  const where = `functions.${functionKey}: stream`;
  const [logicalId, attribute] = stream.arn['Fn::GetAtt'];
  const tableName = tableNameOf(config, logicalId);
  if (stream.type !== 'dynamodb' || attribute !== 'StreamArn' || tableName === undefined) {
    throw new StartupError(`${where}.arn must be !GetAtt <table>.StreamArn, with type dynamodb`);
  }
  const { startingPosition = 'TRIM_HORIZON' } = stream;
  if (!['TRIM_HORIZON', 'LATEST'].includes(startingPosition)) {
    throw new StartupError(`${where}.startingPosition must be one of: TRIM_HORIZON, LATEST`);
  }
  return {
    functionKey,
    tableName,
    startingPosition,
    batchSize: stream.batchSize ?? BATCH_SIZE,
    matches: compileFilters(stream.filterPatterns, `${where}.filterPatterns`),
    reportsFailures: stream.functionResponseType === 'ReportBatchItemFailures',
    bisects: stream.bisectBatchOnFunctionError ?? false,
    maximumRetryAttempts: stream.maximumRetryAttempts ?? -1,
    maximumRecordAgeInSeconds: stream.maximumRecordAgeInSeconds ?? -1,
  };
}

function queueMapping(config: ServerlessConfig, functionKey: string, sqs: SqsEvent): QueueMapping {
  const where = `functions.${functionKey}: sqs`;
  const [logicalId, attribute] = sqs.arn['Fn::GetAtt'];
  const queueName = queueNameOf(config, logicalId);
  if (attribute !== 'Arn' || queueName === undefined) {
    throw new StartupError(`${where}.arn must be !GetAtt <queue>.Arn of a queue in serverless.yml`);
  }
  const { batchSize = BATCH_SIZE, maximumBatchingWindow = 0, maximumConcurrency = CONCURRENCY } = sqs;
  if (batchSize > MAX_BATCH_WITHOUT_WINDOW && maximumBatchingWindow < 1) {
    throw new StartupError(`${where}.batchSize over ${MAX_BATCH_WITHOUT_WINDOW} needs a maximumBatchingWindow`);
  }
  const reportsFailures = sqs.functionResponseType === 'ReportBatchItemFailures';
  return { functionKey, queueName, batchSize, maximumBatchingWindow, maximumConcurrency, reportsFailures };
}

function eventsOf<Kind extends 'stream' | 'sqs'>(
  events: readonly FunctionEvent[],
  kind: Kind,
): NonNullable<FunctionEvent[Kind]>[] {
  return events.flatMap((event) => event[kind] ?? []);
}

/** The framework accepts more than the local run does: an ARN as text, and properties that are not listed here. */
function checkEvent(event: StreamEvent | SqsEvent, where: string, supported: readonly string[]): void {
  if (typeof event !== 'object' || !Array.isArray(event.arn['Fn::GetAtt'])) {
    throw new StartupError(`${where} must be an object whose arn is !GetAtt of a resource in serverless.yml`);
  }
  const unknown = Object.keys(event).filter((name) => !supported.includes(name));
  if (unknown.length > 0) throw new StartupError(`${where}: the local run does not support ${unknown.join(', ')}`);
}
