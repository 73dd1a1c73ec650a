import { differences, orphans, type Account } from './rehearsal/account';
import { stackProblems, type Deploy } from './rehearsal/deployed-stack';
import type { Template } from '../support/deploy/packaged';

// The checks of `npm run rehearse`, without an emulator, on a small account that is written by hand.

const NAME = 'vod-client-upload-dev';
const PUSHED: Deploy = { stage: 'dev', mode: 'push' };
const roleArn = (name: string) => `arn:aws:iam::123456789012:role/${name}`;

/** A stack for dev with EVENT_MODE=push. */
function account(): Record<string, Record<string, Record<string, unknown>>> {
  const resources = {
    'AWS::Lambda::Function': { f1: { FunctionName: `${NAME}-uploadSignature`, Role: roleArn('sign') } },
    'AWS::IAM::Role': { sign: { Arn: roleArn('sign') } },
    'AWS::ApiGatewayV2::Api': { api: { ApiId: 'api' } },
    'AWS::ApiGatewayV2::Stage': {
      'api $default': { ApiId: 'api', RouteSettings: { 'POST /upload-signature': {}, 'POST /vod-events': {} } },
    },
    'AWS::ApiGatewayV2::Route': {
      r1: { RouteKey: 'POST /upload-signature', AuthorizationType: 'JWT' },
      r2: { RouteKey: 'POST /vod-events' },
    },
    'AWS::DynamoDB::Table': { table: { KeySchema: [{ AttributeName: 'fileId' }] } },
  };
  const ids = Object.values(resources).flatMap((byId) => Object.keys(byId));
  const stack = {
    Arn: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/x',
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

test('a correct stack has no problems and no orphans', () => {
  expect(stackProblems(account(), NAME, PUSHED)).toEqual([]);
  expect(orphans(account())).toEqual([]);
});

test.each<[string, Account, RegExp]>([
  ['a protected stack in dev', changed('AWS::CloudFormation::Stack', NAME, { Protected: true }), /stack's protection/],
  ['a stack without its output', changed('AWS::CloudFormation::Stack', NAME, { Outputs: {} }), /VodEventsUrl/],
  [
    'an output that is not resolved',
    changed('AWS::CloudFormation::Stack', NAME, { Outputs: { VodEventsUrl: '${HttpApi.ApiEndpoint}/vod-events' } }),
    /VodEventsUrl/,
  ],
  [
    'a route without settings',
    changed('AWS::ApiGatewayV2::Stage', 'api $default', { RouteSettings: { 'POST /vod-events': {} } }),
    /routes with settings/,
  ],
  [
    'a stage that kept the settings of a removed route',
    changed('AWS::ApiGatewayV2::Stage', 'api $default', {
      RouteSettings: { 'POST /upload-signature': {}, 'POST /vod-events': {}, 'GET /uploads': {} },
    }),
    /routes with settings/,
  ],
])('%s is reported as the only problem', (_, given, problem) => {
  expect(stackProblems(given, NAME, PUSHED)).toEqual([expect.stringMatching(problem)]);
});

test('a stack of dev with EVENT_MODE=push has two problems when it is compared with prod and EVENT_MODE=pull', () => {
  expect(stackProblems(account(), NAME, { stage: 'prod', mode: 'pull' })).toEqual([
    "the stack's protection against deletion: false, not true",
    'the output VodEventsUrl is a URL: true, not false',
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

test('an attribute is read from the resource of the declared type if several have the same physical id', () => {
  const all = small('AWS::DynamoDB::Table', 'f1', { Arn: 'of the table' });
  const named = { ...all, 'AWS::Lambda::Function': { f1: { ...all['AWS::Lambda::Function']?.['f1'], Arn: 'of f1' } } };
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

test('a resource that is in no stack is an orphan', () => {
  expect(orphans(small('AWS::Lambda::Function', 'f1', {}))).toContain('AWS::DynamoDB::Table table');
  const { 'AWS::CloudFormation::Stack': _, ...left } = account();
  expect(orphans(left).sort()).toEqual([
    'AWS::ApiGatewayV2::Api api',
    'AWS::ApiGatewayV2::Route r1',
    'AWS::ApiGatewayV2::Route r2',
    'AWS::ApiGatewayV2::Stage api $default',
    'AWS::DynamoDB::Table table',
    'AWS::IAM::Role sign',
    'AWS::Lambda::Function f1',
  ]);
});
