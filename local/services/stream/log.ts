import { createHash, randomUUID } from 'node:crypto';
import { openAppendLog, type AppendLog } from '../append-log';
import { isSameImage, type Image } from './image';
import type { EventName, StreamRecord } from './record';

export interface Stream {
  readonly tableName: string;
  readonly arn: string;
  readonly label: string;
  readonly viewType: string;
  /** In milliseconds. */
  readonly createdAt: number;
}

/** A write that has begun: the item before it. */
export interface PendingWrite {
  readonly id: string;
  readonly tableName: string;
  readonly key: Image;
  readonly before?: Image;
}

interface StoredRecord {
  readonly streamArn: string;
  readonly record: StreamRecord;
}

type Entry =
  | { readonly enable: Stream }
  | { readonly disable: string }
  | { readonly begin: PendingWrite }
  | ({ readonly end: string } & Partial<StoredRecord>)
  /** The sequence number of the newest record that a compacted log has dropped. */
  | { readonly trimmed: string }
  | StoredRecord;

/** Records are kept for as long as DynamoDB keeps them, in milliseconds. */
const RETENTION = 24 * 60 * 60 * 1000;
/** The log is compacted when it has this many entries more than twice the records. */
const SLACK = 2_000;
/** Sequence numbers have 21 digits, so that their order as text is their order as numbers. */
const FIRST_SEQUENCE = 10n ** 20n;

/**
 * The streams of all tables, in memory and in a log that survives a `kill -9`.
 *
 * A write is logged before it is made and completed afterwards. After a restart, `pendingWrites` may or may not have been
 * made: completing them with the current item adds a missing record.
 */
export class StreamLog {
  readonly #log: AppendLog<Entry>;
  readonly #now: () => number;
  readonly #streams = new Map<string, Stream>();
  readonly #pending = new Map<string, PendingWrite>();
  #records: StoredRecord[] = [];
  /** Of the newest record ever, and of the newest that was trimmed. */
  #lastSequence = String(FIRST_SEQUENCE);
  #trimmedSequence = String(FIRST_SEQUENCE);
  #entryCount = 0;

  constructor(file: string | undefined, now: () => number = Date.now) {
    const { log, entries } = openAppendLog<Entry>(file);
    this.#log = log;
    this.#now = now;
    for (const entry of entries) this.#apply(entry);
    this.#compact();
  }

  get lastSequence(): string {
    return this.#lastSequence;
  }

  get trimmedSequence(): string {
    return this.#trimmedSequence;
  }

