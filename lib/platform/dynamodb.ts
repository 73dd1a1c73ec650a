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
 * Sends one request, with a timeout in milliseconds.
 *
 * @throws DynamoDbError with DynamoDB's refusal, or the reason why there was no response
 */
type Send<Input, Output> = (input: Input, timeout: number) => Promise<Omit<Output, '$metadata'>>;

/** The actions that the functions use, with the SDK's types. Binary attributes are not supported. */
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
   * @param code DynamoDB's, for example `ConditionalCheckFailedException`; `undefined` if there was no response
   * @param item the current item, where a condition failed and the request returns it
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
  /** Default: over the network. */
  readonly post?: Post;
}

/**
 * DynamoDB's API, version 2012-08-10, without retries.
 *
 * @param env has the region and the credentials that Lambda sets; read at each call
 */
export function dynamoDb(env: Environment, { now, post = postOverKeptConnection }: DynamoDbDeps): DynamoDb {
  const send = async <Output>(action: string, input: object, timeout: number): Promise<Output> => {
    const result = await awsRequest(DYNAMODB, env, { now, post }, action, input)(timeout);
    // The SDK does not check the shape of a response either.
    if ('value' in result) return result.value as Output;
    const { code, reason, error } = result;
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
