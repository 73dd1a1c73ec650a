import { differences, orphans, type Account } from './rehearsal/account';
import { violations, type Deploy } from './rehearsal/requirements';
import type { Template } from '../support/deploy/packaged';

// The checks of `npm run rehearse`, without an emulator, on a small account that is written by hand.

const NAME = 'vod-client-upload-dev';
const PUSHED: Deploy = { stage: 'dev', mode: 'push', hasFeatures: false };
const arn = (rest: string) => `arn:aws:${rest}`;
const roleArn = (name: string) => arn(`iam::123456789012:role/${name}`);
const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const statement = (action: string | string[], resource = arn('x')) => ({ Action: action, Resource: resource });
const role = (name: string, ...actions: string[]) => ({
  Arn: roleArn(name),
  ManagedPolicyArns: [],
  Policies: [{ PolicyDocument: { Statement: [statement(LOGS), ...actions.map((action) => statement(action))] } }],
});
const functionArn = (name: string) => arn(`lambda:eu-west-1:123456789012:function:${NAME}-${name}`);
const lambda = (name: string, roleName: string, file = name) => ({
  FunctionName: `${NAME}-${name}`,
  FunctionArn: functionArn(name),
  Handler: `functions/${file}.handler`,
  Role: roleArn(roleName),
});
const throttle = (rate: number) => ({
  ThrottlingRateLimit: rate,
  ThrottlingBurstLimit: 2 * rate,
  DetailedMetricsEnabled: true,
});
const index = (name: string, key: string, projection: object) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: key }, { AttributeName: 'sortTime' }],
  Projection: projection,
});
const mapping = (source: string) => ({
  EventSourceArn: source,
  FunctionArn: functionArn('uploadChanged'),
  State: 'Enabled',
});
const STREAM = arn('dynamodb:eu-west-1:123456789012:table/t/stream/1');
const QUEUE = arn('sqs:eu-west-1:123456789012:q');
const DEAD_LETTERS = arn('sqs:eu-west-1:123456789012:d');

