import type { StreamRecord } from './record';

/** A place in a stream: after the record with this number, or before the oldest one. */
export interface StreamPosition {
  readonly streamArn: string;
  readonly sequenceNumber?: string;
}

export interface StreamPage {
  readonly records: readonly StreamRecord[];
  /** After every record of the page. */
  readonly position: StreamPosition;
  readonly isEmpty: boolean;
}

export interface StreamClient {
  /** Of the table's current stream; undefined when it has none. */
  readonly streamArn: () => Promise<string | undefined>;
  /** The next records after the position; an empty page is the end of the stream for now. */
  readonly read: (position: StreamPosition) => Promise<StreamPage>;
}

/** An error of DynamoDB Streams, such as `TrimmedDataAccessException`. */
export class StreamError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(`${type}: ${message}`);
  }
}

const MAX_RECORDS = 500;
/** In milliseconds. */
const TIMEOUT = 10_000;

/**
 * Reads the stream of a local table, which has one shard. It keeps the iterator of the last page, and fetches a new one
 * for any other position and after any error.
 */
export function streamClient(url: string, tableName: string): StreamClient {
  let last: { readonly position: StreamPosition; readonly iterator: string } | undefined;

  async function iteratorAt(position: StreamPosition): Promise<string> {
    if (last && isSamePosition(last.position, position)) return last.iterator;
    const { streamArn: StreamArn, sequenceNumber } = position;
    const { StreamDescription: description } = await call(url, 'DynamoDBStreams_20120810.DescribeStream', {
      StreamArn,
    });
    const [shard] = (description as { Shards: readonly { ShardId: string }[] }).Shards;
    const where =
      sequenceNumber === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: sequenceNumber };
    const input = { StreamArn, ShardId: shard?.ShardId, ...where };
    const { ShardIterator: iterator } = await call(url, 'DynamoDBStreams_20120810.GetShardIterator', input);
    return String(iterator);
  }

  async function read(position: StreamPosition): Promise<StreamPage> {
    const ShardIterator = await iteratorAt(position);
    last = undefined;
    const input = { ShardIterator, Limit: MAX_RECORDS };
    const output = await call(url, 'DynamoDBStreams_20120810.GetRecords', input);
    const records = output['Records'] as readonly StreamRecord[];
    const sequenceNumber = records.at(-1)?.dynamodb.SequenceNumber ?? position.sequenceNumber;
    const next = { streamArn: position.streamArn, ...(sequenceNumber !== undefined && { sequenceNumber }) };
    last = { position: next, iterator: String(output['NextShardIterator']) };
    return { records, position: next, isEmpty: records.length === 0 };
  }

  return {
    read,
    streamArn: async () => {
      const { Table: table } = await call(url, 'DynamoDB_20120810.DescribeTable', { TableName: tableName });
      return (table as { LatestStreamArn?: string }).LatestStreamArn;
    },
  };
}

function isSamePosition(a: StreamPosition, b: StreamPosition): boolean {
  return a.streamArn === b.streamArn && a.sequenceNumber === b.sequenceNumber;
}

/** @throws StreamError for a refusal, another error when the engine does not respond */
async function call(url: string, target: string, input: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(TIMEOUT),
  });
  const output = (await response.json()) as Record<string, unknown>;
  if (response.ok) return output;
  const { __type: type, message, Message: otherSpelling } = output;
  throw new StreamError(String(type).replace(/^.*#/, ''), String(message ?? otherSpelling));
}
