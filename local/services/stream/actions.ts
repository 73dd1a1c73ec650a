import { DynamoDbError, resourceNotFound, validationError } from './errors';
import type { Stream, StreamLog } from './log';
import type { StreamRecord } from './record';

type Input = Readonly<Record<string, unknown>>;

interface Iterator {
  readonly streamArn: string;
  /** The next record is the first one after this number. */
  readonly after: string;
  /** In milliseconds. */
  readonly createdAt: number;
}

const MAX_RECORDS = 1000;
/** Of one page, in bytes of JSON; a single record may be larger. */
const MAX_PAGE = 2 ** 20;
/** As DynamoDB has it, in milliseconds. */
const ITERATOR_LIFETIME = 15 * 60 * 1000;
/** Before every sequence number. */
const HORIZON = '';

/**
 * Executes an action of DynamoDB Streams; each stream has one shard, which never ends.
 *
 * @throws DynamoDbError for what DynamoDB refuses
 */
export function executeStreamAction(log: StreamLog, action: string, input: Input, now: number): object {
  switch (action) {
    case 'ListStreams':
      return { Streams: log.streams.filter(isOfTable(input['TableName'])).map(listEntry) };
    case 'DescribeStream':
      return { StreamDescription: describeStream(findStream(log, input)) };
    case 'GetShardIterator':
      return { ShardIterator: encodeIterator(iteratorOf(log, input, now)) };
    case 'GetRecords':
      return getRecords(log, input, now);
    default:
      throw new DynamoDbError('UnknownOperationException', '');
  }
}

function getRecords(log: StreamLog, input: Input, now: number): object {
  const { Limit: limit = MAX_RECORDS } = input;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_RECORDS) {
    throw validationError(`Limit must be between 1 and ${MAX_RECORDS}`);
  }
  const iterator = decodeIterator(input['ShardIterator']);
  if (now - iterator.createdAt > ITERATOR_LIFETIME) {
    throw new DynamoDbError('ExpiredIteratorException', 'The iterator is older than 15 minutes');
  }
  if (!log.streams.some(({ arn }) => arn === iterator.streamArn)) throw resourceNotFound(iterator.streamArn);
  const records = firstPage(log.recordsAfter(iterator.streamArn, iterator.after, limit));
  const after = records.at(-1)?.dynamodb.SequenceNumber ?? iterator.after;
  return { Records: records, NextShardIterator: encodeIterator({ ...iterator, after, createdAt: now }) };
}

function firstPage(records: readonly StreamRecord[]): StreamRecord[] {
  let size = 0;
  const end = records.findIndex(({ dynamodb }, index) => {
    size += dynamodb.SizeBytes;
    return index > 0 && size > MAX_PAGE;
  });
  return end === -1 ? [...records] : records.slice(0, end);
}

function iteratorOf(log: StreamLog, input: Input, createdAt: number): Iterator {
  const { arn: streamArn, label } = findStream(log, input);
  if (input['ShardId'] !== shardIdOf(label)) throw resourceNotFound(String(input['ShardId']));
  return { streamArn, after: startOf(log, input), createdAt };
}

/** The number after which an iterator of this type begins. */
function startOf(log: StreamLog, { ShardIteratorType: type, SequenceNumber: sequence }: Input): string {
  if (type === 'TRIM_HORIZON') return HORIZON;
  if (type === 'LATEST') return log.lastSequence;
  if (type !== 'AT_SEQUENCE_NUMBER' && type !== 'AFTER_SEQUENCE_NUMBER') {
    throw validationError(
      'ShardIteratorType must be one of: TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER',
    );
  }
  if (typeof sequence !== 'string' || !/^\d{21}$/.test(sequence) || sequence > log.lastSequence) {
    throw validationError('SequenceNumber is not a number of this stream');
  }
  const after = type === 'AFTER_SEQUENCE_NUMBER' ? sequence : String(BigInt(sequence) - 1n);
  if (after < log.trimmedSequence) {
    throw new DynamoDbError('TrimmedDataAccessException', 'The records after SequenceNumber are no longer kept');
  }
  return after;
}

function isOfTable(tableName: unknown): (stream: Stream) => boolean {
  return (stream) => tableName === undefined || stream.tableName === tableName;
}

function findStream(log: StreamLog, { StreamArn: arn }: Input): Stream {
  const stream = log.streams.find((one) => one.arn === arn);
  if (!stream) throw resourceNotFound(String(arn));
  return stream;
}

function listEntry({ arn, tableName, label }: Stream): object {
  return { StreamArn: arn, TableName: tableName, StreamLabel: label };
}

function describeStream(stream: Stream): object {
  return {
    ...listEntry(stream),
    StreamStatus: 'ENABLED',
    StreamViewType: stream.viewType,
    CreationRequestDateTime: stream.createdAt / 1000,
    Shards: [{ ShardId: shardIdOf(stream.label), SequenceNumberRange: {} }],
  };
}

function shardIdOf(label: string): string {
  return `shardId-${label.replaceAll(/\D/g, '').padEnd(20, '0')}-00000001`;
}

function encodeIterator(iterator: Iterator): string {
  return Buffer.from(JSON.stringify(iterator)).toString('base64url');
}

function decodeIterator(text: unknown): Iterator {
  try {
    const value: unknown = JSON.parse(Buffer.from(String(text), 'base64url').toString());
    if (isIterator(value)) return value;
  } catch {
    // refused below
  }
  throw validationError('Invalid ShardIterator');
}

function isIterator(value: unknown): value is Iterator {
  if (typeof value !== 'object' || value === null) return false;
  const { streamArn, after, createdAt }: Partial<Record<keyof Iterator, unknown>> = value;
  return typeof streamArn === 'string' && typeof after === 'string' && typeof createdAt === 'number';
}
