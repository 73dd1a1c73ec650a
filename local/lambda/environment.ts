import { devNull } from 'node:os';
import { StartupError } from '../startup-error';
import { queueNameOf, tableNameOf, type Environment, type FunctionConfig, type ServerlessConfig } from '../config';
import { queueUrlAt } from '../services/queue';

/**
 * The whole environment of a function: what serverless.yml declares, and what Lambda sets, with invalid credentials.
 *
 * @param sqsUrl the endpoint of the queues, for values that are a `Ref` of a queue
 * @throws StartupError when a declared value refers to another resource than a table or a queue
 */
export function lambdaEnvironment(
  config: ServerlessConfig,
  declared: FunctionConfig,
  sqsUrl: string,
): Record<string, string> {
  const { region } = config.provider;
  return {
    ...resolveReferences(config, { ...config.provider.environment, ...declared.environment }, sqsUrl),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.replace(/\..*/, '.x')}`,
    AWS_LAMBDA_FUNCTION_NAME: declared.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memoryOf(config, declared),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${declared.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    _HANDLER: declared.handler,
    // Not set by Lambda: hides a developer's own AWS settings, and the SDK's warning about Node 20.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

/** The properties of a handler's context that are the same for every invocation. */
export function lambdaContext(config: ServerlessConfig, declared: FunctionConfig): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: declared.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${config.provider.region}:000000000000:function:${declared.name}`,
    memoryLimitInMB: memoryOf(config, declared),
    logGroupName: `/aws/lambda/${declared.name}`,
    logStreamName: 'local',
  };
}

/** In seconds; the framework's default is 6. */
export function timeoutOf(config: ServerlessConfig, declared: FunctionConfig): number {
  return declared.timeout ?? config.provider.timeout ?? 6;
}

/** In MB; the framework's default is 1024. */
function memoryOf(config: ServerlessConfig, declared: FunctionConfig): string {
  return String(declared.memorySize ?? config.provider.memorySize ?? 1024);
}

function resolveReferences(config: ServerlessConfig, environment: Environment, sqsUrl: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === null) continue;
    values[name] = typeof value === 'object' ? resolveReference(config, name, value.Ref, sqsUrl) : String(value);
  }
  return values;
}

/** The value of `Ref` on AWS: the name of a table, the URL of a queue. */
function resolveReference(config: ServerlessConfig, variable: string, logicalId: string, sqsUrl: string): string {
  const tableName = tableNameOf(config, logicalId);
  if (tableName !== undefined) return tableName;
  const queueName = queueNameOf(config, logicalId);
  if (queueName !== undefined) return queueUrlAt(sqsUrl, queueName);
  throw new StartupError(
    `${variable} refers to ${logicalId}, which is neither a table nor a queue in serverless.yml: give it a plain value`,
  );
}
