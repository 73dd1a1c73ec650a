import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CreateTableCommandInput, StreamViewType } from '@aws-sdk/client-dynamodb';
import type { QueueDeclaration } from './services/sqs/store';
import { StartupError } from './startup-error';

/** The parts of serverless.yml that the local run reads, with resolved variables. */
export interface ServerlessConfig {
  readonly provider: {
    readonly region: string;
    readonly memorySize?: number;
    readonly timeout?: number;
    readonly environment?: Environment;
    readonly httpApi?: {
      readonly cors?: Cors;
      readonly authorizers?: Readonly<Record<string, JwtAuthorizer>>;
    };
  };
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly custom?: { readonly esbuild?: Readonly<Record<string, unknown>> };
  readonly resources?: { readonly Resources?: Readonly<Record<string, Resource>> };
}

export type Environment = Readonly<Record<string, string | number | boolean | null | { readonly Ref: string }>>;

export interface FunctionConfig {
  readonly name: string;
  readonly handler: string;
  readonly timeout?: number;
  readonly memorySize?: number;
  readonly environment?: Environment;
  readonly events: readonly FunctionEvent[];
}

export interface FunctionEvent {
  readonly httpApi?: string | HttpRoute;
  readonly schedule?: unknown;
  readonly stream?: StreamEvent;
  readonly sqs?: SqsEvent;
}

/** As `!GetAtt Resource.Attribute` is printed. */
export interface GetAtt {
  readonly 'Fn::GetAtt': readonly [logicalId: string, attribute: string];
}

/** An event source mapping of a DynamoDB stream, with the framework's property names. */
export interface StreamEvent {
  readonly type: string;
  readonly arn: GetAtt;
  readonly enabled?: boolean;
  readonly batchSize?: number;
  readonly startingPosition?: 'TRIM_HORIZON' | 'LATEST';
  readonly filterPatterns?: readonly unknown[];
  readonly functionResponseType?: 'ReportBatchItemFailures';
  readonly bisectBatchOnFunctionError?: boolean;
  /** -1: unlimited. */
  readonly maximumRetryAttempts?: number;
  /** -1: of any age. */
  readonly maximumRecordAgeInSeconds?: number;
}

/** An event source mapping of a queue, with the framework's property names. */
export interface SqsEvent {
  readonly arn: GetAtt;
  readonly enabled?: boolean;
  readonly batchSize?: number;
  /** In seconds. */
  readonly maximumBatchingWindow?: number;
  readonly functionResponseType?: 'ReportBatchItemFailures';
  readonly maximumConcurrency?: number;
}

export interface HttpRoute {
  readonly method: string;
  readonly path: string;
  readonly authorizer?: { readonly name?: string; readonly scopes?: readonly string[] };
}

export interface JwtAuthorizer {
  readonly type: string;
  readonly identitySource: string | readonly string[];
  readonly issuerUrl: string;
  readonly audience: string | readonly string[];
}

export interface Cors {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods?: readonly string[];
  readonly allowedHeaders?: readonly string[];
  readonly exposedResponseHeaders?: readonly string[];
  readonly allowCredentials?: boolean;
  readonly maxAge?: number;
}

export type TableProperties = Pick<
  CreateTableCommandInput,
  'TableName' | 'AttributeDefinitions' | 'KeySchema' | 'GlobalSecondaryIndexes' | 'BillingMode'
> & {
  /** Unlike DynamoDB's own, without StreamEnabled: in CloudFormation the specification enables the stream. */
  readonly StreamSpecification?: { readonly StreamViewType?: StreamViewType };
};

interface QueueProperties {
  readonly QueueName?: string;
  readonly FifoQueue?: boolean;
  readonly VisibilityTimeout?: number | string;
  readonly DelaySeconds?: number | string;
  readonly MessageRetentionPeriod?: number | string;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: GetAtt; readonly maxReceiveCount: number | string };
}

interface Resource {
  readonly Type: string;
  readonly Properties?: object;
}
interface TableResource extends Resource {
  readonly Properties?: TableProperties;
}
interface QueueResource extends Resource {
  readonly Properties?: QueueProperties;
}