  get pendingWrites(): PendingWrite[] {
    return [...this.#pending.values()];
  }

  get streams(): Stream[] {
    return [...this.#streams.values()];
  }

  streamOf(tableName: string): Stream | undefined {
    return this.#streams.get(tableName);
  }

  enable(tableName: string, viewType: string): void {
    const createdAt = this.#now();
    const label = new Date(createdAt).toISOString().slice(0, -1);
    const arn = `arn:aws:dynamodb:local:000000000000:table/${tableName}/stream/${label}`;
    this.#write({ enable: { tableName, arn, label, viewType, createdAt } });
  }

  /** The records of the stream are gone with it. */
  disable(tableName: string): void {
    this.#write({ disable: tableName });
  }

  /** Returns the id that completes the write. */
  begin(tableName: string, key: Image, before: Image | undefined): string {
    const id = randomUUID();
    this.#write({ begin: { id, tableName, key, ...(before && { before }) } });
    return id;
  }

  /** Adds a record, unless the item is the same as before. */
  complete(id: string, after: Image | undefined): void {
    const write = this.#pending.get(id);
    const stream = write && this.#streams.get(write.tableName);
    if (!stream || isSameImage(write.before, after)) this.#write({ end: id });
    else this.#write({ end: id, streamArn: stream.arn, record: this.#createRecord(stream, write, after) });
    this.#trim();
  }

  /** At most `limit` records after the sequence number, the oldest first. */
  recordsAfter(streamArn: string, sequence: string, limit: number): StreamRecord[] {
    this.#trim();
    const start = this.#records.findLastIndex(({ record }) => record.dynamodb.SequenceNumber <= sequence) + 1;
    const records: StreamRecord[] = [];
    for (let index = start; index < this.#records.length && records.length < limit; index++) {
      const stored = this.#records[index];
      if (stored?.streamArn === streamArn) records.push(stored.record);
    }
    return records;
  }

  close(): void {
    this.#log.close();
  }

  #createRecord({ arn, viewType }: Stream, { key, before }: PendingWrite, after: Image | undefined): StreamRecord {
    const images = {
      ...(after && ['NEW_IMAGE', 'NEW_AND_OLD_IMAGES'].includes(viewType) && { NewImage: after }),
      ...(before && ['OLD_IMAGE', 'NEW_AND_OLD_IMAGES'].includes(viewType) && { OldImage: before }),
    };
    const sequence = String(BigInt(this.#lastSequence) + 1n);
    return {
      eventID: createHash('md5').update(`${arn} ${sequence}`).digest('hex'),
      eventName: eventNameOf(before, after),
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'local',
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(this.#now() / 1000),
        Keys: key,
        ...images,
        SequenceNumber: sequence,
        SizeBytes: Buffer.byteLength(JSON.stringify({ key, ...images })), // DynamoDB's own count is a little smaller
        StreamViewType: viewType,
      },
    };
  }

  #trim(): void {
    const oldest = (this.#now() - RETENTION) / 1000;
    const isOld = ({ record }: StoredRecord) => record.dynamodb.ApproximateCreationDateTime < oldest;
    const [first] = this.#records;
    if (!first || !isOld(first)) return;
    const firstKept = this.#records.findIndex((stored) => !isOld(stored));
    const trimmed = this.#records.splice(0, firstKept === -1 ? this.#records.length : firstKept);
    this.#trimmedSequence = trimmed.at(-1)?.record.dynamodb.SequenceNumber ?? this.#trimmedSequence;
  }

  #write(entry: Entry): void {
    this.#log.append(entry);
    this.#apply(entry);
    this.#entryCount += 1;
    if (this.#entryCount > 2 * this.#records.length + SLACK) this.#compact();
  }

  #apply(entry: Entry): void {
    if ('enable' in entry) this.#streams.set(entry.enable.tableName, entry.enable);
    else if ('begin' in entry) this.#pending.set(entry.begin.id, entry.begin);
    else if ('disable' in entry) this.#applyDisable(entry.disable);
    else if ('trimmed' in entry) {
      this.#trimmedSequence = entry.trimmed;
      this.#lastSequence = entry.trimmed;
    } else {
      const { streamArn, record } = entry;
      if ('end' in entry) this.#pending.delete(entry.end);
      if (streamArn === undefined || record === undefined) return;
      this.#records.push({ streamArn, record });
      this.#lastSequence = record.dynamodb.SequenceNumber;
    }
  }

  #applyDisable(tableName: string): void {
    const arn = this.#streams.get(tableName)?.arn;
    this.#streams.delete(tableName);
    this.#records = this.#records.filter(({ streamArn }) => streamArn !== arn);
    for (const write of this.pendingWrites) if (write.tableName === tableName) this.#pending.delete(write.id);
  }

  #compact(): void {
    this.#trim();
    // Without records, nothing else would keep the sequence numbers growing.
    const trimmed = this.#records.length > 0 ? this.#trimmedSequence : this.#lastSequence;
    const entries: Entry[] = [
      { trimmed },
      ...this.streams.map((enable) => ({ enable })),
      ...this.pendingWrites.map((begin) => ({ begin })),
      ...this.#records,
    ];
    this.#log.replace(entries);
    this.#entryCount = entries.length;
  }
}

function eventNameOf(before: Image | undefined, after: Image | undefined): EventName {
  if (!before) return 'INSERT';
  return after ? 'MODIFY' : 'REMOVE';
}
