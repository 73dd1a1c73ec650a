import { isDeepStrictEqual } from 'node:util';
import { stackOf, type Account } from './account';

export type Stage = 'dev' | 'prod';
export type EventMode = 'push' | 'pull';

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const HINTS = ['dynamodb:GetItem', 'dynamodb:UpdateItem'];

/** The actions that each function may call, by its name in serverless.yml. A function that is missing here is a violation. */
const ALLOWED_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  uploadSignature: [...LOGS, 'ssm:GetParameters'],
  vodEvents: [...LOGS, 'ssm:GetParameters', ...HINTS],
  pullEvents: [...LOGS, 'ssm:GetParameters', ...HINTS],
  uploadChanged: [
    ...LOGS,
    'ssm:GetParameters',
    'dynamodb:BatchGetItem',
    'dynamodb:UpdateItem',
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
    'sqs:SendMessage',
  ],
  notifyApp: [
    ...LOGS,
    'ssm:GetParameters',
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
    'sqs:SendMessage',
  ],
  reconcile: [
    ...LOGS,
    'ssm:GetParameters',
    'ssm:PutParameter',
    'dynamodb:BatchGetItem',
    'dynamodb:Scan',
    'dynamodb:UpdateItem',
    'sqs:SendMessage',
  ],
};

const SCHEDULES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: { reconcile: 'rate(5 minutes)' },
  pull: { pullEvents: 'rate(1 minute)', reconcile: 'rate(5 minutes)' },
};

const ROUTES: Readonly<Record<EventMode, Readonly<Record<string, string>>>> = {
  push: { 'POST /upload-signature': 'JWT', 'POST /vod-events': 'NONE' },
  pull: { 'POST /upload-signature': 'JWT' },
};

const FUNCTIONS: Readonly<Record<EventMode, readonly string[]>> = {
  push: ['reconcile', 'uploadChanged', 'uploadSignature', 'vodEvents'],
  pull: ['pullEvents', 'reconcile', 'uploadChanged', 'uploadSignature'],
};

/** The alarms that only a deploy with NOTIFY_URL has. */
const NOTIFY_ALARMS = [
  'notifications-not-queued',
  'notifications-not-sent',
  'notify-app-errors',
  'undelivered-notifications',
];

const INDEXES = {
  bySourceContext: 'sourceContext sortTime KEYS_ONLY',
  byUploader: 'uploader sortTime INCLUDE sourceContext',
};

/**
 * The most important properties of a stack, written a second time, so that a mistake in serverless.yml does not prove
 * itself. Returns a sentence for each property that is different in the account.
 *
 * @param notifies whether the stack was deployed with NOTIFY_URL
 */
