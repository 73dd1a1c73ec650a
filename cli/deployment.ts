import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { optional, type Environment } from '../lib/platform/env';
import { keyPair } from '../lib/vod/key-pair';
import { describe } from '../lib/platform/log';
import { readParameters, parseSecretVersions } from '../lib/platform/secrets';
import { callbackUrl, deployParameters } from '../local/deployment';
import { whereItRuns } from '../local/running';
import { loadSecrets } from '../local/secrets';
import { settings } from '../local/settings';
import { splitToken } from './callback-request';
import { UsageError, type Edge } from './command';
import { fingerprint, type Registered } from './memory';

/** The names of SSM parameters; a secret that the deployment does not use has none. */
export interface ParameterNames {
  readonly vodKey: string;
  /** The key pair for the server API, where that is not `vodKey`. */
  readonly vodApiKey: string | undefined;
  readonly sealKey: string;
  readonly callbackToken: string | undefined;
  readonly callbackSignKey: string | undefined;
  readonly registered: string;
  readonly rotation: string;
}

export interface Outputs {
  /** Where VOD sends events, without the token; none where events are pulled. */
  readonly webhookUrl: string | undefined;
  readonly tableName: string;
}

/** What a deploy chose, as far as this command needs it. */
interface Configuration {
  readonly stage: string;
  readonly mode: 'PUSH' | 'PULL';
  readonly vodSubAppId: number | undefined;
  readonly vodApiUrl: string;
  readonly parameters: ParameterNames;
}

/** What this command knows of a deployment, on AWS or on this machine. */
export interface Deployment extends Configuration {
  readonly name: string;
  /** Options that name it, for a command that the user is told to run. */
  readonly options: string;
  readonly ssm: SSMClient;
  readonly dynamodb: DynamoDBClient;
  readonly outputs: () => Promise<Outputs>;
  /** What VOD was given by other means than `register`, where that is known: `npm start` does it itself. */
  readonly registeredAtStart?: Registered;
}

export interface DeploymentOptions {
  readonly stage?: string | undefined;
  readonly region?: string | undefined;
  readonly local?: boolean | undefined;
}

/** @throws UsageError for options that exclude each other */
export async function deploymentOf(options: DeploymentOptions, edge: Edge): Promise<Deployment> {
  const { local, stage = 'dev', region } = options;
  if (!local) return onAws(stage, region, edge);
  if (options.stage !== undefined || region !== undefined) {
    throw new UsageError('--local has no stage and no region: leave them out');
  }
  return here(edge);
}

async function onAws(stage: string, givenRegion: string | undefined, { env, folder }: Edge): Promise<Deployment> {
  // As the framework does it: the stage's own file in place of .env, and the shell over both.
  const set = { ...((await dotenv(join(folder, `.env.${stage}`))) ?? (await dotenv(join(folder, '.env')))), ...env };
  const region = givenRegion ?? optional(set, 'AWS_REGION') ?? 'ap-southeast-1';
  const stack = `vod-client-upload-${stage}`;
  const configuration = configured(set, stage);
  return {
    ...configuration,
    name: `${stack} in ${region}`,
    options: `--stage ${stage}${givenRegion === undefined ? '' : ` --region ${givenRegion}`}`,
    ssm: new SSMClient({ region }),
    dynamodb: new DynamoDBClient({ region }),
    outputs: () => stackOutputs(new CloudFormationClient({ region }), stack, configuration.mode),
  };
}

