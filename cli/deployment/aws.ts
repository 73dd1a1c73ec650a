import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { optional } from '../../lib/platform/env';
import { asString, getField, parseJson } from '../../lib/platform/json';
import { describe } from '../../lib/platform/log';
import type { CommandContext } from '../command';
import { configurationOf } from './configuration';
import type { Deployment, Outputs } from './deployment';

/** The longest run of the reconcile function, 290 s, and some more for the answer. In milliseconds. */
const RUN_TIMEOUT = 300_000;

export async function awsDeployment(
  stage: string,
  givenRegion: string | undefined,
  { env, folder }: CommandContext,
): Promise<Deployment> {
  // In the framework's order: the stage's own file in place of .env, and the shell over both.
  const file = (await dotenv(join(folder, `.env.${stage}`))) ?? (await dotenv(join(folder, '.env')));
  const set = { ...file, ...env };
  const region = givenRegion ?? optional(set, 'AWS_REGION') ?? 'ap-southeast-1';
  const stack = `vod-client-upload-${stage}`;
  const configuration = configurationOf(set, stage);
  return {
    ...configuration,
    name: `${stack} in ${region}`,
    options: `--stage ${stage}${givenRegion === undefined ? '' : ` --region ${givenRegion}`}`,
    isLocal: false,
    ssm: new SSMClient({ region }),
    dynamodb: new DynamoDBClient({ region }),
    sqs: new SQSClient({ region, useQueueUrlAsEndpoint: false }), // an endpoint of the environment counts here too
    outputs: () => stackOutputs(new CloudFormationClient({ region }), stack, configuration.mode),
    runReconcile: (event) => invoke(region, `${stack}-reconcile`, event),
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

/** @throws Error when there is no such stack, or it was deployed with another event mode */
async function stackOutputs(
  cloudFormation: CloudFormationClient,
  stack: string,
  mode: Deployment['mode'],
): Promise<Outputs> {
  const { Stacks: [found] = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }));
  const output = (name: string) => found?.Outputs?.find(({ OutputKey: key }) => key === name)?.OutputValue;
  const webhookUrl = output('VodEventsUrl');
  const tableName = output('UploadsTableName');
  const streamArn = output('UploadsTableStreamArn');
  const queueUrl = output('NotifyAppQueueUrl');
  const deadLettersUrl = output('NotifyAppDeadLettersUrl');
  const refuse = (why: string) => new Error(`Cannot read the stack ${stack}: ${why}`);
  if (tableName === undefined) throw refuse('it has no output UploadsTableName, deploy it again');
  if (streamArn === undefined) throw refuse('it has no output UploadsTableStreamArn, deploy it again');
  if ((webhookUrl === undefined) !== (mode === 'PULL')) {
    const [was, is] = webhookUrl === undefined ? ['pull', 'push'] : ['push', 'pull'];
    throw refuse(`it was deployed with EVENT_MODE=${was}, which is ${is} here, correct one of them`);
  }
  const hasQueues = queueUrl !== undefined && deadLettersUrl !== undefined;
  return { webhookUrl, tableName, streamArn, ...(hasQueues && { notifications: { queueUrl, deadLettersUrl } }) };
}

/** Once: a second invocation after a lost answer would run beside the first. */
async function invoke(region: string, functionName: string, event: object): Promise<unknown> {
  const requestHandler = { requestTimeout: RUN_TIMEOUT, throwOnRequestTimeout: true };
  const lambda = new LambdaClient({ region, maxAttempts: 1, requestHandler });
  const failed = (why: string, cause?: unknown) => new Error(`Cannot run ${functionName}: ${why}`, { cause });
  const { FunctionError: isFailed, Payload: payload = new Uint8Array() } = await lambda
    .send(new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }))
    .catch((error: unknown) => {
      const { error: name, reason } = describe(error);
      if (name === 'ResourceNotFoundException') throw failed('there is no such function, deploy again', error);
      if (name.startsWith('AccessDenied')) throw failed('allow lambda:InvokeFunction on it', error);
      throw failed(reason, error);
    });
  const answer = parseJson(payload);
  if (isFailed) throw failed(asString(getField(answer, 'errorMessage')) ?? isFailed);
  return answer;
}
