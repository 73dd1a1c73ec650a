import { differences, strangers, type Account } from '../scripts/rehearse/account';
import { broken } from '../scripts/rehearse/requirements';
import type { Template } from './helpers/packaged';

// What `npm run rehearse` holds an account against, without an emulator. The account is made by hand, as small as it can be.

const NAME = 'vod-client-upload-dev';
const arn = (rest: string) => `arn:aws:${rest}`;
const roleArn = (name: string) => arn(`iam::123456789012:role/${name}`);
const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const statement = (action: string | string[], resource = arn('x')) => ({ Action: action, Resource: resource });
const role = (name: string, ...actions: string[]) => ({
  Arn: roleArn(name),
  ManagedPolicyArns: [],
  Policies: [{ PolicyDocument: { Statement: [statement(LOGS), ...actions.map((action) => statement(action))] } }],
});
const lambda = (name: string, roleName: string) => ({
  FunctionName: `${NAME}-${name}`,
  FunctionArn: arn(`lambda:eu-west-1:123456789012:function:${NAME}-${name}`),
  Role: roleArn(roleName),
});
const index = (name: string, key: string, sort: string, projection: string) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: key }, { AttributeName: sort }],
  Projection: { ProjectionType: projection },
});

/** A stack for dev, in which events are pushed. */
function account(): Record<string, Record<string, Record<string, unknown>>> {
  const things = {
    'AWS::Lambda::Function': {
      f1: lambda('uploadSignature', 'signs'),
      f2: lambda('vodEvents', 'hears'),
      f3: lambda('reconcile', 'asks'),
    },
    'AWS::IAM::Role': {
      signs: role('signs', 'ssm:GetParameters'),
      hears: role('hears', 'ssm:GetParameters', 'dynamodb:UpdateItem'),
      asks: role(
        'asks',
        ...['ssm:GetParameters', 'ssm:PutParameter', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
        ...['dynamodb:Scan', 'dynamodb:UpdateItem'],
      ),
    },
    'AWS::Events::Rule': {
      rule: {
        ScheduleExpression: 'rate(5 minutes)',
        State: 'ENABLED',
        Targets: [{ Arn: lambda('reconcile', '').FunctionArn }],
      },
    },
    'AWS::ApiGatewayV2::Authorizer': {
      jwt: { AuthorizerType: 'JWT', IdentitySource: ['$request.header.Authorization'] },
    },
    'AWS::ApiGatewayV2::Route': {
      r1: { RouteKey: 'POST /upload-signature', AuthorizationType: 'JWT' },
      r2: { RouteKey: 'POST /vod-events' },
    },
    'AWS::DynamoDB::Table': {
      table: {
        KeySchema: [{ AttributeName: 'fileId' }],
        GlobalSecondaryIndexes: [
          index('byUploader', 'uploader', 'sortTime', 'ALL'),
          index('bySourceContext', 'sourceContext', 'sortTime', 'ALL'),
          index('byUnchecked', 'unchecked', 'updatedAt', 'KEYS_ONLY'),
        ],
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        DeletionProtectionEnabled: false,
      },
    },
    'AWS::Logs::LogGroup': Object.fromEntries(['l1', 'l2', 'l3', 'l4'].map((id) => [id, { RetentionInDays: 14 }])),
  };
  const ids = Object.values(things).flatMap((byId) => Object.keys(byId));
  const stack = {
    Arn: arn('cloudformation:eu-west-1:123456789012:stack/x'),
    Protected: false,
    Outputs: { VodEventsUrl: 'https://a1.execute-api.eu-west-1.amazonaws.com/vod-events' },
    Resources: Object.fromEntries(ids.map((id) => [id, id])),
  };
  return { ...things, 'AWS::CloudFormation::Stack': { [NAME]: stack } };
}

function changed(type: string, id: string, change: object): Account {
  const all = account();
  return { ...all, [type]: { ...all[type], [id]: { ...all[type]?.[id], ...change } } };
}

test('an account as it is to be breaks nothing, and has nobody else in it', () => {
  expect(broken(account(), 'dev', 'push')).toEqual([]);
  expect(strangers(account())).toEqual([]);
});

test.each<[string, Account, RegExp]>([
  ['a signing route for everybody', changed('AWS::ApiGatewayV2::Route', 'r1', { AuthorizationType: 'NONE' }), /routes/],
  [
    'an authorizer before the webhook',
    changed('AWS::ApiGatewayV2::Route', 'r2', { AuthorizationType: 'JWT' }),
    /routes/,
  ],
  [
    'one action more',
    changed('AWS::IAM::Role', 'signs', role('signs', 'ssm:GetParameters', 'ssm:PutParameter')),
    /may call/,
  ],
  [
    'all resources',
    changed('AWS::IAM::Role', 'signs', {
      Policies: [{ PolicyDocument: { Statement: [statement(LOGS), statement('ssm:GetParameters', '*')] } }],
    }),
    /may not say/,
  ],
  ["a policy of AWS's", changed('AWS::IAM::Role', 'hears', { ManagedPolicyArns: ['arn:x'] }), /policies of AWS/],
  ['another key', changed('AWS::DynamoDB::Table', 'table', { KeySchema: [{ AttributeName: 'id' }] }), /table's key/],
  ['a schedule that is off', changed('AWS::Events::Rule', 'rule', { State: 'DISABLED' }), /the schedules/],
  ['no index', changed('AWS::DynamoDB::Table', 'table', { GlobalSecondaryIndexes: [] }), /its indexes/],
  ['logs for ever', changed('AWS::Logs::LogGroup', 'l2', { RetentionInDays: undefined }), /days that logs/],
  [
    'a stack that may not be deleted',
    changed('AWS::CloudFormation::Stack', NAME, { Protected: true }),
    /stack's protection/,
  ],
])('%s is found, and nothing else', (_, given, problem) => {
  expect(broken(given, 'dev', 'push')).toEqual([expect.stringMatching(problem)]);
});

test('what is right for push is wrong for pull', () => {
  const problems = broken(account(), 'dev', 'pull').join('\n');
  for (const what of ['the functions', 'the routes', 'the schedules', 'VodEventsUrl']) expect(problems).toContain(what);
});

const template: Template = {
  Outputs: {},
  Resources: {
    f1: {
      Type: 'AWS::Lambda::Function',
      Properties: { Role: { 'Fn::GetAtt': ['signs', 'Arn'] }, Code: { S3Key: 'x' } },
    },
    signs: {
      Type: 'AWS::IAM::Role',
      Properties: { Arn: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/signs' } },
    },
    r1: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: { RouteKey: { 'Fn::Join': [' ', ['POST', '/upload-signature']] } },
    },
  },
};

/** The account with no more in its stack than the template has. */
function small(type: string, id: string, change: object): Account {
  const all = changed(type, id, change);
  const stack = { ...all['AWS::CloudFormation::Stack']?.[NAME], Resources: { f1: 'f1', signs: 'signs', r1: 'r1' } };
  return { ...all, 'AWS::CloudFormation::Stack': { [NAME]: stack } };
}

test('an account is held against its template, functions of the template resolved', () => {
  expect(differences(small('AWS::Lambda::Function', 'f1', {}), NAME, template)).toEqual([]);
  expect(differences(small('AWS::Lambda::Function', 'f1', { Role: roleArn('hears') }), NAME, template)).toEqual([
    `f1: Role is "${roleArn('hears')}", not "${roleArn('signs')}"`,
  ]);
  expect(differences(small('AWS::ApiGatewayV2::Route', 'r1', { RouteKey: 'POST /' }), NAME, template)).toHaveLength(1);
  expect(differences(account(), NAME, template)).toContain('r2 is in the stack and not in its template');
});

test('what no stack has is a stranger', () => {
  expect(strangers(small('AWS::Lambda::Function', 'f1', {}))).toContain('AWS::DynamoDB::Table table');
  const { 'AWS::CloudFormation::Stack': _, ...left } = account();
  expect(strangers(left)).toHaveLength(15);
});