async function dotenv(file: string) {
  try {
    return parseEnv(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function configured(set: Environment, stage: string): Configuration {
  const prefix = `/vod-client-upload/${stage}`;
  const subAppId = optional(set, 'VOD_SUB_APP_ID');
  if (subAppId !== undefined && !/^\d+$/.test(subAppId))
    throw new UsageError('VOD_SUB_APP_ID must be digits, or empty');
  const mode = optional(set, 'EVENT_MODE') === 'pull' ? 'PULL' : 'PUSH';
  const callbackToken = set['CALLBACK_TOKEN_PARAMETER'] ?? `${prefix}/callback-token`;
  const parameters: ParameterNames = {
    vodKey: set['VOD_KEY_PARAMETER'] ?? `${prefix}/vod-key`,
    vodApiKey: optional(set, 'VOD_API_KEY_PARAMETER'),
    sealKey: set['SEAL_KEY_PARAMETER'] ?? `${prefix}/seal-key`,
    // What is pulled passes no webhook.
    ...{ callbackToken: undefined, callbackSignKey: undefined },
    ...(mode === 'PUSH' && {
      callbackToken: callbackToken.trim() === '' ? undefined : callbackToken,
      callbackSignKey: optional(set, 'CALLBACK_SIGN_KEY_PARAMETER'),
    }),
    registered: `${prefix}/registered`,
    rotation: `${prefix}/rotation`,
  };
  return {
    stage,
    mode,
    vodSubAppId: subAppId === undefined ? undefined : Number(subAppId),
    vodApiUrl: optional(set, 'VOD_API_URL') ?? 'https://vod.tencentcloudapi.com',
    parameters,
  };
}

/** @throws Error when there is no such stack, or it was deployed otherwise than `mode` says */
async function stackOutputs(
  cloudFormation: CloudFormationClient,
  stack: string,
  mode: Deployment['mode'],
): Promise<Outputs> {
  const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
  const output = (name: string) => found?.Outputs?.find(({ OutputKey: key }) => key === name)?.OutputValue;
  const [webhookUrl, tableName] = [output('VodEventsUrl'), output('UploadsTableName')];
  const refuse = (why: string) => new Error(`Cannot read the stack ${stack}: ${why}`);
  if (tableName === undefined) throw refuse('it has no output UploadsTableName, deploy it again');
  if ((webhookUrl === undefined) !== (mode === 'PULL')) {
    const [was, is] = webhookUrl === undefined ? ['pull', 'push'] : ['push', 'pull'];
    throw refuse(`it was deployed with EVENT_MODE=${was}, which is ${is} here, correct the one or the other`);
  }
  return { webhookUrl, tableName };
}

async function here({ env }: Edge): Promise<Deployment> {
  const { dataDir, given: givenSecrets } = settings(env);
  const { url, vodUrl, tableUrl, tableName, parameterStoreUrl } = await whereItRuns(dataDir);
  const secrets = await loadSecrets(dataDir, givenSecrets);
  const client = { region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const [signKey = ''] = secrets.callbackSignKey.split(',');
  const registeredUrl = callbackUrl(url, secrets);
  return {
    ...configured(deployParameters(url, vodUrl, secrets), 'local'),
    name: `npm start at ${url}`,
    options: '--local',
    ssm: new SSMClient({ ...client, endpoint: parameterStoreUrl }),
    dynamodb: new DynamoDBClient({ ...client, endpoint: tableUrl }),
    outputs: () => Promise.resolve({ webhookUrl: `${url}/vod-events`, tableName }),
    registeredAtStart: registration('PUSH', registeredUrl, signKey.trim() || undefined, 'npm start'),
  };
}

/** What is remembered of a registration: nothing that is secret. */
export function registration(
  mode: Registered['mode'],
  urlWithToken: string,
  signKey: string | undefined,
  at: string,
): Registered {
  const { url, token } = splitToken(urlWithToken);
  return {
    mode,
    url,
    ...(token !== null && { tokenFingerprint: fingerprint(token) }),
    ...(signKey !== undefined && { signKeyFingerprint: fingerprint(signKey) }),
    at,
  };
}

/**
 * Reads secrets of a deployment by their names.
 *
 * @throws Error that names the parameter which is missing, or says what SSM said
 */
export async function secretsOf({ ssm, parameters }: Deployment) {
  const { vodKey, vodApiKey, sealKey, callbackToken, callbackSignKey } = parameters;
  const names = [vodKey, vodApiKey, sealKey, callbackToken, callbackSignKey].filter((name) => name !== undefined);
  const value = await readParameters((asked) => valuesOf(ssm, asked), names);
  return {
    keyPair: (name: string) => keyPair(name, value(name)),
    parseSecretVersions: (name: string) => parseSecretVersions(name, value(name)),
    has: (name: string) => {
      try {
        return value(name) !== '';
      } catch {
        return false;
      }
    },
  };
}

/** With the SDK's client, where the functions have their own: a person's credentials come from anywhere. */
async function valuesOf(ssm: SSMClient, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  try {
    const { Parameters: parameters = [] } = await ssm.send(
      new GetParametersCommand({ Names: [...names], WithDecryption: true }),
    );
    return new Map(parameters.map(({ Name: name = '', Value: value = '' }) => [name, value]));
  } catch (error) {
    const { error: name, reason } = describe(error);
    throw new Error(`Cannot read secrets: SSM says ${name}: ${reason}`, { cause: error });
  }
}
