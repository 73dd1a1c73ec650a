import {
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type _Record as StreamRecord,
  type DynamoDBStreamsClient,
  type GetShardIteratorInput,
  type Shard as ShardDescription,
} from '@aws-sdk/client-dynamodb-streams';
import { compareStrings } from '../../lib/platform/compare';
import { StreamError } from './stream-error';

export type { StreamRecord };

export interface StreamReaderDeps {
  readonly client: DynamoDBStreamsClient;
  readonly streamArn: string;
  /** Gets each record once; those of one item in their order. */
  readonly receive: (record: StreamRecord) => void;
  /** Gets a line for the operator. */
  readonly report: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Cancels calls in progress. */
  readonly signal: AbortSignal;
}

/** A shard that is read, or that waits until its parent has ended. */
interface Shard {
  readonly id: string;
  readonly parentId: string | undefined;
  /** Records created before this time are not forwarded, in milliseconds since 1970. */
  readonly since: number;
  iterator: string | undefined;
  lastSequenceNumber: string | undefined;
}

type Position = Pick<GetShardIteratorInput, 'ShardIteratorType' | 'SequenceNumber'>;

/**
 * The ARN of the table's current stream.
 *
 * @throws StreamError if the call fails, Error if the table has no stream
 */
export async function findStream(client: DynamoDBStreamsClient, tableName: string): Promise<string> {
  const response = client.send(new ListStreamsCommand({ TableName: tableName }));
  const { Streams: streams = [] } = await StreamError.wrap('ListStreams', tableName, response);
  // A label is the time at which the stream was enabled; a disabled stream is listed for a day.
  const byAge = streams.toSorted((a, b) => compareStrings(a.StreamLabel ?? '', b.StreamLabel ?? ''));
  const streamArn = byAge.at(-1)?.StreamArn;
  if (streamArn !== undefined) return streamArn;
  throw new Error(
    `Cannot listen: the table ${tableName} has no stream: \`npm run vod -- check\` says how to enable it`,
  );
}

/**
 * Reads what is written to a DynamoDB stream after {@link start}, and follows shards that end to their children.
 * An iterator that expires, for example while the laptop sleeps, loses nothing that the stream still has.
 */
export class StreamReader {
  /** Shards that have not ended, by their id. */
  readonly #shards = new Map<string, Shard>();
  readonly #knownIds = new Set<string>();
  /** Ended shards for which no child is known yet. */
  readonly #childless = new Set<string>();

  constructor(private readonly deps: StreamReaderDeps) {}

  /** Resolves when every later write will be read. @throws StreamError, or Error for a disabled stream */
  async start(): Promise<void> {
    const since = Math.floor(this.deps.now() / 1000) * 1000; // the precision of a record's time
    const descriptions = await this.#describeShards();
    const parentIds = new Set(descriptions.map(({ ParentShardId }) => ParentShardId));
    for (const { ShardId: id = '', ParentShardId: parentId, SequenceNumberRange: range } of descriptions) {
      this.#knownIds.add(id);
      if (range?.EndingSequenceNumber === undefined) this.#addShard(id, parentId, since);
      else if (!parentIds.has(id)) this.#childless.add(id);
    }
    const latest = [...this.#shards.values()].map(async (shard) => {
      shard.iterator = await this.#iteratorAt(shard, { ShardIteratorType: 'LATEST' });
    });
    await Promise.all(latest);
  }

  /** Reads each shard once, and a child only after its parent. @throws StreamError, or Error for a disabled stream */
  async poll(): Promise<void> {
    if (this.#childless.size > 0) await this.#findChildren();
    const shards = [...this.#shards.values()].filter(({ parentId }) => !this.#shards.has(parentId ?? ''));
    const results = await Promise.allSettled(shards.map((shard) => this.#read(shard)));
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }

  #addShard(id: string, parentId: string | undefined, since: number): void {
    this.#shards.set(id, { id, parentId, since, iterator: undefined, lastSequenceNumber: undefined });
  }

  async #findChildren(): Promise<void> {
    const descriptions = await this.#describeShards();
    for (const { ShardId: id = '', ParentShardId: parentId = '' } of descriptions) {
      this.#childless.delete(parentId);
      if (this.#knownIds.has(id)) continue;
      this.#knownIds.add(id);
      this.#addShard(id, parentId, 0);
    }
  }

  async #read(shard: Shard): Promise<void> {
    try {
      shard.iterator ??= await this.#iteratorAt(shard, resumePosition(shard));
      await this.#readPage(shard, shard.iterator);
    } catch (error) {
      const code = error instanceof StreamError ? error.code : '';
      if (code !== 'ExpiredIteratorException' && code !== 'TrimmedDataAccessException') throw error;
      shard.iterator = undefined;
      if (code === 'ExpiredIteratorException') return;
      shard.lastSequenceNumber = undefined;
      this.deps.report('Changes older than 24 hours are no longer in the stream: their webhooks are not forwarded');
    }
  }

  async #readPage(shard: Shard, iterator: string): Promise<void> {
    const { client, streamArn, receive, signal } = this.deps;
    const response = client.send(new GetRecordsCommand({ ShardIterator: iterator }), { abortSignal: signal });
    const page = await StreamError.wrap('GetRecords', streamArn, response);
    for (const record of page.Records ?? []) {
      const createdAt = record.dynamodb?.ApproximateCreationDateTime?.getTime() ?? Infinity;
      if (createdAt >= shard.since) receive(record);
      shard.lastSequenceNumber = record.dynamodb?.SequenceNumber ?? shard.lastSequenceNumber;
    }
    shard.iterator = page.NextShardIterator;
    if (page.NextShardIterator !== undefined) return;
    this.#shards.delete(shard.id);
    this.#childless.add(shard.id);
  }

  async #iteratorAt({ id }: Shard, position: Position): Promise<string> {
    const { client, streamArn, signal } = this.deps;
    const command = new GetShardIteratorCommand({ StreamArn: streamArn, ShardId: id, ...position });
    const response = client.send(command, { abortSignal: signal });
    const { ShardIterator: iterator = '' } = await StreamError.wrap('GetShardIterator', streamArn, response);
    return iterator;
  }

  /** All shards that the stream lists. @throws Error when the stream is disabled and read to its end */
  async #describeShards(): Promise<ShardDescription[]> {
    const { client, streamArn, signal } = this.deps;
    const shards: ShardDescription[] = [];
    let lastId: string | undefined;
    do {
      const command = new DescribeStreamCommand({ StreamArn: streamArn, ExclusiveStartShardId: lastId });
      const response = client.send(command, { abortSignal: signal });
      const { StreamDescription: stream } = await StreamError.wrap('DescribeStream', streamArn, response);
      if (stream?.StreamStatus === 'DISABLED' && this.#shards.size === 0) {
        throw new Error("Cannot listen: the table's stream is disabled: `npm run vod -- check` says how to enable it");
      }
      shards.push(...(stream?.Shards ?? []));
      lastId = stream?.LastEvaluatedShardId;
    } while (lastId !== undefined);
    return shards;
  }
}

/** After the last record that was read, else at the oldest one: records from before the session are dropped by their time. */
function resumePosition({ lastSequenceNumber: SequenceNumber }: Shard): Position {
  if (SequenceNumber === undefined) return { ShardIteratorType: 'TRIM_HORIZON' };
  return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber };
}