/** A stack for dev with EVENT_MODE=push and no optional feature. */
function account(): Record<string, Record<string, Record<string, unknown>>> {
  const resources = {
    'AWS::Lambda::Function': {
      f1: lambda('uploadSignature', 'sign', 'upload-signature'),
      f2: lambda('vodEvents', 'record'),
      f3: lambda('reconcile', 'reconcile'),
      f4: lambda('uploadChanged', 'verify'),
      f5: lambda('uploads', 'read'),
    },
    'AWS::IAM::Role': {
      sign: role('sign', 'ssm:GetParameters'),
      read: role('read', 'dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'),
      record: role('record', 'ssm:GetParameters', 'dynamodb:GetItem', 'dynamodb:UpdateItem'),
      reconcile: role(
        'reconcile',
        'ssm:GetParameters',
        'ssm:PutParameter',
        'dynamodb:BatchGetItem',
        'dynamodb:Scan',
        'dynamodb:UpdateItem',
        'sqs:SendMessage',
      ),
      verify: role(
        'verify',
        'ssm:GetParameters',
        'dynamodb:BatchGetItem',
        'dynamodb:UpdateItem',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
        'sqs:SendMessage',
      ),
    },
    'AWS::IAM::Policy': {
      stream: {
        Roles: ['verify'],
        PolicyDocument: {
          Statement: ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map((action) =>
            statement(`dynamodb:${action}`, STREAM),
          ),
        },
      },
    },
    'AWS::Events::Rule': {
      rule: {
        ScheduleExpression: 'rate(5 minutes)',
        State: 'ENABLED',
        Targets: [{ Arn: functionArn('reconcile') }],
      },
    },
    'AWS::ApiGatewayV2::Authorizer': {
      jwt: { AuthorizerType: 'JWT', IdentitySource: ['$request.header.Authorization'] },
    },
    'AWS::ApiGatewayV2::Api': { api: { ApiId: 'api' } },
    'AWS::ApiGatewayV2::Stage': {
      'api $default': {
        ApiId: 'api',
        RouteSettings: {
          'POST /upload-signature': throttle(50),
          'POST /vod-events': throttle(200),
          'GET /uploads': throttle(500),
          'GET /uploads/{fileId}': throttle(500),
        },
      },
    },
    'AWS::ApiGatewayV2::Route': {
      r1: { RouteKey: 'POST /upload-signature', AuthorizationType: 'JWT' },
      r2: { RouteKey: 'POST /vod-events' },
      r3: { RouteKey: 'GET /uploads', AuthorizationType: 'JWT' },
      r4: { RouteKey: 'GET /uploads/{fileId}', AuthorizationType: 'JWT' },
    },
    'AWS::DynamoDB::Table': {
      table: {
        KeySchema: [{ AttributeName: 'fileId' }],
        GlobalSecondaryIndexes: [
          index('byUploader', 'uploader', { ProjectionType: 'INCLUDE', NonKeyAttributes: ['sourceContext'] }),
          index('bySourceContext', 'sourceContext', { ProjectionType: 'KEYS_ONLY' }),
        ],
        StreamArn: STREAM,
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        DeletionProtectionEnabled: false,
      },
    },
    'AWS::SQS::Queue': {
      queue: { Arn: QUEUE, SqsManagedSseEnabled: true, RedrivePolicy: { deadLetterTargetArn: DEAD_LETTERS } },
      dead: { Arn: DEAD_LETTERS, SqsManagedSseEnabled: true },
    },
    'AWS::Lambda::EventSourceMapping': {
      m1: { ...mapping(STREAM), MaximumRetryAttempts: -1, FilterCriteria: { Filters: [{ Pattern: '{}' }] } },
      m2: mapping(QUEUE),
    },
    'AWS::Logs::LogGroup': Object.fromEntries(
      ['l1', 'l2', 'l3', 'l4', 'l5', 'l6'].map((id) => [id, { RetentionInDays: 14 }]),
    ),
  };
  const ids = Object.values(resources).flatMap((byId) => Object.keys(byId));
  const stack = {
    Arn: arn('cloudformation:eu-west-1:123456789012:stack/x'),
    Protected: false,
    Outputs: { VodEventsUrl: 'https://a1.execute-api.eu-west-1.amazonaws.com/vod-events' },
    Resources: Object.fromEntries(ids.map((id) => [id, id])),
  };
  return { ...resources, 'AWS::CloudFormation::Stack': { [NAME]: stack } };
}

function changed(type: string, id: string, change: object): Account {
  const all = account();
  return { ...all, [type]: { ...all[type], [id]: { ...all[type]?.[id], ...change } } };
}

test('an account that meets the requirements has no violations and no orphans', () => {
  expect(violations(account(), PUSHED)).toEqual([]);
  expect(orphans(account())).toEqual([]);
});