/**
 * Resolves serverless.yml with the framework itself, for the stage `local` and these parameters.
 *
 * @throws StartupError with the framework's message when it refuses the file
 */
export async function resolveConfig(
  projectDir: string,
  parameters: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<ServerlessConfig> {
  const cli = require.resolve('serverless/bin/serverless.js');
  // The framework trims the value after the "=", but does not accept an empty one: a space becomes an empty value.
  const params = Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value || ' '}`]);
  const options = { cwd: projectDir, maxBuffer: 2 ** 24, ...(signal && { signal }) };
  try {
    const args = [cli, 'print', '--format', 'json', '--stage', 'local', ...params];
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    // The framework has validated it against its own schema.
    return JSON.parse(stdout) as ServerlessConfig;
  } catch (error) {
    const output = (error as { stdout?: string }).stdout?.replace(/^Error:/, '').trim(); // the framework prints errors on stdout
    if (!output || signal?.aborted) throw error;
    throw new StartupError(`serverless.yml cannot be used: ${output.replaceAll(/\s+/g, ' ')}`);
  }
}

/** The one table that the file declares. */
export function tableOf(config: ServerlessConfig): TableProperties {
  const tables = resourcesOf(config).filter((resource) => isTable(resource[1]));
  const [, table] = tables[0] ?? [];
  if (tables.length !== 1 || !table || !isTable(table) || !table.Properties) {
    throw new StartupError('serverless.yml must declare exactly one table');
  }
  return table.Properties;
}

/**
 * The queues that the file declares, with the defaults of SQS.
 *
 * @throws StartupError for a FIFO queue, and for dead letters that go to a queue that is not declared
 */
export function queuesOf(config: ServerlessConfig): QueueDeclaration[] {
  return resourcesOf(config).flatMap(([id, resource]) => (isQueue(resource) ? [queueOf(config, id, resource)] : []));
}

/** The name of the queue with this logical id; undefined when the id is that of no queue. */
export function queueNameOf({ resources }: ServerlessConfig, logicalId: string): string | undefined {
  const resource = resources?.Resources?.[logicalId];
  if (!resource || !isQueue(resource)) return undefined;
  return resource.Properties?.QueueName ?? logicalId;
}

/** The name of the table with this logical id; undefined when the id is that of no table. */
export function tableNameOf({ resources }: ServerlessConfig, logicalId: string): string | undefined {
  const resource = resources?.Resources?.[logicalId];
  return resource && isTable(resource) ? resource.Properties?.TableName : undefined;
}

function queueOf(
  config: ServerlessConfig,
  id: string,
  { Properties: properties = {} }: QueueResource,
): QueueDeclaration {
  const { QueueName: name = id, RedrivePolicy: redrive } = properties;
  if (properties.FifoQueue || name.endsWith('.fifo')) {
    throw new StartupError(`${id}: the local run supports standard queues only`);
  }
  const deadLetterQueue = redrive && queueNameOf(config, redrive.deadLetterTargetArn['Fn::GetAtt'][0]);
  if (redrive && deadLetterQueue === undefined) {
    throw new StartupError(`${id}: deadLetterTargetArn must be !GetAtt of a queue in serverless.yml`);
  }
  return {
    name,
    visibilityTimeout: Number(properties.VisibilityTimeout ?? 30),
    delaySeconds: Number(properties.DelaySeconds ?? 0),
    retentionSeconds: Number(properties.MessageRetentionPeriod ?? 4 * 24 * 60 * 60),
    ...(redrive &&
      deadLetterQueue !== undefined && {
        redrive: { deadLetterQueue, maxReceiveCount: Number(redrive.maxReceiveCount) },
      }),
  };
}

function resourcesOf({ resources }: ServerlessConfig): [id: string, resource: Resource][] {
  return Object.entries(resources?.Resources ?? {});
}

function isTable(resource: Resource): resource is TableResource {
  return resource.Type === 'AWS::DynamoDB::Table';
}

function isQueue(resource: Resource): resource is QueueResource {
  return resource.Type === 'AWS::SQS::Queue';
}
