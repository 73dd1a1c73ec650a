import type {
  AttributeValue,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { awsRequest, type AwsService } from './aws-request';
import type { Environment } from './env';
import { postOverKeptConnection, type Post } from './http-post';
import { getField } from './json';

/**
 * Sends one request, which may take so many milliseconds.
 *
 * @throws DynamoDbError with DynamoDB's refusal, or why it did not answer
 */
type Send<Input, Output> = (input: Input, timeout: number) => Promise<Omit<Output, '$metadata'>>;

/** The actions that the functions use, with the SDK's types. No attribute is binary: those are not encoded. */
export interface DynamoDb {
  readonly batchGetItem: Send<BatchGetItemCommandInput, BatchGetItemCommandOutput>;
  readonly getItem: Send<GetItemCommandInput, GetItemCommandOutput>;
  readonly query: Send<QueryCommandInput, QueryCommandOutput>;
  readonly scan: Send<ScanCommandInput, ScanCommandOutput>;
  readonly updateItem: Send<UpdateItemCommandInput, UpdateItemCommandOutput>;
}

export class DynamoDbError extends Error {
  override readonly name = 'DynamoDbError';

  /**
   * @param code DynamoDB's, for example `ConditionalCheckFailedException`; `undefined` when it did not answer
   * @param item what a failed condition returns of the item
   */
  constructor(
    message: string,
    readonly code?: string,
    readonly item?: Record<string, AttributeValue>,
  ) {
    super(message);
  }
}

const DYNAMODB: AwsService = {
  name: 'dynamodb',
  title: 'DynamoDB',
  target: 'DynamoDB_20120810',
  contentType: 'application/x-amz-json-1.0',
  advice: [
    [/^AccessDenied/, "the function's role needs dynamodb:ACTION on the table and its indexes"],
    [/^ResourceNotFound/, 'the table and its indexes must exist and be active'],
    [/^Validation/, 'DynamoDB would refuse the same request again'],
  ],
};

export interface DynamoDbDeps {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Over the network unless given. */
  readonly post?: Post;
}

/**
 * DynamoDB's API, version 2012-08-10, without retries.
 *
 * @param env has the region and the credentials that Lambda sets; read at each call
 */
export function dynamoDb(env: Environment, { now, post = postOverKeptConnection }: DynamoDbDeps): DynamoDb {
  const send = async <Output>(action: string, input: object, timeout: number): Promise<Output> => {
    const answer = await awsRequest(DYNAMODB, env, { now, post }, action, input)(timeout);
    // As the API reference says; the SDK does not check it either.
    if ('value' in answer) return answer.value as Output;
    const { code, reason, error } = answer;
    throw new DynamoDbError(reason, code, getField(error, 'Item') as Record<string, AttributeValue> | undefined);
  };
  return {
    batchGetItem: (input, timeout) => send('BatchGetItem', input, timeout),
    getItem: (input, timeout) => send('GetItem', input, timeout),
    query: (input, timeout) => send('Query', input, timeout),
    scan: (input, timeout) => send('Scan', input, timeout),
    updateItem: (input, timeout) => send('UpdateItem', input, timeout),
  };
}
