import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { CommandContext } from '../command-line/context';
import { UsageError } from '../command-line/usage-error';
import { awsDeployment } from './aws';
import type { Configuration } from './configuration';
import { localDeployment } from './local';
import { useProxyExceptLoopback } from '../network/proxy';
import type { Registered } from './state';

export interface Outputs {
  /** Where VOD sends events, without the token; absent where events are pulled. */
  readonly webhookUrl: string | undefined;
  readonly tableName: string;
  /** The stream that the stack's functions read; absent in a local run. */
  readonly streamArn?: string;
  /** Absent where no webhooks are sent. */
  readonly notifications?: NotificationQueues;
}

export interface NotificationQueues {
  readonly queueUrl: string;
  readonly deadLettersUrl: string;
}

/** A deployment, on AWS or on this machine. */
export interface Deployment extends Configuration {
  readonly name: string;
  /** Options that name it, for a command that the user is told to run. */
  readonly options: string;
  readonly isLocal: boolean;
  /** `local` for a local run. */
  readonly region: string;
  readonly ssm: SSMClient;
  readonly dynamodb: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly sqs: SQSClient;
  readonly outputs: () => Promise<Outputs>;
  /**
   * Runs the reconcile function once and returns what it returned.
   *
   * @throws Error that says why it did not run or did not finish
   */
  readonly runReconcile: (event: object) => Promise<unknown>;
  /**
   * Returns the names of the functions that read a stream. Absent in a local run, where the number of readers is not limited.
   *
   * @throws Error that contains AWS's reason
   */
  readonly streamReaders?: (streamArn: string) => Promise<readonly string[]>;
  /** What VOD was given by other means than `register`, where that is known: `npm start` does it itself. */
  readonly registeredAtStart?: Registered;
}

export interface DeploymentOptions {
  readonly stage?: string | undefined;
  readonly region?: string | undefined;
  readonly 'aws-profile'?: string | undefined;
  readonly local?: boolean | undefined;
}

/** @throws UsageError for options that exclude each other, or parameters that the deploy refuses */
export async function deploymentOf(options: DeploymentOptions, context: CommandContext): Promise<Deployment> {
  const { local, stage, region, 'aws-profile': profile } = options;
  if (!local) return awsDeployment({ stage, region, profile }, context);
  if ([stage, region, profile].some((option) => option !== undefined)) {
    throw new UsageError('--local has no stage, region and AWS profile: remove --stage, --region and --aws-profile');
  }
  await useProxyExceptLoopback();
  return localDeployment(context.env);
}