test.each<[string, Account, RegExp]>([
  [
    'a signing route without authorization',
    changed('AWS::ApiGatewayV2::Route', 'r1', { AuthorizationType: 'NONE' }),
    /routes/,
  ],
  ['an authorizer of the webhook', changed('AWS::ApiGatewayV2::Route', 'r2', { AuthorizationType: 'JWT' }), /routes/],
  [
    'a route of users without authorization',
    changed('AWS::ApiGatewayV2::Route', 'r4', { AuthorizationType: 'NONE' }),
    /routes/,
  ],
  [
    'a route without a throttle',
    changed('AWS::ApiGatewayV2::Stage', 'api $default', {
      RouteSettings: {
        'POST /upload-signature': throttle(50),
        'POST /vod-events': throttle(200),
        'GET /uploads': throttle(500),
      },
    }),
    /throttles/,
  ],
  [
    'a signing function with a quota that is off',
    changed('AWS::Lambda::Function', 'f1', { Handler: 'functions/upload-signature-with-quota.handler' }),
    /handler that signs/,
  ],
  [
    'one more action of a role',
    changed('AWS::IAM::Role', 'sign', role('sign', 'ssm:GetParameters', 'ssm:PutParameter')),
    /the actions of/,
  ],
  [
    'a role on all resources',
    changed('AWS::IAM::Role', 'sign', {
      Policies: [{ PolicyDocument: { Statement: [statement(LOGS), statement('ssm:GetParameters', '*')] } }],
    }),
    /forbidden parts of/,
  ],
  ['a managed policy', changed('AWS::IAM::Role', 'record', { ManagedPolicyArns: ['arn:x'] }), /managed policies/],
  [
    'another key of the table',
    changed('AWS::DynamoDB::Table', 'table', { KeySchema: [{ AttributeName: 'id' }] }),
    /table's key/,
  ],
  ['a disabled schedule', changed('AWS::Events::Rule', 'rule', { State: 'DISABLED' }), /the schedules/],
  ['a table without indexes', changed('AWS::DynamoDB::Table', 'table', { GlobalSecondaryIndexes: [] }), /indexes/],
  [
    'a log group without retention',
    changed('AWS::Logs::LogGroup', 'l2', { RetentionInDays: undefined }),
    /days that logs/,
  ],
  ['an unencrypted queue', changed('AWS::SQS::Queue', 'dead', { SqsManagedSseEnabled: false }), /encryption/],
  [
    'a queue with other dead letters',
    changed('AWS::SQS::Queue', 'queue', { RedrivePolicy: { deadLetterTargetArn: QUEUE } }),
    /dead-letter queue/,
  ],
  [
    'a disabled event source mapping',
    changed('AWS::Lambda::EventSourceMapping', 'm2', { State: 'Disabled' }),
    /event sources/,
  ],
  [
    'a stream with a limit of retries',
    changed('AWS::Lambda::EventSourceMapping', 'm1', { MaximumRetryAttempts: 3 }),
    /retries/,
  ],
  ['a protected stack in dev', changed('AWS::CloudFormation::Stack', NAME, { Protected: true }), /stack's protection/],
])('%s is the one violation that is reported', (_, given, problem) => {
  expect(violations(given, PUSHED)).toEqual([expect.stringMatching(problem)]);
});

test('a stack for EVENT_MODE=push violates the requirements of EVENT_MODE=pull', () => {
  const problems = violations(account(), { ...PUSHED, mode: 'pull' }).join('\n');
  for (const what of ['the functions', 'the routes', 'the schedules', 'VodEventsUrl']) expect(problems).toContain(what);
});

test('a stack without features violates the requirements of one with every feature', () => {
  const problems = violations(account(), { ...PUSHED, hasFeatures: true }).join('\n');
  for (const what of [
    'the functions',
    'the handler that signs',
    'the routes and their authorization',
    'the throttles of the routes',
    'the functions of each policy that is a resource',
    'the actions of the role of uploadSignature',
    'the actions of the role of uploadChanged',
    'the actions of the role of reconcile',
    'the number of queues',
    'the event sources',
    'the number of filters of the stream',
    'the alarms of optional features',
  ]) {
    expect(problems).toContain(what);
  }
});

/** The account, with one more resource in its stack. */
function withResource(type: string, id: string, properties: object): Account {
  const all = changed(type, id, properties);
  const stack = all['AWS::CloudFormation::Stack']?.[NAME];
  const resources = { ...(stack?.['Resources'] as object), [id]: id };
  return { ...all, 'AWS::CloudFormation::Stack': { [NAME]: { ...stack, Resources: resources } } };
}

test.each(['undelivered-notifications', 'delete-upload-5xx', 'playback-errors', 'reject-action-failed'])(
  'the alarm %s of a feature that is off is a violation',
  (name) => {
    const withAlarm = withResource('AWS::CloudWatch::Alarm', 'alarm', { AlarmName: `${NAME}-${name}` });
    expect(violations(withAlarm, PUSHED)).toEqual([expect.stringMatching(/alarms of optional features/)]);
  },
);

test('a policy that several roles have counts among the actions of each of them', () => {
  const policy = { Roles: ['read', 'sign'], PolicyDocument: { Statement: [statement('dynamodb:Query')] } };
  expect(violations(withResource('AWS::IAM::Policy', 'policy', policy), PUSHED)).toEqual([
    'the functions of each policy that is a resource: ["uploadChanged","uploadSignature uploads"], not ["uploadChanged"]',
    expect.stringMatching(/^the actions of the role of uploadSignature: \["dynamodb:Query",/),
  ]);
});

const template: Template = {
  Outputs: {},
  Resources: {
    f1: {
      Type: 'AWS::Lambda::Function',
      Properties: { Role: { 'Fn::GetAtt': ['sign', 'Arn'] }, Code: { S3Key: 'x' } },
    },
    sign: {
      Type: 'AWS::IAM::Role',
      Properties: { Arn: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/sign' } },
    },
    r1: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: { RouteKey: { 'Fn::Join': [' ', ['POST', '/upload-signature']] } },
    },
  },
};

/** The account, with a stack of the template's resources only. */
function small(type: string, id: string, change: object): Account {
  const all = changed(type, id, change);
  const stack = { ...all['AWS::CloudFormation::Stack']?.[NAME], Resources: { f1: 'f1', sign: 'sign', r1: 'r1' } };
  return { ...all, 'AWS::CloudFormation::Stack': { [NAME]: stack } };
}

test('differences between an account and a template are reported, with its intrinsic functions resolved', () => {
  expect(differences(small('AWS::Lambda::Function', 'f1', {}), NAME, template)).toEqual([]);
  expect(differences(small('AWS::Lambda::Function', 'f1', { Role: roleArn('record') }), NAME, template)).toEqual([
    `f1: Role is "${roleArn('record')}", not "${roleArn('sign')}"`,
  ]);
  expect(differences(small('AWS::ApiGatewayV2::Route', 'r1', { RouteKey: 'POST /' }), NAME, template)).toHaveLength(1);
  expect(differences(account(), NAME, template)).toContain('r2 is in the stack and not in its template');
});

test('an attribute is that of the resource of the declared type, whatever else has the same physical id', () => {
  const all = small('AWS::DynamoDB::Table', 'f1', { Arn: 'of the table' });
  const named = { ...all, 'AWS::Lambda::Function': { f1: { ...lambda('uploadSignature', 'sign'), Arn: 'of f1' } } };
  const integration = (uri: string) => ({
    ...named,
    'AWS::ApiGatewayV2::Integration': { r1: { IntegrationUri: uri } },
  });
  const declared: Template = {
    ...template,
    Resources: {
      ...template.Resources,
      r1: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: { IntegrationUri: { 'Fn::GetAtt': ['f1', 'Arn'] } },
      },
    },
  };
  expect(differences(integration('of f1'), NAME, declared)).toEqual([]);
  expect(differences(integration('of the table'), NAME, declared)).toHaveLength(1);
});

test('the roles of a policy are compared in any order', () => {
  const declared: Template = {
    ...template,
    Resources: {
      ...template.Resources,
      r1: { Type: 'AWS::IAM::Policy', Properties: { Roles: [{ Ref: 'sign' }, { Ref: 'f1' }] } },
    },
  };
  expect(differences(small('AWS::IAM::Policy', 'r1', { Roles: ['f1', 'sign'] }), NAME, declared)).toEqual([]);
  expect(differences(small('AWS::IAM::Policy', 'r1', { Roles: ['sign'] }), NAME, declared)).toHaveLength(1);
});

test('a resource that no stack has is an orphan', () => {
  expect(orphans(small('AWS::Lambda::Function', 'f1', {}))).toContain('AWS::DynamoDB::Table table');
  const { 'AWS::CloudFormation::Stack': _, ...left } = account();
  expect(orphans(left)).toHaveLength(30);
});
