import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { StartupError } from './startup-error';

/** What the local run reads of serverless.yml, its variables resolved. */
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
>;

interface Resource {
  readonly Type: string;
  readonly Properties?: TableProperties;
}

/**
 * What serverless.yml says for the stage `local` with these parameters, as the framework itself resolves it.
 *
 * @throws StartupError with the framework's own words when it refuses the file
 */
export async function resolveConfig(
  projectDir: string,
  parameters: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<ServerlessConfig> {
  const cli = require.resolve('serverless/bin/serverless.js');
  // The framework trims what stands behind the "=", but wants something there: a space makes a value that is empty.
  const params = Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value || ' '}`]);
  const options = { cwd: projectDir, maxBuffer: 2 ** 24, ...(signal && { signal }) };
  try {
    const args = [cli, 'print', '--format', 'json', '--stage', 'local', ...params];
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    // The framework has held it against its own schema of the file.
    return JSON.parse(stdout) as ServerlessConfig;
  } catch (error) {
    const said = (error as { stdout?: string }).stdout?.replace(/^Error:/, '').trim(); // on stdout, in fact
    if (!said || signal?.aborted) throw error;
    throw new StartupError(`serverless.yml cannot be used: ${said.replaceAll(/\s+/g, ' ')}`);
  }
}

/** The one table that the file declares. */
export function tableOf({ resources }: ServerlessConfig): TableProperties {
  const tables = Object.values(resources?.Resources ?? {}).filter(({ Type: type }) => type === 'AWS::DynamoDB::Table');
  const [table] = tables;
  if (tables.length !== 1 || !table?.Properties)
    throw new StartupError('serverless.yml must declare exactly one table');
  return table.Properties;
}
