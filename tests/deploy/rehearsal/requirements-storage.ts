import type { Deploy } from './requirements';
import type { StackReader } from './stack-reader';

// The part of requirements.ts about the table, the queues and what reads them.

const INDEXES = {
  bySourceContext: 'sourceContext sortTime KEYS_ONLY',
  byUploader: 'uploader sortTime INCLUDE sourceContext',
};

interface Key {
  readonly AttributeName: string;
}
interface Table {
  readonly KeySchema: readonly Key[];
  readonly GlobalSecondaryIndexes: readonly {
    readonly IndexName: string;
    readonly KeySchema: readonly Key[];
    readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] };
  }[];
  readonly StreamArn: string;
  readonly StreamSpecification: { readonly StreamViewType: string };
  readonly DeletionProtectionEnabled: boolean;
}

export function checkTable(stack: StackReader, { stage }: Deploy): void {
  const [table] = stack.ofType<Table>('AWS::DynamoDB::Table');
  const keys = (schema: readonly Key[] = []) => schema.map(({ AttributeName: key }) => key).join(' ');
  stack.expect("the table's key", keys(table?.KeySchema), 'fileId');
  const indexes = table?.GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => [
    IndexName,
    [keys(KeySchema), Projection.ProjectionType, ...(Projection.NonKeyAttributes ?? [])].join(' '),
  ]);
  stack.expect("the table's indexes", Object.fromEntries(indexes?.sort() ?? []), INDEXES);
  stack.expect("the table's stream", table?.StreamSpecification.StreamViewType, 'NEW_AND_OLD_IMAGES');
  stack.expect("the table's protection against deletion", table?.DeletionProtectionEnabled, stage === 'prod');
  stack.expect("the stack's protection against deletion", stack.isProtected, stage === 'prod');
}

interface Queue {
  readonly Arn: string;
  readonly SqsManagedSseEnabled: boolean;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: string };
}

export function checkQueues(stack: StackReader, { hasFeatures }: Deploy): void {
  const queues = stack.ofType<Queue>('AWS::SQS::Queue');
  const sources = queues.filter(({ RedrivePolicy }) => RedrivePolicy !== undefined);
  const deadLetters = queues.filter(({ RedrivePolicy }) => RedrivePolicy === undefined).map(({ Arn }) => Arn);
  stack.expect('the number of queues', queues.length, hasFeatures ? 4 : 2);
  const targets = sources.map(({ RedrivePolicy }) => RedrivePolicy?.deadLetterTargetArn);
  stack.expect('the dead-letter queues', targets.sort(), deadLetters.sort());
  const unencrypted = queues.filter(({ SqsManagedSseEnabled: isEncrypted }) => !isEncrypted);
  stack.expect('the queues without encryption', unencrypted, []);
}

interface Mapping {
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
  readonly State: string;
  readonly MaximumRetryAttempts?: number;
  readonly FilterCriteria?: { readonly Filters: readonly object[] };
}

export function checkEventSources(stack: StackReader, { hasFeatures }: Deploy): void {
  const mappings = stack.ofType<Mapping>('AWS::Lambda::EventSourceMapping');
  const readers = (arn: string | undefined) =>
    mappings
      .filter(({ EventSourceArn }) => EventSourceArn === arn)
      .map(({ FunctionArn, State }) => `${stack.functionName(FunctionArn)} ${State}`);
  const [table] = stack.ofType<Table>('AWS::DynamoDB::Table');
  const queues = stack.ofType<Queue>('AWS::SQS::Queue').filter(({ RedrivePolicy }) => RedrivePolicy !== undefined);
  const found = [readers(table?.StreamArn), ...queues.map(({ Arn }) => readers(Arn)).sort()];
  const notified = hasFeatures ? [['notifyApp Enabled']] : [];
  const wanted = [['uploadChanged Enabled'], ...notified, ['uploadChanged Enabled']];
  stack.expect('the event sources', found, wanted);
  stack.expect('the number of event sources', mappings.length, wanted.length);
  const filters = mappings.flatMap(({ FilterCriteria }) => FilterCriteria?.Filters ?? []);
  stack.expect('the number of filters of the stream', filters.length, hasFeatures ? 2 : 1);
  const retries = mappings.flatMap(({ MaximumRetryAttempts: max }) => max ?? []);
  stack.expect('the retries of the stream', retries, [-1]);
}