export function violations(account: Account, stage: Stage, mode: EventMode, notifies = false): string[] {
  const problems: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (isDeepStrictEqual(found, wanted)) return;
    problems.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  };
  const prefix = `vod-client-upload-${stage}`;
  const { Resources: ids, Outputs: outputs, Protected: isProtected } = stackOf(account, prefix);
  const mine = new Set(Object.values(ids));
  const ofType = <T>(type: string) =>
    Object.entries(account[type] ?? {})
      .filter(([id]) => mine.has(id))
      .map(([, properties]) => properties as T)
      .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  const shortName = (physicalId: string) => physicalId.slice(prefix.length + 1);

  const functions = ofType<{ FunctionName: string; FunctionArn: string; Role: string }>('AWS::Lambda::Function');
  const functionName = (arn: string) =>
    shortName(functions.find(({ FunctionArn }) => FunctionArn === arn)?.FunctionName ?? arn);
  const wantedFunctions = [...FUNCTIONS[mode], ...(notifies ? ['notifyApp'] : [])].sort();
  expect('the functions', functions.map((made) => shortName(made.FunctionName)).sort(), wantedFunctions);

  const routes = ofType<{ RouteKey: string; AuthorizationType?: string; AuthorizerId?: string }>(
    'AWS::ApiGatewayV2::Route',
  );
  const kinds = routes.map((route) => [route.RouteKey, route.AuthorizationType ?? 'NONE'] as const);
  expect('the routes and their authorization', Object.fromEntries(kinds.sort()), ROUTES[mode]);
  const authorizers = ofType<{ AuthorizerType: string; IdentitySource: unknown }>('AWS::ApiGatewayV2::Authorizer');
  expect(
    'the authorizers',
    authorizers.map(({ AuthorizerType: type, IdentitySource: source }) => [type, source]),
    [['JWT', ['$request.header.Authorization']]],
  );

  const roles = ofType<Role>('AWS::IAM::Role');
  expect('the number of roles', roles.length, functions.length);
  for (const { FunctionName: full, Role: arn } of functions) {
    const role = roles.find((one) => one.Arn === arn);
    const statements = role?.Policies.flatMap(({ PolicyDocument: { Statement: all } }) => all) ?? [];
    const roleName = `the role of ${shortName(full)}`;
    const actions = new Set(statements.flatMap(({ Action: action }) => action));
    expect(`the actions of ${roleName}`, [...actions].sort(), [...(ALLOWED_ACTIONS[shortName(full)] ?? [])].sort());
    const forbidden = JSON.stringify(statements).match(/"Resource":(\[[^\]]*)?"\*"|"Deny"|Not[AR]/g);
    expect(`forbidden parts of ${roleName}`, forbidden, null);
    expect(`managed policies of ${roleName}`, role?.ManagedPolicyArns, []);
  }

  const rules = ofType<{ ScheduleExpression: string; State: string; Targets: { Arn: string }[] }>('AWS::Events::Rule');
  const runs = rules.flatMap(({ ScheduleExpression: rate, State: state, Targets: targets }) =>
    targets.map(({ Arn: arn }) => [functionName(arn), state === 'ENABLED' ? rate : state]),
  );
  expect('the schedules', Object.fromEntries(runs.sort()), SCHEDULES[mode]);

  const [table] = ofType<Table>('AWS::DynamoDB::Table');
  const keys = (schema: readonly Key[] = []) => schema.map(({ AttributeName: key }) => key).join(' ');
  expect("the table's key", keys(table?.KeySchema), 'fileId');
  const indexes = table?.GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => [
    IndexName,
    [keys(KeySchema), Projection.ProjectionType, ...(Projection.NonKeyAttributes ?? [])].join(' '),
  ]);
  expect("the table's indexes", Object.fromEntries(indexes?.sort() ?? []), INDEXES);
  expect("the table's stream", table?.StreamSpecification.StreamViewType, 'NEW_AND_OLD_IMAGES');
  expect("the table's protection against deletion", table?.DeletionProtectionEnabled, stage === 'prod');
  expect("the stack's protection against deletion", isProtected, stage === 'prod');

  const queues = ofType<Queue>('AWS::SQS::Queue');
  const sources = queues.filter(({ RedrivePolicy }) => RedrivePolicy !== undefined);
  const deadLetters = queues.filter(({ RedrivePolicy }) => RedrivePolicy === undefined).map(({ Arn }) => Arn);
  expect('the number of queues', queues.length, notifies ? 4 : 2);
  const targets = sources.map(({ RedrivePolicy }) => RedrivePolicy?.deadLetterTargetArn);
  expect('the dead-letter queues', targets.sort(), deadLetters.sort());
  const unencrypted = queues.filter(({ SqsManagedSseEnabled: isEncrypted }) => !isEncrypted);
  expect('the queues without encryption', unencrypted, []);

  const mappings = ofType<Mapping>('AWS::Lambda::EventSourceMapping');
  const readers = (arn: string | undefined) =>
    mappings
      .filter(({ EventSourceArn }) => EventSourceArn === arn)
      .map(({ FunctionArn, State }) => `${functionName(FunctionArn)} ${State}`);
  const found = [readers(table?.StreamArn), ...sources.map(({ Arn }) => readers(Arn)).sort()];
  const wanted = [['uploadChanged Enabled'], ...(notifies ? [['notifyApp Enabled']] : []), ['uploadChanged Enabled']];
  expect('the event sources', found, wanted);
  expect('the number of event sources', mappings.length, wanted.length);
  const filters = mappings.flatMap(({ FilterCriteria }) => FilterCriteria?.Filters ?? []);
  expect('the number of filters of the stream', filters.length, notifies ? 2 : 1);
  const retries = mappings.flatMap(({ MaximumRetryAttempts: most }) => most ?? []);
  expect('the retries of the stream', retries, [-1]);

  const alarms = ofType<{ AlarmName: string }>('AWS::CloudWatch::Alarm').map(({ AlarmName }) => shortName(AlarmName));
  const notifyAlarms = alarms.filter((name) => name.includes('notif')).sort();
  expect('the alarms of notifications', notifyAlarms, notifies ? NOTIFY_ALARMS : []);

  const groups = ofType<{ RetentionInDays?: number }>('AWS::Logs::LogGroup');
  const days = groups.map(({ RetentionInDays: kept }) => kept);
  expect('the days that logs are kept', days, Array(functions.length + 1).fill(stage === 'prod' ? 90 : 14));
  const url = /^https:\/\/\w+\.execute-api\.[\w.-]+\/vod-events$/;
  expect('the output VodEventsUrl', url.test(outputs['VodEventsUrl'] ?? ''), mode === 'push');
  return problems;
}

interface Key {
  readonly AttributeName: string;
}
interface Role {
  readonly Arn: string;
  readonly ManagedPolicyArns: readonly string[];
  readonly Policies: readonly {
    readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | string[] }[] };
  }[];
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
interface Queue {
  readonly Arn: string;
  readonly SqsManagedSseEnabled: boolean;
  readonly RedrivePolicy?: { readonly deadLetterTargetArn: string };
}
interface Mapping {
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
  readonly State: string;
  readonly MaximumRetryAttempts?: number;
  readonly FilterCriteria?: { readonly Filters: readonly object[] };
}
