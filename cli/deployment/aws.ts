import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { InvokeCommand, LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { asString, getField, parseJson } from '../../lib/platform/json';
import { describe } from '../../lib/platform/log';
import type { CommandContext } from '../command-line/context';
import { explainAws } from '../refusals';
import { configurationOf } from './configuration';
import { credentialsOf } from './credentials';
import type { Deployment, Outputs } from './deployment';
import { loadDotenv, type DeployEnvironment } from './dotenv';
import { awsRequestHandler, useProxy } from '../network/proxy';
import { regionOf } from './region';

/** How long a call may take, in milliseconds. */
const TIMEOUTS = { connectionTimeout: 10_000, requestTimeout: 20_000, throwOnRequestTimeout: true };
/** The longest run of the reconcile function, 290 s, and some more for the response. In milliseconds. */
const RUN_TIMEOUT = 300_000;

interface AwsOptions {
  readonly stage: string | undefined;
  readonly region: string | undefined;
  /** `--aws-profile` */
  readonly profile: string | undefined;
}

export async function awsDeployment(
  { stage = 'dev', region: givenRegion, profile }: AwsOptions,
  { env, folder, promptSecrets }: CommandContext,
): Promise<Deployment> {
  const environment = loadDotenv(folder, stage, env);
  adopt(environment);
  await useProxy();
  const region = regionOf(givenRegion, environment.variables);
  const requestHandler = awsRequestHandler(TIMEOUTS);
  const credentials = credentialsOf({ stage, profile, requestHandler, promptSecrets });
  const client = { region, credentials, requestHandler };
  const stack = `vod-client-upload-${stage}`;
  const configuration = configurationOf(environment.variables, stage);
  const lambda = { ...client, requestHandler: awsRequestHandler({ ...TIMEOUTS, requestTimeout: RUN_TIMEOUT }) };
  return {
    ...configuration,
    name: `${stack} in ${region}`,
    options: [
      `--stage ${stage}`,
      ...(givenRegion === undefined ? [] : [`--region ${givenRegion}`]),
      ...(profile === undefined ? [] : [`--aws-profile ${profile}`]),
    ].join(' '),
    isLocal: false,
    region,
    ssm: new SSMClient(client),
    dynamodb: new DynamoDBClient(client),
    streams: new DynamoDBStreamsClient(client),
    sqs: new SQSClient({ ...client, useQueueUrlAsEndpoint: false }), // an endpoint of the environment counts here too
    outputs: () => stackOutputs(new CloudFormationClient(client), stack, configuration.mode),
    runReconcile: (event) => invoke(new LambdaClient({ ...lambda, maxAttempts: 1 }), `${stack}-reconcile`, event),
    streamReaders: (streamArn) => listStreamReaders(new LambdaClient(client), streamArn),
  };
}

/** Copies the variables of .env to the process's environment, as the framework does: credentials, endpoints and proxies are read there. */
function adopt({ variables, fromFile }: DeployEnvironment): void {
  for (const name of fromFile) process.env[name] = variables[name];
}

/** @throws Error for a stack that does not exist, or was deployed with another event mode */
async function stackOutputs(
  cloudFormation: CloudFormationClient,
  stack: string,
  mode: Deployment['mode'],
): Promise<Outputs> {
  const refuse = (reason: string, cause?: unknown) => new Error(`Cannot read the stack ${stack}: ${reason}`, { cause });
  const { Stacks: [stackDescription] = [] } = await cloudFormation
    .send(new DescribeStacksCommand({ StackName: stack }))
    .catch((error: unknown) => {
      if (describe(error).reason.includes('does not exist')) {
        throw refuse('it does not exist: deploy it, or choose another --stage, --region or AWS account', error);
      }
      throw refuse(explainAws(error, { action: 'cloudformation:DescribeStacks', resource: stack }), error);
    });
  const output = (name: string) => stackDescription?.Outputs?.find(({ OutputKey: key }) => key === name)?.OutputValue;
  const webhookUrl = output('VodEventsUrl');
  const tableName = output('UploadsTableName');
  const streamArn = output('UploadsTableStreamArn');
  const queueUrl = output('NotifyAppQueueUrl');
  const deadLettersUrl = output('NotifyAppDeadLettersUrl');
  if (tableName === undefined) throw refuse('it has no output UploadsTableName, deploy it again');
  if (streamArn === undefined) throw refuse('it has no output UploadsTableStreamArn, deploy it again');
  if ((webhookUrl === undefined) !== (mode === 'PULL')) {
    const [was, is] = webhookUrl === undefined ? ['pull', 'push'] : ['push', 'pull'];
    const difference = `it was deployed with EVENT_MODE=${was}, but EVENT_MODE is ${is} here`;
    throw refuse(`${difference}: change it here, or deploy again`);
  }
  const hasQueues = queueUrl !== undefined && deadLettersUrl !== undefined;
  return { webhookUrl, tableName, streamArn, ...(hasQueues && { notifications: { queueUrl, deadLettersUrl } }) };
}

/** Invokes the function without retries: a second invocation after a lost response would run concurrently with the first. */
async function invoke(lambda: LambdaClient, functionName: string, event: object): Promise<unknown> {
  const failed = (reason: string, cause?: unknown) => new Error(`Cannot run ${functionName}: ${reason}`, { cause });
  const { FunctionError: isFailed, Payload: payload = new Uint8Array() } = await lambda
    .send(new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }))
    .catch((error: unknown) => {
      if (describe(error).error === 'ResourceNotFoundException') {
        throw failed('the function does not exist, deploy again', error);
      }
      throw failed(explainAws(error, { action: 'lambda:InvokeFunction', resource: functionName }), error);
    });
  const result = parseJson(payload);
  if (isFailed) {
    const message = asString(getField(result, 'errorMessage')) ?? `it failed (${isFailed}) without a reason`;
    throw failed(`${message}; read the log of the function reconcile`);
  }
  return result;
}

/** Returns the names of the functions that read the stream through event source mappings. */
async function listStreamReaders(lambda: LambdaClient, streamArn: string): Promise<string[]> {
  const names: string[] = [];
  try {
    const pages = paginateListEventSourceMappings({ client: lambda }, { EventSourceArn: streamArn });
    for await (const { EventSourceMappings: mappings = [] } of pages) {
      const active = mappings.filter(({ State: state }) => state !== 'Disabled' && state !== 'Deleting');
      // arn:aws:lambda:<region>:<account>:function:<name>
      names.push(...active.map(({ FunctionArn: arn = '' }) => arn.split(':')[6] ?? arn));
    }
  } catch (error) {
    throw new Error(explainAws(error, { action: 'lambda:ListEventSourceMappings' }), { cause: error });
  }
  return names;
}
