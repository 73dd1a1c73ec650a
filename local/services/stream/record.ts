import type { Image } from './image';

export type EventName = 'INSERT' | 'MODIFY' | 'REMOVE';

/** A record of a DynamoDB stream as GetRecords returns it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: EventName;
  readonly eventVersion: string;
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly dynamodb: {
    readonly Keys: Image;
    readonly NewImage?: Image;
    readonly OldImage?: Image;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
    /** In seconds. */
    readonly ApproximateCreationDateTime: number;
  };
}
