import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Configuration } from './configuration';
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
  /** The options that choose it, for commands in messages. */
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
   * @throws Error with the reason why it did not run or did not finish
   */
  readonly runReconcile: (event: object) => Promise<unknown>;
  /**
   * Returns the names of the functions that read a stream. Absent in a local run, where the number of readers is not limited.
   *
   * @throws Error that contains AWS's reason
   */
  readonly streamReaders?: (streamArn: string) => Promise<readonly string[]>;
  /** The registration that `npm start` made itself; absent on AWS. */
  readonly registeredAtStart?: Registered;
}
