import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyEventV2WithJWTAuthorizer,
  APIGatewayProxyStructuredResultV2,
  Context,
  DynamoDBStreamEvent,
  SQSEvent,
} from 'aws-lambda';
import type { StreamRecord } from '../../local/services/stream/record';

const read = (name: string): unknown => JSON.parse(readFileSync(join(__dirname, '../fixtures/http', name), 'utf8'));

/** A call of `POST /upload-signature` as API Gateway makes it, for the caller that the token names. */
export function signRequest(body?: unknown, claims: Record<string, string> = { sub: 'user-42' }) {
  const event = read('upload-signature.json') as APIGatewayProxyEventV2WithJWTAuthorizer;
  delete event.body;
  event.requestContext.authorizer.jwt.claims = claims;
  return { ...event, ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }) };
}

export interface Delivery {
  readonly query?: string;
  readonly headers?: Record<string, string>;
  /** How API Gateway hands over bodies whose content type it does not take for text. */
  readonly base64?: boolean;
  /** Whether it comes through the function's own URL. */
  readonly isFunctionUrl?: boolean;
}

/** A call of `POST /vod-events` as API Gateway makes it, or the function's URL. */
export function delivery(
  body: unknown,
  { query = 'token=token-1', headers = {}, base64 = false, isFunctionUrl = false }: Delivery = {},
) {
  const event = read(isFunctionUrl ? 'vod-events-function-url.json' : 'vod-events.json') as APIGatewayProxyEventV2;
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    ...event,
    headers: { ...event.headers, ...headers },
    rawQueryString: query,
    body: bytes.toString(base64 ? 'base64' : 'utf8'),
    isBase64Encoded: base64,
  };
}

/** A batch of the table's stream as Lambda delivers it. */
export function streamEvent(records: readonly StreamRecord[]): DynamoDBStreamEvent {
  // The types of both packages describe the same JSON.
  return { Records: records } as unknown as DynamoDBStreamEvent;
}

/** A batch of a queue as Lambda delivers it; the id of each message is its place in the batch. */
export function queueEvent(messages: readonly { readonly body: string }[]): SQSEvent {
  return {
    Records: messages.map(({ body }, index) => ({
      messageId: String(index),
      receiptHandle: 'handle',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: 'sender',
        ApproximateFirstReceiveTimestamp: '0',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:ap-southeast-1:123456789012:queue',
      awsRegion: 'ap-southeast-1',
    })),
  };
}

/** Lambda's context of an invocation that has `milliseconds` left. */
export function context(milliseconds = 25_000): Context {
  const end = Date.now() + milliseconds;
  const unused = () => undefined;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:ap-southeast-1:123456789012:function:test',
    memoryLimitInMB: '512',
    awsRequestId: '00000000-0000-4000-8000-000000000000',
    logGroupName: '/aws/lambda/test',
    logStreamName: 'test',
    getRemainingTimeInMillis: () => end - Date.now(),
    /* eslint-disable @typescript-eslint/no-deprecated -- the type demands them */
    done: unused,
    fail: unused,
    succeed: unused,
    /* eslint-enable @typescript-eslint/no-deprecated */
  };
}

interface Problem {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** The body of a response that must be problem+json. */
export function problemOf({ headers, body = '' }: APIGatewayProxyStructuredResultV2): Problem {
  expect(headers?.['content-type']).toBe('application/problem+json');
  return JSON.parse(body) as Problem;
}
